import Base
import Testing

@testable import Net

/// Whole connections over a wire that loses, repeats, reorders and corrupts.
@Suite struct TransferTests {
  static let sizes = [0, 1, 1459, 1460, 1461, 65_535, 65_536]

  private func transfer(
    upload: Int, download: Int, faults: Faults, seed: UInt64, serverCloses: Bool = false, takesWhole: Bool = false,
    scale: UInt8? = 7, offload: Bool = false, segmentSize: Int = 1460
  ) {
    let simulation = Simulation(faults: faults, seed: seed, offload: offload)
    let order = Order(upload: upload, download: download, serverCloses: serverCloses, takesWhole: takesWhole)
    let client = PeerClient(
      port: 40_000, initial: UInt32(truncatingIfNeeded: seed &* 0x9e37_79b9), upload: order.bytes(salt: Int(seed % 97)),
      expectedDownload: download, closing: serverCloses ? .afterPeer : .afterDownload, scale: scale,
      segmentSize: segmentSize)
    simulation.add(client)
    #expect(simulation.run(limit: .seconds(900)))
    #expect(simulation.failures == [])
    #expect(client.failure == nil)
    #expect(client.received == pattern(download, salt: Int(seed % 97) + 1))
    simulation.rest(.seconds(300))
    #expect(simulation.closed == [.finished])
    #expect(simulation.stack.connectionCount == 0)
    #expect(simulation.stack.timeWaitCount == 0)
    #expect(simulation.stack.receiveMemoryUsed == 0)
    #expect(simulation.stack.nextDeadline == .distantFuture || simulation.stack.arp.nextDeadline < .distantFuture)
  }

  @Test(arguments: sizes, [0, 1, 5, 20])
  func bothDirections(size: Int, percent: Int) {
    transfer(upload: size, download: size, faults: .all(percent), seed: UInt64(size * 100 + percent))
  }

  @Test(arguments: sizes, [0, 5])
  func serverClosesFirst(size: Int, percent: Int) {
    transfer(
      upload: size / 2, download: size, faults: .all(percent), seed: UInt64(size * 100 + percent + 7), serverCloses: true)
  }

  @Test(arguments: [0, 2, 10])
  func aMebibyteEachWay(percent: Int) {
    transfer(upload: 1 << 20, download: 1 << 20, faults: .all(percent), seed: UInt64(percent + 3), takesWhole: true)
  }

  @Test(arguments: [0, 5])
  func withoutScaling(percent: Int) {
    transfer(upload: 200_000, download: 200_000, faults: .all(percent), seed: UInt64(percent + 11), scale: nil)
  }

  @Test(arguments: [88, 536, 1220])
  func smallSegments(size: Int) {
    transfer(upload: 20_000, download: 20_000, faults: .all(3), seed: UInt64(size), segmentSize: size)
  }

  @Test func checksumOffload() {
    transfer(upload: 65_535, download: 65_537, faults: .all(2), seed: 5, offload: true)
  }

  @Test(arguments: 1...20)
  func manySeeds(seed: Int) {
    transfer(
      upload: 5000 + seed * 777, download: 9000 + seed * 1313, faults: .all(15), seed: UInt64(seed) * 1001,
      serverCloses: seed % 2 == 0, takesWhole: seed % 3 == 0)
  }

  @Test func manyConnectionsAtOnce() {
    var limits = NetworkLimits()
    limits.connections = 300
    limits.halfOpen = 300
    let simulation = Simulation(limits, faults: .all(3), seed: 99)
    for index in 0..<250 {
      let order = Order(upload: index * 37, download: index * 61, serverCloses: index % 2 == 0)
      simulation.add(
        PeerClient(
          port: UInt16(20_000 + index), initial: UInt32(index) << 22, upload: order.bytes(salt: index),
          expectedDownload: order.download, closing: index % 2 == 0 ? .afterPeer : .afterDownload))
    }
    #expect(simulation.run(limit: .seconds(600)))
    #expect(simulation.failures == [])
    for index in 0..<250 {
      #expect(simulation.clients[UInt16(20_000 + index)]?.received == pattern(index * 61, salt: index + 1))
    }
    simulation.rest(.seconds(300))
    #expect(simulation.stack.connectionCount == 0)
    #expect(simulation.stack.receiveMemoryUsed == 0)
  }
}
