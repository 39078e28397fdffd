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
    Self.write("actions", actions.names, of: namespace, named: name, page, into: &text) { place in
      let id = ActionID(place)
      if let package, !isAction(id, in: package) { return nil }
      if onlyPublished, !isPublished(actions.name(of: id), namespace) { return nil }
      return actions[id]?.stamp
    } rest: { (place, text) in
      guard let record = actions[ActionID(place)] else { return }
      text.write(record.isSequence ? ",\"exec\":{\"binary\":false},\"annotations\":" : ",\"exec\":{\"binary\":true},\"annotations\":")
      writeAnnotations(record, into: &text)
      Self.writeLimits(record, into: &text)
      Self.writeTail(record.stamp, into: &text, size: record.size)
    }
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
    Self.write("packages", packages.names, of: namespace, named: name, page, into: &text) { place in
      guard let record = packages[PackageID(place)], record.stamp.isPublished || !onlyPublished else { return nil }
      return record.stamp
    } rest: { (place, text) in
      guard let record = packages[PackageID(place)] else { return }
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
  }

  /// Lists the triggers of a namespace, called `name`.
  @_optimize(size) @inline(never)
  public func writeTriggers(of namespace: UInt16, named name: Span<UInt8>, _ page: ListPage, into text: inout TextWriter) {
    Self.write("triggers", triggers.names, of: namespace, named: name, page, into: &text) { place in
      triggers[TriggerID(place)]?.stamp
    } rest: { (place, text) in
      guard let record = triggers[TriggerID(place)] else { return }
      text.write(",\"annotations\":")
      Self.write(list: annotations(of: record), into: &text)
      Self.writeTail(record.stamp, into: &text)
    }
  }

  /// Lists the rules of a namespace, called `name`.
  @_optimize(size) @inline(never)
  public func writeRules(of namespace: UInt16, named name: Span<UInt8>, _ page: ListPage, into text: inout TextWriter) {
    Self.write("rules", rules.names, of: namespace, named: name, page, into: &text) { place in
      rules[RuleID(place)]?.stamp
    } rest: { (place, text) in
      guard let record = rules[RuleID(place)] else { return }
      writeEnds(record, into: &text)
      text.write(",\"annotations\":")
      Self.write(list: annotations(of: record), into: &text)
      Self.writeTail(record.stamp, into: &text)
    }
  }

  /// Lists the entities called `names` that are of a namespace, called `name`: of each what all kinds have, with the stamp that `stamp` has
  /// for it, then what `rest` writes. One without a stamp is left out. Where the page wants only their number, it writes that, as
  /// `{"actions":3}`; `key` is what they are called.
  @_optimize(size) @inline(never)
  private static func write(
    _ key: StaticString, _ names: borrowing NameTable, of namespace: UInt16, named name: Span<UInt8>, _ page: ListPage,
    into text: inout TextWriter, stamp: (NamePlace) -> EntityStamp?, rest: (NamePlace, inout TextWriter) -> Void
  ) {
    var matched = 0
    var next = names.place(names.newest)
    while let place = next, !page.ends(matched) {
      next = names.older(than: place)
      guard names.namespace(of: place) == namespace, let stamp = stamp(place) else { continue }
      if page.shows(matched) {
        text.write(matched == page.skip ? "[" : ",")
        writeHead(name, names.name(of: place), stamp, into: &text)
        rest(place, &text)
      }
      matched &+= 1
    }
    guard page.countsOnly else { return text.write(matched > page.skip && page.limit > 0 ? "]" : "[]") }
    text.write("{\"")
    text.write(key)
    text.write("\":")
    text.write(decimal: UInt64(max(0, matched &- page.skip)))
    text.write("}")
  }
}
