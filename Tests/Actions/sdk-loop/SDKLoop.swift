// A program of OpenWhisk's ActionLoop: to each line it answers with the JSON object of how many lines this process has answered, how often
// it was prepared, and the line. A line in which there is "log" is told on standard output and on standard error first.

import Swiftlet

@main
struct SDKLoop {
  static func main() {
    let prepared = prepare()
    var count = 0
    print("prepared")
    serveLines(limit: 100_000) { line in
      count += 1
      if line.holds("\"log\"") {
        print("to standard output")
        ErrorOutput.write("to standard error\n")
      }
      var answer: [UInt8] = []
      answer.append("{\"count\":")
      answer.append(decimal: UInt64(count))
      answer.append(",\"prepared\":")
      answer.append(decimal: prepared)
      answer.append(",\"request\":")
      answer.append(line)
      answer.append("}")
      return answer
    }
  }

  /// 1, though it takes a thousand steps to see.
  static func prepare() -> UInt64 {
    var value: UInt64 = 1
    for _ in 0..<1000 { value = value &* 3 &- value &* 2 }
    return value
  }
}

extension Span<UInt8> {
  func holds(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard count >= length else { return false }
    return word.withUTF8Buffer { word in
      for start in 0...(count - length) {
        var index = 0
        // SAFETY: index is below the word's length.
        while index < length, unsafe self[start + index] == word[index] { index += 1 }
        if index == length { return true }
      }
      return false
    }
  }
}
