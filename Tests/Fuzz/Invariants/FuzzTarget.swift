// The parsers that anyone's bytes reach, by name, each with what must hold of it for any bytes whatever: for libFuzzer (../Driver)
// and for the tests that change the seeds of `Tests/Fuzz/<name>` (Tests/InvariantsTests).
// Out of scope: the server on a fake network (Tests/ServerTests/StreamInvariants.swift), frames (Tests/NetTests).

import Bytes

/// One parser. The raw value is the name of its seeds' folder.
public enum FuzzTarget: String, CaseIterable, Sendable {
  case http, cgi, chunked, json, zip, inflate, base64, elf, text, entities

  /// Gives `input` to the parser and does all that can be done with what it makes of it. Returns what does not hold; nil where everything does.
  public func broken(_ input: [UInt8]) -> StaticString? {
    switch self {
    case .http: HeadInvariants.broken(input)
    case .cgi: CGIInvariants.broken(input)
    case .chunked: ChunkInvariants.broken(input)
    case .json: JSONInvariants.broken(input.span)
    case .zip: ZipInvariants.broken(input)
    case .inflate: InflateInvariants.broken(input)
    case .base64: Base64Invariants.broken(input)
    case .elf: ELFInvariants.broken(input)
    case .text: TextInvariants.broken(input)
    case .entities: EntityInvariants.broken(input)
    }
  }
}

extension Span where Element == UInt8 {
  var array: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for index in indices { bytes.append(self[index]) }
    return bytes
  }
}

extension [UInt8] {
  /// The same bytes in a buffer.
  var buffer: ByteBuffer {
    var result = ByteBuffer()
    precondition(result.append(span))
    return result
  }

  /// Up to `count` ascending places in the bytes at which they may be cut, made from the bytes alone.
  func cuts(_ count: Int) -> [Int] {
    var random = SmallRandom(reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    return (0..<count).map { _ in random.below(self.count + 1) }.sorted()
  }
}

/// A small reproducible generator (SplitMix64).
public struct SmallRandom: RandomNumberGenerator {
  private var state: UInt64

  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// RFC 9110 §5.6.2, by its own words.
func isToken(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
  default: Array("!#$%&'*+-.^_`|~".utf8).contains(byte)
  }
}
