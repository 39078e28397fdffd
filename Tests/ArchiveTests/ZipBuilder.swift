// Zips with every field open to be wrong.

import Archive

struct ZipBuilder {
  /// One file. Its fields are what a right archive has; nil in a local field means that it is as in the directory.
  struct File {
    var name: String
    var data: [UInt8]
    var flags = 0
    var method = 0
    var checksum: UInt32
    var compressedSize: Int
    var size: Int
    var disk = 0
    var offset: Int?
    var localSignature: UInt32 = 0x0403_4b50
    var localName: String?
    var localFlags: Int?
    var localMethod: Int?
    var localChecksum: UInt32?
    var localCompressedSize: Int?
    var localSize: Int?
    var extra: [UInt8] = []
    var comment: [UInt8] = []
    var signature: UInt32 = 0x0201_4b50

    /// Stored.
    init(_ name: String, _ content: [UInt8]) {
      self.name = name
      data = content
      checksum = CRC32.checksum(of: content.span)
      compressedSize = content.count
      size = content.count
    }

    /// Deflated: `steps` in one block of the fixed codes.
    init(_ name: String, steps: [Step]) {
      var writer = DeflateWriter()
      writer.fixed(steps + [.symbol(256)], isLast: true)
      self.init(name, expand(steps))
      method = 8
      data = writer.bytes
      compressedSize = data.count
    }
  }

  var files: [File]
  var comment: [UInt8] = []
  var disk = 0
  var directoryDisk = 0
  var diskEntries: Int?
  var entries: Int?
  var directorySize: Int?
  var directoryOffset: Int?
  var commentLength: Int?
  /// Bytes between the directory and the end record.
  var gap: [UInt8] = []

  init(_ files: File...) { self.files = files }

  func bytes() -> [UInt8] {
    var output: [UInt8] = []
    var offsets: [Int] = []
    for file in files {
      offsets.append(output.count)
      let name = Array((file.localName ?? file.name).utf8)
      output += little(Int(file.localSignature), 4) + little(20, 2) + little(file.localFlags ?? file.flags, 2)
      output += little(file.localMethod ?? file.method, 2) + little(0, 4) + little(Int(file.localChecksum ?? file.checksum), 4)
      output += little(file.localCompressedSize ?? file.compressedSize, 4) + little(file.localSize ?? file.size, 4)
      output += little(name.count, 2) + little(file.extra.count, 2) + name + file.extra + file.data
    }
    let start = output.count
    for (file, offset) in zip(files, offsets) {
      let name = Array(file.name.utf8)
      output += little(Int(file.signature), 4) + little(20, 2) + little(20, 2) + little(file.flags, 2) + little(file.method, 2)
      output += little(0, 4) + little(Int(file.checksum), 4) + little(file.compressedSize, 4) + little(file.size, 4)
      output += little(name.count, 2) + little(file.extra.count, 2) + little(file.comment.count, 2) + little(file.disk, 2)
      output += little(0, 6) + little(file.offset ?? offset, 4) + name + file.extra + file.comment
    }
    let end = output.count
    output += gap
    output += little(0x0605_4b50, 4) + little(disk, 2) + little(directoryDisk, 2)
    output += little(diskEntries ?? entries ?? files.count, 2) + little(entries ?? files.count, 2)
    output += little(directorySize ?? end - start, 4) + little(directoryOffset ?? start, 4)
    output += little(commentLength ?? comment.count, 2) + comment
    return output
  }

  private func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
}
