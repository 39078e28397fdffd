// Taking one file out of a zip (PKWARE APPNOTE 6.3.10). Out of scope: ZIP64, archives in several parts, encryption, other methods than
// stored and deflated, and all other files of the archive.

public import Bytes

/// A zip that lies in memory as a whole.
public enum ZipArchive {
  /// Whether `bytes` begin as a zip does, an empty one included.
  public static func isZip(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= 4 else { return false }
    let signature = bytes.loadLE32(0)
    return signature == LocalHeader.signature || signature == EndRecord.signature
  }

  /// Appends the file named `name`, which is at the archive's top, to `output`, at most `limit` bytes of it. Where it throws, `output` is as it was.
  ///
  /// Sizes are looked at before memory is asked for, and both they and the CRC-32 have to be right in the end.
  @_optimize(size)
  public static func extract(
    named name: StaticString, from archive: Span<UInt8>, limit: Int, into output: inout ByteBuffer
  ) throws(ZipError) {
    guard isZip(archive) else { throw .notZip }
    let end = try EndRecord(findingIn: archive)
    let entry = try DirectoryEntry(named: name, end, in: archive)
    let size = try entry.checkedSize(limit: limit)
    let data = try LocalHeader.data(of: entry, before: end.directory.lowerBound, in: archive)

    let start = output.count
    do throws(ZipError) {
      try unpack(archive.extracting(data), entry.method, size: size, into: &output)
      guard CRC32.checksum(of: output.span.extracting(start..<output.count)) == entry.checksum else { throw .badChecksum }
    } catch {
      output.truncate(to: start)
      throw error
    }
  }

  private static func unpack(_ data: Span<UInt8>, _ method: CompressionMethod, size: Int, into output: inout ByteBuffer) throws(ZipError) {
    guard method == .deflated else {
      guard output.append(data) else { throw .outOfMemory }
      return
    }
    let start = output.count
    let consumed: Int
    do throws(InflateError) {
      consumed = try Inflate.append(data, to: &output, limit: size)
    } catch {
      switch error {
      case .outputLimit: throw .sizeMismatch
      case .outOfMemory: throw .outOfMemory
      default: throw .badData(error)
      }
    }
    guard consumed == data.count, output.count &- start == size else { throw .sizeMismatch }
  }
}
