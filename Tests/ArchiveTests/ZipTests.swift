import Archive
import Bytes
import Foundation
import Testing

/// The bytes of exec, or what was wrong.
func extract(_ archive: [UInt8], limit: Int = 1 << 20) -> Result<[UInt8], ZipError> {
  var output = ByteBuffer()
  check(output.append(StaticString("before")))
  do throws(ZipError) {
    try ZipArchive.extract(named: "exec", from: archive.span, limit: limit, into: &output)
    return .success(output.array(from: 6))
  } catch {
    check(output.count == 6)
    return .failure(error)
  }
}

@Suite struct ZipTests {
  private let content = [UInt8]("an executable".utf8)
  private let steps: [Step] = [.literal(1), .literal(2), .match(length: 100, distance: 2)]

  /// What is wrong with an archive of one file named exec, after a change.
  private func error(deflated: Bool = false, limit: Int = 1 << 20, _ change: (inout ZipBuilder) -> Void) -> ZipError? {
    var builder = ZipBuilder(deflated ? .init("exec", steps: steps) : .init("exec", content))
    change(&builder)
    if case .failure(let error) = extract(builder.bytes(), limit: limit) { return error }
    return nil
  }

  @Test(arguments: [Fixture.infoZip, Fixture.infoZipStored, Fixture.infoZipStreamed, Fixture.pythonStreamed]) func otherProgramsZips(_ zip: String) {
    #expect(extract([UInt8](Data(base64Encoded: zip)!)) == .success(Array(Fixture.executable.utf8)))
  }

  @Test(arguments: [
    (Fixture.infoZipFolder, .onlyInFolder), (Fixture.infoZipEncrypted, .encrypted), (Fixture.pythonBzip2, .unsupportedMethod(12)),
    (Fixture.infoZipZIP64, .zip64),
  ] as [(String, ZipError)])
  func otherProgramsZipsThatAreRefused(_ zip: String, _ error: ZipError) {
    #expect(extract([UInt8](Data(base64Encoded: zip)!)) == .failure(error))
  }

  @Test func storedAndDeflated() {
    #expect(extract(ZipBuilder(.init("exec", content)).bytes()) == .success(content))
    #expect(extract(ZipBuilder(.init("exec", steps: steps)).bytes()) == .success(expand(steps)))
    #expect(extract(ZipBuilder(.init("exec", [])).bytes()) == .success([]))
  }

  @Test func itIsFoundAmongOthers() {
    let others = ["a", "executable", "Exec", "exe", "lib/exec", "exec/"].map { ZipBuilder.File($0, [1]) }
    for place in 0...others.count {
      var builder = ZipBuilder()
      builder.files = others
      builder.files.insert(.init("exec", steps: steps), at: place)
      #expect(extract(builder.bytes()) == .success(expand(steps)))
    }
    var builder = ZipBuilder()
    builder.files = others
    #expect(extract(builder.bytes()) == .failure(.onlyInFolder))
    builder.files.removeAll { $0.name == "lib/exec" }
    #expect(extract(builder.bytes()) == .failure(.notFound))
    builder.files.append(.init("myexec", [1]))
    #expect(extract(builder.bytes()) == .failure(.notFound))
    builder.files.append(.init("/exec", [1]))
    #expect(extract(builder.bytes()) == .failure(.onlyInFolder))
    builder.files = []
    #expect(extract(builder.bytes()) == .failure(.notFound))
  }

  @Test func extrasAndComments() {
    let changed = error {
      $0.files[0].extra = Array(repeating: 7, count: 40)
      $0.files[0].comment = Array("comment".utf8)
      $0.comment = Array("more".utf8)
    }
    #expect(changed == nil)
    // The longest comment there may be, and one that looks like an end record but does not end where the file does.
    #expect(error { $0.comment = Array(repeating: 0x50, count: 65_535) } == nil)
    #expect(error { $0.comment = [0x50, 0x4b, 5, 6] + Array(repeating: 0, count: 30) } == nil)
    #expect(error { $0.comment = Array(repeating: 0, count: 65_536) } == .truncated)
    #expect(error { $0.commentLength = 1 } == .truncated)
    #expect(error { $0.gap = [1, 2, 3] } == nil)
  }

  private func isZip(_ bytes: [UInt8]) -> Bool { ZipArchive.isZip(bytes.span) }

  @Test func beginnings() {
    #expect(extract([]) == .failure(.notZip))
    #expect(extract([0x50, 0x4b, 3]) == .failure(.notZip))
    #expect(extract([0x50, 0x4b, 3, 4]) == .failure(.truncated))
    #expect(extract([0x7f, 0x45, 0x4c, 0x46] + ZipBuilder(.init("exec", content)).bytes()) == .failure(.notZip))
    // An empty archive is nothing but an end record.
    #expect(extract(ZipBuilder().bytes()) == .failure(.notFound))
    #expect(isZip([0x50, 0x4b, 3, 4]))
    #expect(isZip([0x50, 0x4b, 5, 6]))
    #expect(!isZip([0x50, 0x4b, 7, 8]))
    #expect(!isZip([0x50, 0x4b]))
  }

  @Test func endRecords() {
    #expect(error { $0.disk = 1 } == .multiDisk)
    #expect(error { $0.directoryDisk = 1 } == .multiDisk)
    #expect(error { $0.diskEntries = 0 } == .multiDisk)
    #expect(error { $0.disk = 0xffff } == .zip64)
    #expect(error { $0.entries = 0xffff } == .zip64)
    #expect(error { $0.directorySize = 0xffff_ffff } == .zip64)
    #expect(error { $0.directoryOffset = 0xffff_ffff } == .zip64)
    #expect(error { $0.directoryOffset = 0xffff_fffe } == .directoryOutsideFile)
    #expect(error { $0.directorySize = 0xffff_fffe } == .directoryOutsideFile)
    #expect(error { $0.directoryOffset = 48 } == .directoryOutsideFile)
  }

  @Test func directories() {
    #expect(error { $0.files[0].signature = 0 } == .badDirectory)
    #expect(error { $0.entries = 2 } == .badDirectory)
    #expect(error { $0.entries = 0 } == .badDirectory)
    #expect(error { $0.directorySize = 49 } == .badDirectory)
    #expect(error { $0.directorySize = 45 } == .badDirectory)
    #expect(error { $0.directorySize = 0 } == .badDirectory)
    #expect(error { $0.directoryOffset = 0 } == .badDirectory)
    #expect(error { $0.files.append($0.files[0]) } == .duplicate)
  }

  @Test func entries() {
    #expect(error { $0.files[0].flags = 1 } == .encrypted)
    #expect(error { $0.files[0].flags = 0x40 } == .encrypted)
    #expect(error { $0.files[0].flags = 0x2000 } == .encrypted)
    // UTF-8 and how hard the compressor tried.
    #expect(error { $0.files[0].flags = 0x0806 } == nil)
    #expect(error { $0.files[0].method = 9 } == .unsupportedMethod(9))
    #expect(error { $0.files[0].method = 0xffff } == .unsupportedMethod(0xffff))
    #expect(error { $0.files[0].disk = 1 } == .multiDisk)
    #expect(error { $0.files[0].size = 0xffff_ffff } == .zip64)
    #expect(error { $0.files[0].compressedSize = 0xffff_ffff } == .zip64)
    #expect(error { $0.files[0].offset = 0xffff_ffff } == .zip64)
  }

  @Test func sizes() {
    #expect(error { $0.files[0].size = 12 } == .badSizes)
    #expect(error { $0.files[0].compressedSize = 14 } == .badSizes)
    #expect(error(deflated: true) { $0.files[0].size = 101 } == .sizeMismatch)
    #expect(error(deflated: true) { $0.files[0].size = 103 } == .sizeMismatch)
    #expect(error(deflated: true) { $0.files[0].size = $0.files[0].data.count * 1032 } == .sizeMismatch)
    #expect(error(deflated: true) { $0.files[0].size = $0.files[0].data.count * 1032 + 1 } == .badSizes)
    #expect(error(limit: 12) { _ in } == .tooLarge)
    #expect(error(limit: 13) { _ in } == nil)
    #expect(error(deflated: true, limit: 101) { _ in } == .tooLarge)
    #expect(error(deflated: true, limit: 102) { _ in } == nil)
    #expect(error(deflated: true, limit: 0) { _ in } == .tooLarge)
    // A byte after the stream's end.
    let longer = error(deflated: true) {
      $0.files[0].data.append(0)
      $0.files[0].compressedSize += 1
    }
    #expect(longer == .sizeMismatch)
  }

  @Test func localHeaders() {
    #expect(error { $0.files[0].localSignature = 0x0201_4b50 } == .notZip)
    let second = { (change: (inout ZipBuilder.File) -> Void) -> ZipError? in
      error {
        $0.files.insert(.init("first", [1]), at: 0)
        change(&$0.files[1])
      }
    }
    #expect(second { _ in } == nil)
    #expect(second { $0.localSignature = 0x0201_4b50 } == .badLocalHeader)
    #expect(second { $0.localName = "exed" } == .badLocalHeader)
    #expect(second { $0.localName = "execs" } == .badLocalHeader)
    #expect(second { $0.localMethod = 8 } == .badLocalHeader)
    #expect(second { $0.localFlags = 1 } == .badLocalHeader)
    #expect(second { $0.localChecksum = 1 } == .badLocalHeader)
    #expect(second { $0.localSize = 0 } == .badLocalHeader)
    #expect(second { $0.localCompressedSize = 0 } == .badLocalHeader)
    #expect(second { $0.offset = 0 } == .badLocalHeader)
    #expect(second { $0.offset = 1 } == .badLocalHeader)
    #expect(second { $0.offset = 0xffff_fffe } == .dataOutsideFile)
    // With bit 3 the local sizes may be zero.
    let streamed = second {
      $0.flags = 8
      $0.localSize = 0
      $0.localCompressedSize = 0
      $0.localChecksum = 0
    }
    #expect(streamed == nil)
  }

  @Test func dataOutsideFile() {
    let longer = error {
      $0.files[0].size = 14
      $0.files[0].compressedSize = 14
    }
    #expect(longer == .dataOutsideFile)
    #expect(error { $0.files[0].offset = 50 } == .dataOutsideFile)
  }

  @Test func damagedData() {
    #expect(error { $0.files[0].data[3] ^= 1 } == .badChecksum)
    #expect(error { $0.files[0].checksum ^= 1 } == .badChecksum)
    #expect(error(deflated: true) { $0.files[0].checksum ^= 1 } == .badChecksum)
    #expect(error(deflated: true) { $0.files[0].data[0] = 7 } == .badData(.badBlockType))
    let cut = error(deflated: true) {
      $0.files[0].data.removeLast()
      $0.files[0].compressedSize -= 1
    }
    #expect(cut == .badData(.truncated))
  }

  /// 1,000 to 1, with the right size and with a small one.
  @Test func bomb() {
    let steps = [Step.literal(0)] + Array(repeating: .match(length: 258, distance: 1), count: 5_000)
    var writer = DeflateWriter()
    let codes = Codes(literals: [2] + Array(repeating: 0, count: 255) + [2] + Array(repeating: 0, count: 28) + [1], distances: [1])
    writer.dynamic(codes, steps + [.symbol(256)], isLast: true)
    var builder = ZipBuilder(.init("exec", expand(steps)))
    builder.files[0].method = 8
    builder.files[0].data = writer.bytes
    builder.files[0].compressedSize = writer.bytes.count
    let size = 5_000 * 258 + 1
    #expect(writer.bytes.count * 900 < size)
    #expect(extract(builder.bytes(), limit: size) == .success(expand(steps)))
    #expect(extract(builder.bytes(), limit: size - 1) == .failure(.tooLarge))
    builder.files[0].size = 1000
    #expect(extract(builder.bytes(), limit: size) == .failure(.sizeMismatch))
  }

  @Test(arguments: [Fixture.infoZip, Fixture.infoZipStored, Fixture.infoZipStreamed, Fixture.infoZipFolder]) func everyTruncation(_ zip: String) {
    let bytes = [UInt8](Data(base64Encoded: zip)!)
    for length in 0..<bytes.count {
      #expect(extract(Array(bytes[0..<length])) == .failure(length < 4 ? .notZip : .truncated))
    }
  }

  /// Whatever is damaged, what comes out is what was put in, or an error.
  @Test(arguments: [Fixture.infoZip, Fixture.infoZipStreamed]) func mutations(_ zip: String) {
    var random = Random(8)
    let good = [UInt8](Data(base64Encoded: zip)!)
    for round in 0..<20_000 {
      var bytes = good
      for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
      if random.below(8) == 0 { bytes.removeSubrange(0..<random.below(bytes.count)) }
      if case .success(let content) = extract(bytes, limit: 1000) { #expect(content == Array(Fixture.executable.utf8), "\(round)") }
    }
  }

  @Test func words() {
    func text(_ error: ZipError) -> String {
      var buffer = ByteBuffer()
      check(error.describe(name: "exec", into: &buffer))
      return String(decoding: buffer.array(), as: UTF8.self)
    }
    #expect(text(.notFound) == "the zip holds no file named exec at its top: put the executable there with: cp hello exec && zip a.zip exec")
    #expect(text(.onlyInFolder).hasPrefix("the zip holds exec only inside a folder"))
    #expect(text(.duplicate).contains(" named exec"))
    #expect(text(.unsupportedMethod(12)).hasSuffix(" The method is 12"))
    #expect(text(.badData(.distanceTooFar)) == "the compressed data refers to bytes before the beginning")
    let others: [ZipError] = [
      .notZip, .truncated, .multiDisk, .zip64, .directoryOutsideFile, .badDirectory, .encrypted, .tooLarge, .badSizes, .badLocalHeader,
      .dataOutsideFile, .sizeMismatch, .badChecksum, .outOfMemory,
    ]
    let inflateErrors = (0..<14).map { ZipError.badData(InflateError(rawValue: $0)!) }
    #expect(Set((others + inflateErrors).map(text)).count == others.count + 13)
  }
}
