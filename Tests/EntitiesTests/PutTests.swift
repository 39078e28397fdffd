import Base
import Bytes
import Entities
import JSON
import Testing

private let malformed = "The request content was malformed: "

@Suite struct PutTests {
  private func actionError(_ body: String) -> String? {
    error(of: body) { (text, body) throws(EntityError) in _ = try ActionPut(parsing: text, body) }
  }

  static let legalActions = [
    "{}", #"{"exec":null,"limits":null,"parameters":null,"annotations":null,"publish":null}"#, #" { "unknown" : [ 1 ] } "#,
    #"{"exec":{"kind":"blackbox","code":"AAAA"}}"#, #"{"exec":{"kind":"sequence","components":[]}}"#,
    #"{"exec":{"kind":"blackbox","code":"AAAA","image":"a/b","main":"m","binary":true}}"#,
    #"{"limits":{"timeout":100,"memory":1,"logs":0,"concurrency":1}}"#, #"{"limits":{"timeout":3e5,"memory":512.0,"logs":10,"concurrency":500}}"#,
    #"{"parameters":[{"key":"a","value":null},{"value":1,"key":"b","init":true}],"annotations":[]}"#, #"{"delAnnotations":["a"]}"#,
  ]

  @Test(arguments: legalActions) func takes(_ body: String) { #expect(actionError(body) == nil) }

  static let illegalActions: [(String, String)] = [
    ("", malformed + "at byte 0: there is no value: an object, array, string, number, true, false or null was expected."),
    (#"{"a":1,}"#, malformed + "at byte 7: a comma before the end of an object or array: another member or element was expected."),
    ("[]", malformed + "Object expected"), ("7", malformed + "Object expected"),
    (#"{"publish":1}"#, malformed + "publish must be true or false."),
    (#"{"exec":"x"}"#, malformed + "exec must be an object."),
    (#"{"exec":{}}"#, malformed + "'kind' must be a string defined in 'exec'"),
    (#"{"exec":{"kind":1}}"#, malformed + "'kind' must be a string defined in 'exec'"),
    (#"{"exec":{"kind":"nodejs:20"}}"#, malformed + "kind 'nodejs:20' not in Set(blackbox, sequence)"),
    (#"{"exec":{"kind":"blackbox"}}"#, malformed + "exec.code must hold the ELF executable, or a zip archive with it under the name exec, in base64: no image is pulled."),
    (#"{"exec":{"kind":"blackbox","code":""}}"#, malformed + "exec.code must hold the ELF executable, or a zip archive with it under the name exec, in base64: no image is pulled."),
    (#"{"exec":{"kind":"blackbox","code":7}}"#, malformed + "exec.code must be a string."),
    (#"{"exec":{"kind":"blackbox","code":"AAAA","image":[]}}"#, malformed + "exec.image must be a string."),
    (#"{"exec":{"kind":"blackbox","code":"AAAA","main":true}}"#, malformed + "exec.main must be a string."),
    (#"{"exec":{"kind":"sequence"}}"#, malformed + "'components' must be defined for sequence kind"),
    (#"{"exec":{"kind":"sequence","components":"/_/a"}}"#, malformed + "'components' must be an array"),
    (#"{"limits":[]}"#, malformed + "limits must be an object."),
    (#"{"limits":{"timeout":"1"}}"#, malformed + "limits.timeout must be a number."),
    (#"{"limits":{"timeout":100.5}}"#, malformed + "limits.timeout must be a whole number."),
    (#"{"limits":{"timeout":99}}"#, malformed + "duration 99 milliseconds below allowed threshold of 100 milliseconds"),
    (#"{"limits":{"timeout":300001}}"#, malformed + "duration 300001 milliseconds exceeds allowed threshold of 300000 milliseconds"),
    (#"{"limits":{"timeout":99999999999999999999}}"#, malformed + "limits.timeout must be a whole number."),
    (#"{"limits":{"memory":0}}"#, malformed + "memory 0 MB below allowed threshold of 1 MB"),
    (#"{"limits":{"memory":513}}"#, malformed + "memory 513 MB exceeds allowed threshold of 512 MB"),
    (#"{"limits":{"memory":{}}}"#, malformed + "limits.memory must be a number."),
    (#"{"limits":{"logs":-9223372036854775808}}"#, malformed + "log -9223372036854775808 MB below allowed threshold of 0 MB"),
    (#"{"limits":{"logs":11}}"#, malformed + "log 11 MB exceeds allowed threshold of 10 MB"),
    (#"{"limits":{"concurrency":0}}"#, malformed + "concurrency 0 below allowed threshold of 1"),
    (#"{"limits":{"concurrency":501}}"#, malformed + "concurrency 501 exceeds allowed threshold of 500"),
    (#"{"parameters":{}}"#, malformed + "parameters must be an array of objects with key and value."),
    (#"{"parameters":[{"key":"a"}]}"#, malformed + "parameters must be an array of objects with key and value."),
    (#"{"parameters":[{"key":1,"value":1}]}"#, malformed + "parameters must be an array of objects with key and value."),
    (#"{"annotations":[1]}"#, malformed + "annotations must be an array of objects with key and value."),
    (#"{"delAnnotations":"a"}"#, malformed + "delAnnotations must be an array."),
  ]

  @Test(arguments: illegalActions) func refuses(_ body: String, _ text: String) { #expect(actionError(body) == text) }

  @Test func longNamesAreBounded() {
    let long = String(repeating: "x", count: 1025)
    #expect(actionError(#"{"exec":{"kind":"blackbox","code":"AAAA","image":"\#(long)"}}"#) == "exec.image larger than allowed: 1025 > 1024 bytes.")
    #expect(actionError(#"{"exec":{"kind":"\#(long)"}}"#) == malformed + "kind '\(String(repeating: "x", count: 63))' not in Set(blackbox, sequence)")
    // The cut does not fall within a character.
    let kind = String(repeating: "x", count: 62) + "äö"
    #expect(actionError(#"{"exec":{"kind":"\#(kind)"}}"#) == malformed + "kind '\(String(repeating: "x", count: 62))' not in Set(blackbox, sequence)")
  }

  @Test func packages() {
    let parse: (Span<UInt8>, JSONValue) throws(EntityError) -> Void = { (text, body) throws(EntityError) in _ = try PackagePut(parsing: text, body) }
    for body in ["{}", #"{"binding":{}}"#, #"{"binding":null}"#, #"{"binding":{"namespace":"_","name":"a"},"publish":true}"#] {
      #expect(error(of: body, parse) == nil)
    }
    #expect(error(of: #"{"binding":false}"#, parse) == malformed + "binding must be an object.")
    #expect(error(of: #"{"binding":{"name":"a"}}"#, parse) == malformed + "binding.namespace is missing: it must be a string.")
    #expect(error(of: #"{"binding":{"namespace":"a","name":1}}"#, parse) == malformed + "binding.name must be a string.")
  }

  @Test func triggers() {
    let parse: (Span<UInt8>, JSONValue) throws(EntityError) -> Void = { (text, body) throws(EntityError) in _ = try TriggerPut(parsing: text, body) }
    for feed in ["\"a\"", "\"/whisk.system/alarms/alarm\"", "\"a/b\""] {
      #expect(error(of: #"{"annotations":[{"key":"feed","value":\#(feed)}]}"#, parse) == nil)
    }
    for feed in ["1", "\"\"", "\"a//b\"", "\"/\"", "null", "\" a\""] {
      #expect(error(of: #"{"annotations":[{"key":"feed","value":\#(feed)}]}"#, parse) == "Feed name is not valid")
    }
  }

  @Test func statuses() {
    let parse: (Span<UInt8>, JSONValue) throws(EntityError) -> Void = { (text, body) throws(EntityError) in
      #expect(try RulePut.status(parsing: text, body) == true)
    }
    #expect(error(of: #"{"status":"active","trigger":null,"action":null}"#, parse) == nil)
    #expect(error(of: #"{}"#, parse) == malformed + "status must be a string.")
    #expect(error(of: #"{"status":"on"}"#, parse) == malformed + "'on' is not a recognized rule state, must be one of ['active', 'inactive']")
    let bytes = Array(#"{"status":"inactive"}"#.utf8)
    let isActive = try? RulePut.status(parsing: bytes.span, EntityPut.document(in: 0..<bytes.count, of: bytes.span))
    #expect(isActive == false)
  }

  static let names: [(String, String)] = [
    (#""/_/a""#, "me/a"), (#""_/a""#, "me/a"), (#""/ns/pk/a""#, "ns/pk/a"), (#""ns/a b""#, "ns/a b"), (#"{"path":"_","name":"a"}"#, "me/a"),
    (#"{"path":"/ns/pk","name":"a","version":"0.0.1"}"#, "ns/pk/a"), (#""\u002f_\/a""#, "me/a"),
  ]

  @Test(arguments: names) func fullNames(_ value: String, _ name: String) {
    var names = ByteBuffer()
    #expect(error(of: #"{"x":\#(value)}"#) { (text, body) throws(EntityError) in
      guard let value = body.member("x", in: text) else { return }
      try QualifiedName.append(value, in: text, own: Array("me".utf8).span, to: &names)
    } == nil)
    #expect(names.span.text == name + "\n")
  }

  static let illegalNames: [(String, String)] = [
    (#""a""#, "The fully qualified name of the entity must contain at least the namespace and the name of the entity."),
    (#""/a""#, "The fully qualified name of the entity must contain at least the namespace and the name of the entity."),
    (#""""#, "The fully qualified name of the entity must contain at least the namespace and the name of the entity."),
    (#""a/b/c/d""#, "The name of the entity contains illegal characters."), (#""a//b""#, "The name of the entity contains illegal characters."),
    (#""a/b/""#, "The name of the entity contains illegal characters."), (#""a/\nb""#, "The name of the entity contains illegal characters."),
    ("7", "fully qualified name malformed"), (#"{"path":"a"}"#, "fully qualified name malformed"),
    ("\"a/\(String(repeating: "b", count: 257))\"", "The name of the entity contains illegal characters."),
    ("\"a/\(String(repeating: "b", count: 5000))\"", "The name of the entity is too long."),
  ]

  @Test(arguments: illegalNames) func illegalFullNames(_ value: String, _ text: String) {
    var names = ByteBuffer()
    #expect(error(of: #"{"x":\#(value)}"#) { (text, body) throws(EntityError) in
      guard let value = body.member("x", in: text) else { return }
      try QualifiedName.append(value, in: text, own: Array("me".utf8).span, to: &names)
    } == malformed + text)
    #expect(names.span.text == "")
  }
}
