// The records of a zip that are needed to find one file (PKWARE APPNOTE 4.3). Every offset is checked where it is read.

import Bytes

/// How a file's data is kept (APPNOTE 4.4.5).
enum CompressionMethod: UInt16 {
  case stored = 0
  case deflated = 8
}

/// The end of central directory record (APPNOTE 4.3.16).
struct EndRecord {
  static let signature: UInt32 = 0x0605_4b50
  private static let size = 22
  /// Bytes that the archive's comment may have.
  private static let commentLimit = 0xffff

  /// Where the central directory is in the archive: it ends before this record.
  let directory: Range<Int>
  /// Entries that the central directory has.
  let entryCount: Int

  /// Finds the record, which is the archive's last but for a comment.
  @_optimize(size)
  init(findingIn archive: Span<UInt8>) throws(ZipError) {
    let at = try Self.position(in: archive)
    let disk = archive.loadLE16(at &+ 4)
    let directoryDisk = archive.loadLE16(at &+ 6)
    let diskEntries = archive.loadLE16(at &+ 8)
    let entries = archive.loadLE16(at &+ 10)
    let length = archive.loadLE32(at &+ 12)
    let offset = archive.loadLE32(at &+ 16)
    guard disk != .max, entries != .max, length != .max, offset != .max else { throw .zip64 }
    guard disk == 0, directoryDisk == 0, diskEntries == entries else { throw .multiDisk }
    guard Int(offset) &+ Int(length) <= at else { throw .directoryOutsideFile }
    directory = Int(offset)..<Int(offset) &+ Int(length)
    entryCount = Int(entries)
  }

  /// The last place where a record's comment ends with the archive.
  private static func position(in archive: Span<UInt8>) throws(ZipError) -> Int {
    var at = archive.count &- size
    let first = max(0, at &- commentLimit)
    while at >= first {
      if archive.loadLE32(at) == signature, Int(archive.loadLE16(at &+ 20)) == archive.count &- size &- at { return at }
      at &-= 1
    }
    throw .truncated
  }
}

/// What the central directory says of one file (APPNOTE 4.3.12).
struct DirectoryEntry {
  private static let signature: UInt32 = 0x0201_4b50
  private static let size = 46
  /// A byte of deflate data stands for at most 1032: 258 by a length and a distance of one bit each.
  private static let greatestRatio = 1032

  let flags: UInt16
  let method: CompressionMethod
  let checksum: UInt32
  let compressedSize: UInt32
  let uncompressedSize: UInt32
  let localHeader: UInt32
  /// The name's place in the archive.
  let name: Range<Int>

  /// Finds the file `name`; all of the directory is walked over, so that there is no second one.
  @_optimize(size)
  init(named name: StaticString, _ end: EndRecord, in archive: Span<UInt8>) throws(ZipError) {
    var found: Int?
    var isInFolder = false
    var at = end.directory.lowerBound
    for _ in 0..<end.entryCount {
      let entryName = try Self.name(at, end.directory.upperBound, archive)
      if archive.extracting(entryName).equals(name) {
        guard found == nil else { throw .duplicate }
        found = at
      } else if Self.isFile(name, inFolder: archive.extracting(entryName)) {
        isInFolder = true
      }
      at = entryName.upperBound &+ Int(archive.loadLE16(at &+ 30)) &+ Int(archive.loadLE16(at &+ 32))
      guard at <= end.directory.upperBound else { throw .badDirectory }
    }
    guard at == end.directory.upperBound else { throw .badDirectory }
    guard let found else { throw isInFolder ? .onlyInFolder : .notFound }
    try self.init(at: found, in: archive)
  }

  /// Where the name of the entry at `at` is.
  private static func name(_ at: Int, _ end: Int, _ archive: Span<UInt8>) throws(ZipError) -> Range<Int> {
    guard end &- at >= size, archive.loadLE32(at) == signature else { throw .badDirectory }
    let length = Int(archive.loadLE16(at &+ 28))
    guard length <= end &- at &- size else { throw .badDirectory }
    return at &+ size..<at &+ size &+ length
  }

  /// Whether `path` ends in a slash and `name`.
  private static func isFile(_ name: StaticString, inFolder path: Span<UInt8>) -> Bool {
    let length = name.utf8CodeUnitCount
    guard path.count > length else { return false }
    let start = path.count &- length
    return path[start &- 1] == 0x2f && path.extracting(start..<path.count).equals(name)
  }

  private init(at: Int, in archive: Span<UInt8>) throws(ZipError) {
    flags = archive.loadLE16(at &+ 8)
    checksum = archive.loadLE32(at &+ 16)
    compressedSize = archive.loadLE32(at &+ 20)
    uncompressedSize = archive.loadLE32(at &+ 24)
    localHeader = archive.loadLE32(at &+ 42)
    name = at &+ Self.size..<at &+ Self.size &+ Int(archive.loadLE16(at &+ 28))
    // Bits 0, 6 and 13: encrypted, strongly so, and with a directory that hides its values (APPNOTE 4.4.4).
    guard flags & 0x2041 == 0 else { throw .encrypted }
    guard compressedSize != .max, uncompressedSize != .max, localHeader != .max else { throw .zip64 }
    guard archive.loadLE16(at &+ 34) == 0 else { throw .multiDisk }
    let number = archive.loadLE16(at &+ 10)
    guard let method = CompressionMethod(rawValue: number) else { throw .unsupportedMethod(number) }
    self.method = method
  }

  /// The size of the file, where it is one that the data can have and is not above `limit`.
  func checkedSize(limit: Int) throws(ZipError) -> Int {
    let size = Int(uncompressedSize)
    switch method {
    case .stored: guard size == Int(compressedSize) else { throw .badSizes }
    case .deflated: guard size <= Int(compressedSize) &* Self.greatestRatio else { throw .badSizes }
    }
    guard size <= limit else { throw .tooLarge }
    return size
  }
}

/// The header before a file's data (APPNOTE 4.3.7).
enum LocalHeader {
  static let signature: UInt32 = 0x0403_4b50
  private static let size = 30

  /// Where the data of `entry` is: it ends before the central directory, and its header says what the directory says.
  @_optimize(size)
  static func data(of entry: DirectoryEntry, before end: Int, in archive: Span<UInt8>) throws(ZipError) -> Range<Int> {
    let at = Int(entry.localHeader)
    guard at <= end &- size else { throw .dataOutsideFile }
    let name = at &+ size..<at &+ size &+ Int(archive.loadLE16(at &+ 26))
    guard archive.loadLE32(at) == signature, name.upperBound <= end, archive.extracting(name).equals(archive.extracting(entry.name)),
      archive.loadLE16(at &+ 8) == entry.method.rawValue, archive.loadLE16(at &+ 6) & 1 == 0, hasSizes(of: entry, at, archive)
    else { throw .badLocalHeader }
    let start = name.upperBound &+ Int(archive.loadLE16(at &+ 28))
    guard Int(entry.compressedSize) <= end &- start else { throw .dataOutsideFile }
    return start..<start &+ Int(entry.compressedSize)
  }

  /// With bit 3 the sizes and the checksum were not known when the header was written, and follow the data (APPNOTE 4.3.9): only the
  /// directory's count.
  private static func hasSizes(of entry: DirectoryEntry, _ at: Int, _ archive: Span<UInt8>) -> Bool {
    archive.loadLE16(at &+ 6) & 8 != 0
      || archive.loadLE32(at &+ 14) == entry.checksum && archive.loadLE32(at &+ 18) == entry.compressedSize
        && archive.loadLE32(at &+ 22) == entry.uncompressedSize
  }
}
