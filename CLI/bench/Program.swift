// What is known of a program's code: its symbols, and how many instructions a run from one address to another has.
//
// From llvm-nm, swift-demangle and llvm-objdump, which come with the Swift toolchain.

import Foundation

/// The code of one ELF file.
struct Program {
  /// Addresses of symbols, ascending, and their names.
  private let addresses: [UInt64]
  private let names: [String]
  /// Addresses of instructions, ascending.
  private let instructions: [UInt64]
  /// For each instruction, whether the one after it may not be the next executed.
  private let endsBlock: [Bool]
  private let indices: [UInt64: Int]

  init(path: String) throws {
    let quoted = "'" + path.replacingOccurrences(of: "'", with: "'\\''") + "'"
    var addresses: [UInt64] = []
    var names: [String] = []
    for line in try Tool.lines("llvm-nm -n \(quoted) 2>/dev/null | swift-demangle --simplified") {
      let words = line.split(separator: " ", maxSplits: 2)
      guard words.count == 3, words[1] == "t" || words[1] == "T", let address = UInt64(words[0], radix: 16) else { continue }
      // Labels inside of assembly functions are no functions.
      if addresses.last == address || words[2].wholeMatch(of: /[a-z_]+\.[a-z_]+/) != nil { continue }
      addresses.append(address)
      names.append(String(words[2]))
    }
    var instructions: [UInt64] = []
    var endsBlock: [Bool] = []
    for line in try Tool.lines("llvm-objdump -d --no-show-raw-insn \(quoted)") {
      guard let colon = line.firstIndex(of: ":"), let address = UInt64(line[..<colon].drop { $0 == " " }, radix: 16) else { continue }
      let text = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      if text.isEmpty { continue }
      instructions.append(address)
      endsBlock.append(Self.isTransfer(text))
    }
    self.addresses = addresses
    self.names = names
    self.instructions = instructions
    self.endsBlock = endsBlock
    indices = Dictionary(uniqueKeysWithValues: instructions.enumerated().map { ($1, $0) })
  }

  private static func isTransfer(_ text: Substring) -> Bool {
    ["j", "call", "ret", "sys", "iret", "hlt", "ud2", "rep", "loop", "int"].contains { text.hasPrefix($0) }
  }

  /// The number of the symbol that `address` belongs to; nil where it is before all.
  func symbol(at address: UInt64) -> Int? {
    var low = 0
    var high = addresses.count
    while low < high {
      let middle = (low + high) / 2
      if addresses[middle] <= address { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }

  /// Where the kernel looks for a frame before it halts: waiting, as the halt is, and no work.
  static let waiting = "Kernel.lookForFrame(until:)"

  /// The addresses of function `name`; nil where there is none.
  func range(of name: String) -> Range<UInt64>? {
    guard let symbol = names.firstIndex(of: name), symbol + 1 < addresses.count else { return nil }
    return addresses[symbol]..<addresses[symbol + 1]
  }

  func name(_ symbol: Int) -> String { names[symbol] }
  func address(_ symbol: Int) -> UInt64 { addresses[symbol] }

  /// Instructions from `start` to the next control transfer, that one included, or to `next` where that lies before: blocks
  /// of translated code also end at page borders and after instructions that change the CPU's state.
  func instructions(from start: UInt64, before next: UInt64) -> Int {
    guard var index = indices[start] else { return 0 }
    var count = 0
    while index < instructions.count, count == 0 || instructions[index] != next {
      count += 1
      if endsBlock[index] { break }
      index += 1
    }
    return count
  }
}

/// Commands of the host.
enum Tool {
  /// The lines of a command's standard output; throws where it fails.
  static func lines(_ command: String) throws -> [Substring] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "set -o pipefail; " + command]
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw BenchError("failed: \(command)") }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}

struct BenchError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
