import Base
import Testing

@testable import Drivers

@Suite struct NetCardTests {
  @Test func startNegotiatesWhatTheDriverCanDo() throws {
    let bench = try Bench()
    // CSUM, GUEST_CSUM, MTU, MAC, STATUS, EVENT_IDX, VERSION_1; not MRG_RXBUF, INDIRECT_DESC, ACCESS_PLATFORM.
    #expect(bench.card.accepted == 0x1_2001_002b)
    #expect(bench.card.statusHistory == [0, 1, 3, 11, 15])
    #expect(bench.card.queues[0].isEnabled && bench.card.queues[1].isEnabled && !bench.card.queues[2].isEnabled)
    #expect(bench.card.queues[0].size == 256 && bench.card.queues[1].size == 256)
    #expect(bench.card.queues[0].availableIndex == 256)
    #expect(bench.address == [0x52, 0x54, 0x00, 0x12, 0x34, 0x56])
    #expect(bench.mtu == 1500)
    #expect(bench.isLinkUp)
    #expect(!bench.deviceHasFailed)
    #expect(bench.offloadsChecksum)
    #expect(bench.memory.bytesUsed <= 1_153_433, "1.1 MiB")
  }

  @Test func whatIsNotOfferedIsNotUsed() throws {
    let card = FakeNetCard(features: 1 << 32)
    let bench = try Bench(card)
    #expect(card.accepted == 1 << 32)
    #expect(!bench.offloadsChecksum)
    #expect(bench.address[0] == 0x02)
    #expect(bench.mtu == 1500 && bench.isLinkUp)
  }

  @Test(arguments: [
    (0, 576), (68, 576), (1400, 1400), (1500, 1500), (2022, 2022), (9000, 2022), (65_535, 2022),
  ] as [(UInt16, UInt16)])
  func mtuIsHeldInBounds(offered: UInt16, used: UInt16) throws {
    let card = FakeNetCard()
    card.configuration[10] = UInt8(offered & 0xff)
    card.configuration[11] = UInt8(offered >> 8)
    #expect(try Bench(card).mtu == used)
  }

  @Test(arguments: [
    (16, 256, 16), (100, 256, 64), (256, 128, 128), (1000, 1024, 256), (2, 256, 2), (256, 3, 2),
  ] as [(UInt16, UInt16, UInt16)])
  func ringSizeIsAPowerOfTwoWithinAllLimits(wanted: UInt16, largest: UInt16, size: UInt16) throws {
    let card = FakeNetCard()
    for index in 0..<3 { card.queues[index].largest = largest }
    let bench = try Bench(card, ringSize: wanted)
    #expect(card.queues[0].size == size && card.queues[1].size == size)
    for number in 0..<1000 {
      #expect(card.deliver(frame(number)))
      #expect(bench.receive()?.bytes == frame(number))
      #expect(bench.send(frame(number)))
      bench.kick()
      #expect(card.collect().map { Array($0.dropFirst(12)) } == [frame(number)])
      _ = bench.receive()
    }
    #expect(bench.memory.isIntact)
  }

  @Test func brokenDevicesAreRefused() throws {
    func error(_ spoil: (FakeMMIO) -> Void, ringSize: UInt16 = 256, pages: Int = 1024) -> VirtioError? {
      let bus = FakeMMIO()
      spoil(bus)
      var allocator = FakeAllocator(memory: FakeMemory(pages: pages))
      do throws(VirtioError) {
        _ = try VirtioNetDevice.start(
          VirtioMMIO(bus.window), options: NetworkCardOptions(ringSize: ringSize), memory: &allocator)
        return nil
      } catch {
        return error
      }
    }
    #expect(error({ _ in }) == nil)
    #expect(error({ $0.magic = 0 }) == .notVirtio)
    #expect(error({ $0.magic = .max }) == .notVirtio)
    #expect(error({ $0.deviceID = 0 }) == .notVirtio)
    #expect(error({ $0.version = 1 }) == .legacyDevice)
    #expect(error({ $0.version = 3 }) == .notVirtio)
    #expect(error({ $0.deviceID = 2 }) == .wrongDevice)
    #expect(error({ $0.card.offered = 0xffff_ffff }) == .versionOneMissing)
    #expect(error({ $0.card.refusesFeatures = true }) == .featuresRejected)
    #expect(error({ $0.card.resetReads = 100 }) == nil)
    #expect(error({ $0.card.resetReads = .max }) == .resetTimeout)
    #expect(error({ $0.card.queues[1].largest = 0 }) == .queueUnavailable)
    #expect(error({ $0.card.queues[0].largest = 1 }) == .queueUnavailable)
    #expect(error({ $0.card.refusesQueues = true }) == .queueUnavailable)
    #expect(error({ _ in }, ringSize: 0) == .queueUnavailable)
    #expect(error({ _ in }, pages: 0) == .outOfMemory)
    #expect(error({ _ in }, pages: 200) == .outOfMemory)
    #expect(error({ _ in }, ringSize: 16, pages: 20) == nil)
  }

  @Test func aFailedStartLeavesTheDeviceReset() throws {
    let bus = FakeMMIO()
    bus.card.queues[1].largest = 0
    var allocator = FakeAllocator(memory: FakeMemory())
    #expect(throws: VirtioError.queueUnavailable) {
      _ = try VirtioNetDevice.start(VirtioMMIO(bus.window), options: NetworkCardOptions(), memory: &allocator)
    }
    #expect(bus.card.statusHistory.suffix(2) == [0, 128])
  }

  @Test func interruptIsAcknowledgedAndLinkFollowed() throws {
    let bench = try Bench()
    #expect(bench.acknowledgeInterrupt() == InterruptCauses(queue: false, configuration: false))
    bench.card.interruptStatus = 1
    bench.card.configuration[6] = 0
    #expect(bench.acknowledgeInterrupt() == InterruptCauses(queue: true, configuration: false))
    #expect(bench.card.interruptStatus == 0)
    #expect(bench.isLinkUp)
    bench.card.interruptStatus = 3
    #expect(bench.acknowledgeInterrupt() == InterruptCauses(queue: true, configuration: true))
    #expect(!bench.isLinkUp)
    bench.card.interruptStatus = 2
    bench.card.status |= 64
    _ = bench.acknowledgeInterrupt()
    #expect(bench.deviceHasFailed)
    bench.card.interruptStatus = .max
    _ = bench.acknowledgeInterrupt()
    #expect(bench.card.interruptStatus == UInt32.max - 3, "unknown causes are not acknowledged")
  }

  @Test func microVMSlots() {
    #expect(VirtioMMIOSlot.microVM(0) == VirtioMMIOSlot(address: 0xfeb0_0000, length: 0x200, interrupt: 5))
    #expect(VirtioMMIOSlot.microVM(7) == VirtioMMIOSlot(address: 0xfeb0_0e00, length: 0x200, interrupt: 12))
    #expect(VirtioMMIOSlot.microVM(23).address == 0xfeb0_2e00)
  }

  /// The kernel's own register window, on ordinary memory.
  @Test func registerWindowKeepsInside() {
    let memory = FakeMemory()
    let region = memory.allocate(pages: 1)!
    // SAFETY: a region that is there to the end of the test.
    let window = unsafe MMIOWindow(address: region.address, length: 16)
    window.write64(0x1122_3344_5566_7788, at: 8)
    #expect(window.read32(8) == 0x5566_7788 && window.read16(12) == 0x3344 && window.read8(15) == 0x11)
    window.write8(0xab, at: 0)
    window.write16(0xcdef, at: 2)
    #expect(window.read32(0) == 0xcdef_00ab)
    for offset in [-1, 13, 16, Int.max, Int.min] {
      window.write32(0, at: offset)
      #expect(window.read32(offset) == .max)
    }
    window.write16(0, at: 15)
    window.write8(0, at: 16)
    #expect(window.read16(15) == .max && window.read8(16) == .max)
    #expect(window.read32(12) == 0x1122_3344)
    #expect(Bus.load(UInt64(region.address) + 16, as: UInt64.self) == 0)
  }
}
