// The kernel's own times of one invocation: the annotation `swiftlet` of its activation record. Its names are here only.

/// Times in microseconds. Nil where the record does not say.
public struct InvocationTiming: Equatable, Sendable {
  /// Waiting for the core; preparing the start; running; restoring the memory afterwards, when the response has left.
  public var queue: Double?
  public var start: Double?
  public var run: Double?
  public var restore: Double?
  public var pagesCopied: Int?
  public var pagesZeroed: Int?
  public var pageFaults: Int?

  public init(_ annotation: JSON) {
    queue = annotation["queue"]?.number
    start = annotation["start"]?.number
    run = annotation["run"]?.number
    restore = annotation["restore"]?.number
    pagesCopied = annotation["pagesCopied"]?.integer
    pagesZeroed = annotation["pagesZeroed"]?.integer
    pageFaults = annotation["pageFaults"]?.integer
  }

  /// A small table with the client's round trip, which holds all but the restoring.
  public func table(roundTrip: Duration) -> String {
    var table = TextTable(("", .left), ("", .right), ("", .left))
    func add(_ name: String, _ time: Double?, _ remark: String) {
      if let time { table.add(name, Quantity.duration(microseconds: time), remark) }
    }
    add("queue", queue, "waiting for the core")
    add("start", start, "entering the action")
    add("run", run, "in the action")
    add("restore", restore, "bringing its memory back, after the response")
    let whole = roundTrip / .microseconds(1)
    let inside = [queue, start, run].compactMap { $0 }.reduce(0, +)
    add("network", max(0, whole - inside), "the rest: network, HTTP, virtual machine")
    add("round trip", whole, "as this command sees it")
    for (number, name) in [(pagesCopied, "pages copied"), (pagesZeroed, "pages zeroed"), (pageFaults, "page faults")] {
      if let number { table.add(name, "\(number)", "") }
    }
    return table.lines.map { "  " + $0 }.joined(separator: "\n")
  }
}
