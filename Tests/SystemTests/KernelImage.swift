// Reads the sizes that matter from the kernel's ELF file.

import Foundation

/// The kernel's file as the boot loader sees it.
struct KernelImage {
  /// Memory of the PT_LOAD segments, but for stacks. (The heap lies behind the image.)
  private(set) var loadableBytes = 0
  /// Memory of the executable segment.
  private(set) var textBytes = 0
  /// Memory between pairs of symbols `…_stack_guard` and `…_stack_top`: a stack and the unmapped page below it.
  private(set) var stackBytes = 0

  private let bytes: [UInt8]

  init(path: String) throws {
    bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { throw Failure("\(path) is no ELF64 file") }
    let table = word(32, 8)
    for index in 0..<word(56, 2) {
      let header = table + index * word(54, 2)
      guard word(header, 4) == 1 else { continue }
      loadableBytes += word(header + 40, 8)
      if word(header + 4, 4) & 1 != 0 { textBytes += word(header + 40, 8) }
    }
    let symbols = readSymbols()
    for (name, guardPage) in symbols where name.hasSuffix("stack_guard") {
      guard let top = symbols[name.dropLast(5) + "top"], top > guardPage else { continue }
      stackBytes += top - guardPage
    }
    loadableBytes -= stackBytes
  }

  /// The little-endian number of `size` bytes at `position`.
  private func word(_ position: Int, _ size: Int) -> Int {
    guard position >= 0, position + size <= bytes.count else { return 0 }
    return bytes[position..<position + size].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Names and values of the symbol table, empty where there is none.
  private func readSymbols() -> [String: Int] {
    var symbols: [String: Int] = [:]
    let sections = word(40, 8)
    for index in 0..<word(60, 2) {
      let section = sections + index * 64
      guard word(section + 4, 4) == 2 else { continue }
      let names = word(sections + word(section + 40, 4) * 64 + 24, 8)
      let start = word(section + 24, 8)
      for entry in stride(from: start, to: start + word(section + 32, 8), by: 24) {
        let name = bytes[min(bytes.count, names + word(entry, 4))...].prefix { $0 != 0 }
        symbols[String(decoding: name, as: UTF8.self)] = word(entry + 8, 8)
      }
    }
    return symbols
  }
}
