// Names of entities out of paths of requests.

import Bytes
import Entities
import HTTP

/// A path segment without its escapes.
struct DecodedName {
  private var text: [514 of UInt8]
  private let count: Int

  /// nil where an escape is malformed or the name longer than any that is legal.
  init?(_ segment: Span<UInt8>) {
    text = .init(repeating: 0)
    var output = text.mutableSpan
    guard let count = PercentEncoding.decode(segment, into: &output) else { return nil }
    self.count = count
  }

  private init(_ text: [514 of UInt8], _ count: Int) {
    self.text = text
    self.count = count
  }

  /// The name `package/name`; `package` may be absent.
  init?(_ package: ByteRange, _ name: ByteRange, in bytes: Span<UInt8>) {
    guard !package.isAbsent else {
      guard let only = DecodedName(bytes.extracting(name)) else { return nil }
      self = only
      return
    }
    guard let first = DecodedName(bytes.extracting(package)), let last = DecodedName(bytes.extracting(name)),
      first.count &+ last.count &+ 1 < 514
    else { return nil }
    var text = first.text
    var output = text.mutableSpan
    output[first.count] = 0x2f
    output.copy(last.span, to: first.count &+ 1)
    self.init(text, first.count &+ last.count &+ 1)
  }

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(0..<count) }
  }

  /// Whether the parts between slashes, as many as there have to be, are legal names.
  func isLegal(parts: Int) -> Bool { QualifiedName.parts(span) == parts }

  /// The part that is a name or `package/name`, without slashes around it and empty where there is nothing but blanks; nil where it is neither.
  var path: Range<Int>? {
    var start = 0
    var end = count
    while start < end, text[start] == 0x2f || text[start] == 0x20 { start &+= 1 }
    while end > start, text[end &- 1] == 0x2f || text[end &- 1] == 0x20 { end &-= 1 }
    guard start < end else { return start..<start }
    guard let parts = QualifiedName.parts(span.extracting(start..<end)), parts <= 2 else { return nil }
    return start..<end
  }

  /// The name of the package; empty where there is none.
  var package: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(0..<(EntityName.packageLength(of: span) ?? 0)) }
  }
}
