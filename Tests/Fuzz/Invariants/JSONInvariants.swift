// What must hold of the module JSON for any bytes whatever.

import Base
import Bytes
import JSON

public enum JSONInvariants {
  /// Parses `bytes` and does with the document all that can be done. Returns what does not hold; nil where everything does.
  public static func broken(_ bytes: Span<UInt8>) -> StaticString? {
    do throws(JSONFailure) {
      let value = try JSON.parse(bytes, in: 0..<bytes.count)
      return inPlace(value, bytes) ?? visit(value, bytes) ?? compacted(value, bytes) ?? merged(value, bytes)
    } catch {
      return error.offset >= 0 && error.offset <= bytes.count ? nil : "a failure lies outside the text"
    }
  }

  /// The document found again where it lies, by itself.
  private static func inPlace(_ value: JSONValue, _ text: Span<UInt8>) -> StaticString? {
    guard value.start >= 0, value.start < value.end, value.end <= text.count else { return "a value lies outside the text" }
    guard parse(text, value.start..<value.end) == value else { return "a value alone is no document" }
    return JSONValue(checked: value.start..<value.end, of: text) == value ? nil : "a checked value is not what was parsed"
  }

  /// Visits all values. The recursion is as deep as the document, at most 64.
  private static func visit(_ value: JSONValue, _ text: Span<UInt8>) -> StaticString? {
    if value.kind == .string, let broken = string(value, text) { return broken }
    if value.integer(in: text) != nil && value.kind != .number { return "what is no number has an integer" }
    var members = JSONMembers(value)
    while let member = members.next(in: text) {
      guard member.key.kind == .string else { return "a key is no string" }
      if let broken = inPlace(member.key, text) ?? inPlace(member.value, text) { return broken }
      if let broken = visit(member.key, text) ?? visit(member.value, text) { return broken }
    }
    var elements = JSONElements(value)
    while let element = elements.next(in: text) {
      if let broken = inPlace(element, text) ?? visit(element, text) { return broken }
    }
    var parameters = JSONParameters(value)
    while let parameter = parameters.next(in: text) {
      guard parameter.key.kind == .string else { return "a parameter's key is no string" }
    }
    return nil
  }

  /// Unescapes a string, escapes it and unescapes it again.
  private static func string(_ value: JSONValue, _ text: Span<UInt8>) -> StaticString? {
    var plain = ByteBuffer()
    guard value.appendString(of: text, to: &plain) else { return nil }
    var at = 0
    while at < plain.count {
      let length = UTF8Sequence.length(plain.span, at: at)
      guard length > 0 else { return "a string is not UTF-8" }
      at += length
    }
    guard value.equals(plain.span, in: text) else { return "a string does not equal what it stands for" }
    guard value.plainString(in: text)?.equals(plain.span) ?? true else { return "a plain string is not what it stands for" }

    var writer = TextWriter()
    writer.write(json: plain.span)
    let escaped = writer.finish()
    var again = ByteBuffer()
    guard let second = parse(escaped.span, 0..<escaped.count) else { return "a string that was written is refused" }
    guard second.appendString(of: escaped.span, to: &again) else { return nil }
    return again.span.equals(plain.span) ? nil : "a string that was written stands for something else"
  }

  /// Writes the document without white space, twice.
  private static func compacted(_ value: JSONValue, _ text: Span<UInt8>) -> StaticString? {
    let once = compact(value, text)
    guard once.count <= value.end - value.start else { return "a compact document is longer" }
    guard let second = parse(once.span, 0..<once.count), second.kind == value.kind else { return "a compact document is refused" }
    return compact(second, once.span).span.equals(once.span) ? nil : "a compact document has white space"
  }

  /// Joins the document with itself, as an object and as parameters.
  private static func merged(_ value: JSONValue, _ text: Span<UInt8>) -> StaticString? {
    var merger = JSONMerger(seed: 0x5eed)
    guard merger.add(object: value, of: text) else { return nil }
    var writer = TextWriter()
    merger.write(into: &writer)
    let joined = writer.finish()
    guard let object = parse(joined.span, 0..<joined.count), object.kind == .object else { return "a merged object is refused" }
    if let broken = sameMembers(value, text, object, joined.span) { return broken }

    var payloadWriter = TextWriter()
    merger.write(payload: value, of: text, into: &payloadWriter)
    guard payloadWriter.finish().span.equals(joined.span) else { return "a payload over itself is another object" }
    var arrayWriter = TextWriter()
    merger.writeParameters(into: &arrayWriter)
    let array = arrayWriter.finish()
    do throws(JSONFailure) {
      let parameters = try JSON.parse(array.span, in: 0..<array.count)
      return fromParameters(parameters, array.span, joined.span)
    } catch {
      // Values lie one level deeper than in the object.
      return error.error == .tooDeep ? nil : "a parameter array is refused"
    }
  }

  /// Each member of `value` is in `object`, the last of its name; and the other way around.
  private static func sameMembers(
    _ value: JSONValue, _ text: Span<UInt8>, _ object: JSONValue, _ joined: Span<UInt8>
  ) -> StaticString? {
    var count = 0
    var members = JSONMembers(object)
    while let member = members.next(in: joined) {
      count += 1
      // Looking each member up among all others takes the square of their number.
      guard count < 64 else { continue }
      var name = ByteBuffer()
      guard member.key.appendString(of: joined, to: &name) else { return nil }
      guard let last = value.member(name.span, in: text) else { return "a merged object has a key of its own" }
      guard compact(last, text).span.equals(member.value.written(in: joined)) else { return "a merged object has another value" }
    }
    var originals = 0
    members = JSONMembers(value)
    while members.next(in: text) != nil { originals += 1 }
    return originals == 0 || (count > 0 && count <= originals) ? nil : "a merged object has lost its members"
  }

  private static func fromParameters(_ array: JSONValue, _ text: Span<UInt8>, _ joined: Span<UInt8>) -> StaticString? {
    // Blank keys are legal in objects, not in parameter arrays.
    guard JSONParameters.malformed(array, in: text) == nil else { return nil }
    var merger = JSONMerger(seed: 7)
    guard merger.add(parameters: array, of: text) else { return nil }
    var writer = TextWriter()
    merger.write(into: &writer)
    return writer.finish().span.equals(joined) ? nil : "an object comes back otherwise from a parameter array"
  }

  private static func parse(_ text: Span<UInt8>, _ range: Range<Int>) -> JSONValue? {
    do throws(JSONFailure) { return try JSON.parse(text, in: range) } catch { return nil }
  }

  private static func compact(_ value: JSONValue, _ text: Span<UInt8>) -> ByteBuffer {
    var writer = TextWriter()
    value.writeCompact(of: text, into: &writer)
    return writer.finish()
  }
}
