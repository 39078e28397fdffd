// A started card with its fake device. The card's halves cannot be copied, which expectations would do, so what tests ask of
// them is forwarded.

import Base

@testable import Drivers

final class Bench {
  let card: FakeNetCard
  let memory = FakeMemory()
  private var device: VirtioNetDevice<VirtioMMIO<FakeWindow>>
  private var receiver: NetReceiver<FakeWindow>
  private var transmitter: NetTransmitter<FakeWindow>

  init(_ card: FakeNetCard = FakeNetCard(), ringSize: UInt16 = 256) throws {
    self.card = card
    var allocator = FakeAllocator(memory: memory)
    let started = try VirtioNetDevice.start(
      VirtioMMIO(FakeMMIO(card).window), options: NetworkCardOptions(ringSize: ringSize), memory: &allocator)
    device = started.device
    receiver = started.receiver
    transmitter = started.transmitter
    // The device saw the buffers, and asks to be told of more.
    card.queues[0].setAvailableEvent(card.queues[0].taken)
    card.queues[0].notifications = 0
  }

  var address: [UInt8] { (0..<6).map { device.address[$0] } }
  var mtu: UInt16 { device.mtu }
  var isLinkUp: Bool { device.isLinkUp }
  var deviceHasFailed: Bool { device.hasFailed }
  func acknowledgeInterrupt() -> InterruptCauses { device.acknowledgeInterrupt() }

  var received: UInt64 { receiver.frameCount }
  var receiverDrops: UInt64 { receiver.dropCount }
  var receiverHasFailed: Bool { receiver.hasFailed }
  func armReceiver() -> Bool { receiver.armInterrupt() }
  func disarmReceiver() { receiver.disarmInterrupt() }
  func receive(_ body: (Span<UInt8>, ReceivedChecksum) -> Void) -> Bool { receiver.receive(body) }

  /// The next frame, or nil.
  func receive() -> (bytes: [UInt8], checksum: ReceivedChecksum)? {
    var result: (bytes: [UInt8], checksum: ReceivedChecksum)?
    _ = receiver.receive { frame, checksum in
      var bytes: [UInt8] = []
      for index in frame.indices { bytes.append(frame[index]) }
      result = (bytes, checksum)
    }
    return result
  }

  var sent: UInt64 { transmitter.frameCount }
  var transmitterDrops: UInt64 { transmitter.dropCount }
  var transmitterHasFailed: Bool { transmitter.hasFailed }
  var offloadsChecksum: Bool { transmitter.offloadsChecksum }
  func kick() { transmitter.kick() }
  func settle() { transmitter.settle() }

  func send(_ header: [UInt8], _ payload: [UInt8] = [], _ checksum: ChecksumOffload? = nil) -> Bool {
    transmitter.send(header + payload, checksum)
  }
}

extension NetTransmitter {
  mutating func send(_ bytes: [UInt8], _ checksum: ChecksumOffload?) -> Bool {
    guard begin(length: bytes.count, checksum: checksum) else { return false }
    var frame = frame()
    for (index, byte) in bytes.enumerated() { frame[index] = byte }
    finish()
    return true
  }
}

func frame(_ number: Int, length: Int = 60) -> [UInt8] {
  (0..<length).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
}

let withoutEventIndex = FakeNetCard.allFeatures & ~(1 << 29)
