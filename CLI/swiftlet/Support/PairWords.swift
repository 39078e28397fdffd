// Options with two values, `-p NAME VALUE`, which the argument parser does not know: the two are joined before it sees them.

import ArgumentParser
import SwiftletHost

enum PairWords {
  /// Options with two values, of which commands.
  private static let options: Set<String> = ["-p", "--param", "-a", "--annotation"]
  private static let commands: Set<String> = ["deploy", "invoke", "exec-local"]
  /// Joins the two; no shell passes it by accident.
  private static let separator: Character = "\u{1f}"

  /// `words` with each `-p NAME VALUE` as the one word `-p=NAME␟VALUE`, so that a value may begin with a dash and a file's name may follow.
  static func joined(_ words: [String]) -> [String] {
    guard let command = words.first, commands.contains(command) else { return words }
    var result: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" { return result + [word] + rest }
      if options.contains(word), rest.count >= 2 {
        let name = rest.removeFirst()
        result.append("\(word)=\(name)\(separator)\(rest.removeFirst())")
      } else {
        result.append(word)
      }
    }
    return result
  }

  /// The pair in a joined word, or in `NAME=VALUE`. A value that is JSON is taken as such, as OpenWhisk's client does.
  static func pair(_ word: String) throws -> JSON.Member {
    guard let end = word.firstIndex(of: separator) ?? word.firstIndex(of: "="), end > word.startIndex else {
      throw ValidationError("A name and a value are wanted, such as -p name Ada")
    }
    let value = String(word[word.index(after: end)...])
    return JSON.Member(String(word[..<end]), (try? JSON(parsing: value)) ?? .string(value))
  }
}
