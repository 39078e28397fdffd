// A hash of keys for the merger's table, such that nobody outside can choose keys that collide.

import Bytes

/// The polynomial whose coefficients are a key's bytes, four each, and their number, at a secret point modulo 2^61 - 1.
///
/// Two keys collide, in all or in the low bits, for one in 2^61, or in 2^bits, of the points for each four bytes of them. That is a theorem
/// (Carter and Wegman), so whoever does not know the point cannot make a table slow. Two multiplications for eight bytes.
struct JSONKeyHash: Sendable, BitwiseCopyable {
  private static var modulus: UInt64 { (1 << 61) &- 1 }
  private let point: UInt64

  /// A hash for a seed, which should be secret.
  init(seed: UInt64) {
    // No seed gives a point so small that short keys stay unmixed.
    point = (seed ^ 0x09e3_779b_97f4_a7c1) & Self.modulus | 1 << 40
  }

  /// The hash of the bytes that a string with these contents stands for.
  func hash(_ contents: Span<UInt8>) -> UInt32 {
    guard contents.backslash(from: 0) == contents.count else { return hashEscaped(contents) }
    var value: UInt64 = 0
    var at = 0
    while at <= contents.count &- 4 {
      value = step(value, contents.loadLE32(at))
      at &+= 4
    }
    var last: UInt32 = 0
    if at >= 4 {
      last = contents.loadLE32(contents.count &- 4) >> UInt32((4 &- (contents.count & 3)) &* 8)
    } else {
      while at < contents.count {
        last |= UInt32(contents[at]) << UInt32(at &* 8)
        at &+= 1
      }
    }
    return finish(value, last, length: contents.count)
  }

  @_optimize(size) @inline(never)
  private func hashEscaped(_ contents: Span<UInt8>) -> UInt32 {
    var value: UInt64 = 0
    var last: UInt32 = 0
    var length = 0
    var bytes = JSONStringBytes()
    while let byte = bytes.next(of: contents) {
      last |= UInt32(byte) << UInt32((length & 3) &* 8)
      length &+= 1
      if length & 3 == 0 {
        value = step(value, last)
        last = 0
      }
    }
    return finish(value, last, length: length)
  }

  /// Takes in the last 0 to 3 bytes and the number of all.
  @inline(__always)
  private func finish(_ value: UInt64, _ last: UInt32, length: Int) -> UInt32 {
    let hash = step(step(value, last), UInt32(truncatingIfNeeded: length))
    return UInt32(truncatingIfNeeded: hash >= Self.modulus ? hash &- Self.modulus : hash)
  }

  /// `(value + word) * point`, below 2^61 + 8 where `value` is.
  @inline(__always)
  private func step(_ value: UInt64, _ word: UInt32) -> UInt64 {
    let product = (value &+ UInt64(word)).multipliedFullWidth(by: point)
    // 2^61 is 1 here: the bits from there on are added to those below.
    let sum = (product.low & Self.modulus) &+ (product.high << 3 | product.low >> 61)
    return (sum & Self.modulus) &+ (sum >> 61)
  }
}
