// The kernel's console as lines, and what its lines say.

/// One line of the console, and when its end arrived.
public struct ConsoleLine: Equatable, Sendable {
  public var text: String
  public var time: ContinuousClock.Instant

  public init(text: String, time: ContinuousClock.Instant) {
    self.text = text
    self.time = time
  }

  /// What follows `swiftlet: ready`, where this is the line that says the kernel serves.
  public var readiness: String? {
    let mark = "swiftlet: ready"
    guard text.hasPrefix(mark) else { return nil }
    return text.dropFirst(mark.count).trimmingPrefix { " :,;".contains($0) }.description
  }

  /// Whether this line begins the report of a kernel panic.
  public var isPanic: Bool { text.contains("panic:") }
}

/// Cuts a stream of bytes into lines: CR, other control characters and terminal escape sequences go, wrong UTF-8 is replaced.
public struct LineSplitter: Sendable {
  private var partial: [UInt8] = []
  private var escape = Escape.none
  private enum Escape { case none, started, sequence }
  /// A longer line is cut here.
  static let longest = 4096

  public init() {}

  /// Takes what arrived and returns the lines it completed.
  public mutating func add(_ bytes: [UInt8]) -> [String] {
    var lines: [String] = []
    for byte in bytes {
      switch (escape, byte) {
      case (_, 0x1b): escape = .started
      case (.started, 0x5b): escape = .sequence
      case (.started, _): escape = .none
      case (.sequence, 0x40...0x7e): escape = .none
      case (.sequence, _): break
      case (.none, 0x0a): lines.append(finish())
      case (.none, 0x09), (.none, 0x20...):
        partial.append(byte)
        if partial.count >= Self.longest { lines.append(finish()) }
      case (.none, _): break
      }
    }
    return lines
  }

  /// Ends the line that has begun.
  public mutating func finish() -> String {
    defer { partial.removeAll(keepingCapacity: true) }
    return String(decoding: partial, as: UTF8.self)
  }

  public var hasPartialLine: Bool { !partial.isEmpty }
}
