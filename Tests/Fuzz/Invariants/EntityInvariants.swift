// What must hold of the bodies of PUT for entities for any bytes whatever.

import Base
import Bytes
import Entities
import JSON

enum EntityInvariants {
  private static let own: [UInt8] = Array("me".utf8)

  static func broken(_ bytes: [UInt8]) -> StaticString? {
    let text = bytes.span
    do throws(EntityError) {
      let body = try EntityPut.document(in: 0..<text.count, of: text)
      return action(body, bytes) ?? package(body, bytes) ?? trigger(body, bytes) ?? rule(body, bytes)
    } catch {
      return described(error, bytes)
    }
  }

  /// Every refusal says what is wrong in text that is UTF-8 and has no line's end.
  private static func described(_ error: EntityError, _ bytes: [UInt8]) -> StaticString? {
    var writer = TextWriter()
    error.write(bytes.span, into: &writer)
    let text = writer.finish()
    guard !text.isEmpty else { return "an error says nothing" }
    return String(validating: text.span.array, as: UTF8.self) == nil ? "an error's text is not UTF-8" : nil
  }

  private static func action(_ body: JSONValue, _ bytes: [UInt8]) -> StaticString? {
    do throws(EntityError) {
      let put = try ActionPut(parsing: bytes.span, body)
      _ = try EntityChange(put.entity, in: bytes.span, isAction: true)
      return nil
    } catch {
      return described(error, bytes)
    }
  }

  private static func package(_ body: JSONValue, _ bytes: [UInt8]) -> StaticString? {
    do throws(EntityError) {
      let put = try PackagePut(parsing: bytes.span, body)
      _ = try EntityChange(put.entity, in: bytes.span)
      var names = ByteBuffer()
      guard let binding = put.binding else { return nil }
      try QualifiedName.append(binding, in: bytes.span, own: own.span, to: &names)
      return QualifiedName.parts(names.span.array.dropLast().asArray.span) == 2 ? nil : "a binding is no package's name"
    } catch {
      return described(error, bytes)
    }
  }

  private static func trigger(_ body: JSONValue, _ bytes: [UInt8]) -> StaticString? {
    do throws(EntityError) {
      let put = try TriggerPut(parsing: bytes.span, body)
      _ = try EntityChange(put.entity, in: bytes.span)
      return nil
    } catch {
      return described(error, bytes)
    }
  }

  private static func rule(_ body: JSONValue, _ bytes: [UInt8]) -> StaticString? {
    do throws(EntityError) {
      let put = try RulePut(parsing: bytes.span, body)
      for value in [put.trigger, put.action] {
        guard let value, let broken = fullName(value, bytes) else { continue }
        return broken
      }
      _ = try RulePut.status(parsing: bytes.span, body)
      return nil
    } catch {
      return described(error, bytes)
    }
  }

  /// A name that is taken is one of two or three parts, and is taken again as it was kept.
  private static func fullName(_ value: JSONValue, _ bytes: [UInt8]) -> StaticString? {
    var names = ByteBuffer()
    do throws(EntityError) {
      try QualifiedName.append(value, in: bytes.span, own: own.span, to: &names)
    } catch {
      return names.isEmpty ? described(error, bytes) : "a name that is refused leaves something behind"
    }
    guard let range = QualifiedName.next(in: names.span, from: 0), range.upperBound == names.count - 1 else { return "a name is none or two" }
    let name = names.span.extracting(range).array
    guard let parts = QualifiedName.parts(name.span), parts == 2 || parts == 3 else { return "a name is not of two or three parts" }
    let text = [0x22] + name + [0x22]
    var again = ByteBuffer()
    do throws(EntityError) {
      let value = JSONValue(checked: 0..<text.count, of: text.span)
      try QualifiedName.append(value, in: text.span, own: own.span, to: &again)
    } catch {
      return "a name that was kept is refused"
    }
    return again.span.equals(names.span) ? nil : "a name that was kept is another one"
  }
}

extension ArraySlice<UInt8> {
  fileprivate var asArray: [UInt8] { Array(self) }
}
