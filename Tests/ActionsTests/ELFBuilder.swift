/// Puts together the bytes of small ELF files, whole or broken in one place.
///
/// The default is a static-PIE of three segments: headers and relocations (R, page 0), code (RX, page 1), data
/// (RW, pages 3 and 4 from the file, 5 and 6 zero).
struct ELFBuilder {
  struct Segment {
    var type: UInt32 = 1
    var flags: UInt32
    var offset: UInt64
    var address: UInt64
    var fileSize: UInt64
    var memorySize: UInt64
    var alignment: UInt64 = 0x1000
  }

  static let relative: UInt32 = 8

  var size = 0x3800
  var segments: [Segment] = [
    Segment(flags: 4, offset: 0, address: 0, fileSize: 0x800, memorySize: 0x800),
    Segment(flags: 5, offset: 0x1000, address: 0x1000, fileSize: 0x200, memorySize: 0x200),
    Segment(flags: 6, offset: 0x2000, address: 0x3000, fileSize: 0x1800, memorySize: 0x4000),
  ]
  var others: [Segment] = [
    Segment(type: 0x6474_e551, flags: 6, offset: 0, address: 0, fileSize: 0, memorySize: 0, alignment: 16)
  ]
  var entry: UInt64 = 0x1010
  var relocations: [(offset: UInt64, kind: UInt32, addend: UInt64)] = []
  var pltRelocations: [(offset: UInt64, kind: UInt32, addend: UInt64)] = []
  /// More entries of the dynamic section, before those for the relocations.
  var dynamic: [(tag: UInt64, value: UInt64)] = []
  var hasDynamic = false
  /// Single bytes changed at last: offset in the file, value.
  var patches: [Int: UInt8] = [:]

  /// Relative relocations for `count` words of the data segment.
  mutating func addRelocations(_ count: UInt64) {
    for index in 0..<count { relocations.append((offset: 0x3100 + 8 * index, kind: Self.relative, addend: 77 * index)) }
  }

  func bytes() -> [UInt8] {
    // Every byte says where it is, so that a page's content can be recognised.
    var file = (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) }
    func store(_ value: UInt64, _ width: Int, at offset: Int) {
      for index in 0..<width where offset + index < file.count {
        file[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    for index in 0..<64 where index < file.count { file[index] = 0 }
    store(0x0001_0102_464c_457f, 8, at: 0)
    store(3, 2, at: 16)
    store(62, 2, at: 18)
    store(1, 4, at: 20)
    store(entry, 8, at: 24)
    store(64, 8, at: 32)
    store(64, 2, at: 52)
    store(56, 2, at: 54)

    var all = segments
    all.append(contentsOf: others)
    if hasDynamic || !relocations.isEmpty || !pltRelocations.isEmpty || !dynamic.isEmpty {
      var entries = dynamic
      if !relocations.isEmpty {
        entries.append((7, 0x400))
        entries.append((8, UInt64(24 * relocations.count)))
        entries.append((9, 24))
      }
      if !pltRelocations.isEmpty {
        entries.append((23, 0x600))
        entries.append((2, UInt64(24 * pltRelocations.count)))
      }
      entries.append((0, 0))
      for (index, entry) in entries.enumerated() {
        store(entry.tag, 8, at: 0x3000 + 16 * index)
        store(entry.value, 8, at: 0x3008 + 16 * index)
      }
      for (start, table) in [(0x400, relocations), (0x600, pltRelocations)] {
        for (index, entry) in table.enumerated() {
          store(entry.offset, 8, at: start + 24 * index)
          store(UInt64(entry.kind), 8, at: start + 24 * index + 8)
          store(entry.addend, 8, at: start + 24 * index + 16)
        }
      }
      let length = UInt64(16 * entries.count)
      all.append(
        Segment(type: 2, flags: 6, offset: 0x3000, address: 0x4000, fileSize: length, memorySize: length, alignment: 8))
    }
    store(UInt64(all.count), 2, at: 56)
    for (index, segment) in all.enumerated() {
      let at = 64 + 56 * index
      store(UInt64(segment.type), 4, at: at)
      store(UInt64(segment.flags), 4, at: at + 4)
      store(segment.offset, 8, at: at + 8)
      store(segment.address, 8, at: at + 16)
      store(segment.address, 8, at: at + 24)
      store(segment.fileSize, 8, at: at + 32)
      store(segment.memorySize, 8, at: at + 40)
      store(segment.alignment, 8, at: at + 48)
    }
    for (offset, value) in patches { file[offset] = value }
    return file
  }
}
