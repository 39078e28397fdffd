// Prints the SHA-256 hash of its input in hexadecimal, like sha256sum without the file's name.

import Swiftlet

@main
struct Main {
  static func main() {
    var hash = SHA256()
    Input.forEachChunk { chunk in hash.update(chunk) }
    let words = hash.finish()

    var line = [65 of UInt8](repeating: UInt8(ascii: "\n"))
    for digit in 0..<64 {
      let value = UInt8(truncatingIfNeeded: words[digit / 8] >> UInt32(28 - digit % 8 * 4)) & 0xF
      line[digit] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
    Output.write(line.span)
  }
}
