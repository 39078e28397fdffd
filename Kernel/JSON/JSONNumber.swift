// Whole numbers out of the text of numbers (RFC 8259 §6), exactly: the kernel has no floating point.

import Base
import Bytes

extension JSONValue {
  /// The number where it is whole and an Int64, however it is written (`1000`, `1e3`, `1000.0`); nil for all else.
  public func integer(in text: Span<UInt8>) -> Int64? {
    guard kind == .number else { return nil }
    let number = written(in: text)
    let isNegative = number.peek(0) == 0x2d
    guard let magnitude = JSONDecimal(number, from: isNegative ? 1 : 0).whole else { return nil }
    guard isNegative else { return Int64(exactly: magnitude) }
    return magnitude == 1 << 63 ? .min : Int64(exactly: magnitude).map { -$0 }
  }
}

/// A number as digits and a power of ten.
private struct JSONDecimal {
  /// The digits without the zeros at their end; nil where they pass 64 bits.
  private var digits: UInt64? = 0
  /// The power of ten that they are multiplied by.
  private var exponent = 0

  /// The number whose first digit is at `start`.
  init(_ number: Span<UInt8>, from start: Int) {
    var at = start
    var zeros = 0
    var isFraction = false
    while true {
      let byte = number.peek(at)
      if ASCII.isDigit(byte) {
        zeros &+= 1
        if byte > 0x30 {
          digits = digits.flatMap { Self.shifted($0, by: zeros) }.flatMap { Self.sum($0, UInt64(byte &- 0x30)) }
          zeros = 0
        }
        if isFraction { exponent &-= 1 }
      } else if byte == 0x2e {
        isFraction = true
      } else {
        break
      }
      at &+= 1
    }
    exponent &+= zeros
    if number.peek(at) | 0x20 == 0x65 { exponent &+= Self.power(number, from: at &+ 1) }
  }

  /// The number where it is whole and has 64 bits.
  var whole: UInt64? {
    // What passes 64 bits before its last digit that is no zero is too large or not whole.
    guard let digits else { return nil }
    guard digits > 0 else { return 0 }
    return exponent < 0 ? nil : Self.shifted(digits, by: exponent)
  }

  /// The exponent with its sign at `start`, held below what no text's length makes up for.
  private static func power(_ number: Span<UInt8>, from start: Int) -> Int {
    let sign = number.peek(start)
    var value = 0
    for at in (sign == 0x2b || sign == 0x2d ? start &+ 1 : start)..<max(start &+ 1, number.count) {
      if value < 1 << 56 { value = value &* 10 &+ Int(number[at] &- 0x30) }
    }
    return sign == 0x2d ? -value : value
  }

  /// `value` times ten to the power of `count`; nil past 64 bits. Ends after 20 steps where `value` is not zero.
  private static func shifted(_ value: UInt64, by count: Int) -> UInt64? {
    guard value > 0 else { return 0 }
    var value = value
    for _ in 0..<count {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      value = product
    }
    return value
  }

  private static func sum(_ first: UInt64, _ second: UInt64) -> UInt64? {
    let (sum, overflow) = first.addingReportingOverflow(second)
    return overflow ? nil : sum
  }
}
