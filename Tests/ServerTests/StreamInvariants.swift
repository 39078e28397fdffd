// What must hold of a server for any bytes whatever on a connection: called by its tests, and by who fuzzes it.

import Invariants

enum StreamInvariants {
  private static let limit = 8 << 10

  /// Sends `bytes` whole and in pieces to a server with an action. Returns what does not hold; nil where everything does.
  static func broken(_ bytes: [UInt8]) -> StaticString? {
    guard bytes.count <= limit else { return nil }
    var random = SmallRandom(bytes.reduce(7) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    let cuts = (0..<3).map { _ in random.below(bytes.count + 1) }.sorted()
    let whole = World()
    let pieces = World()
    let first = exchange(whole, bytes, [])
    let second = exchange(pieces, bytes, cuts)
    // Which replies are without a body cannot be seen in them.
    let text = String(decoding: bytes, as: UTF8.self)
    if text.contains("HEAD") { return isWhole(whole) && isWhole(pieces) ? nil : unclean }
    guard let first = Response.all(first), let second = Response.all(second) else { return "what a server sends is no reply" }
    // Counters, metrics and activations tell what has run by then.
    let isTimeless = !text.contains("/metrics") && !text.contains("/api/")
    guard areSame(first, second, isTimeless) else { return "the pieces that requests come in matter" }
    return isWhole(whole) && isWhole(pieces) ? nil : unclean
  }

  private static let unclean: StaticString = "a server is not as it was before"

  /// Interim replies are given only while more is awaited; and an error in a head whose end is not in sight may wait for more bytes.
  private static func areSame(_ whole: [Response], _ pieces: [Response], _ isTimeless: Bool) -> Bool {
    let first = whole.filter { $0.status >= 200 }
    let second = pieces.filter { $0.status >= 200 }
    let common = min(first.count, second.count)
    guard first.map(\.status).prefix(common) == second.map(\.status).prefix(common) else { return false }
    guard !isTimeless || first.prefix(common) == second.prefix(common) else { return false }
    return first.count == common && second.count == common || first.count == common + 1 && first[common].status >= 400
  }

  /// All that is sent for `bytes`.
  private static func exchange(_ world: World, _ bytes: [UInt8], _ cuts: [Int]) -> [UInt8] {
    precondition(world.deploy("echo", query: "?public=true")?.status == 200)
    let index = world.network.open()
    var start = 0
    for cut in cuts + [bytes.count] where !world.network.connections[index].isAborted {
      world.network.deliver(index, Array(bytes[start..<cut]))
      world.settle()
      start = cut
    }
    let sent = world.takeSent(index)
    if !world.network.connections[index].isAborted { world.network.finish(index) }
    world.settle()
    return sent
  }

  /// The next client is served, and with all connections gone nothing is waited for.
  private static func isWhole(_ world: World) -> Bool {
    guard world.request("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 200 else { return false }
    world.pass(.seconds(400))
    world.pass(.seconds(400))
    return world.waitingCount == 0 && world.nextDeadline == .distantFuture
  }
}
