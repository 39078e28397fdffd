// What a path means. One function to add to when a resource is added.
// Out of scope: authentication and names, which need the tables (the server).

import Base
import Bytes
public import HTTP

/// Entities of one kind.
public enum Collection: UInt8, Sendable, BitwiseCopyable {
  case actions, packages, triggers, rules

  /// Its name in paths.
  public var text: StaticString {
    switch self {
    case .actions: "actions"
    case .packages: "packages"
    case .triggers: "triggers"
    case .rules: "rules"
    }
  }
}

/// A resource of the server.
public enum Resource: UInt8, Sendable, BitwiseCopyable {
  /// `/`
  case root
  /// `/healthz`
  case health
  /// `/metrics`
  case metrics
  /// `/api/v1`
  case information
  /// `/api/v1/namespaces`
  case namespaces
  /// `/api/v1/namespaces/{namespace}/limits`
  case limits
  /// `/api/v1/namespaces/{namespace}/{collection}`; for actions also `…/actions/{package}/`, those of one package.
  case list
  /// `/api/v1/namespaces/{namespace}/{collection}/{name}`; for actions also `…/actions/{package}/{name}`.
  case entity
  /// `/api/v1/namespaces/{namespace}/activations`
  case activations
  /// `…/activations/{id}`, `…/{id}/logs` and `…/{id}/result`
  case activation, activationLogs, activationResult
  /// `/api/v1/web/{namespace}/{package}/{name}[.{extension}][/path]`
  case webAction
  /// `/api/v1/swiftlet/counters`
  case counters
  /// `/function/{name}[.{namespace}][/path]` and `/async-function/…`
  case function, asyncFunction
  /// `*`: the server as a whole.
  case server
  case unknown

  /// Whether the reply tells browsers that scripts of other origins may read it.
  public var isAPI: Bool {
    switch self {
    case .root, .health, .metrics, .webAction, .function, .asyncFunction, .server, .unknown: false
    default: true
    }
  }

  /// Whether the resource is an action that takes requests as they are, with any method.
  public var isFunction: Bool { self == .function || self == .asyncFunction || self == .webAction }
}

/// Methods as a set.
struct MethodSet: OptionSet {
  let rawValue: UInt16

  static var get: MethodSet { MethodSet(.get) }
  static var head: MethodSet { MethodSet(.head) }
  static var post: MethodSet { MethodSet(.post) }
  static var put: MethodSet { MethodSet(.put) }
  static var delete: MethodSet { MethodSet(.delete) }
  static var options: MethodSet { MethodSet(.options) }
  static var read: MethodSet { [.get, .head, .options] }
  static var functions: MethodSet { [.read, .post, .put, .delete, MethodSet(.patch)] }

  init(rawValue: UInt16) { self.rawValue = rawValue }
  init(_ method: HTTPMethod) { rawValue = 1 << UInt16(method.rawValue) }

  /// The value of an Allow header.
  var text: StaticString {
    switch self {
    case [.read, .put, .delete]: "GET, HEAD, PUT, DELETE, OPTIONS"
    case [.read, .post, .put, .delete]: "GET, HEAD, POST, PUT, DELETE, OPTIONS"
    case .functions: "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
    case .options: "OPTIONS"
    default: "GET, HEAD, OPTIONS"
    }
  }
}

/// A path's resource and the names in it, still percent-encoded; ranges count from the request's first byte.
public struct Route: Sendable, BitwiseCopyable {
  public private(set) var resource = Resource.unknown
  public private(set) var collection = Collection.actions
  public private(set) var namespace = ByteRange.absent
  /// The package that an action's name is in; absent where there is none.
  public private(set) var package = ByteRange.absent
  /// An entity's or activation's name; a web action's with its extension.
  public private(set) var name = ByteRange.absent

  /// Finds what the path at `range` of `request` means.
  public init(_ range: ByteRange, in request: Span<UInt8>) {
    guard !range.isAbsent else { return }
    let path = request.extracting(range)
    let base = Int(range.start)
    var segments = PathSegments()
    guard path[0] == 0x2f, let first = segments.next(in: path) else {
      if path.equals("*") { resource = .server }
      return
    }
    let head = path.extracting(first)
    switch head.count {
    case 8 where head.equals("function"): setFunction(.function, &segments, path, base)
    case 14 where head.equals("async-function"): setFunction(.asyncFunction, &segments, path, base)
    default: setRare(head, &segments, path, base)
    }
  }

  private mutating func setFunction(_ resource: Resource, _ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let name = segments.next(in: path), !name.isEmpty else { return }
    self.resource = resource
    self.name = Self.range(name, base)
  }

  @_optimize(size) @inline(never)
  private mutating func setRare(_ head: Span<UInt8>, _ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    if head.isEmpty && path.count == 1 {
      resource = .root
    } else if head.equals("healthz") && path.count == 8 {
      resource = .health
    } else if head.equals("metrics") && path.count == 8 {
      resource = .metrics
    } else if head.equals("api"), let version = segments.next(in: path), path.extracting(version).equals("v1") {
      setAPI(&segments, path, base)
    }
  }

  /// Below `/api/v1`.
  @_optimize(size)
  private mutating func setAPI(_ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let area = segments.next(in: path), !area.isEmpty else {
      if segments.rest(of: path).isEmpty { resource = .information }
      return
    }
    let text = path.extracting(area)
    if text.equals("namespaces") {
      setNamespaces(&segments, path, base)
    } else if text.equals("web") {
      setWeb(&segments, path, base)
    } else if text.equals("swiftlet"), let name = segments.next(in: path), path.extracting(name).equals("counters"),
      segments.rest(of: path).isEmpty
    {
      resource = .counters
    }
  }

  /// Below `/api/v1/namespaces`.
  @_optimize(size)
  private mutating func setNamespaces(_ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let owner = segments.next(in: path), !owner.isEmpty else {
      if segments.rest(of: path).isEmpty { resource = .namespaces }
      return
    }
    guard let collection = segments.next(in: path) else { return }
    namespace = Self.range(owner, base)
    let text = path.extracting(collection)
    if text.equals("limits") {
      if segments.rest(of: path).isEmpty { resource = .limits }
    } else if text.equals("activations") {
      setActivations(&segments, path, base)
    } else if let known = Self.collection(text) {
      self.collection = known
      setEntities(&segments, path, base)
    }
  }

  private static func collection(_ text: Span<UInt8>) -> Collection? {
    if text.equals("actions") { return .actions }
    if text.equals("packages") { return .packages }
    if text.equals("triggers") { return .triggers }
    return text.equals("rules") ? .rules : nil
  }

  /// Below `/api/v1/namespaces/{namespace}/{collection}`.
  @_optimize(size)
  private mutating func setEntities(_ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let first = segments.next(in: path), !first.isEmpty else {
      if segments.rest(of: path).isEmpty { resource = .list }
      return
    }
    guard collection == .actions, let second = segments.next(in: path) else {
      guard segments.rest(of: path).isEmpty else { return }
      name = Self.range(first, base)
      resource = .entity
      return
    }
    guard segments.rest(of: path).isEmpty else { return }
    package = Self.range(first, base)
    if second.isEmpty {
      resource = .list
    } else {
      name = Self.range(second, base)
      resource = .entity
    }
  }

  /// Below `/api/v1/namespaces/{namespace}/activations`.
  @_optimize(size)
  private mutating func setActivations(_ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let id = segments.next(in: path), !id.isEmpty else {
      if segments.rest(of: path).isEmpty { resource = .activations }
      return
    }
    name = Self.range(id, base)
    guard let part = segments.next(in: path) else {
      resource = .activation
      return
    }
    guard segments.rest(of: path).isEmpty else { return }
    if path.extracting(part).equals("logs") {
      resource = .activationLogs
    } else if path.extracting(part).equals("result") {
      resource = .activationResult
    }
  }

  /// Below `/api/v1/web`.
  @_optimize(size)
  private mutating func setWeb(_ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let owner = segments.next(in: path), !owner.isEmpty, let package = segments.next(in: path), !package.isEmpty,
      let name = segments.next(in: path), !name.isEmpty
    else { return }
    namespace = Self.range(owner, base)
    self.package = Self.range(package, base)
    self.name = Self.range(name, base)
    resource = .webAction
  }

  private static func range(_ segment: Range<Int>, _ base: Int) -> ByteRange {
    ByteRange(start: base &+ segment.lowerBound, end: base &+ segment.upperBound)
  }

  /// Methods that are served.
  private var methods: MethodSet {
    switch resource {
    case .function, .asyncFunction, .webAction: .functions
    case .entity where collection == .packages: [.read, .put, .delete]
    case .entity: [.read, .post, .put, .delete]
    case .server, .unknown: .options
    default: .read
    }
  }

  /// Whether requests with this method are served. OPTIONS is, for everything known; a function gets it itself.
  @inline(__always)
  public func allows(_ method: HTTPMethod) -> Bool {
    if resource == .function { return method != .trace && method != .connect }
    return allowsRare(method)
  }

  @_optimize(size) @inline(never)
  private func allowsRare(_ method: HTTPMethod) -> Bool {
    if resource == .asyncFunction { return method != .trace && method != .connect }
    return methods.contains(MethodSet(method))
  }

  /// The value of an Allow header.
  @_optimize(size) @inline(never)
  public func allow() -> StaticString { methods.text }
}
