import SwiftletHost

extension Language {
  static let swiftTemplate = #"""
    // Greets whoever the request names. The request is a JSON object, {"name": "Ada"}, or just the name; the answer is a JSON object.
    //
    // It is Embedded Swift on Swiftlet's SDK. It works on bytes: a String would make the program twice as large.

    import Swiftlet

    @main
    struct Action {
      static func main() {
        let request = Input.readAll(limit: 1 << 20).trimmed
        var answer: [UInt8] = []
        answer.append("{\"greeting\":\"Hello, ")
        if request.first == UInt8(ascii: "{") {
          answer += member(bytes("name"), of: request) ?? bytes("world")
        } else {
          answer += request.isEmpty ? bytes("world") : escaped(request)
        }
        answer.append("!\"}\n")
        Output.write(answer)
      }
    }

    /// What is between the quotes of the member `name`, where that is a string; nil otherwise. Escapes stay as they are, since it goes into
    /// JSON again. It looks for the member and checks nothing else.
    func member(_ name: [UInt8], of object: ArraySlice<UInt8>) -> [UInt8]? {
      var depth = 0
      var lastString = object.prefix(0)
      var isWanted = false
      var index = object.startIndex
      while index < object.endIndex {
        switch object[index] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          depth += 1
          isWanted = false
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        case UInt8(ascii: ","): isWanted = false
        case UInt8(ascii: ":"): isWanted = depth == 1 && lastString.elementsEqual(name)
        case UInt8(ascii: "\""):
          let start = index + 1
          index = start
          while index < object.endIndex, object[index] != UInt8(ascii: "\"") {
            index += object[index] == UInt8(ascii: "\\") ? 2 : 1
          }
          guard index < object.endIndex else { return nil }
          lastString = object[start..<index]
          if isWanted { return Array(lastString) }
        default: break
        }
        index += 1
      }
      return nil
    }

    /// Text as it may stand in a JSON string: control characters become blanks.
    func escaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
      var result: [UInt8] = []
      for byte in text {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { result.append(UInt8(ascii: "\\")) }
        result.append(byte < 0x20 ? 0x20 : byte)
      }
      return result
    }

    func bytes(_ text: StaticString) -> [UInt8] {
      var result: [UInt8] = []
      result.append(text)
      return result
    }

    extension [UInt8] {
      /// Without the white space at both ends.
      var trimmed: ArraySlice<UInt8> {
        guard let first = firstIndex(where: { $0 > 0x20 }), let last = lastIndex(where: { $0 > 0x20 }) else { return [] }
        return self[first...last]
      }
    }

    """#
}
