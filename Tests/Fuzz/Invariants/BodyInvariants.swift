// What must hold of chunked bodies and of a CGI program's header for any bytes whatever.

import Base
import Bytes
import HTTP

enum ChunkInvariants {
  private enum Outcome: Equatable {
    case incomplete
    case complete(body: [UInt8], rest: [UInt8])
    case failed(ChunkError)
  }

  private static let head: [UInt8] = Array("HEAD".utf8)
  private static let limit = 512

  static func broken(_ bytes: [UInt8]) -> StaticString? {
    let whole = decode(bytes)
    for cuts in [bytes.cuts(2), bytes.count <= 256 ? Array(bytes.indices) : bytes.cuts(20)] {
      guard decode(bytes, cuts: cuts) == whole else { return "the pieces that a body comes in matter" }
    }
    guard case .complete(let body, let rest) = whole else { return nil }
    guard body.count <= limit, rest == bytes.suffix(rest.count) else { return "a body ends elsewhere" }
    guard decode(Array(bytes.dropLast(rest.count + 1))) == .incomplete else { return "a body is complete before its end" }
    var text: [UInt8] = []
    // Chunks of eight bytes.
    for start in stride(from: 0, to: body.count, by: 8) {
      let chunk = body[start..<min(start + 8, body.count)]
      text += [ASCII.hexDigit(UInt8(chunk.count))] + Array("\r\n".utf8) + chunk + Array("\r\n".utf8)
    }
    text += Array("0\r\n\r\n".utf8) + rest
    return decode(text) == whole ? nil : "a body that was written again is another one"
  }

  private static func decode(_ bytes: [UInt8], cuts: [Int] = []) -> Outcome {
    var buffer = head.buffer
    var decoder = ChunkedDecoder(start: head.count, limit: limit)
    var start = 0
    for cut in cuts + [bytes.count] {
      precondition(buffer.append(bytes.span.extracting(start..<cut)))
      start = cut
      do throws(ChunkError) {
        guard let end = try decoder.decode(&buffer) else { continue }
        let all = buffer.span.array
        precondition(all.starts(with: head), "the head is overwritten")
        return .complete(body: Array(all[head.count..<(head.count + decoder.count)]), rest: Array(all[end...] + bytes[cut...]))
      } catch {
        return .failed(error)
      }
    }
    return .incomplete
  }
}

enum CGIInvariants {
  static func broken(_ bytes: [UInt8]) -> StaticString? {
    do throws(CGIError) {
      let head = try CGIHead(parsing: bytes.span)
      guard (200...599).contains(head.status), head.bodyStart > 0, head.bodyStart <= bytes.count else { return "a header's end or status is none" }
      return try written(head, bytes)
    } catch {
      return error.text.utf8CodeUnitCount > 0 ? nil : "an error says nothing"
    }
  }

  /// The same lines with CR LF, and a header of them alone.
  private static func written(_ head: CGIHead, _ bytes: [UInt8]) throws(CGIError) -> StaticString? {
    var lines = CGILines()
    var text: [UInt8] = []
    while let field = try lines.next(in: bytes.span) {
      let (name, value) = (bytes.span.extracting(field.name).array, bytes.span.extracting(field.value).array)
      guard !name.isEmpty, name.allSatisfy(isToken) else { return "a header's name is no token" }
      guard !value.contains(0x0d), !value.contains(0x0a) else { return "a line's value has a line's end in it" }
      text += name + [0x3a] + value + Array("\r\n".utf8)
    }
    guard lines.position == head.bodyStart else { return "the lines end elsewhere than the header" }
    text += Array("\r\n".utf8)
    // CR LF for LF may have made it too long.
    guard text.count < 16_384 else { return nil }
    let again = try CGIHead(parsing: text.span)
    let isSame = again.status == head.status && again.length == head.length && again.bodyStart == text.count
      && (again.statusText == nil) == (head.statusText == nil)
    return isSame ? nil : "a header that was written again is another one"
  }
}
