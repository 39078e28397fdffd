// Walks the chain of frame pointers and names each return address from the table that the build puts in the image.
//
// The table (made by CLI/symbols): a 32-bit count; the functions' distances, each from the one before (the first from the
// start of the text), seven bits a byte, lowest first, bit 7 set in all bytes but the last; 128 pairs of bytes; the names, each
// ended by a zero byte. A byte of a name from 128 on stands for the pair of that number less 128, whose bytes may stand
// for pairs again (byte pair encoding).

import CBoot

enum Backtrace {
  private static let deepest = 32

  /// Prints one line a frame, beginning with the caller of the function whose frame pointer is `start`.
  static func print(from start: UInt64, to console: SerialConsole, first: UInt64 = 0) {
    var framePointer = start
    var level = first
    while level < deepest, isStack(framePointer) {
      let returnAddress = Physical.load(framePointer &+ 8)
      guard returnAddress >= textStart(), returnAddress < textEnd() else { return }
      printLine(level, returnAddress &- 1, to: console)
      let next = Physical.load(framePointer)
      guard next > framePointer else { return }
      framePointer = next
      level &+= 1
    }
  }

  static func printLine(_ level: UInt64, _ address: UInt64, to console: SerialConsole) {
    console.write("  #")
    console.write(decimal: level)
    console.write(" ")
    console.write(hex: address)
    console.write(" ")
    printName(address, to: console)
    console.write("\n")
  }

  private static func isStack(_ address: UInt64) -> Bool {
    address & 7 == 0 && address >= PageSize.small && address < 1 << 39
      && address >= kernelStackBottom() && address < kernelStackTop() &- 16
  }

  private static func printName(_ address: UInt64, to console: SerialConsole) {
    let table = symbolTableStart()
    guard symbolTableEnd() > table, address >= textStart(), address < textEnd() else { return console.write("?") }
    let count = UInt64(load32(table))
    let wanted = address &- textStart()
    var position = table &+ 4
    var index: UInt64 = 0
    var offset: UInt64 = 0
    var found: UInt64 = 0
    var start: UInt64 = 0
    // All distances are read: the names follow them.
    for number in 0..<count {
      offset &+= readDistance(&position)
      if offset <= wanted {
        found = number &+ 1
        start = offset
      }
    }
    guard found > 0 else { return console.write("?") }
    let pairs = position
    position &+= 256
    while index < found &- 1 {
      if load8(position) == 0 { index &+= 1 }
      position &+= 1
    }
    while load8(position) != 0 {
      write(load8(position), pairs: pairs, to: console)
      position &+= 1
    }
    console.write(" + 0x")
    console.write(hex: wanted &- start, digits: 4)
  }

  private static func readDistance(_ position: inout UInt64) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = load8(position)
      position &+= 1
      value |= UInt64(byte & 127) << shift
      if byte < 128 || shift > 28 { return value }
      shift &+= 7
    }
  }

  /// Writes what one byte of a name stands for. A pair only ever names earlier pairs, so this ends.
  private static func write(_ byte: UInt8, pairs: UInt64, to console: SerialConsole) {
    guard byte >= 128 else { return console.write(byte: byte) }
    let pair = pairs &+ UInt64(byte &- 128) &* 2
    write(load8(pair), pairs: pairs, to: console)
    write(load8(pair &+ 1), pairs: pairs, to: console)
  }

  private static func load32(_ address: UInt64) -> UInt32 {
    // SAFETY: inside the symbol table, by the callers' bounds.
    unsafe Physical.pointer(address).load(as: UInt32.self)
  }

  private static func load8(_ address: UInt64) -> UInt8 {
    // SAFETY: inside the symbol table, whose last name ends with a zero byte.
    unsafe Physical.pointer(address).load(as: UInt8.self)
  }
}
