// QEMU's execution log: the start of every block of guest code, in order. Out of scope: what the addresses mean.

import Foundation

/// Where the guest was, block by block.
struct Trace {
  private(set) var blocks: [UInt64] = []

  /// Reads a log of `log exec,nochain`: "Trace 0: 0x7f… [CS base/PC/flags/cflags] …".
  init(path: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    let bytes = [UInt8](data)
    blocks.reserveCapacity(bytes.count / 80)
    var position = 0
    while position < bytes.count {
      let isTrace = bytes[position] == UInt8(ascii: "T")
      while position < bytes.count, bytes[position] != UInt8(ascii: "/"), bytes[position] != 10 { position += 1 }
      if isTrace, position < bytes.count, bytes[position] == UInt8(ascii: "/") {
        var value: UInt64 = 0
        position += 1
        while position < bytes.count, let digit = Self.digit(bytes[position]) {
          value = value << 4 | digit
          position += 1
        }
        blocks.append(value)
      }
      while position < bytes.count, bytes[position] != 10 { position += 1 }
      position += 1
    }
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    default: nil
    }
  }
}
