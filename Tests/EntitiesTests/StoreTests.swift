import Actions
import Base
import Bytes
import Entities
import JSON
import Testing

/// A store with what the tests put into it, of namespaces 0 ("me") and 1 ("other").
final class Store {
  var entities: EntityStore
  var now: UInt64 = 1_000

  init(codeBudget: Int = 1 << 20, capacity: Int = 100) { entities = EntityStore(capacity: capacity, codeBudget: codeBudget, seed: 5) }

  static func own(_ namespace: UInt16) -> String { namespace == 0 ? "me" : "other" }

  private func change(_ body: String, _ references: [String] = []) throws -> EntityChange {
    let bytes = Array(body.utf8)
    let document = try EntityPut.document(in: 0..<bytes.count, of: bytes.span)
    var change = try EntityChange(try TriggerPut(parsing: bytes.span, document).entity, in: bytes.span)
    if !references.isEmpty { change.setReferences(references.map { $0 + "\n" }.joined().buffer) }
    return change
  }

  /// Deploys or updates an action as the server does.
  @discardableResult
  func action(_ path: String, _ body: String = "{}", code: [UInt8] = [], namespace: UInt16 = 0) throws -> ActionID {
    let bytes = Array(body.utf8)
    let put = try ActionPut(parsing: bytes.span, EntityPut.document(in: 0..<bytes.count, of: bytes.span))
    let known = entities.actions.find(namespace: namespace, name: Array(path.utf8).span)
    var record = known.flatMap { entities.actions[$0] } ?? ActionRecord(
      instance: InstanceID(index: 1, generation: 1), limits: ActionLimits(), isPublic: false, updatedMilliseconds: now, size: 256)
    var change = try EntityChange(put.entity, in: bytes.span, isAction: true)
    let annotations = try ActionAnnotations(put, in: bytes.span, kept: entities.annotations(of: record), seed: 5)
    annotations.flags.apply(to: &record)
    annotations.move(to: &change)
    switch put.exec {
    case .native(_, let image, let main): try change.setNative(image: image, main: main, in: bytes.span)
    case .sequence(let components):
      var names = ByteBuffer()
      var elements = JSONElements(components)
      while let element = elements.next(in: bytes.span) {
        try QualifiedName.append(element, in: bytes.span, own: Array(Self.own(namespace).utf8).span, to: &names)
      }
      change.setSequence(names)
      record.isSequence = true
    case nil: break
    }
    if !code.isEmpty { change.setCode(String(decoding: code, as: UTF8.self).buffer) }
    guard let known else { return try entities.insert(action: Array(path.utf8).span, namespace: namespace, record, change) }
    let isUpdated = entities.update(known, to: record, change, at: now)
    #expect(isUpdated)
    return known
  }

  @discardableResult
  func package(_ name: String, _ body: String = "{}", bound: (UInt16, String)? = nil, namespace: UInt16 = 0) throws -> PackageID {
    let change = try change(body, bound.map { ["\(Self.own($0.0))/\($0.1)"] } ?? [])
    return try entities.put(package: Array(name.utf8).span, namespace: namespace, boundNamespace: bound?.0, change, at: now)
  }

  @discardableResult
  func trigger(_ name: String, _ body: String = "{}") throws -> TriggerID {
    try entities.put(trigger: Array(name.utf8).span, namespace: 0, try change(body), at: now)
  }

  @discardableResult
  func rule(_ name: String, _ trigger: String, _ action: String, _ body: String = "{}") throws -> RuleID {
    let found = entities.triggers.find(namespace: 0, name: Array(trigger.utf8).span)
    let id = try #require(found)
    return try entities.put(
      rule: Array(name.utf8).span, namespace: 0, trigger: id, try change(body, ["me/\(trigger)", "me/\(action)"]), at: now)
  }

  func remove(_ id: ActionID) -> Bool { entities.remove(id) != nil }
  func remove(_ id: PackageID) -> Bool { entities.remove(id) }
  func remove(_ id: TriggerID) -> Bool { entities.remove(id) }
  func remove(_ id: RuleID) -> Bool { entities.remove(id) }
  func isActive(_ id: RuleID) -> Bool { entities.isActive(id) }
  func setActive(_ id: RuleID, _ isActive: Bool) -> Bool { entities.setActive(id, isActive) }
  func hasRoom(_ bytes: Int, of id: ActionID?) -> Bool { entities.hasRoom(forCode: bytes, of: id) }
  func dropCode() -> Bool { entities.dropCode() }
  func count(in id: PackageID) -> Int { entities.count(in: id) }
  func find(rule name: String) -> RuleID? { entities.rules.find(namespace: 0, name: Array(name.utf8).span) }
  func annotations(_ record: ActionRecord) -> String { Self.annotations(record, entities) }

  func show(_ id: ActionID, _ code: CodeDisplay = .leftOut) -> String {
    written { entities.write(ResolvedAction(action: id), namespace: Array("me".utf8).span, code, into: &$0) }
  }
  func show(_ id: PackageID, withActions: Bool = false) -> String {
    written { entities.write(id, namespace: Array("me".utf8).span, withActions: withActions, into: &$0) }
  }
  func show(_ id: TriggerID) -> String { written { entities.write(id, namespace: Array("me".utf8).span, into: &$0) } }
  func show(_ id: RuleID) -> String { written { entities.write(id, namespace: Array("me".utf8).span, into: &$0) } }

  /// What looking for an action comes to, as text.
  func resolve(_ path: String, in namespace: UInt16 = 0, for reader: UInt16 = 0) -> String {
    switch entities.resolve(action: Array(path.utf8).span, in: namespace, for: reader) {
    case .missing: return "missing"
    case .forbidden: return "forbidden"
    case .found(let found):
      let names = [found.package, found.binding].map { $0.map { Self.name($0, entities) } ?? "-" }
      return Self.name(found.action, entities) + " " + names.joined(separator: " ")
    }
  }

  /// A span may not leave the access to a class's property: these borrow the store for as long as they read it.
  private static func name(_ id: ActionID, _ store: borrowing EntityStore) -> String { store.actions.name(of: id).text }
  private static func name(_ id: PackageID, _ store: borrowing EntityStore) -> String { store.packages.name(of: id).text }
  private static func name(_ id: RuleID, _ store: borrowing EntityStore) -> String { store.rules.name(of: id).text }
  private static func annotations(_ record: ActionRecord, _ store: borrowing EntityStore) -> String { store.annotations(of: record).text }

  func firedBy(_ trigger: TriggerID) -> [String] {
    var names: [String] = []
    var next = entities.triggers[trigger]?.firstRule
    while let id = next {
      names.append(Self.name(id, entities) + (entities.isActive(id) ? "" : " (inactive)"))
      next = entities.rules[id]?.next
    }
    return names
  }
}

@Suite struct StoreTests {
  @Test func omittedFieldsKeepTheirValues() throws {
    let store = Store()
    let id = try store.action("a", #"{"parameters":[{"key":"p","value":1}],"annotations":[{"key":"x","value":"y"}],"publish":true}"#)
    store.now = 2_000
    try store.action("a")
    #expect(store.show(id).contains(#""version":"0.0.2","publish":true"#))
    #expect(store.show(id).contains(#""parameters":[{"key":"p","value":1}]"#))
    #expect(store.show(id).contains(#"{"key":"x","value":"y"}]"#))
    #expect(store.show(id).contains(#""updated":2000"#))
    try store.action("a", #"{"parameters":[],"publish":false}"#)
    #expect(store.show(id).contains(#""version":"0.0.3","publish":false"#))
    #expect(store.show(id).contains(#""parameters":[]"#))
  }

  /// Annotations of actions are joined by key; those of other entities are replaced.
  @Test func annotations() throws {
    let store = Store()
    let action = try store.action("a", #"{"annotations":[{"key":"x","value":1},{"key":"exec","value":"no"},{"key":"public","value":true}]}"#)
    try store.action("a", #"{"annotations":[{"key":"y","value":2},{"key":"x","value":3}]}"#)
    let exec = #"{"key":"exec","value":"blackbox"},"#
    #expect(store.show(action).contains(#""annotations":[\#(exec){"key":"public","value":true},{"key":"x","value":3},{"key":"y","value":2}]"#))
    try store.action("a", #"{"annotations":[{"key":"z","value":[]}],"delAnnotations":["x","nothing","public"]}"#)
    #expect(store.show(action).contains(#""annotations":[\#(exec){"key":"public","value":false},{"key":"y","value":2},{"key":"z","value":[]}]"#))
    let trigger = try store.trigger("t", #"{"annotations":[{"key":"x","value":1}]}"#)
    try store.trigger("t", #"{"annotations":[{"key":"y","value":2}]}"#)
    #expect(store.show(trigger).contains(#""annotations":[{"key":"y","value":2}]"#))
  }

  @Test func flags() throws {
    let store = Store()
    let id = try store.action("a", #"{"annotations":[{"key":"web-export","value":true},{"key":"raw-http","value":true},{"key":"final","value":true},{"key":"require-whisk-auth","value":"secret"},{"key":"feed","value":null},{"key":"cgi","value":true},{"key":"loop","value":true}]}"#)
    let record = try #require(store.entities.actions[id])
    #expect(record.isWeb && record.isRawHTTP && record.hasFinalParameters && record.needsWhiskAuth && record.isFeed)
    #expect(record.isCGI && record.hasEnvironment && record.isLoop && !record.isPublic)
    try store.action("a", #"{"annotations":[{"key":"web-export","value":"yes"},{"key":"raw-http","value":1},{"key":"final","value":1},{"key":"cgi","value":false},{"key":"env","value":false}],"delAnnotations":["feed","require-whisk-auth"]}"#)
    let changed = try #require(store.entities.actions[id])
    #expect(!changed.isWeb && !changed.isRawHTTP && !changed.hasFinalParameters && !changed.needsWhiskAuth && !changed.isFeed)
    #expect(!changed.isCGI && !changed.hasEnvironment && changed.isLoop)
    #expect(store.annotations(changed).contains("web-export"))
    #expect(throws: EntityError.self) { try store.action("a", #"{"delAnnotations":[1]}"#) }
  }

  @Test func codeIsKeptWithinItsBudget() throws {
    let store = Store(codeBudget: 100)
    let first = try store.action("a", code: Array("AB".utf8))
    #expect(store.show(first, .base64).contains(#""binary":true,"code":"QUI="}"#))
    #expect(!store.show(first).contains("code"))
    let second = try store.action("b", code: [UInt8](repeating: 0x41, count: 98))
    #expect(store.entities.codeBytes == 100 && !store.hasRoom(1, of: nil))
    #expect(store.hasRoom(2, of: first) && !store.hasRoom(3, of: first))
    let third = try store.action("c", code: [0x41])
    #expect(store.show(third, .base64).contains(#""code":"""#) && store.entities.codeBytes == 100)
    #expect(store.remove(second) && store.entities.codeBytes == 2)
    #expect(!store.remove(second) && store.entities.codeBytes == 2)
    try store.action("a", code: Array("C".utf8))
    #expect(store.entities.codeBytes == 1)
    #expect(store.dropCode() && !store.dropCode() && store.entities.codeBytes == 0)
    #expect(store.show(first, .base64).contains(#""code":"""#))
    try store.action("a", code: Array("D".utf8))
    // What is not there any more is not shown.
    try store.action("a", #"{"exec":{"kind":"sequence","components":["/_/b"]}}"#)
    #expect(store.entities.codeBytes == 0)
  }

  @Test func tooMuchIsRefused() throws {
    let store = Store()
    let value = String(repeating: "x", count: EntityLimits.listBytes - 20)
    #expect(throws: Never.self) { try store.action("a", #"{"parameters":[{"key":"k","value":"\#(value.dropLast(4))"}]}"#) }
    for field in ["parameters", "annotations"] {
      let body = #"{"\#(field)":[{"key":"key","value":"\#(value)"}]}"#
      var text = ""
      do { try store.action("b", body) } catch let error as EntityError { text = written { error.write(Array(body.utf8).span, into: &$0) } }
      #expect(text == "\(field) larger than allowed: 1048582 > 1048576 bytes.")
    }
    let small = Store(capacity: 1)
    try small.trigger("a", #"{"parameters":[{"key":"a","value":1}]}"#)
    #expect(throws: EntityTableError.full) { try small.trigger("b", #"{"parameters":[{"key":"a","value":1}]}"#) }
    #expect(throws: Never.self) { try small.trigger("a") }
  }

  @Test func actionsAreFoundThroughPackagesAndBindings() throws {
    let store = Store()
    try store.action("a")
    try store.package("pk")
    try store.action("pk/a")
    try store.action("pk/b")
    #expect(store.resolve("a") == "a - -" && store.resolve("b") == "missing")
    #expect(store.resolve("pk/a") == "pk/a pk -" && store.resolve("pk/c") == "missing" && store.resolve("none/a") == "missing")
    // Of another namespace only what is published is seen, and only in packages.
    #expect(store.resolve("a", for: 1) == "forbidden" && store.resolve("pk/a", for: 1) == "forbidden" && store.resolve("x/a", for: 1) == "forbidden")
    try store.package("bound", bound: (0, "pk"), namespace: 1)
    #expect(store.resolve("bound/a", in: 1, for: 1) == "forbidden")
    try store.package("pk", #"{"publish":true}"#)
    #expect(store.resolve("pk/a", for: 1) == "pk/a pk -" && store.resolve("pk/c", for: 1) == "missing")
    #expect(store.resolve("bound/a", in: 1, for: 1) == "pk/a pk bound" && store.resolve("bound/c", in: 1, for: 1) == "missing")
    #expect(store.resolve("bound/a", in: 1, for: 0) == "forbidden")
    // A binding goes by name: a package of that name may come back.
    #expect(store.remove(try store.package("pk")))
    #expect(store.resolve("bound/a", in: 1, for: 1) == "missing" && store.resolve("pk/a") == "missing")
    try store.package("pk", #"{"publish":true}"#)
    #expect(store.resolve("bound/a", in: 1, for: 1) == "pk/a pk bound")
    // No binding of a binding.
    try store.package("again", bound: (1, "bound"))
    #expect(store.resolve("again/a") == "missing")
  }

  @Test func theLongestNames() throws {
    let store = Store()
    let long = String(repeating: "n", count: 256)
    try store.package(long, #"{"publish":true}"#)
    try store.action("\(long)/\(long)")
    try store.package("b", bound: (0, long))
    #expect(store.resolve("b/\(long)") == "\(long)/\(long) \(long) b")
    #expect(store.resolve("b/\(long)n") == "missing")
  }

  @Test func rulesOfATrigger() throws {
    let store = Store()
    let trigger = try store.trigger("t")
    let other = try store.trigger("u")
    let a = try store.rule("a", "t", "x")
    let b = try store.rule("b", "t", "x")
    let c = try store.rule("c", "t", "x")
    #expect(store.firedBy(trigger) == ["c", "b", "a"])
    #expect(store.setActive(b, false))
    #expect(store.firedBy(trigger) == ["c", "b (inactive)", "a"])
    // An update keeps the status, and the link moves to another trigger.
    try store.rule("b", "u", "y")
    #expect(store.firedBy(trigger) == ["c", "a"] && store.firedBy(other) == ["b (inactive)"])
    #expect(store.setActive(b, true) && store.firedBy(other) == ["b"])
    #expect(store.remove(a) && !store.remove(a))
    #expect(store.firedBy(trigger) == ["c"])
    #expect(store.remove(c) && store.firedBy(trigger) == [])
  }

  @Test func aRuleOutlivesItsTrigger() throws {
    let store = Store()
    let old = try store.trigger("t")
    let rule = try store.rule("a", "t", "x")
    try store.rule("b", "t", "x")
    #expect(store.isActive(rule))
    #expect(store.remove(old))
    #expect(!store.isActive(rule) && store.show(rule).contains(#""status":"inactive""#))
    #expect(!store.setActive(rule, true) && store.setActive(rule, false))
    // A new trigger of that name fires none of them until they are set active.
    let new = try store.trigger("t")
    #expect(store.firedBy(new) == [] && !store.isActive(rule))
    #expect(store.setActive(rule, true))
    #expect(store.firedBy(new) == ["a"])
    #expect(store.remove(rule) && store.firedBy(new) == [])
  }

  /// Random rules that come, go and move against a model.
  @Test func againstAModel() throws {
    let store = Store(capacity: 1000)
    var random = Random(11)
    let triggers = try (0..<5).map { try store.trigger("t\($0)") }
    var model: [[String]] = Array(repeating: [], count: 5)
    for step in 0..<5_000 {
      let name = "r\(random.next() % 40)"
      let old = model.firstIndex { $0.contains(name) }
      if random.next() % 3 == 0 {
        guard let old else { continue }
        #expect(store.remove(try #require(store.find(rule: name))))
        model[old].removeAll { $0 == name }
      } else {
        let new = Int(random.next() % 5)
        try store.rule(name, "t\(new)", "x")
        if old != new {
          if let old { model[old].removeAll { $0 == name } }
          model[new].insert(name, at: 0)
        }
      }
      if step % 50 == 0 { for index in 0..<5 { #expect(store.firedBy(triggers[index]) == model[index]) } }
    }
  }
}
