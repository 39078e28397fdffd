// What must hold of zips, deflate streams and base64 for any bytes whatever.

import Archive
import Base
import Bytes

enum ZipInvariants {
  private static let limit = 64 << 10

  static func broken(_ bytes: [UInt8]) -> StaticString? {
    var output = Array("before".utf8).buffer
    do throws(ZipError) {
      try ZipArchive.extract(named: "exec", from: bytes.span, limit: limit, into: &output)
    } catch {
      guard output.span.equals("before") else { return "a zip that is refused leaves something behind" }
      var text = ByteBuffer()
      return error.describe(name: "exec", into: &text) && !text.isEmpty ? nil : "an error says nothing"
    }
    let content = Array(output.span.array.dropFirst(6))
    guard ZipArchive.isZip(bytes.span), content.count <= limit else { return "a zip gives more than it may" }
    guard extract(bytes, limit: content.count) == content else { return "a limit that suffices does not" }
    guard content.isEmpty || extract(bytes, limit: content.count - 1) == nil else { return "a limit is passed" }
    return extract(stored(content), limit: content.count) == content ? nil : "a file that is zipped again is another one"
  }

  private static func extract(_ zip: [UInt8], limit: Int) -> [UInt8]? {
    var output = ByteBuffer()
    do throws(ZipError) {
      try ZipArchive.extract(named: "exec", from: zip.span, limit: limit, into: &output)
      return output.span.array
    } catch {
      return nil
    }
  }

  /// A zip that holds `content`, uncompressed, as exec (APPNOTE 4.3).
  private static func stored(_ content: [UInt8]) -> [UInt8] {
    let name = Array("exec".utf8)
    let size = UInt32(content.count)
    var common = ByteBuffer()
    precondition(common.append(littleEndian: 0) && common.append(littleEndian: 0))
    precondition(common.append(littleEndian: CRC32.checksum(of: content.span)) && common.append(littleEndian: size))
    precondition(common.append(littleEndian: size) && common.append(littleEndian: 4))
    let shared = common.span.array
    // Version 2.0, no flags, stored, no time; then what both records share.
    let local = word(0x0403_4b50) + [20, 0] + shared + name
    let entry = word(0x0201_4b50) + [20, 0, 20, 0] + shared + [UInt8](repeating: 0, count: 14) + name
    let end = word(0x0605_4b50) + [0, 0, 0, 0, 1, 0, 1, 0] + word(UInt32(entry.count)) + word(UInt32(local.count + content.count)) + [0, 0]
    return local + content + entry + end
  }

  private static func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}

enum InflateInvariants {
  private static let limit = 64 << 10

  private enum Outcome: Equatable {
    case unpacked([UInt8], consumed: Int)
    case failed(InflateError)
  }

  static func broken(_ bytes: [UInt8]) -> StaticString? {
    // What is no stream may be the content of one.
    guard inflate(stored(bytes), limit: bytes.count) == .unpacked(bytes, consumed: bytes.count + 5) else { return "a stored block is refused" }
    guard case .unpacked(let content, let consumed) = inflate(bytes, limit: limit) else { return nil }
    guard content.count <= limit, consumed <= bytes.count else { return "a stream gives or takes more than it may" }
    let stream = Array(bytes[..<consumed])
    guard inflate(stream, limit: content.count) == .unpacked(content, consumed: consumed) else { return "what follows a stream matters" }
    guard inflate(Array(stream.dropLast()), limit: limit) == .failed(.truncated) else { return "a stream ends before its end" }
    guard content.isEmpty || inflate(bytes, limit: content.count - 1) == .failed(.outputLimit) else { return "a limit is passed" }
    return nil
  }

  private static func inflate(_ bytes: [UInt8], limit: Int) -> Outcome {
    var output = [7].buffer
    do throws(InflateError) {
      let consumed = try Inflate.append(bytes.span, to: &output, limit: limit)
      precondition(output.span[0] == 7, "what was there is overwritten")
      return .unpacked(Array(output.span.array.dropFirst()), consumed: consumed)
    } catch {
      precondition(output.count == 1, "a stream that is refused leaves something behind")
      return .failed(error)
    }
  }

  /// One final stored block of fewer than 64 KiB (RFC 1951 §3.2.4).
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    let length = UInt16(bytes.count)
    return [1] + [length, ~length].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } + bytes
  }
}

enum Base64Invariants {
  static func broken(_ bytes: [UInt8]) -> StaticString? {
    let text = encode(bytes)
    guard text.count == (bytes.count + 2) / 3 * 4, decode(text, room: bytes.count) == bytes else { return "bytes come back otherwise" }
    guard bytes.isEmpty || decode(text, room: bytes.count - 1) == nil else { return "text is decoded into too little room" }

    let plain = decode(bytes, room: bytes.count)
    guard inPlace(bytes, isJSON: false) == plain else { return "decoding in place gives something else" }
    if let plain, encode(plain) != bytes { return "one text of two for the same bytes is taken" }
    let unescaped = inPlace(bytes, isJSON: true)
    guard bytes.contains(0x5c) || unescaped == plain else { return "a JSON string without escapes gives something else" }
    guard let unescaped else { return nil }
    let slashes = encode(unescaped).flatMap { $0 == 0x2f ? [0x5c, 0x2f] : [$0] }
    return inPlace(slashes, isJSON: true) == unescaped ? nil : "escaped slashes matter"
  }

  private static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text = ByteBuffer()
    precondition(Base64.encode(bytes.span, into: &text))
    return text.span.array
  }

  private static func decode(_ text: [UInt8], room: Int) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: room)
    var span = output.mutableSpan
    return Base64.decode(text.span, into: &span).map { Array(output[..<$0]) }
  }

  private static func inPlace(_ text: [UInt8], isJSON: Bool) -> [UInt8]? {
    let (before, after) = (Array("{\"code\":\"".utf8), Array("\"}".utf8))
    var buffer = (before + text + after).buffer
    let range = before.count..<(before.count + text.count)
    let count = isJSON ? Base64.decodeInPlace(&buffer, jsonString: range) : Base64.decodeInPlace(&buffer, range: range)
    let all = buffer.span.array
    precondition(all.starts(with: before) && Array(all[range.upperBound...]) == after, "what is around the text is overwritten")
    return count.map { Array(all[before.count..<(before.count + $0)]) }
  }
}
