// The JSON of activations, as OpenWhisk's clients read it (swagger: Activation, ActivationBrief).

public import Base
import Bytes

/// Who knows the names of what records only have numbers of.
public protocol ActivationNames: ~Copyable {
  /// The name of a namespace; empty where there is none of the number.
  @_lifetime(borrow self)
  func namespaceName(_ number: UInt16) -> Span<UInt8>
  /// The name of an account's user; empty where there is none of the number.
  @_lifetime(borrow self)
  func subjectName(_ number: UInt16) -> Span<UInt8>
}

/// Which part of a filtered list is wanted.
public struct ActivationPage: Equatable, Sendable, BitwiseCopyable {
  public var limit: Int
  public var skip: Int
  /// Whether entries are whole activations.
  public var isFull: Bool

  public init(limit: Int, skip: Int, isFull: Bool) {
    self.limit = limit
    self.skip = skip
    self.isFull = isFull
  }
}

/// Writes activations. Nothing is written for one that is gone.
public enum ActivationWriter {
  /// Bytes of a list past which entries are brief although whole ones were asked for.
  public static var fullListLimit: Int { 1 << 20 }

  /// The whole activation.
  @_optimize(size) @inline(never)
  public static func write<Names: ActivationNames & ~Copyable>(
    _ place: ActivationPlace, of store: borrowing ActivationStore, names: borrowing Names, into text: inout TextWriter
  ) {
    write(place, of: store, result: store.result(of: place), names: names, into: &text)
  }

  /// The same with `result` as its result, which may be longer than what is kept.
  @_optimize(size) @inline(never)
  public static func write<Names: ActivationNames & ~Copyable>(
    _ place: ActivationPlace, of store: borrowing ActivationStore, result: Span<UInt8>, names: borrowing Names,
    into text: inout TextWriter
  ) {
    guard let record = store[place] else { return }
    let namespace = names.namespaceName(record.namespace)
    let subject = names.subjectName(record.subject)
    ActivationParts.writeCommon(record, store.name(of: place).afterLastSlash, namespace, into: &text)
    text.write(",\"subject\":")
    text.write(json: subject.isEmpty ? namespace : subject)
    text.write(",\"response\":")
    ActivationParts.writeResponse(record, result, withCode: true, into: &text)
    text.write(",\"logs\":")
    ActivationParts.writeLogs(place, record, of: store, into: &text)
    ActivationParts.writeAnnotations(
      record, store.name(of: place), store.binding(of: place), names.namespaceName(record.owner), into: &text)
    text.write("}")
  }

  /// The activation's entry in a list.
  @_optimize(size) @inline(never)
  public static func writeBrief<Names: ActivationNames & ~Copyable>(
    _ place: ActivationPlace, of store: borrowing ActivationStore, names: borrowing Names, into text: inout TextWriter
  ) {
    guard let record = store[place] else { return }
    ActivationParts.writeCommon(record, store.name(of: place).afterLastSlash, names.namespaceName(record.namespace), into: &text)
    if record.kind != .trigger {
      text.write(",\"statusCode\":")
      text.write(decimal: UInt64(record.response.rawValue))
    }
    ActivationParts.writeAnnotations(
      record, store.name(of: place), store.binding(of: place), names.namespaceName(record.owner), into: &text)
    text.write("}")
  }

  /// `{"logs": […]}`
  @_optimize(size) @inline(never)
  public static func writeLogs(_ place: ActivationPlace, of store: borrowing ActivationStore, into text: inout TextWriter) {
    guard let record = store[place] else { return }
    text.write("{\"logs\":")
    ActivationParts.writeLogs(place, record, of: store, into: &text)
    text.write("}")
  }

  /// `{"result": …, "size": …, "status": …, "success": …}`; the first only where it is kept.
  @_optimize(size) @inline(never)
  public static func writeResult(_ place: ActivationPlace, of store: borrowing ActivationStore, into text: inout TextWriter) {
    guard let record = store[place] else { return }
    ActivationParts.writeResponse(record, store.result(of: place), withCode: false, into: &text)
  }

  /// An array of those activations that `filter` and `name` leave (see `ActivationCursor`), the newest first.
  @_optimize(size) @inline(never)
  public static func writeList<Names: ActivationNames & ~Copyable>(
    of store: borrowing ActivationStore, _ filter: ActivationFilter, name: Span<UInt8>, page: ActivationPage,
    names: borrowing Names, into text: inout TextWriter
  ) {
    var cursor = ActivationCursor(filter, in: store)
    var matched = 0
    var written = 0
    text.write("[")
    while written < page.limit, let place = cursor.next(in: store, name: name) {
      matched &+= 1
      guard matched > page.skip else { continue }
      if written > 0 { text.write(",") }
      if page.isFull && text.buffer.count < fullListLimit {
        write(place, of: store, names: names, into: &text)
      } else {
        writeBrief(place, of: store, names: names, into: &text)
      }
      written &+= 1
    }
    text.write("]")
  }

  /// `{"activations": N}`: how many `filter` and `name` leave behind the first `skip`.
  @_optimize(size) @inline(never)
  public static func writeCount(
    of store: borrowing ActivationStore, _ filter: ActivationFilter, name: Span<UInt8>, skip: Int, into text: inout TextWriter
  ) {
    var cursor = ActivationCursor(filter, in: store)
    var matched = 0
    while cursor.next(in: store, name: name) != nil { matched &+= 1 }
    text.write("{\"activations\":")
    text.write(decimal: UInt64(max(0, matched &- skip)))
    text.write("}")
  }
}
