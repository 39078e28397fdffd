// Finds the machine's network card and starts it: virtio-mmio at the places that the command line names, then PCI, then
// the places where microvm has virtio-mmio. Hardware only; nothing here runs on the host.
// Out of scope: the devices themselves (VirtioMMIO.swift, VirtioPCI.swift, VirtioNet.swift).

public import Base

/// How the card's interrupt arrives.
public enum CardInterrupt: Sendable {
  /// By line `line` of the I/O APIC, level triggered; to be acknowledged in the registers at `window`.
  case line(UInt8, window: UInt64)
  /// By a message that names its vector (MSI-X); nothing to acknowledge in the card.
  case message
}

/// The card, started, in the parts that the kernel uses.
@frozen public struct AttachedCard: ~Copyable {
  public var receiver: NetReceiver<MMIOWindow>
  public var transmitter: NetTransmitter<MMIOWindow>
  public let address: [6 of UInt8]
  public let interrupt: CardInterrupt
}

/// Where to look for a card.
public struct CardPlaces: Sendable {
  private var slots: [32 of VirtioMMIOSlot] = .init(repeating: VirtioMMIOSlot(address: 0, length: 0, interrupt: 0))
  private var count = 0
  /// The vector and the local APIC that the card's messages go to.
  let message: InterruptMessage

  public init(message: InterruptMessage) { self.message = message }

  /// Adds a place from the command line; more than 32 are ignored.
  public mutating func add(_ slot: VirtioMMIOSlot) {
    guard count < 32 else { return }
    slots[count] = slot
    count &+= 1
  }

  /// Starts the first network card found, taking memory from `pages`. The error is that of the last candidate that was a
  /// virtio device, else `notVirtio`: there is none. To be called in the kernel only, once, with physical memory and
  /// devices below 4 GiB mapped one to one.
  @_optimize(size)
  public func attach<Pages: PageSource>(ringSize: UInt16, pages: Pages) throws(VirtioError) -> AttachedCard {
    let options = NetworkCardOptions(ringSize: ringSize)
    var problem = VirtioError.notVirtio
    for index in 0..<count {
      do throws(VirtioError) {
        return try Self.attach(slots[index], options, pages)
      } catch {
        if error != .notVirtio { problem = error }
      }
    }
    do throws(VirtioError) {
      return try attachPCI(options, pages)
    } catch {
      if error != .notVirtio { problem = error }
    }
    guard count == 0, problem == .notVirtio else { throw problem }
    for index in 0..<VirtioMMIOSlot.microVMCount {
      do throws(VirtioError) {
        return try Self.attach(VirtioMMIOSlot.microVM(index), options, pages)
      } catch {
        if error != .notVirtio { problem = error }
      }
    }
    throw problem
  }

  @_optimize(size) @inline(never)
  private static func attach<Pages: PageSource>(
    _ slot: VirtioMMIOSlot, _ options: NetworkCardOptions, _ pages: Pages
  ) throws(VirtioError) -> AttachedCard {
    guard slot.address > 0, slot.address < 4 << 30, slot.length >= 0x100, slot.length <= 1 << 20 else { throw .notVirtio }
    // SAFETY: below 4 GiB, so mapped; the place is a device's by the command line or by the machine's definition.
    let window = unsafe MMIOWindow(address: UInt(slot.address), length: Int(slot.length))
    var memory = PageMemory(pages: pages)
    let card = try VirtioNetDevice.start(try VirtioMMIO(window), options: options, memory: &memory)
    let address = card.device.address
    return AttachedCard(
      receiver: card.receiver, transmitter: card.transmitter, address: address,
      interrupt: .line(UInt8(truncatingIfNeeded: slot.interrupt), window: slot.address))
  }

  @_optimize(size) @inline(never)
  private func attachPCI<Pages: PageSource>(
    _ options: NetworkCardOptions, _ pages: Pages
  ) throws(VirtioError) -> AttachedCard {
    // SAFETY: ring 0; nothing else uses the configuration ports; memory and devices below 4 GiB are mapped.
    let access = unsafe PCIPorts(IOPorts(), mappedLimit: 4 << 30)
    var scan = PCIScan(access)
    guard let function = scan.nextVirtioNet() else { throw .notVirtio }
    // Between what firmware uses for memory-mapped configuration space and the interrupt controllers.
    var addresses = PCIAddressWindow(start: 0xe000_0000, end: 0xfe00_0000)
    let transport = try VirtioPCI(access, function, addresses: &addresses, interrupt: message)
    var memory = PageMemory(pages: pages)
    let card = try VirtioNetDevice.start(transport, options: options, memory: &memory)
    let address = card.device.address
    return AttachedCard(
      receiver: card.receiver, transmitter: card.transmitter, address: address, interrupt: .message)
  }
}

/// The kernel's pages as device memory.
private struct PageMemory<Pages: PageSource>: ~Copyable, DMAAllocator {
  var pages: Pages

  mutating func allocate(pages count: Int) -> DMARegion? {
    guard let address = pages.takePages(count) else { return nil }
    // SAFETY: the protocol's contract: aligned, zeroed, mapped, and this caller's alone.
    return unsafe DMARegion(address: address, length: count * DMARegion.pageSize)
  }
}
