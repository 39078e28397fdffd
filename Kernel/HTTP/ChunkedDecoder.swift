// The chunked transfer coding (RFC 9112 §7.1), decoded in place: the body ends up contiguous where its first chunk began.
// Chunk extensions and trailers are bounded and dropped. Out of scope: trailers as data, other transfer codings.

import Base
public import Bytes

/// Why a chunked body is refused. The connection cannot be used after it.
public enum ChunkError: UInt8, Error, Sendable, BitwiseCopyable {
  case malformedSize, malformedLineEnd, extensionsTooLong, trailersTooLong, bodyTooLarge

  public var status: HTTPStatus {
    switch self {
    case .bodyTooLarge: .contentTooLarge
    case .trailersTooLong: .headerFieldsTooLarge
    default: .badRequest
    }
  }

  /// What is wrong; needs no JSON escapes.
  public var text: StaticString {
    switch self {
    case .malformedSize: "A chunk size is malformed."
    case .malformedLineEnd: "A chunk does not end in CR LF."
    case .extensionsTooLong: "The chunk extensions are too long."
    case .trailersTooLong: "The trailers are too long."
    case .bodyTooLarge: "The request body is too large."
    }
  }
}

/// A chunked body in the course of arriving.
public struct ChunkedDecoder: Sendable, BitwiseCopyable {
  private enum Phase: UInt8, Sendable, BitwiseCopyable {
    case size, chunkExtension, sizeLineFeed, data, dataReturn, dataLineFeed, trailerStart, trailer, trailerLineFeed, endLineFeed
  }

  /// Bytes that all the chunk extensions of one body, or all its trailers, may have.
  public static let overheadLimit = 4096

  /// Decoded bytes so far: they begin where the body began.
  public private(set) var count = 0
  private let start: Int
  private let limit: Int
  private var phase = Phase.size
  private var sizeDigits: UInt8 = 0
  /// The size that is being read, then the bytes of the chunk still to come.
  private var remaining = 0
  private var extensionBytes = 0
  private var trailerBytes = 0

  /// A body that begins at byte `start` of its buffer and may have `limit` bytes when decoded.
  public init(start: Int, limit: Int) {
    self.start = start
    self.limit = limit
  }

  /// Decodes what has arrived: everything in `buffer` from `start + count` on is new since the last call.
  ///
  /// Returns nil where more is to come: `buffer` then ends with the decoded bytes. Returns, when the body is complete, the place in `buffer`
  /// of the first byte after it; between `start + count` and there the bytes mean nothing.
  public mutating func decode(_ buffer: inout ByteBuffer) throws(ChunkError) -> Int? {
    var bytes = buffer.mutableSpan
    let total = bytes.count
    var at = start &+ count
    while at < total {
      if phase == .data {
        let length = min(remaining, total &- at)
        bytes.move(from: at, to: start &+ count, length: length)
        count &+= length
        at &+= length
        remaining &-= length
        if remaining == 0 { phase = .dataReturn }
        continue
      }
      let byte = bytes[at]
      at &+= 1
      if try step(byte) { return at }
    }
    buffer.truncate(to: start &+ count)
    return nil
  }

  /// One byte outside the data; true after the last of the body.
  private mutating func step(_ byte: UInt8) throws(ChunkError) -> Bool {
    switch phase {
    case .size: try size(byte)
    case .chunkExtension:
      if byte == 0x0d {
        phase = .sizeLineFeed
      } else {
        guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else { throw .malformedSize }
        extensionBytes &+= 1
        guard extensionBytes <= Self.overheadLimit else { throw .extensionsTooLong }
      }
    case .sizeLineFeed:
      guard byte == 0x0a else { throw .malformedLineEnd }
      sizeDigits = 0
      phase = remaining == 0 ? .trailerStart : .data
    case .data: break
    case .dataReturn:
      guard byte == 0x0d else { throw .malformedLineEnd }
      phase = .dataLineFeed
    case .dataLineFeed:
      guard byte == 0x0a else { throw .malformedLineEnd }
      phase = .size
    case .trailerStart, .trailer:
      if byte == 0x0d {
        phase = phase == .trailerStart ? .endLineFeed : .trailerLineFeed
      } else {
        guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else { throw .malformedLineEnd }
        phase = .trailer
        trailerBytes &+= 1
        guard trailerBytes <= Self.overheadLimit else { throw .trailersTooLong }
      }
    case .trailerLineFeed:
      guard byte == 0x0a else { throw .malformedLineEnd }
      phase = .trailerStart
    case .endLineFeed:
      guard byte == 0x0a else { throw .malformedLineEnd }
      return true
    }
    return false
  }

  /// One byte of the chunk's size, or the first after it.
  private mutating func size(_ byte: UInt8) throws(ChunkError) {
    if let digit = ASCII.hexValue(byte) {
      // Sixteen digits with leading zeros are as many as anyone writes; more could hide a size.
      guard sizeDigits < 16 else { throw .malformedSize }
      sizeDigits &+= 1
      if sizeDigits == 1 { remaining = 0 }
      guard remaining <= Int.max >> 5 else { throw .bodyTooLarge }
      remaining = remaining << 4 | Int(digit)
      guard remaining <= limit &- count else { throw .bodyTooLarge }
    } else {
      guard sizeDigits > 0 else { throw .malformedSize }
      switch byte {
      case 0x0d: phase = .sizeLineFeed
      case 0x3b: phase = .chunkExtension
      default: throw .malformedSize
      }
    }
  }
}
