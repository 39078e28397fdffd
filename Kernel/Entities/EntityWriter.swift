// The JSON of one entity, as OpenWhisk's clients read it (apiv1swagger.json: Action, Package, Trigger, Rule).
// Out of scope: lists (EntityList.swift).

import Actions
public import Base
import Bytes
import JSON

/// How an action's entity shows its code.
public enum CodeDisplay: UInt8, Sendable, BitwiseCopyable {
  /// In base64; empty where it was not kept.
  case base64
  case leftOut
}

extension EntityStore {
  /// Writes an action; nothing where it is stale. `namespace` is the name of its namespace. Where it is shown as one of a package, found
  /// through a binding perhaps, its parameters are joined with theirs.
  @_optimize(size) @inline(never)
  public func write(
    _ found: ResolvedAction, namespace: Span<UInt8>, _ code: CodeDisplay, into text: inout TextWriter
  ) {
    guard let record = actions[found.action] else { return }
    Self.writeHead(namespace, actions.name(of: found.action), record.stamp, into: &text)
    text.write(",\"exec\":")
    writeExec(record, code, into: &text)
    text.write(",\"annotations\":")
    writeAnnotations(record, into: &text)
    text.write(",\"parameters\":")
    writeParameters(record, found, into: &text)
    Self.writeLimits(record, into: &text)
    Self.writeTail(record.stamp, into: &text, size: record.size)
  }

  /// Writes a package; nothing where it is stale. With `withActions` also its actions and feeds, those of the package that a binding stands
  /// for, and the parameters joined with that package's.
  @_optimize(size) @inline(never)
  public func write(_ id: PackageID, namespace: Span<UInt8>, withActions: Bool, into text: inout TextWriter) {
    guard let record = packages[id] else { return }
    Self.writeHead(namespace, packages.name(of: id), record.stamp, into: &text)
    text.write(",\"binding\":{")
    writeBinding(record, into: &text)
    text.write("},\"annotations\":")
    writeAnnotations(record, into: &text)
    text.write(",\"parameters\":")
    let bound = boundPackage(of: id)
    if withActions, let bound, let provider = packages[bound] {
      writeJoined(parameters(of: provider), parameters(of: record), Span(), into: &text)
    } else {
      Self.write(list: parameters(of: record), into: &text)
    }
    if withActions {
      text.write(",\"actions\":")
      writeActions(of: bound ?? id, feeds: false, into: &text)
      text.write(",\"feeds\":")
      writeActions(of: bound ?? id, feeds: true, into: &text)
    }
    Self.writeTail(record.stamp, into: &text)
  }

  /// Writes a trigger with its rules; nothing where it is stale.
  @_optimize(size) @inline(never)
  public func write(_ id: TriggerID, namespace: Span<UInt8>, into text: inout TextWriter) {
    guard let record = triggers[id] else { return }
    Self.writeHead(namespace, triggers.name(of: id), record.stamp, into: &text)
    text.write(",\"annotations\":")
    Self.write(list: annotations(of: record), into: &text)
    text.write(",\"parameters\":")
    Self.write(list: parameters(of: record), into: &text)
    text.write(",\"limits\":{}")
    if let first = record.firstRule { writeRules(first, namespace, into: &text) }
    Self.writeTail(record.stamp, into: &text)
  }

  /// Writes a rule; nothing where it is stale. A removed one is shown inactive.
  @_optimize(size) @inline(never)
  public func write(_ id: RuleID, namespace: Span<UInt8>, isRemoved: Bool = false, into text: inout TextWriter) {
    guard let record = rules[id] else { return }
    Self.writeHead(namespace, rules.name(of: id), record.stamp, into: &text)
    text.write(",\"status\":")
    text.write(!isRemoved && isActive(id) ? "\"active\"" : "\"inactive\"")
    writeEnds(record, into: &text)
    text.write(",\"annotations\":")
    Self.write(list: annotations(of: record), into: &text)
    Self.writeTail(record.stamp, into: &text)
  }
}

// Parts that several kinds have.
extension EntityStore {
  /// Begins an entity: what all kinds have first. `path` is its name, or its package's and its own.
  @inline(never)
  static func writeHead(_ namespace: Span<UInt8>, _ path: Span<UInt8>, _ stamp: EntityStamp, into text: inout TextWriter) {
    text.write("{\"namespace\":")
    writeName(namespace, path, "\"name\":", into: &text)
    writeVersion(stamp, into: &text)
    text.write(",\"publish\":")
    text.write(stamp.isPublished ? "true" : "false")
  }

  /// Writes the namespace, with the package where there is one, as a string, a comma and `key`, and the last name.
  @inline(never)
  static func writeName(_ namespace: Span<UInt8>, _ path: Span<UInt8>, _ key: StaticString, into text: inout TextWriter) {
    let length = EntityName.packageLength(of: path)
    if let length {
      var full = ByteBuffer()
      text.write { (_: inout ByteBuffer) in
        full.append(namespace) && full.append(0x2f) && full.append(path.extracting(0..<length))
      }
      text.write(json: full.span)
    } else {
      text.write(json: namespace)
    }
    text.write(",")
    text.write(key)
    text.write(json: path.extracting((length.map { $0 &+ 1 } ?? 0)..<path.count))
  }

  /// OpenWhisk counts the last of three numbers up (SemVer's patch).
  static func writeVersion(_ stamp: EntityStamp, into text: inout TextWriter) {
    text.write(",\"version\":\"0.0.")
    text.write(decimal: UInt64(stamp.version))
    text.write("\"")
  }

  /// Ends an entity; `size` is that of an action's executable.
  static func writeTail(_ stamp: EntityStamp, into text: inout TextWriter, size: UInt32? = nil) {
    text.write(",\"updated\":")
    text.write(decimal: stamp.updatedMilliseconds)
    if let size {
      text.write(",\"size\":")
      text.write(decimal: UInt64(size))
    }
    text.write("}")
  }

  static func write(list: Span<UInt8>, into text: inout TextWriter) {
    if list.isEmpty { text.write("[]") } else { text.write(list) }
  }

  static func writeLimits(_ record: ActionRecord, into text: inout TextWriter) {
    text.write(",\"limits\":{\"timeout\":")
    text.write(decimal: UInt64(record.limits.timeoutMilliseconds))
    text.write(",\"memory\":")
    text.write(decimal: UInt64(max(0, record.limits.memoryBytes)) >> 20)
    // OpenWhisk counts logs in megabytes; most of ours are smaller than one, and 1 is the least that its clients print sensibly.
    text.write(",\"logs\":")
    text.write(decimal: record.limits.logBytes <= 0 ? 0 : max(1, UInt64(record.limits.logBytes) >> 20))
    text.write(",\"concurrency\":")
    text.write(decimal: UInt64(record.concurrency))
    text.write("}")
  }

  /// An action's annotations: first those that its record tells.
  func writeAnnotations(_ record: ActionRecord, into text: inout TextWriter) {
    text.write("[{\"key\":\"exec\",\"value\":")
    text.write(record.isSequence ? "\"sequence\"}" : "\"blackbox\"}")
    if !record.isSequence {
      text.write(record.isPublic ? ",{\"key\":\"public\",\"value\":true}" : ",{\"key\":\"public\",\"value\":false}")
      if record.isCGI { text.write(",{\"key\":\"cgi\",\"value\":true}") }
      if record.hasEnvironment { text.write(",{\"key\":\"env\",\"value\":true}") }
      if record.isLoop { text.write(",{\"key\":\"loop\",\"value\":true}") }
    }
    Self.writeRest(of: annotations(of: record), into: &text)
  }

  /// A package's annotations; a binding's begin with the package that it stands for, as OpenWhisk adds it.
  func writeAnnotations(_ record: PackageRecord, into text: inout TextWriter) {
    guard record.boundNamespace != nil else { return Self.write(list: annotations(of: record), into: &text) }
    text.write("[{\"key\":\"binding\",\"value\":{")
    writeBinding(record, into: &text)
    text.write("}}")
    Self.writeRest(of: annotations(of: record), into: &text)
  }

  /// The elements of `list` after those that were written, and the array's end.
  private static func writeRest(of list: Span<UInt8>, into text: inout TextWriter) {
    guard !list.isEmpty else { return text.write("]") }
    text.write(",")
    text.write(list.extracting(1..<list.count))
  }

  /// The members of a binding; none for a package.
  func writeBinding(_ record: PackageRecord, into text: inout TextWriter) {
    let names = references(of: record)
    guard let full = QualifiedName.next(in: names, from: 0) else { return }
    let name = names.extracting(full)
    let length = QualifiedName.namespaceLength(name)
    text.write("\"namespace\":")
    Self.writeName(name.extracting(0..<length), name.extracting(min(length &+ 1, name.count)..<name.count), "\"name\":", into: &text)
  }

  private func writeExec(_ record: ActionRecord, _ code: CodeDisplay, into text: inout TextWriter) {
    if record.isSequence {
      text.write("{\"kind\":\"sequence\",\"components\":")
      writeComponents(record, into: &text)
      return text.write("}")
    }
    text.write("{\"kind\":\"blackbox\",")
    let exec = details.text(.exec, of: record.details)
    if exec.isEmpty {
      text.write("\"image\":")
      text.write(ExecImage.usualJSON)
    } else {
      text.write(exec)
    }
    text.write(",\"binary\":true")
    if code == .base64 {
      text.write(",\"code\":\"")
      let bytes = self.code(of: record)
      text.write { (buffer: inout ByteBuffer) in Base64.encode(bytes, into: &buffer) }
      text.write("\"")
    }
    text.write("}")
  }

  /// The names of a sequence's actions as an array of strings.
  private func writeComponents(_ record: ActionRecord, into text: inout TextWriter) {
    let names = references(of: record)
    var start = 0
    while let name = QualifiedName.next(in: names, from: start) {
      text.write(start == 0 ? "[\"/" : ",\"/")
      // Legal names need no escapes.
      text.write(names.extracting(name))
      text.write("\"")
      start = name.upperBound &+ 1
    }
    text.write(start == 0 ? "[]" : "]")
  }

  private func writeParameters(_ record: ActionRecord, _ found: ResolvedAction, into text: inout TextWriter) {
    if record.isSequence {
      // OpenWhisk's own way to tell older clients.
      text.write("[{\"key\":\"_actions\",\"value\":")
      writeComponents(record, into: &text)
      return text.write("}]")
    }
    guard let package = found.package.flatMap({ packages[$0] }) else { return Self.write(list: parameters(of: record), into: &text) }
    guard let binding = found.binding.flatMap({ packages[$0] }) else {
      return writeJoined(parameters(of: package), Span(), parameters(of: record), into: &text)
    }
    writeJoined(parameters(of: package), parameters(of: binding), parameters(of: record), into: &text)
  }

  /// Writes parameter arrays joined, the latest winning.
  private func writeJoined(
    _ first: Span<UInt8>, _ second: Span<UInt8>, _ third: Span<UInt8>, into text: inout TextWriter
  ) {
    // The usual case keeps what an element has beside key and value.
    if first.isEmpty && second.isEmpty { return Self.write(list: third, into: &text) }
    if second.isEmpty && third.isEmpty { return Self.write(list: first, into: &text) }
    var merger = JSONMerger(seed: seed)
    let isWhole = Self.add(first, to: &merger) && Self.add(second, to: &merger) && Self.add(third, to: &merger)
    text.write { (_: inout ByteBuffer) in isWhole }
    merger.writeParameters(into: &text)
  }

  private static func add(_ list: Span<UInt8>, to merger: inout JSONMerger) -> Bool {
    list.isEmpty || merger.add(parameters: JSONValue(checked: 0..<list.count, of: list), of: list)
  }

  /// The actions of a package, or its feeds, as GET of the package shows them.
  private func writeActions(of package: PackageID, feeds: Bool, into text: inout TextWriter) {
    var isFirst = true
    text.write("[")
    var next = actions.newest
    while let id = next {
      next = actions.older(than: id)
      guard isAction(id, in: package), let record = actions[id], record.isFeed == feeds else { continue }
      let name = actions.name(of: id)
      text.write(isFirst ? "{\"name\":" : ",{\"name\":")
      text.write(json: name.extracting((packages.name(of: package).count &+ 1)..<name.count))
      Self.writeVersion(record.stamp, into: &text)
      text.write(",\"annotations\":")
      writeAnnotations(record, into: &text)
      text.write("}")
      isFirst = false
    }
    text.write("]")
  }

  /// A trigger's rules, an object with their full names as keys.
  private func writeRules(_ first: RuleID, _ namespace: Span<UInt8>, into text: inout TextWriter) {
    text.write(",\"rules\":{")
    var isFirst = true
    var next: RuleID? = first
    while let id = next, let record = rules[id] {
      next = record.next
      var full = ByteBuffer()
      text.write { (_: inout ByteBuffer) in full.append(namespace) && full.append(0x2f) && full.append(rules.name(of: id)) }
      if !isFirst { text.write(",") }
      text.write(json: full.span)
      text.write(":{\"action\":")
      writeReference(record, second: true, into: &text)
      text.write(isActive(id) ? ",\"status\":\"active\"}" : ",\"status\":\"inactive\"}")
      isFirst = false
    }
    text.write("}")
  }

  /// A rule's trigger and action.
  func writeEnds(_ record: RuleRecord, into text: inout TextWriter) {
    text.write(",\"trigger\":")
    writeReference(record, second: false, into: &text)
    text.write(",\"action\":")
    writeReference(record, second: true, into: &text)
  }

  /// One of a rule's two references as an object with path and name.
  private func writeReference(_ record: RuleRecord, second: Bool, into text: inout TextWriter) {
    let names = references(of: record)
    guard var full = QualifiedName.next(in: names, from: 0) else { return text.write("null") }
    if second { full = QualifiedName.next(in: names, from: full.upperBound &+ 1) ?? full }
    let name = names.extracting(full)
    let length = QualifiedName.namespaceLength(name)
    text.write("{\"path\":")
    Self.writeName(name.extracting(0..<length), name.extracting(min(length &+ 1, name.count)..<name.count), "\"name\":", into: &text)
    text.write("}")
  }
}
