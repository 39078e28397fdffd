// The JSON of lists of entities (swagger: EntityBrief and its kin), the one updated last first.

public import Base
import Bytes

/// What a list shows of all that match.
public struct ListPage: Equatable, Sendable, BitwiseCopyable {
  /// Entries at most: 30 where nothing is said.
  public var limit = 30
  public var skip = 0
  /// Whether only the number of entries is wanted.
  public var countsOnly = false

  public init() {}

  /// Whether the entry after `matched` others is shown.
  fileprivate func shows(_ matched: Int) -> Bool { !countsOnly && matched >= skip && matched &- skip < limit }

  /// Whether nothing after `matched` entries changes what is shown.
  fileprivate func ends(_ matched: Int) -> Bool { !countsOnly && matched >= skip && matched &- skip >= limit }
}

extension EntityStore {
  /// Lists the actions of a namespace, called `name`, those in packages too; or those of one package of it; with `onlyPublished` those in
  /// packages that others may use.
  @_optimize(size) @inline(never)
  public func writeActions(
    of namespace: UInt16, in package: PackageID? = nil, named name: Span<UInt8>, onlyPublished: Bool = false, _ page: ListPage, into text: inout TextWriter
  ) {
    var matched = 0
    var next = actions.newest
    while let id = next, !page.ends(matched) {
      next = actions.older(than: id)
      guard actions.namespace(of: id) == namespace, let record = actions[id] else { continue }
      if let package, !isAction(id, in: package) { continue }
      if onlyPublished, !isPublished(actions.name(of: id), namespace) { continue }
      if page.shows(matched) {
        text.write(matched == page.skip ? "[" : ",")
        Self.writeHead(name, actions.name(of: id), record.stamp, into: &text)
        text.write(record.isSequence ? ",\"exec\":{\"binary\":false},\"annotations\":" : ",\"exec\":{\"binary\":true},\"annotations\":")
        writeAnnotations(record, into: &text)
        Self.writeLimits(record, into: &text)
        Self.writeTail(record.stamp, into: &text, size: record.size)
      }
      matched &+= 1
    }
    Self.writeEnd("actions", matched, page, into: &text)
  }

  /// Whether the action `path` is in a package that others may use.
  private func isPublished(_ path: Span<UInt8>, _ namespace: UInt16) -> Bool {
    guard let length = EntityName.packageLength(of: path),
      let package = packages.find(namespace: namespace, name: path.extracting(0..<length))
    else { return false }
    return packages[package]?.stamp.isPublished ?? false
  }

  /// Lists the packages of a namespace, called `name`; with `onlyPublished` those that others may use.
  @_optimize(size) @inline(never)
  public func writePackages(
    of namespace: UInt16, named name: Span<UInt8>, onlyPublished: Bool, _ page: ListPage, into text: inout TextWriter
  ) {
    var matched = 0
    var next = packages.newest
    while let id = next, !page.ends(matched) {
      next = packages.older(than: id)
      guard packages.namespace(of: id) == namespace, let record = packages[id], record.stamp.isPublished || !onlyPublished else { continue }
      if page.shows(matched) {
        text.write(matched == page.skip ? "[" : ",")
        Self.writeHead(name, packages.name(of: id), record.stamp, into: &text)
        if record.boundNamespace == nil {
          text.write(",\"binding\":false,\"annotations\":")
        } else {
          text.write(",\"binding\":{")
          writeBinding(record, into: &text)
          text.write("},\"annotations\":")
        }
        writeAnnotations(record, into: &text)
        Self.writeTail(record.stamp, into: &text)
      }
      matched &+= 1
    }
    Self.writeEnd("packages", matched, page, into: &text)
  }

  /// Lists the triggers of a namespace, called `name`.
  @_optimize(size) @inline(never)
  public func writeTriggers(of namespace: UInt16, named name: Span<UInt8>, _ page: ListPage, into text: inout TextWriter) {
    var matched = 0
    var next = triggers.newest
    while let id = next, !page.ends(matched) {
      next = triggers.older(than: id)
      guard triggers.namespace(of: id) == namespace, let record = triggers[id] else { continue }
      if page.shows(matched) {
        text.write(matched == page.skip ? "[" : ",")
        Self.writeHead(name, triggers.name(of: id), record.stamp, into: &text)
        text.write(",\"annotations\":")
        Self.write(list: annotations(of: record), into: &text)
        Self.writeTail(record.stamp, into: &text)
      }
      matched &+= 1
    }
    Self.writeEnd("triggers", matched, page, into: &text)
  }

  /// Lists the rules of a namespace, called `name`.
  @_optimize(size) @inline(never)
  public func writeRules(of namespace: UInt16, named name: Span<UInt8>, _ page: ListPage, into text: inout TextWriter) {
    var matched = 0
    var next = rules.newest
    while let id = next, !page.ends(matched) {
      next = rules.older(than: id)
      guard rules.namespace(of: id) == namespace, let record = rules[id] else { continue }
      if page.shows(matched) {
        text.write(matched == page.skip ? "[" : ",")
        Self.writeHead(name, rules.name(of: id), record.stamp, into: &text)
        writeEnds(record, into: &text)
        text.write(",\"annotations\":")
        Self.write(list: annotations(of: record), into: &text)
        Self.writeTail(record.stamp, into: &text)
      }
      matched &+= 1
    }
    Self.writeEnd("rules", matched, page, into: &text)
  }

  /// Ends a list of which `matched` entries were looked at; or writes their number, as `{"actions":3}`.
  private static func writeEnd(_ key: StaticString, _ matched: Int, _ page: ListPage, into text: inout TextWriter) {
    guard page.countsOnly else { return text.write(matched > page.skip && page.limit > 0 ? "]" : "[]") }
    text.write("{\"")
    text.write(key)
    text.write("\":")
    text.write(decimal: UInt64(max(0, matched &- page.skip)))
    text.write("}")
  }
}
