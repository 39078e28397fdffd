// Makes broken executables out of a good one, each with one fault, for the tests of the ELF checks: in the Actions module on the host, and
// in the running kernel over HTTP.
// Out of scope: what the checks are; they are in Kernel/Actions/ActionImage.swift and their words in ImageError.swift.

/// Executables with one fault each.
public enum BrokenELF {
  /// `name` says what was broken, `expectedError` is a part of the words that refuse it.
  public typealias Variant = (name: String, bytes: [UInt8], expectedError: String)

  /// Variants of `good`, which is a static PIE with a dynamic section, as the samples in Userland are. Those about relocations are left
  /// out where it has none: take `hello`.
  public static func variants(of good: [UInt8]) -> [Variant] {
    notELF(good) + header(good) + truncated(good) + programHeaders(good) + segments(good) + dynamicSection(good)
  }

  /// Files that are no ELF at all.
  private static func notELF(_ good: [UInt8]) -> [Variant] {
    [
      ("empty file", [], "empty"),
      ("one byte", [0x7f], "not an ELF file"),
      ("text file", Array("#!/bin/sh\necho hello\n".utf8), "not an ELF file"),
      ("all 0xff", [UInt8](repeating: 0xff, count: 8192), "not an ELF file"),
      ("all zero", [UInt8](repeating: 0, count: 8192), "not an ELF file"),
      ("Mach-O magic", Array([0xcf, 0xfa, 0xed, 0xfe] + good.dropFirst(4)), "not an ELF file"),
      ("magic only", Array(good.prefix(4)), "ends inside the ELF header"),
    ]
  }

  private static func header(_ good: [UInt8]) -> [Variant] {
    func changed(_ name: String, _ error: String, _ change: (inout ELFFile) -> Void) -> Variant {
      variant(of: good, name, error, change)
    }
    return [
      changed("ELF32", "not a 64-bit") { $0.bytes[4] = 1 },
      changed("class 0", "not a 64-bit") { $0.bytes[4] = 0 },
      changed("big endian", "little-endian") { $0.bytes[5] = 2 },
      changed("identification version 0", "version") { $0.bytes[6] = 0 },
      changed("version 2", "version") { $0.set32(20, 2) },
      changed("OpenBSD", "another operating system") { $0.bytes[7] = 12 },
      changed("i386", "another processor") { $0.set16(18, 3) },
      changed("aarch64", "another processor") { $0.set16(18, 183) },
      changed("ET_EXEC", "position independent") { $0.set16(16, 2) },
      changed("ET_REL", "not an executable") { $0.set16(16, 1) },
      changed("ET_CORE", "not an executable") { $0.set16(16, 4) },
      changed("entry 0 of nothing", "entry point") { $0.set64(24, 0x7fff_ffff) },
      changed("entry past 2^63", "entry point") { $0.set64(24, .max) },
      changed("no program headers", "no program headers") { $0.set16(56, 0) },
      changed("65535 program headers", "program headers") { $0.set16(56, 65535) },
      changed("program header size 0", "entry size") { $0.set16(54, 0) },
      changed("program header size 32", "entry size") { $0.set16(54, 32) },
      changed("program headers at 2^63", "outside the file") { $0.set64(32, 1 << 63) },
      changed("program headers at 2^64 - 1", "outside the file") { $0.set64(32, .max) },
      changed("program headers at the file's end", "outside the file") { $0.set64(32, UInt64($0.bytes.count)) },
    ]
  }

  /// The file cut at many places, as an upload that broke off leaves it.
  private static func truncated(_ good: [UInt8]) -> [Variant] {
    let file = ELFFile(good)
    let lastByte = file.indices(of: .load).map { file.get64($0 + 8) + file.get64($0 + 32) }.max() ?? 64
    let loaded = Int(clamping: lastByte)
    return [
      ("cut in the identification", Array(good.prefix(15)), "ends inside the ELF header"),
      ("cut before the header's end", Array(good.prefix(63)), "ends inside the ELF header"),
      ("cut behind the header", Array(good.prefix(64)), "outside the file"),
      ("cut in the program headers", Array(good.prefix(64 + 57)), "outside the file"),
      ("cut behind the program headers", Array(good.prefix(file.tableEnd)), "outside the file"),
      ("cut in the middle of the segments", Array(good.prefix((file.tableEnd + loaded) / 2)), "outside the file"),
      ("cut before the last loaded byte", Array(good.prefix(loaded - 1)), "outside the file"),
    ]
  }

  private static func programHeaders(_ good: [UInt8]) -> [Variant] {
    func changed(_ name: String, _ error: String, _ change: (inout ELFFile) -> Void) -> Variant {
      variant(of: good, name, error, change)
    }
    return [
      changed("interpreter", "interpreter") { $0.set32($0.firstOther, SegmentType.interpreter.rawValue) },
      changed("executable stack", "executable stack") {
        $0.set32($0.firstOther, SegmentType.gnuStack.rawValue)
        $0.set32($0.firstOther + 4, 7)
      },
      changed("nothing to load", "nothing to load") { file in
        for index in file.indices(of: .load) { file.set32(index, 0) }
      },
      changed("no code", "executable") { file in
        for index in file.indices(of: .load) { file.set32(index + 4, 4) }
      },
      changed("thread-local storage outside", "thread-local") {
        $0.set32($0.firstOther, SegmentType.threadLocal.rawValue)
        $0.set64($0.firstOther + 16, 1 << 40)
        $0.set64($0.firstOther + 32, 4096)
        $0.set64($0.firstOther + 40, 4096)
      },
    ]
  }

  private static func segments(_ good: [UInt8]) -> [Variant] {
    func changed(_ name: String, _ error: String, _ change: (inout ELFFile) -> Void) -> Variant {
      variant(of: good, name, error, change)
    }
    return [
      changed("writable code", "writable and executable") { $0.set32($0.code + 4, 7) },
      changed("executable data", "writable and executable") { $0.set32($0.lastLoad + 4, 7) },
      changed("entry in the data", "entry point") { $0.set64(24, $0.get64($0.lastLoad + 16)) },
      changed("absurd memory size", "outside the 512 MiB") { $0.set64($0.lastLoad + 40, 1 << 62) },
      changed("memory size 2^64 - 1", "outside the 512 MiB") { $0.set64($0.lastLoad + 40, .max) },
      changed("memory size 1 GiB", "outside the 512 MiB") { $0.set64($0.lastLoad + 40, 1 << 30) },
      changed("absurd offset", "outside the file") { $0.set64($0.lastLoad + 8, 1 << 62) },
      changed("offset 2^64 - 4096", "outside the file") { $0.set64($0.lastLoad + 8, 0 &- 4096) },
      changed("absurd file and memory size", "outside the file") {
        $0.set64($0.lastLoad + 32, 1 << 40)
        $0.set64($0.lastLoad + 40, 1 << 40)
      },
      changed("file size above memory size", "more bytes in the file than in memory") {
        $0.set64($0.code + 40, $0.get64($0.code + 32) - 1)
      },
      changed("address near 2^64", "outside the 512 MiB") { $0.set64($0.lastLoad + 16, 0 &- 4096) },
      changed("address in kernel space", "outside the 512 MiB") { $0.set64($0.lastLoad + 16, 0xffff_ffff_8000_0000) },
      changed("address at 1 GiB", "outside the 512 MiB") { $0.set64($0.lastLoad + 16, 1 << 30) },
      changed("misaligned", "differ within a page") { file in
        file.set64(file.code + 8, file.get64(file.code + 8) + 1)
        file.set64(file.code + 32, file.get64(file.code + 32) - 1)
      },
      changed("alignment 3", "power of two") { $0.set64($0.code + 48, 3) },
      changed("alignment 1 GiB", "power of two") { $0.set64($0.code + 48, 1 << 30) },
      changed("overlapping segments", "overlap") { file in
        let start = file.get64(file.code + 16)
        file.set64(file.code + 40, file.get64(file.lastLoad + 16) + 4096 - start)
      },
      changed("the same segment twice", "overlap") { file in
        let header = Array(file.bytes[file.code..<file.code + 56])
        let next = file.indices(of: .load).first { $0 > file.code }!
        file.bytes.replaceSubrange(next..<next + 56, with: header)
      },
      changed("segments out of order", "order") { file in
        let loads = file.indices(of: .load)
        let first = Array(file.bytes[loads[0]..<loads[0] + 56])
        let last = Array(file.bytes[file.lastLoad..<file.lastLoad + 56])
        file.bytes.replaceSubrange(loads[0]..<loads[0] + 56, with: last)
        file.bytes.replaceSubrange(loads[loads.count - 1]..<loads[loads.count - 1] + 56, with: first)
      },
    ]
  }

  private static func dynamicSection(_ good: [UInt8]) -> [Variant] {
    func changed(_ name: String, _ error: String, _ change: (inout ELFFile) -> Void) -> Variant {
      variant(of: good, name, error, change)
    }
    var variants = [
      changed("needs a shared library", "shared libraries") { $0.set64($0.dynamicEntry(0), DynamicTag.needed.rawValue) },
      changed("text relocations", "text relocations") { $0.set64($0.dynamicEntry(0), DynamicTag.textRelocations.rawValue) },
      changed("dynamic section outside", "dynamic section") { file in
        for index in file.indices(of: .dynamic) { file.set64(index + 16, 1 << 40) }
      },
      changed("dynamic section too long", "dynamic section") { file in
        for index in file.indices(of: .dynamic) { file.set64(index + 32, .max) }
      },
    ]
    if let table = ELFFile(good).relocationTable {
      variants += [
        changed("relocation of unknown kind", "relocation") { $0.set32(table + 8, 99) },
        changed("relocation by symbol", "R_X86_64_GLOB_DAT") { $0.set32(table + 8, 6) },
        changed("relocation of 32 bits", "R_X86_64_32") { $0.set32(table + 8, 10) },
        changed("relocation target outside", "target is not inside") { $0.set64(table, 1 << 40) },
        changed("relocation target at 2^64 - 4", "target is not inside") { $0.set64(table, 0 &- 4) },
        changed("relocation target in the code", "read-only segment") { $0.set64(table, $0.get64(24)) },
        changed("relocation table outside", "relocation table") { $0.setDynamic(.relocationTable, 1 << 40) },
        changed("relocation table too long", "relocation table") { $0.setDynamic(.relocationTableSize, 24 << 40) },
        changed("relocation table size 25", "relocation table") { $0.setDynamic(.relocationTableSize, 25) },
        changed("relocation entries of 16 bytes", "relocation table") { $0.setDynamic(.relocationEntrySize, 16) },
      ]
    }
    return variants
  }

  private static func variant(
    of good: [UInt8], _ name: String, _ error: String, _ change: (inout ELFFile) -> Void
  ) -> Variant {
    var file = ELFFile(good)
    change(&file)
    return (name, file.bytes, error)
  }
}
