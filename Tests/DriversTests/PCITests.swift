import Base
import Testing

@testable import Drivers

@Suite struct PCITests {
  static let message = InterruptMessage(vector: 0x41, localAPIC: 2)

  static func transport(
    _ bus: FakePCI, _ window: PCIAddressWindow = PCIAddressWindow(start: 0xe000_0000, end: 0xfe00_0000)
  ) -> Result<VirtioPCI<FakeWindow>, VirtioError> {
    var window = window
    do throws(VirtioError) {
      return .success(try VirtioPCI(FakePCIAccess(bus: bus), bus.function, addresses: &window, interrupt: message))
    } catch {
      return .failure(error)
    }
  }

  static func failure(_ spoil: (FakePCI) -> Void) -> VirtioError? {
    let bus = FakePCI()
    spoil(bus)
    switch transport(bus) {
    case .success: return nil
    case .failure(let error): return error
    }
  }

  @Test func barsArePlacedAndInterruptsRouted() throws {
    let bus = FakePCI()
    let transport = try Self.transport(bus).get()
    #expect(transport.deviceType == 1)
    #expect(bus.barAddress(1) == 0xe000_0000)
    #expect(bus.barAddress(4) == 0xe000_4000, "aligned to its size")
    #expect(bus.get32(0x10) == 1, "the I/O BAR is left alone")
    #expect(bus.command & 0x407 == 0x406)
    #expect(bus.get32(0x98) >> 30 == 2, "MSI-X on, not masked as a whole")
    #expect(Array(bus.table[0..<4]) == [0xfee0_2000, 0, 0x41, 0])
    for entry in 1..<4 { #expect(bus.table[entry * 4 + 3] == 1, "masked") }

    let memory = FakeMemory()
    var allocator = FakeAllocator(memory: memory)
    let card = try VirtioNetDevice.start(transport, options: NetworkCardOptions(), memory: &allocator)
    var device = card.device
    var receiver = card.receiver
    var transmitter = card.transmitter
    #expect(bus.vectors == [0, 0, 0])
    #expect(bus.card.statusHistory == [0, 1, 3, 11, 15])
    #expect(bus.accessesOutside == 0)
    // A batch, so that the device is told.
    for _ in 0..<64 { #expect(bus.card.deliver(frame(7))) }
    bus.card.queues[0].setAvailableEvent(256)
    var length = 0
    while receiver.receive({ bytes, _ in length = bytes.count }) {}
    #expect(length == 60)
    #expect(bus.card.queues[0].notifications == 2)
    let isSent = transmitter.send(frame(8), nil)
    #expect(isSent)
    transmitter.kick()
    #expect(bus.card.queues[1].notifications == 1)
    #expect(bus.card.collect().map { Array($0.dropFirst(12)) } == [frame(8)])
    let causes = device.acknowledgeInterrupt()
    #expect(causes.queue)
    device.stop()
    #expect(bus.card.status == 0)
  }

  @Test func firmwaresPlacementIsKept() throws {
    let bus = FakePCI()
    // As firmware leaves it: decoding I/O and memory. The fake refuses to move a BAR meanwhile.
    bus.set32(0x04, 0x0010_0007)
    bus.set32(0x14, 0xfebd_1000)
    bus.set32(0x20, 0xfe00_000c)
    _ = try Self.transport(bus).get()
    #expect(bus.barAddress(1) == 0xfebd_1000)
    #expect(bus.barAddress(4) == 0xfe00_0000)
  }

  @Test func placementAboveFourGiBIsKeptWhereTheKernelReachesIt() throws {
    let bus = FakePCI()
    bus.set32(0x14, 0xfebd_1000)
    bus.set32(0x20, 0x0000_000c)
    bus.set32(0x24, 0x38)
    _ = try Self.transport(bus).get()
    #expect(bus.barAddress(4) == 0x38_0000_0000)
    let far = FakePCI()
    far.set32(0x24, 0x800)
    _ = try Self.transport(far).get()
    #expect(far.barAddress(4) == 0xe000_4000)
  }

  @Test func aTransitionalCardIsToldByItsSubsystem() throws {
    let bus = FakePCI()
    bus.set32(0x00, 0x1000_1af4)
    bus.set32(0x2c, 0x0001_1af4)
    #expect(try Self.transport(bus).get().deviceType == 1)
  }

  @Test func brokenFunctionsAreRefused() {
    #expect(Self.failure { _ in } == nil)
    #expect(Self.failure { $0.set32(0, 0x1041_1af5) } == .notVirtio)
    #expect(Self.failure { $0.set32(4, 0) } == .capabilityMissing)
    #expect(Self.failure { $0.set32(0x34, 0) } == .capabilityMissing)
    #expect(Self.failure { $0.set32(0x34, 0x60) } == .capabilityMissing)
    // A list that bites its tail, and one that leaves for the header.
    #expect(Self.failure { $0.space[0x41] = 0x50; $0.space[0x9a - 1] = 0x40 } == .capabilityMissing)
    #expect(Self.failure { $0.space[0x99] = 0x10 } == .capabilityMissing)
    // Structures outside their BAR, in no BAR, in the I/O BAR, in the upper half of a wide one.
    #expect(Self.failure { $0.set32(0x48, 0x3001) } == .capabilityInvalid)
    #expect(Self.failure { $0.set32(0x48, .max) } == .capabilityInvalid)
    #expect(Self.failure { $0.set32(0x4c, .max) } == .capabilityInvalid)
    #expect(Self.failure { $0.set32(0x4c, 0x37) } == .capabilityInvalid)
    #expect(Self.failure { $0.set32(0x6c, 0) } == .capabilityInvalid)
    for bar in [0, 2, 5, 6, 255] as [UInt32] { #expect(Self.failure { $0.set32(0x44, bar) } == .capabilityInvalid) }
    #expect(Self.failure { $0.set32(0x9c, 0x1001) } == .capabilityInvalid)
    #expect(Self.failure { $0.set32(0x9c, 0x0007) } == .capabilityInvalid)
    #expect(Self.failure { $0.set32(0x98, 0x07ff_8411); $0.set32(0x9c, 0x1 | 0x800) } == .capabilityInvalid)
    #expect(Self.failure { $0.space[0xfc] = 0x11; $0.space[0x34] = 0xfc } == .capabilityInvalid)
    // BARs too large, or with holes in their mask.
    #expect(Self.failure { $0.barMasks[1] = 0x8000_0000 } == .barUnplaceable)
    #expect(Self.failure { $0.barMasks[1] = 0xfff0_f000 } == .barUnplaceable)
    #expect(Self.failure { $0.barMasks[4] = 0xc; $0.barMasks[5] = 0xffff_fff0 } == .barUnplaceable)
    #expect(Self.failure { $0.barMasks[1] = 0 } == .capabilityInvalid)
  }

  /// Whatever configuration space says: an answer, and no access outside the windows asked for.
  @Test func randomConfigurationSpaces() {
    var state: UInt64 = 0x2545_f491_4f6c_dd1d
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state >> 16
    }
    var working = 0
    for _ in 0..<5_000 {
      let bus = FakePCI()
      for _ in 0..<(1 + next() % 12) { bus.space[4 + Int(next() % 252)] = UInt8(truncatingIfNeeded: next()) }
      if next() % 8 == 0 { bus.barMasks[Int(next() % 6)] = UInt32(truncatingIfNeeded: next()) }
      if case .success = Self.transport(bus) { working += 1 }
    }
    #expect(working > 100 && working < 4_900)
  }

  @Test func theWindowIsNotOverrun() {
    for (end, fits) in [(0xe000_8000, true), (0xe000_7fff, false), (0xe000_0800, false), (0xe000_0000, false)] as [(UInt64, Bool)] {
      let bus = FakePCI()
      var placed = false
      if case .success = Self.transport(bus, PCIAddressWindow(start: 0xe000_0000, end: end)) { placed = true }
      #expect(placed == fits)
    }
    var window = PCIAddressWindow(start: .max - 10, end: .max)
    let none = window.take(4096)
    #expect(none == nil)
    var low = PCIAddressWindow(start: 0x1001, end: 0x10_0000)
    let places = [low.take(0x1000), low.take(16), low.take(0x10000)]
    #expect(places == [0x2000, 0x3000, 0x10000])
  }

  @Test func aNarrowBarIsNotPlacedAboveFourGiB() {
    let bus = FakePCI()
    var isRefused = false
    if case .failure(.barUnplaceable) = Self.transport(bus, PCIAddressWindow(start: 1 << 32, end: 1 << 33)) { isRefused = true }
    #expect(isRefused)
  }

  @Test func queuesThatCannotBeRoutedOrNotifiedAreRefused() throws {
    func error(_ spoil: (FakePCI) -> Void) throws -> VirtioError? {
      let bus = FakePCI()
      spoil(bus)
      var allocator = FakeAllocator(memory: FakeMemory())
      let transport = try Self.transport(bus).get()
      do throws(VirtioError) {
        _ = try VirtioNetDevice.start(transport, options: NetworkCardOptions(), memory: &allocator)
        return nil
      } catch {
        return error
      }
    }
    #expect(try error { _ in } == nil)
    #expect(try error { $0.card.refusesVectors = true } == .vectorRefused)
    // Queue 1 would be notified behind the structure's end.
    #expect(try error { $0.set32(0x80, 0x0fff) } == .capabilityInvalid)
    #expect(try error { $0.set32(0x80, .max) } == .capabilityInvalid)
    #expect(try error { $0.set32(0x7c, 1) } == .capabilityInvalid)
  }

  @Test func scanFindsEveryFunctionOnce() {
    let bus = FakePCI()
    bus.otherFunctions = [0: 0x29c0_8086, 0xf8: 0x2918_8086, 0xfa: 0x2922_8086, 0xfb: 0x2930_8086, 0x21: 0x1234_1234]
    bus.multifunctionDevices = [31]
    var scan = PCIScan(FakePCIAccess(bus: bus))
    var found: [PCIFunction] = []
    while let next = scan.next() { found.append(next.function) }
    #expect(
      found == [
        PCIFunction(device: 0, function: 0), PCIFunction(device: 3, function: 0), PCIFunction(device: 31, function: 0),
        PCIFunction(device: 31, function: 2), PCIFunction(device: 31, function: 3),
      ])
    var cards = PCIScan(FakePCIAccess(bus: bus))
    #expect(cards.nextVirtioNet() == bus.function)
    #expect(cards.nextVirtioNet() == nil)
    #expect(cards.nextVirtioNet() == nil)
  }

  @Test func aBusThatAnswersEverywhereEnds() {
    let bus = FakePCI()
    for key in 0..<256 as Range<UInt16> { bus.otherFunctions[key] = 0x1041_1af4 }
    bus.multifunctionDevices = Set(0..<32)
    bus.space[0x0e] = 0x80
    var scan = PCIScan(FakePCIAccess(bus: bus))
    var count = 0
    while scan.nextVirtioNet() != nil { count += 1 }
    #expect(count == 256)
  }

  final class Ports: PortSpace {
    var log: [UInt32] = []
    func read32(port: UInt16) -> UInt32 { log.append(UInt32(port)); return 0x1041_1af4 }
    func write32(_ value: UInt32, port: UInt16) { log += [UInt32(port), value] }
  }

  @Test func portAccessSelectsThenMoves() {
    let ports = Ports()
    // SAFETY: no window is made to be used.
    let access = unsafe PCIPorts(ports, mappedLimit: 1 << 39)
    #expect(access.read(PCIFunction(device: 31, function: 3), 0x13) == 0x1041_1af4)
    access.write(7, PCIFunction(device: 1, function: 0), 0x04)
    #expect(ports.log == [0xcf8, 0x8000_fb10, 0xcfc, 0xcf8, 0x8000_0804, 0xcfc, 7])
    #expect(access.window(address: (1 << 39) - 4096, length: 4096)?.length == 4096)
    #expect(access.window(address: (1 << 39) - 4096, length: 4097) == nil)
    #expect(access.window(address: .max, length: 2) == nil)
    #expect(access.window(address: 0, length: 2) == nil)
  }

  @Test func memoryAccessFindsItsPlace() {
    let region = FakeMemory(pages: 256)
    let space = region.allocate(pages: 256)!
    // SAFETY: a region of 1 MiB that is there to the end of the test.
    let access = unsafe PCIMemory(address: space.address, mappedLimit: 1 << 39)
    access.write(0x1122_3344, PCIFunction(device: 31, function: 7), 0xfc)
    #expect(Bus.load(UInt64(space.address) + 0xff0fc, as: UInt32.self) == 0x1122_3344)
    #expect(access.read(PCIFunction(device: 31, function: 7), 0xff) == 0x1122_3344)
    #expect(access.read(PCIFunction(device: 0, function: 0), 0) == 0)
  }
}
