// Counts the words and characters of its input: an ordinary Swift program on the full standard library, with
// what Embedded Swift has not: Unicode strings, dictionaries of strings, errors, existentials, reflection.

/// One measure of a text.
protocol Measure {
  var name: String { get }
  mutating func take(_ line: String) throws
  var result: String { get }
}

struct LineTooLong: Error {
  var length: Int
}

struct Words: Measure {
  let name = "words"
  private var counts: [String: Int] = [:]

  mutating func take(_ line: String) {
    for word in line.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) { counts[word.lowercased(), default: 0] += 1 }
  }

  var result: String {
    let ranking = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return "\(counts.values.reduce(0, +)), \(counts.count) different"
      + ranking.prefix(10).map { "\n  \($0.key): \($0.value)" }.joined()
  }
}

struct Characters: Measure {
  let name = "characters"
  private var count = 0
  private var scalars = 0
  private var kinds: Set<Character> = []

  mutating func take(_ line: String) throws {
    guard line.utf8.count <= 1_000_000 else { throw LineTooLong(length: line.utf8.count) }
    for character in line {
      count += 1
      scalars += character.unicodeScalars.count
      kinds.insert(character)
    }
  }

  var result: String {
    let greatest = kinds.max().map { ", the last of them \(String(reflecting: $0))" } ?? ""
    return "\(count) of \(scalars) scalars, \(kinds.count) different\(greatest)"
  }
}

@main
struct SwiftFull {
  static func main() {
    var measures: [any Measure] = [Words(), Characters()]
    var lines = 0
    var refused: [any Error] = []
    while let line = readLine() {
      lines += 1
      for index in measures.indices {
        do { try measures[index].take(line) } catch { refused.append(error) }
      }
    }
    print("lines: \(lines)")
    for measure in measures { print("\(measure.name): \(measure.result)") }
    for error in refused { print("left out: \(error)") }
  }
}
