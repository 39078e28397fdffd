import Actions
import Base
import Bytes
import Entities
import Testing

@Suite struct WriterTests {
  private let limits = #""limits":{"timeout":60000,"memory":256,"logs":1,"concurrency":1}"#

  @Test func actions() throws {
    let store = Store()
    let plain = try store.action("a")
    let exec = #""exec":{"kind":"blackbox","image":"openwhisk/dockerskeleton","binary":true}"#
    let annotations = #""annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false}]"#
    #expect(store.show(plain) == #"{"namespace":"me","name":"a","version":"0.0.1","publish":false,\#(exec),\#(annotations),"parameters":[],\#(limits),"updated":1000,"size":256}"#)
    #expect(store.show(plain, .base64).contains(#""binary":true,"code":""},"#))
    let full = try store.action("pk/b", #"""
      {"exec":{"kind":"blackbox","code":"AAAA","image":"my/\u0069mage","main":"ma\"in"}, "publish": true,
       "parameters": [ {"key": "a b", "value": {"c": [1, "d e"]}, "init": true} ],
       "annotations": [ {"key":"env","value":true}, {"key":"cgi","value":true}, {"key":"loop","value":true}, {"key":"web-export","value":true} ]}
      """#)
    #expect(store.show(full) == #"""
      {"namespace":"me/pk","name":"b","version":"0.0.1","publish":true,"exec":{"kind":"blackbox","image":"my/\u0069mage","main":"ma\"in","binary":true},"annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false},{"key":"cgi","value":true},{"key":"env","value":true},{"key":"loop","value":true},{"key":"web-export","value":true}],"parameters":[{"key":"a b","value":{"c":[1,"d e"]},"init":true}],\#(limits),"updated":1000,"size":256}
      """#)
  }

  @Test func mainAlone() throws {
    let store = Store()
    let id = try store.action("a", #"{"exec":{"kind":"blackbox","code":"AAAA","main":"m"}}"#)
    #expect(store.show(id).contains(#""exec":{"kind":"blackbox","image":"openwhisk/dockerskeleton","main":"m","binary":true}"#))
    try store.action("a", #"{"exec":{"kind":"blackbox","code":"AAAA","image":"openwhisk/dockerskeleton"}}"#)
    #expect(store.show(id).contains(#""exec":{"kind":"blackbox","image":"openwhisk/dockerskeleton","binary":true}"#))
  }

  @Test func sequences() throws {
    let store = Store()
    let id = try store.action("s", #"{"exec":{"kind":"sequence","components":["/_/a","/other/pk/b"]},"parameters":[{"key":"lost","value":1}]}"#)
    #expect(store.show(id).contains(#""exec":{"kind":"sequence","components":["/me/a","/other/pk/b"]},"annotations":[{"key":"exec","value":"sequence"}],"parameters":[{"key":"_actions","value":["/me/a","/other/pk/b"]}],"limits""#))
  }

  /// What GET of an action in a package shows: parameters of package, binding and action, the latest winning.
  @Test func parametersAreInherited() throws {
    let store = Store()
    let package = try store.package("pk", #"{"parameters":[{"key":"a","value":1},{"key":"b","value":1},{"key":"c","value":1}]}"#)
    let binding = try store.package("bd", #"{"parameters":[{"key":"\u0062","value":2},{"key":"c","value":2}]}"#, bound: (0, "pk"))
    let action = try store.action("pk/x", #"{"parameters":[{"key":"c","value":3},{"key":"d","value":3}]}"#)
    let me = Array("me".utf8)
    func show(_ found: ResolvedAction) -> String { written { store.entities.write(found, namespace: me.span, .leftOut, into: &$0) } }
    #expect(show(ResolvedAction(action: action, package: package)).contains(
      #""parameters":[{"key":"a","value":1},{"key":"b","value":1},{"key":"c","value":3},{"key":"d","value":3}]"#))
    #expect(show(ResolvedAction(action: action, package: package, binding: binding)).contains(
      #""parameters":[{"key":"a","value":1},{"key":"b","value":2},{"key":"c","value":3},{"key":"d","value":3}]"#))
    #expect(store.show(binding, withActions: true).contains(
      #""parameters":[{"key":"a","value":1},{"key":"b","value":2},{"key":"c","value":2}]"#))
    #expect(store.show(binding).contains(#""parameters":[{"key":"\u0062","value":2},{"key":"c","value":2}]"#))
  }

  @Test func packages() throws {
    let store = Store()
    let id = try store.package("pk", #"{"parameters":[{"key":"a","value":1}],"annotations":[{"key":"x","value":"y"}],"publish":true}"#)
    #expect(store.show(id) == #"{"namespace":"me","name":"pk","version":"0.0.1","publish":true,"binding":{},"annotations":[{"key":"x","value":"y"}],"parameters":[{"key":"a","value":1}],"updated":1000}"#)
    try store.action("pk/one")
    try store.action("pk/feed", #"{"annotations":[{"key":"feed","value":true}]}"#)
    try store.action("pk2/other")
    try store.action("pk", #"{}"#)
    let one = #"{"name":"one","version":"0.0.1","annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false}]}"#
    let feed = #"{"name":"feed","version":"0.0.1","annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false},{"key":"feed","value":true}]}"#
    #expect(store.show(id, withActions: true).hasSuffix(#","parameters":[{"key":"a","value":1}],"actions":[\#(one)],"feeds":[\#(feed)],"updated":1000}"#))
    #expect(store.count(in: id) == 2)
    let binding = try store.package("bd", bound: (0, "pk"))
    #expect(store.show(binding) == #"{"namespace":"me","name":"bd","version":"0.0.1","publish":false,"binding":{"namespace":"me","name":"pk"},"annotations":[{"key":"binding","value":{"namespace":"me","name":"pk"}}],"parameters":[],"updated":1000}"#)
    #expect(store.show(binding, withActions: true).contains(#""parameters":[{"key":"a","value":1}],"actions":[\#(one)],"feeds":[\#(feed)]"#))
  }

  @Test func triggersAndRules() throws {
    let store = Store()
    let trigger = try store.trigger("t", #"{"parameters":[{"key":"a","value":1}]}"#)
    let head = #"{"namespace":"me","name":"t","version":"0.0.1","publish":false,"annotations":[],"parameters":[{"key":"a","value":1}],"limits":{}"#
    #expect(store.show(trigger) == head + #","updated":1000}"#)
    let rule = try store.rule("r 1", "t", "pk/a", #"{"annotations":[{"key":"x","value":1}]}"#)
    try store.rule("r2", "t", "b")
    _ = store.setActive(rule, false)
    #expect(store.show(trigger) == head + #","rules":{"me/r2":{"action":{"path":"me","name":"b"},"status":"active"},"me/r 1":{"action":{"path":"me/pk","name":"a"},"status":"inactive"}},"updated":1000}"#)
    #expect(store.show(rule) == #"{"namespace":"me","name":"r 1","version":"0.0.1","publish":false,"status":"inactive","trigger":{"path":"me","name":"t"},"action":{"path":"me/pk","name":"a"},"annotations":[{"key":"x","value":1}],"updated":1000}"#)
  }

  @Test func lists() throws {
    let store = Store()
    let me = Array("me".utf8)
    for name in ["a", "pk/b", "c"] { try store.action(name) }
    try store.action("s", #"{"exec":{"kind":"sequence","components":["/_/a"]}}"#)
    try store.action("foreign", namespace: 1)
    let package = try store.package("pk")
    try store.package("shared", #"{"publish":true}"#)
    try store.package("bd", bound: (0, "pk"))
    try store.trigger("t")
    try store.rule("r", "t", "a")
    func list(_ change: (inout ListPage) -> Void, _ write: (ListPage, inout TextWriter) -> Void) -> String {
      var page = ListPage()
      change(&page)
      return written { write(page, &$0) }
    }
    func list(_ write: (ListPage, inout TextWriter) -> Void) -> String { list({ _ in }, write) }
    let actions: (ListPage, inout TextWriter) -> Void = { (page, text) in
      store.entities.writeActions(of: 0, named: me.span, page, into: &text)
    }
    let annotations = #""annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false}]"#
    let a = #"{"namespace":"me","name":"a","version":"0.0.1","publish":false,"exec":{"binary":true},\#(annotations),\#(limits),"updated":1000,"size":256}"#
    let b = a.replacing(#""me","name":"a""#, with: #""me/pk","name":"b""#)
    let c = a.replacing(#""name":"a""#, with: #""name":"c""#)
    let s = #"{"namespace":"me","name":"s","version":"0.0.1","publish":false,"exec":{"binary":false},"annotations":[{"key":"exec","value":"sequence"}],\#(limits),"updated":1000,"size":256}"#
    #expect(list(actions) == "[\(s),\(c),\(b),\(a)]")
    #expect(list({ $0.skip = 1; $0.limit = 2 }, actions) == "[\(c),\(b)]")
    #expect(list({ $0.skip = 4 }, actions) == "[]" && list({ $0.skip = 9 }, actions) == "[]")
    #expect(list({ $0.countsOnly = true }, actions) == #"{"actions":4}"#)
    #expect(list({ $0.countsOnly = true; $0.skip = 3; $0.limit = 1 }, actions) == #"{"actions":1}"#)
    #expect(list({ $0.countsOnly = true; $0.skip = 5 }, actions) == #"{"actions":0}"#)
    #expect(list { store.entities.writeActions(of: 0, in: package, named: me.span, $0, into: &$1) } == "[\(b)]")
    let bound = #"{"namespace":"me","name":"pk"}"#
    let packages = [
      #"{"namespace":"me","name":"bd","version":"0.0.1","publish":false,"binding":\#(bound),"annotations":[{"key":"binding","value":\#(bound)}],"updated":1000}"#,
      #"{"namespace":"me","name":"shared","version":"0.0.1","publish":true,"binding":false,"annotations":[],"updated":1000}"#,
      #"{"namespace":"me","name":"pk","version":"0.0.1","publish":false,"binding":false,"annotations":[],"updated":1000}"#,
    ]
    #expect(list { store.entities.writePackages(of: 0, named: me.span, onlyPublished: false, $0, into: &$1) } == "[\(packages.joined(separator: ","))]")
    #expect(list { store.entities.writePackages(of: 0, named: me.span, onlyPublished: true, $0, into: &$1) } == "[\(packages[1])]")
    #expect(list({ $0.skip = 1; $0.limit = 1 }) { store.entities.writePackages(of: 0, named: me.span, onlyPublished: false, $0, into: &$1) } == "[\(packages[1])]")
    #expect(list({ $0.skip = 1 }) { store.entities.writePackages(of: 0, named: me.span, onlyPublished: true, $0, into: &$1) } == "[]")
    let count: (inout ListPage) -> Void = { $0.countsOnly = true }
    #expect(list(count) { store.entities.writePackages(of: 0, named: me.span, onlyPublished: false, $0, into: &$1) } == #"{"packages":3}"#)
    #expect(list(count) { store.entities.writePackages(of: 0, named: me.span, onlyPublished: true, $0, into: &$1) } == #"{"packages":1}"#)
    #expect(list(count) { store.entities.writeTriggers(of: 0, named: me.span, $0, into: &$1) } == #"{"triggers":1}"#)
    #expect(list(count) { store.entities.writeRules(of: 0, named: me.span, $0, into: &$1) } == #"{"rules":1}"#)
    #expect(list(count) { store.entities.writeActions(of: 0, named: me.span, onlyPublished: true, $0, into: &$1) } == #"{"actions":0}"#)
    #expect(list { store.entities.writeTriggers(of: 0, named: me.span, $0, into: &$1) } == #"[{"namespace":"me","name":"t","version":"0.0.1","publish":false,"annotations":[],"updated":1000}]"#)
    #expect(list { store.entities.writeRules(of: 0, named: me.span, $0, into: &$1) } == #"[{"namespace":"me","name":"r","version":"0.0.1","publish":false,"trigger":{"path":"me","name":"t"},"action":{"path":"me","name":"a"},"annotations":[],"updated":1000}]"#)
    #expect(list { store.entities.writeRules(of: 1, named: me.span, $0, into: &$1) } == "[]")
  }
}
