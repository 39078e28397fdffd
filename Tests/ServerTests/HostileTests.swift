import API
import Actions
import Base
import Foundation
import HTTP
import Invariants
import Server
import Testing

private let host = "Host: a\r\n"

@Suite struct HostileTests {
  static let seeds: [String] = [
    "GET /healthz HTTP/1.1\r\n\(host)\r\n", "POST /function/echo?a=b HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhello",
    "POST /function/echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /function/echo HTTP/1.1\r\n\(host)Expect: 100-continue\r\nContent-Length: 2\r\nX-Request-ID: a-b\r\n\r\nhi",
    "PUT /api/v1/namespaces/_/actions/x?timeout=500 HTTP/1.1\r\n\(host)\(authorization)Content-Length: 5\r\n\r\n\u{7f}ELF.",
    "GET /api/v1/namespaces/_/actions?limit=3 HTTP/1.1\r\n\(host)\(authorization)\r\n",
    "DELETE /api/v1/namespaces/_/actions/x HTTP/1.1\r\n\(host)\(authorization)Connection: close\r\n\r\n",
    "HEAD http://h/function/echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\(host)\r\n",
  ]

  /// Mutated requests, in pieces, with acknowledgements, FIN and RST between them: nothing traps, and the next client is served.
  @Test(arguments: 0..<8)
  func mutatedStreams(_ seed: Int) {
    var random = Random(UInt64(seed))
    let interesting = Array("\r\n :,\t\0%?/.;0f".utf8) + [0xff]
    for _ in 0..<60 {
      let world = World()
      #expect(world.deploy("echo", query: "?public=true")?.status == 200)
      for _ in 0..<20 {
        let index = world.network.open()
        var stream: [UInt8] = []
        for _ in 0...random.below(4) { stream += Array(Self.seeds[random.below(Self.seeds.count)].utf8) }
        for _ in 0..<random.below(4) {
          let place = random.below(stream.count)
          switch random.below(3) {
          case 0: stream[place] = interesting[random.below(interesting.count)]
          case 1: stream.insert(interesting[random.below(interesting.count)], at: place)
          default: stream.remove(at: place)
          }
        }
        var start = 0
        while start < stream.count {
          let end = min(stream.count, start + 1 + random.below(200))
          world.network.deliver(index, Array(stream[start..<end]))
          start = end
          switch random.below(6) {
          case 0: world.process()
          case 1: world.network.acknowledge(index)
          case 2: world.pass(.milliseconds(UInt64(random.below(9_000))))
          default: world.settle()
          }
          if world.network.connections[index].isAborted { break }
        }
        if random.below(4) == 0, !world.network.connections[index].isAborted { world.network.drop(index) }
        if random.below(3) == 0, !world.network.connections[index].isAborted { world.network.finish(index) }
        world.settle()
      }
      #expect(world.request("GET /healthz HTTP/1.1\r\n\(host)\r\n")?.status == 200)
      #expect(world.waitingCount == 0)
      world.pass(.seconds(200))
      world.pass(.seconds(200))
      #expect(world.nextDeadline == .distantFuture)
    }
  }

  /// The fuzzer's seeds, and some with damage.
  @Test func seedsInPieces() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/server")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).sorted { $0.path < $1.path }
    let seeds = try files.map { Array(try Data(contentsOf: $0)) }
    #expect(seeds.count > 10)
    var mutator = Mutator(seeds, seed: 1)
    for bytes in seeds + (0..<200).map({ _ in mutator.next() }) {
      let broken = StreamInvariants.broken(bytes)
      #expect(broken == nil, "\(bytes)")
    }
  }

  /// Memory that runs out in the middle of things ends the connection, not the server.
  @Test func replyAfterReplyIsLost() {
    let world = World()
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    for room in 0..<3 {
      let index = world.network.open()
      world.network.sendRoom = room
      _ = world.exchange(index, "GET /healthz HTTP/1.1\r\n\(host)\r\nPOST /function/echo HTTP/1.1\r\n\(host)Content-Length: 1\r\n\r\nx"
        + "GET /healthz HTTP/1.1\r\n\(host)\r\n")
      #expect(world.network.connections[index].isAborted)
      world.network.sendRoom = .max
      #expect(world.request("GET /healthz HTTP/1.1\r\n\(host)\r\n")?.status == 200)
    }
  }

  /// A head that trickles in is not kept alive by the acknowledgement of an earlier reply.
  @Test func anAcknowledgementDoesNotExtendTheHeadTime() {
    let world = World()
    let index = world.network.open()
    world.network.deliver(index, Array("GET /healthz HTTP/1.1\r\n\(host)\r\nGET /he".utf8))
    world.settle()
    world.pass(.seconds(14))
    world.network.acknowledge(index)
    world.pass(.seconds(2))
    #expect(world.replies(index).map(\.status) == [200, 408])
  }
}
