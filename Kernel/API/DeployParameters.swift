// The query parameters of a deployment, of an invocation and of requests about one entity. Out of scope: lists (ListQuery.swift).

import Base
import Bytes
import HTTP

/// What `PUT …/actions/{name}?public=&timeout=&memory=&overwrite=&cgi=&env=&output=&logs=&loop=` asks for; nil is what the query leaves open.
public struct DeployParameters: Equatable, Sendable, BitwiseCopyable {
  public var isPublic: Bool? = nil
  /// Milliseconds, 100 to 300000.
  public var timeout: UInt32? = nil
  /// Megabytes, 1 to 512.
  public var memory: Int? = nil
  /// Whether an action of that name may be replaced. OpenWhisk's default is false; ours, for the upload of a file, which
  /// OpenWhisk has not, is true, so that `curl -T` may be repeated.
  public var overwrites: Bool? = nil

  /// Whether invocations go on from a snapshot taken at the first read of the input.
  public var isLoop: Bool? = nil

  public init() {}

  /// Whether the action writes CGI response headers, and gets the variables.
  public var isCGI: Bool? = nil
  /// Whether the action gets CGI's and OpenWhisk's variables.
  public var hasEnvironment: Bool? = nil
  /// Bytes of standard output, 1 to 16 MiB.
  public var output: Int? = nil
  /// Bytes of log, 0 to 1 MiB.
  public var logs: Int? = nil

  /// Parses a query; unknown parameters are ignored.
  public init(parsing query: Span<UInt8>) throws(APIError) {
    isPublic = try Parameter.flag("public", in: query, .badPublic)
    overwrites = try Parameter.flag("overwrite", in: query, .badOverwrite)
    timeout = try Parameter.number("timeout", in: query, 100...300_000, .badTimeout).map { UInt32(truncatingIfNeeded: $0) }
    memory = try Parameter.number("memory", in: query, 1...512, .badMemory)
    isLoop = try Parameter.flag("loop", in: query, .badLoop)
    isCGI = try Parameter.flag("cgi", in: query, .badCGI)
    hasEnvironment = try Parameter.flag("env", in: query, .badEnvironment)
    output = try Parameter.number("output", in: query, 1...16 << 20, .badOutput)
    logs = try Parameter.number("logs", in: query, 0...1 << 20, .badLogs)
  }
}

/// What `POST …/actions/{name}?blocking=&result=&timeout=` asks for.
public struct InvokeParameters: Equatable, Sendable, BitwiseCopyable {
  /// The longest that a client may wait, and what it waits where it says nothing; milliseconds.
  public static var longestWait: Int { 60_000 }

  public var isBlocking = false
  public var wantsResult = false
  public var waitMilliseconds = UInt32(InvokeParameters.longestWait)

  public init() {}

  @_optimize(speed) @inline(never)
  public init(parsing query: Span<UInt8>) throws(APIError) {
    var blocking: Bool?
    var result: Bool?
    var wait: Int?
    // In one walk: this is done for every invocation. The first of a name counts.
    var pairs = QueryPairs()
    while let pair = pairs.next(in: query) {
      let name = query.extracting(pair.name)
      let value = query.extracting(pair.value)
      if blocking == nil, name.equals("blocking") {
        blocking = try Parameter.flag(value, .badBlocking)
      } else if result == nil, name.equals("result") {
        result = try Parameter.flag(value, .badResult)
      } else if wait == nil, name.equals("timeout") {
        wait = try Parameter.number(value, 1...Self.longestWait, .badWait)
      }
    }
    isBlocking = blocking ?? false
    wantsResult = result ?? false
    waitMilliseconds = UInt32(truncatingIfNeeded: wait ?? Self.longestWait)
  }
}

/// Flags that some requests about entities have.
public enum EntityFlag {
  /// `overwrite` of PUT: whether an entity of that name may be changed.
  public static func overwrites(_ query: Span<UInt8>) throws(APIError) -> Bool {
    try Parameter.flag("overwrite", in: query, .badOverwrite) ?? false
  }

  /// `code` of GET: whether an action is shown with its code.
  public static func showsCode(_ query: Span<UInt8>) throws(APIError) -> Bool {
    try Parameter.flag("code", in: query, .badCode) ?? true
  }

  /// `force` of DELETE: whether a package goes with what is in it.
  public static func forces(_ query: Span<UInt8>) throws(APIError) -> Bool {
    try Parameter.flag("force", in: query, .badForce) ?? false
  }
}

/// Values of parameters; nil where the query has none of the name.
enum Parameter {
  /// `true` or `false`.
  @inline(never)
  static func flag(_ name: StaticString, in query: Span<UInt8>, _ error: APIError) throws(APIError) -> Bool? {
    guard let place = QueryString.value(of: name, in: query) else { return nil }
    return try flag(query.extracting(place), error)
  }

  @inline(never)
  static func flag(_ value: Span<UInt8>, _ error: APIError) throws(APIError) -> Bool {
    if value.equalsIgnoringCase("true") { return true }
    guard value.equalsIgnoringCase("false") else { throw error }
    return false
  }

  /// A decimal number inside `range`.
  @inline(never)
  static func number(
    _ name: StaticString, in query: Span<UInt8>, _ range: ClosedRange<Int>, _ error: APIError
  ) throws(APIError) -> Int? {
    guard let place = QueryString.value(of: name, in: query) else { return nil }
    return try number(query.extracting(place), range, error)
  }

  @inline(never)
  static func number(_ value: Span<UInt8>, _ range: ClosedRange<Int>, _ error: APIError) throws(APIError) -> Int {
    guard let number = ASCII.decimal(value, limit: UInt64(range.upperBound)), number >= UInt64(range.lowerBound)
    else { throw error }
    return Int(number)
  }
}
