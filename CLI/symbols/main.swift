// Makes the kernel's symbol table: reads `llvm-nm --numeric-sort` output with demangled names on standard input, writes
// assembly for the section `.symbols` on standard output. Kernel/Machine/Backtrace.swift describes the format.
//
// Usage: symbols < names > symbols.asm

/// Longest name that is kept, in bytes: enough to tell functions apart on the console.
let longestName = 34

/// The type and function of a demangled name: no parameter labels, no generic arguments, no return type.
func shortened(_ name: Substring) -> String {
  var text = String(name)
  for prefix in ["generic specialization ", "function signature specialization ", "merged ", "specialized ", "static "] {
    if text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
  }
  for end in ["(", "<"] as [Character] {
    if let index = text.firstIndex(of: end), index != text.startIndex { text = String(text[..<index]) }
  }
  return text
}

/// The name's bytes, without what the table has another use for: zero and 128 to 255.
func encoded(_ name: String) -> [UInt8] {
  name.utf8.prefix(longestName).map { $0 >= 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") }
}

/// The functions of the text, in the order of their addresses. What has no name of its own belongs to the one before it.
func readSymbols() -> [(offset: UInt64, name: [UInt8])] {
  var start: UInt64?
  var symbols: [(offset: UInt64, name: [UInt8])] = []
  while let line = readLine() {
    let fields = line.split(separator: " ", maxSplits: 2)
    guard fields.count == 3, let address = UInt64(fields[0], radix: 16) else { continue }
    if fields[2] == "text_start" { start = address }
    guard let start, fields[1] == "t" || fields[1] == "T" else { continue }
    guard !fields[2].hasPrefix("text_"), !fields[2].hasPrefix("rodata_"), !fields[2].hasPrefix("outlined ") else { continue }
    let offset = address - start
    if symbols.last?.offset != offset { symbols.append((offset, encoded(shortened(fields[2])))) }
  }
  return symbols
}

/// Byte pair encoding: the commonest pair of neighbours, of all names, becomes one byte from 128 on, for as long as that saves
/// something. Returns the pairs.
func compress(_ names: inout [[UInt8]]) -> [(UInt8, UInt8)] {
  var pairs: [(UInt8, UInt8)] = []
  while pairs.count < 128 {
    var counts: [UInt16: Int] = [:]
    for name in names {
      for (a, b) in zip(name, name.dropFirst()) { counts[UInt16(a) << 8 | UInt16(b), default: 0] += 1 }
    }
    // Of equals the least: the same input gives the same table.
    guard let best = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), best.value > 3 else { break }
    let pair = (UInt8(best.key >> 8), UInt8(best.key & 0xff))
    let code = UInt8(128 + pairs.count)
    pairs.append(pair)
    for index in names.indices { names[index] = replacing(pair, by: code, in: names[index]) }
  }
  return pairs
}

func replacing(_ pair: (UInt8, UInt8), by code: UInt8, in name: [UInt8]) -> [UInt8] {
  var result: [UInt8] = []
  var index = 0
  while index < name.count {
    if index + 1 < name.count, name[index] == pair.0, name[index + 1] == pair.1 {
      result.append(code)
      index += 2
    } else {
      result.append(name[index])
      index += 1
    }
  }
  return result
}

func bytes(_ values: [UInt8]) -> String { "db " + values.map(String.init).joined(separator: ",") }

/// Seven bits a byte, the lowest first; all but the last byte have bit 7 set.
func variableLength(_ value: UInt64) -> [UInt8] {
  value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + variableLength(value >> 7)
}

let symbols = readSymbols()
var names = symbols.map(\.name)
let pairs = compress(&names)
print("section .symbols progbits alloc noexec nowrite align=4")
print("dd \(symbols.count)")
var last: UInt64 = 0
for symbol in symbols {
  print(bytes(variableLength(symbol.offset - last)))
  last = symbol.offset
}
for index in 0..<128 { print(bytes(index < pairs.count ? [pairs[index].0, pairs[index].1] : [0, 0])) }
for name in names { print(bytes(name + [0])) }
