// A good ELF64 executable's bytes with just enough understanding to break it in a given place. It trusts its input.

enum SegmentType: UInt32 {
  case load = 1
  case dynamic = 2
  case interpreter = 3
  case threadLocal = 7
  case gnuStack = 0x6474_e551
}

enum DynamicTag: UInt64 {
  case needed = 1
  case relocationTable = 7
  case relocationTableSize = 8
  case relocationEntrySize = 9
  case textRelocations = 22
}

struct ELFFile {
  var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  // MARK: Little-endian words

  func get(_ offset: Int, _ count: Int) -> UInt64 {
    (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
  }

  mutating func set(_ offset: Int, _ count: Int, _ value: UInt64) {
    for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  func get64(_ offset: Int) -> UInt64 { get(offset, 8) }
  mutating func set16(_ offset: Int, _ value: UInt64) { set(offset, 2, value) }
  mutating func set32(_ offset: Int, _ value: UInt32) { set(offset, 4, UInt64(value)) }
  mutating func set64(_ offset: Int, _ value: UInt64) { set(offset, 8, value) }

  // MARK: Program headers, named by the offset where they begin

  var table: Range<Int> {
    let start = Int(get64(32))
    return start..<start + Int(get(56, 2)) * 56
  }

  var tableEnd: Int { table.upperBound }

  func indices(of type: SegmentType) -> [Int] {
    stride(from: table.lowerBound, to: table.upperBound, by: 56).filter { get($0, 4) == UInt64(type.rawValue) }
  }

  /// The segment that the entry point is in.
  var code: Int {
    let entry = get64(24)
    return indices(of: .load).first { entry >= get64($0 + 16) && entry < get64($0 + 16) + get64($0 + 32) }!
  }

  /// The last segment, which is data and not the one with the code.
  var lastLoad: Int { indices(of: .load).last! }

  /// A header that is neither of a loaded segment nor of the dynamic section, free to become something else.
  var firstOther: Int {
    stride(from: table.lowerBound, to: table.upperBound, by: 56).first { get($0, 4) != 1 && get($0, 4) != 2 }!
  }

  // MARK: The dynamic section

  /// Where entry `index` lies in the file.
  func dynamicEntry(_ index: Int) -> Int { Int(get64(indices(of: .dynamic)[0] + 8)) + 16 * index }

  private func entry(of tag: DynamicTag) -> Int? {
    var index = 0
    while get64(dynamicEntry(index)) != 0 {
      if get64(dynamicEntry(index)) == tag.rawValue { return dynamicEntry(index) }
      index += 1
    }
    return nil
  }

  mutating func setDynamic(_ tag: DynamicTag, _ value: UInt64) {
    set64(entry(of: tag)! + 8, value)
  }

  /// Where the relocations begin in the file; nil where there are none.
  var relocationTable: Int? {
    guard let entry = entry(of: .relocationTable) else { return nil }
    let address = get64(entry + 8)
    let segment = indices(of: .load).first {
      address >= get64($0 + 16) && address < get64($0 + 16) + get64($0 + 32)
    }
    return segment.map { Int(address - get64($0 + 16) + get64($0 + 8)) }
  }
}
