// The query parameters of a deployment and of a list.

import Base
import Bytes
import HTTP

/// What `PUT …/actions/{name}?public=&timeout=&memory=&overwrite=` asks for; nil is what the query leaves open.
public struct DeployParameters: Equatable, Sendable, BitwiseCopyable {
  public var isPublic: Bool? = nil
  /// Milliseconds, 100 to 300000.
  public var timeout: UInt32? = nil
  /// Megabytes, 1 to 512.
  public var memory: Int? = nil
  /// Whether an action of that name may be replaced. OpenWhisk's default is false; ours, for the ELF upload that
  /// OpenWhisk has not, is true, so that `curl -T` may be repeated.
  public var overwrites = true

  /// Whether invocations go on from a snapshot taken at the first read of the input.
  public var isLoop: Bool? = nil

  public init() {}

  /// Parses a query; unknown parameters are ignored.
  public init(parsing query: Span<UInt8>) throws(APIError) {
    if let value = QueryString.value(of: "public", in: query) {
      guard let flag = Parameter.flag(query.extracting(value)) else { throw .badPublic }
      isPublic = flag
    }
    if let value = QueryString.value(of: "overwrite", in: query) {
      guard let flag = Parameter.flag(query.extracting(value)) else { throw .badOverwrite }
      overwrites = flag
    }
    if let value = QueryString.value(of: "loop", in: query) {
      guard let flag = Parameter.flag(query.extracting(value)) else { throw .badLoop }
      isLoop = flag
    }
    if let value = QueryString.value(of: "timeout", in: query) {
      guard let number = ASCII.decimal(query.extracting(value), limit: 300_000), number >= 100 else { throw .badTimeout }
      timeout = UInt32(truncatingIfNeeded: number)
    }
    if let value = QueryString.value(of: "memory", in: query) {
      guard let number = ASCII.decimal(query.extracting(value), limit: 512), number >= 1 else { throw .badMemory }
      memory = Int(number)
    }
  }
}

/// What `?limit=&skip=&count=` asks of a list.
public struct ListPage: Equatable, Sendable, BitwiseCopyable {
  /// Entries at most: 30 where the query says nothing, 200 where it says 0.
  public var limit = 30
  public var skip = 0
  /// Whether only the number of entries is wanted.
  public var countsOnly = false

  public init() {}

  public init(parsing query: Span<UInt8>) throws(APIError) {
    if let value = QueryString.value(of: "limit", in: query) {
      guard let number = ASCII.decimal(query.extracting(value), limit: 200) else { throw .badPage }
      limit = number == 0 ? 200 : Int(number)
    }
    if let value = QueryString.value(of: "skip", in: query) {
      guard let number = ASCII.decimal(query.extracting(value), limit: UInt64(Int32.max)) else { throw .badPage }
      skip = Int(number)
    }
    if let value = QueryString.value(of: "count", in: query) {
      guard let flag = Parameter.flag(query.extracting(value)) else { throw .badPage }
      countsOnly = flag
    }
  }
}

enum Parameter {
  /// `true` or `false`.
  static func flag(_ value: Span<UInt8>) -> Bool? {
    value.equalsIgnoringCase("true") ? true : value.equalsIgnoringCase("false") ? false : nil
  }
}
