// An action's annotations: those that say how it is run are flags of its record and written from there, the others are kept as text.

import Base
import Bytes
public import JSON

/// What annotations ask of an action's record; nil leaves a flag as it is.
public struct ActionFlags: Equatable, Sendable, BitwiseCopyable {
  public var isPublic: Bool? = nil
  public var isLoop: Bool? = nil
  public var isCGI: Bool? = nil
  public var hasEnvironment: Bool? = nil
  var isWeb: Bool? = nil
  var isRawHTTP: Bool? = nil
  var hasFinalParameters: Bool? = nil
  var needsWhiskAuth: Bool? = nil
  var isFeed: Bool? = nil

  public init() {}

  /// Sets the flags of `record`.
  public func apply(to record: inout ActionRecord) {
    record.isPublic = isPublic ?? record.isPublic
    record.isLoop = isLoop ?? record.isLoop
    record.isCGI = isCGI ?? record.isCGI
    record.hasEnvironment = record.isCGI || hasEnvironment ?? record.hasEnvironment
    record.isWeb = isWeb ?? record.isWeb
    record.isRawHTTP = isRawHTTP ?? record.isRawHTTP
    record.hasFinalParameters = hasFinalParameters ?? record.hasFinalParameters
    record.needsWhiskAuth = needsWhiskAuth ?? record.needsWhiskAuth
    record.isFeed = isFeed ?? record.isFeed
  }
}

/// Annotations of an action after a request.
public struct ActionAnnotations: ~Copyable {
  public private(set) var flags = ActionFlags()
  /// The parameter array to keep.
  var text: ByteBuffer?

  /// What `put`, parsed from `request`, makes of the annotations that are kept: those it deletes go, those it gives are added or replace
  /// the ones of the same key. That is OpenWhisk's rule for actions; other entities' annotations are replaced as a whole.
  @_optimize(size) @inline(never)
  public init(_ put: ActionPut, in request: Span<UInt8>, kept: Span<UInt8>, seed: UInt64) throws(EntityError) {
    guard put.entity.annotations != nil || put.deletedAnnotations != nil else { return }
    var merger = JSONMerger(seed: seed)
    guard kept.isEmpty || merger.add(parameters: JSONValue(checked: 0..<kept.count, of: kept), of: kept) else { throw .noMemory }
    try delete(put.deletedAnnotations, in: request, from: &merger)
    if let annotations = put.entity.annotations {
      guard merger.add(parameters: annotations, of: request) else { throw .noMemory }
      if let value = JSONParameters.value("public", of: annotations, in: request) { flags.isPublic = value.isTruthy(in: request) }
      if let value = JSONParameters.value("loop", of: annotations, in: request) { flags.isLoop = value.isTruthy(in: request) }
      if let value = JSONParameters.value("cgi", of: annotations, in: request) { flags.isCGI = value.isTruthy(in: request) }
      if let value = JSONParameters.value("env", of: annotations, in: request) { flags.hasEnvironment = value.isTruthy(in: request) }
    }
    for own in 0..<5 { _ = merger.remove(Self.ownKey(own)) }
    var writer = TextWriter()
    merger.writeParameters(into: &writer)
    guard !writer.isBroken else { throw .noMemory }
    readFlags(writer.buffer.span)
    text = try EntityChange.checked(writer.finish(), "annotations")
  }

  private mutating func readFlags(_ list: Span<UInt8>) {
    let value = JSONValue(checked: 0..<list.count, of: list)
    flags.isWeb = JSONParameters.value("web-export", of: value, in: list)?.boolean ?? false
    flags.isRawHTTP = JSONParameters.value("raw-http", of: value, in: list)?.boolean ?? false
    flags.needsWhiskAuth = JSONParameters.value("require-whisk-auth", of: value, in: list) != nil
    flags.hasFinalParameters = JSONParameters.value("final", of: value, in: list)?.boolean ?? false
    flags.isFeed = JSONParameters.value("feed", of: value, in: list) != nil
  }

  /// Keys that are written from the record.
  private static func ownKey(_ index: Int) -> StaticString {
    switch index {
    case 0: "exec"
    case 1: "public"
    case 2: "loop"
    case 3: "cgi"
    default: "env"
    }
  }

  private mutating func delete(_ names: JSONValue?, in request: Span<UInt8>, from merger: inout JSONMerger) throws(EntityError) {
    guard let names else { return }
    var elements = JSONElements(names)
    while let name = elements.next(in: request) {
      guard name.kind == .string else { throw .wrongType("delAnnotations", "an array of strings") }
      if name.equals("public", in: request) { flags.isPublic = false }
      if name.equals("loop", in: request) { flags.isLoop = false }
      if name.equals("cgi", in: request) { flags.isCGI = false }
      if name.equals("env", in: request) { flags.hasEnvironment = false }
      _ = merger.remove(name, of: request)
    }
  }

  /// Moves the annotations to `change`.
  public consuming func move(to change: inout EntityChange) { change.annotations = text }
}

extension JSONValue {
  /// What OpenWhisk takes for true: `true`, numbers but zero, strings but the empty one, objects and arrays.
  public func isTruthy(in text: Span<UInt8>) -> Bool {
    switch kind {
    case .yes, .object, .array: true
    case .no, .null: false
    case .string: end &- start > 2
    case .number: integer(in: text) != 0
    }
  }
}
