// Gathering bytes before they are written.

extension Array<UInt8> {
  /// Appends the span's bytes.
  public mutating func append(_ bytes: Span<UInt8>) {
    // SAFETY: the span holds its bytes for the time of the call.
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// Appends the text's UTF-8.
  public mutating func append(_ text: StaticString) {
    // SAFETY: a StaticString's pointer is good for its length.
    unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends the number in decimal.
  public mutating func append(decimal number: UInt64) {
    var rest = number
    let first = count
    repeat {
      append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest != 0
    self[first...].reverse()
  }
}
