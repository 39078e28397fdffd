// What a path means. One function to add to when a resource is added.
// Out of scope: authentication and names, which need the tables (the server).

import Base
import Bytes
public import HTTP

/// A resource of the server.
public enum Resource: UInt8, Sendable, BitwiseCopyable {
  /// `/`
  case root
  /// `/healthz`
  case health
  /// `/api/v1`
  case information
  /// `/api/v1/namespaces/{namespace}/actions`
  case actionList
  /// `/api/v1/namespaces/{namespace}/actions/{name}`
  case action
  /// `/api/v1/swiftlet/counters`
  case counters
  /// `/function/{name}[.{namespace}][/path]`
  case function
  /// `*`: the server as a whole.
  case server
  case unknown

  /// Whether the reply tells browsers that scripts of other origins may read it.
  public var isAPI: Bool {
    switch self {
    case .information, .actionList, .action, .counters: true
    default: false
    }
  }

  /// Whether requests with this method are served. OPTIONS is, for everything known; a function gets it itself.
  public func allows(_ method: HTTPMethod) -> Bool {
    switch self {
    case .function: method != .trace && method != .connect
    case .root, .health, .information, .actionList, .counters: method == .get || method == .head || method == .options
    case .action: method == .get || method == .head || method == .put || method == .delete || method == .options
    case .server, .unknown: method == .options
    }
  }

  /// The value of an Allow header.
  public var allow: StaticString {
    switch self {
    case .action: "GET, HEAD, PUT, DELETE, OPTIONS"
    case .function: "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
    case .server: "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"
    case .root, .health, .information, .actionList, .counters, .unknown: "GET, HEAD, OPTIONS"
    }
  }
}

/// A path's resource and the names in it, still percent-encoded; ranges count from the request's first byte.
public struct Route: Sendable, BitwiseCopyable {
  public private(set) var resource = Resource.unknown
  public private(set) var namespace = ByteRange.absent
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
    case 0 where path.count == 1: resource = .root
    case 7 where head.equals("healthz"): if path.count == 8 { resource = .health }
    case 8 where head.equals("function"):
      guard let name = segments.next(in: path), !name.isEmpty else { return }
      resource = .function
      self.name = ByteRange(start: base &+ name.lowerBound, end: base &+ name.upperBound)
    case 3 where head.equals("api"): setAPI(&segments, path, base)
    default: break
    }
  }

  /// Below `/api`.
  private mutating func setAPI(_ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let version = segments.next(in: path), path.extracting(version).equals("v1") else { return }
    guard let area = segments.next(in: path), !area.isEmpty else {
      if segments.rest(of: path).isEmpty { resource = .information }
      return
    }
    if path.extracting(area).equals("swiftlet") {
      if let name = segments.next(in: path), path.extracting(name).equals("counters"), segments.rest(of: path).isEmpty {
        resource = .counters
      }
      return
    }
    guard path.extracting(area).equals("namespaces"), let owner = segments.next(in: path), !owner.isEmpty,
      let collection = segments.next(in: path)
    else { return }
    namespace = ByteRange(start: base &+ owner.lowerBound, end: base &+ owner.upperBound)
    if path.extracting(collection).equals("actions") { setActions(&segments, path, base) }
  }

  /// Below `/api/v1/namespaces/{namespace}/actions`.
  private mutating func setActions(_ segments: inout PathSegments, _ path: Span<UInt8>, _ base: Int) {
    guard let name = segments.next(in: path), !name.isEmpty else {
      if segments.rest(of: path).isEmpty { resource = .actionList }
      return
    }
    guard segments.rest(of: path).isEmpty else { return }
    self.name = ByteRange(start: base &+ name.lowerBound, end: base &+ name.upperBound)
    resource = .action
  }
}
