// Greets whoever the input names, or the world.

import Swiftlet

@main
struct Hello {
  static func main() {
    let name = Input.readAll(limit: 1_048_576).trimmed
    var greeting: [UInt8] = []
    greeting.append("Hello, ")
    if name.isEmpty { greeting.append("world") } else { greeting += name }
    greeting.append("!\n")
    Output.write(greeting)
  }
}

extension [UInt8] {
  /// Without the white space and control characters at both ends.
  var trimmed: ArraySlice<UInt8> {
    guard let first = firstIndex(where: { $0 > 0x20 }), let last = lastIndex(where: { $0 > 0x20 }) else { return [] }
    return self[first...last]
  }
}
