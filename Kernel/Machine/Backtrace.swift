// Walks the chain of frame pointers and names each return address from the table that the build puts in the image.
//
// The table (made by Tools/symbols): a 32-bit count, that many 32-bit offsets from the start of the text in rising
// order, then as many names, each ended by a zero byte.

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
    let offset = address &- textStart()
    var index: UInt64 = 0
    while index < count, UInt64(load32(table &+ 4 &+ index &* 4)) <= offset { index &+= 1 }
    guard index > 0 else { return console.write("?") }
    var name = table &+ 4 &+ count &* 4
    var skip = index &- 1
    while skip > 0 {
      if load8(name) == 0 { skip &-= 1 }
      name &+= 1
    }
    while load8(name) != 0 {
      console.write(byte: load8(name))
      name &+= 1
    }
    console.write(" + 0x")
    console.write(hex: offset &- UInt64(load32(table &+ index &* 4)), digits: 4)
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
