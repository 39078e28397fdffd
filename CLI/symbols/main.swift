// Makes the kernel's symbol table: reads `llvm-nm --numeric-sort` output with demangled names on standard input, writes
// assembly for the section `.symbols` on standard output. Kernel/Machine/Backtrace.swift describes the format.
//
// Usage: symbols < names > symbols.asm

/// Longest name that is kept, in bytes: enough to tell functions apart on the console.
let longestName = 44

/// The type and function of a demangled name: no parameter labels, no generic arguments, no return type.
func shortened(_ name: Substring) -> String {
  var text = String(name)
  for prefix in ["generic specialization ", "function signature specialization ", "merged ", "specialized ", "static "] {
    if text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
  }
  if let range = text.firstIndex(of: "(") , range != text.startIndex { text = String(text[..<range]) }
  if let range = text.firstIndex(of: "<"), range != text.startIndex { text = String(text[..<range]) }
  return String(text.utf8.prefix(longestName).map { $0 >= 0x20 && $0 < 0x7f ? Character(UnicodeScalar($0)) : "?" })
}

var start: UInt64?
var symbols: [(offset: UInt64, name: String)] = []
while let line = readLine() {
  let fields = line.split(separator: " ", maxSplits: 2)
  guard fields.count == 3, let address = UInt64(fields[0], radix: 16) else { continue }
  if fields[2] == "text_start" { start = address }
  guard let start, fields[1] == "t" || fields[1] == "T", fields[2] != "text_start", fields[2] != "text_end" else { continue }
  let offset = address - start
  if symbols.last?.offset == offset { continue }
  symbols.append((offset, shortened(fields[2])))
}
print("section .symbols progbits alloc noexec nowrite align=4")
print("dd \(symbols.count)")
for symbol in symbols { print("dd \(symbol.offset)") }
for symbol in symbols {
  let name = symbol.name.replacing("\\", with: "/").replacing("`", with: "'")
  print("db `\(name)`, 0")
}
