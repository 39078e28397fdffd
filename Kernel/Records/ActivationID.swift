// Identifiers of activations, 32 hexadecimal digits as in OpenWhisk, and of requests: both from one generator.

public import Base
import Bytes

/// Names one activation.
public struct ActivationID: Equatable, Sendable, BitwiseCopyable {
  /// Digits of the text form.
  public static var textLength: Int { 32 }

  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The identifier that `text` is: 32 hexadecimal digits with letters in lower case, as OpenWhisk takes them; else nil.
  @_optimize(size)
  public init?(parsing text: Span<UInt8>) {
    guard text.count == Self.textLength else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in text.indices {
      guard let digit = ASCII.hexValue(text[index]), ASCII.lowercased(text[index]) == text[index] else { return nil }
      high = high << 4 | low >> 60
      low = low << 4 | UInt64(digit)
    }
    self.init(high: high, low: low)
  }

  /// Writes the 32 digits.
  @inline(never)
  public func write(into writer: inout TextWriter) {
    var digits: [32 of UInt8] = .init(repeating: 0)
    var output = digits.mutableSpan
    output.store(hex: high, at: 0)
    output.store(hex: low, at: 16)
    writer.write(digits.span)
  }
}

/// Makes identifiers that do not repeat in practice: SplitMix64 (Steele, Lea, Flood 2014). They are names, not secrets, and each of them
/// tells the seed, which must be that of nothing else.
///
/// The second half of an activation's identifier is the same for all of one boot, so that the head of replies is prepared with it.
public struct IdentifierGenerator: Sendable, BitwiseCopyable {
  @usableFromInline var state: UInt64
  @usableFromInline let boot: UInt64

  public init(seed: UInt64) {
    state = seed &+ Self.step
    boot = Self.mix(state)
  }

  @inlinable
  public mutating func next() -> UInt64 {
    state &+= Self.step
    return Self.mix(state)
  }

  @inlinable static var step: UInt64 { 0x9e37_79b9_7f4a_7c15 }

  @inlinable
  static func mix(_ state: UInt64) -> UInt64 {
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// The identifier of the activation that a request with a number from `next` makes.
  @inlinable
  public func activation(of number: UInt64) -> ActivationID { ActivationID(high: number, low: boot) }

  @inlinable
  public mutating func nextActivation() -> ActivationID { ActivationID(high: next(), low: boot) }
}
