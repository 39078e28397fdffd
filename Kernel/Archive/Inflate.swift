// Unpacking of deflate streams (RFC 1951). Out of scope: the headers and check values of zlib and gzip, preset dictionaries, streams that
// arrive in pieces.

public import Bytes

/// A decoder for whole streams.
public enum Inflate {
  /// Appends what the stream at the beginning of `source` holds to `output`, at most `limit` bytes, for which room is made at once. Returns the bytes
  /// that the stream takes. Where it throws, `output` is as it was.
  ///
  /// The time is linear in `source.count` and `limit`: a stream of tiny blocks, each with codes of its own, is refused.
  public static func append(_ source: Span<UInt8>, to output: inout ByteBuffer, limit: Int) throws(InflateError) -> Int {
    let start = output.count
    guard output.appendZeros(limit) else { throw .outOfMemory }
    var inflater = Inflater(start: start, tableLimit: 64 &+ source.count / 128 &+ limit / 128)
    do throws(InflateError) {
      var bytes = output.mutableSpan
      try inflater.run(source, &bytes)
    } catch {
      output.truncate(to: start)
      throw error
    }
    output.truncate(to: inflater.end)
    return inflater.consumed
  }
}

/// The state between blocks: 9 KiB, most of it tables, on the stack; 14 while they are made.
private struct Inflater: ~Copyable {
  private var reader = BitReader()
  private var literals = HuffmanTable()
  private var distances = HuffmanTable()
  private var hasFixedCodes = false
  /// Times that codes may yet be made; each costs as much as some hundred bytes of data.
  private var tablesLeft: Int
  /// Where the stream's first byte is in the output.
  private let start: Int
  /// Where the next byte goes.
  private(set) var end: Int

  var consumed: Int { reader.consumed }

  init(start: Int, tableLimit: Int) {
    self.start = start
    end = start
    tablesLeft = tableLimit
  }

  @inline(never)
  mutating func run(_ source: Span<UInt8>, _ output: inout MutableSpan<UInt8>) throws(InflateError) {
    var isLast = false
    while !isLast {
      reader.refill(source)
      isLast = try reader.take(1) == 1
      switch try reader.take(2) {
      case 0: try copyStored(source, &output)
      case 1:
        try makeFixedCodes()
        try decodeBlock(source, &output)
      case 2:
        try makeDynamicCodes(source)
        try decodeBlock(source, &output)
      default: throw .badBlockType
      }
    }
  }

  /// RFC 1951 §3.2.4.
  private mutating func copyStored(_ source: Span<UInt8>, _ output: inout MutableSpan<UInt8>) throws(InflateError) {
    let header = try reader.takeBytes(4, source)
    let length = Int(source.loadLE16(header))
    guard source.loadLE16(header) == ~source.loadLE16(header &+ 2) else { throw .badStoredLength }
    let first = try reader.takeBytes(length, source)
    guard length <= output.count &- end else { throw .outputLimit }
    output.copy(source.extracting(first..<first &+ length), to: end)
    end &+= length
  }

  /// RFC 1951 §3.2.6.
  private mutating func makeFixedCodes() throws(InflateError) {
    guard !hasFixedCodes else { return }
    try countTables()
    var lengths: [288 of UInt8] = .init(repeating: 8)
    for symbol in 144..<256 { lengths[symbol] = 9 }
    for symbol in 256..<280 { lengths[symbol] = 7 }
    _ = literals.make(lengths.span, .literals)
    let five: [32 of UInt8] = .init(repeating: 5)
    _ = distances.make(five.span, .distances)
    hasFixedCodes = true
  }

  /// RFC 1951 §3.2.7.
  private mutating func makeDynamicCodes(_ source: Span<UInt8>) throws(InflateError) {
    try countTables()
    hasFixedCodes = false
    reader.refill(source)
    let literalCount = try reader.take(5) &+ 257
    let distanceCount = try reader.take(5) &+ 1
    let lengthCount = try reader.take(4) &+ 4
    guard literalCount <= 286, distanceCount <= 30 else { throw .tooManySymbols }
    try makeCodeLengthCode(lengthCount, source)

    var lengths: [316 of UInt8] = .init(repeating: 0)
    try readLengths(literalCount &+ distanceCount, source, &lengths)
    guard lengths[256] != 0 else { throw .noEndOfBlock }
    guard literals.make(lengths.span.extracting(0..<literalCount), .literals) else { throw .badLiteralCode }
    guard distances.make(lengths.span.extracting(literalCount..<literalCount &+ distanceCount), .distances) else { throw .badDistanceCode }
  }

  private mutating func countTables() throws(InflateError) {
    guard tablesLeft > 0 else { throw .tooManyBlocks }
    tablesLeft &-= 1
  }

  /// The code of code lengths is in the distances' place until these are known.
  private mutating func makeCodeLengthCode(_ count: Int, _ source: Span<UInt8>) throws(InflateError) {
    let order: [19 of UInt8] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var lengths: [19 of UInt8] = .init(repeating: 0)
    for index in 0..<count {
      reader.refill(source)
      lengths[Int(order[index])] = UInt8(truncatingIfNeeded: try reader.take(3))
    }
    guard distances.make(lengths.span, .codeLengths) else { throw .badCodeLengthCode }
  }

  private mutating func readLengths(_ count: Int, _ source: Span<UInt8>, _ lengths: inout [316 of UInt8]) throws(InflateError) {
    var at = 0
    while at < count {
      reader.refill(source)
      let entry = distances.entry(reader.bits)
      try reader.drop(entry.length)
      var length = UInt8(truncatingIfNeeded: entry.value)
      var times = 1
      switch entry.value {
      case 16:
        guard at > 0 else { throw .badRepeat }
        length = lengths[at &- 1]
        times = try reader.take(2) &+ 3
      case 17:
        length = 0
        times = try reader.take(3) &+ 3
      case 18:
        length = 0
        times = try reader.take(7) &+ 11
      default: break
      }
      guard times <= count &- at else { throw .badRepeat }
      for index in at..<at &+ times { lengths[index] = length }
      at &+= times
    }
  }

  /// RFC 1951 §3.2.3. The longest step takes 48 bits: two codes of 15, 5 extra bits of a length, 13 of a distance.
  @inline(never)
  private mutating func decodeBlock(_ source: Span<UInt8>, _ output: inout MutableSpan<UInt8>) throws(InflateError) {
    var reader = self.reader
    var at = end
    while true {
      if reader.count < 48 { reader.refill(source) }
      let entry = literals.entry(reader.bits)
      try reader.drop(entry.length)
      if entry.isLiteral {
        guard at < output.count else { throw .outputLimit }
        output[at] = UInt8(truncatingIfNeeded: entry.value)
        at &+= 1
        continue
      }
      if entry.isExceptional {
        guard entry.isEnd else { throw .badSymbol }
        break
      }
      let length = entry.value &+ (try reader.take(entry.extraBits))
      let place = distances.entry(reader.bits)
      try reader.drop(place.length)
      guard !place.isExceptional else { throw .badSymbol }
      let distance = place.value &+ (try reader.take(place.extraBits))
      guard distance <= at &- start else { throw .distanceTooFar }
      guard length <= output.count &- at else { throw .outputLimit }
      Self.repeatBytes(&output, at: at, distance: distance, length: length)
      at &+= length
    }
    self.reader = reader
    end = at
  }

  /// Writes at `at` what is `distance` before; the two may overlap, and what is written is then read again.
  @inline(__always)
  private static func repeatBytes(_ output: inout MutableSpan<UInt8>, at: Int, distance: Int, length: Int) {
    var to = at
    let end = at &+ length
    guard distance >= 8, output.count &- end >= 7 else {
      while to < end {
        output[to] = output[to &- distance]
        to &+= 1
      }
      return
    }
    // Up to seven bytes too many are written, where the next ones go.
    while to < end {
      output.storeLE64(output.span.loadLE64(to &- distance), at: to)
      to &+= 8
    }
  }
}
