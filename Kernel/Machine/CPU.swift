// What the CPU offers, and the control registers and MSRs that the kernel sets from it, once, at boot.
// Out of scope: page tables, descriptor tables, interrupt controllers.

import CBoot

/// Model-specific registers (AMD64 manual, volume 2, appendix A).
enum MSR {
  static let apicBase: UInt32 = 0x1b
  static let predictionCommand: UInt32 = 0x49
  static let sysenterCS: UInt32 = 0x174
  static let tscDeadline: UInt32 = 0x6e0
  static let x2apicBase: UInt32 = 0x800
  static let efer: UInt32 = 0xc000_0080
  static let star: UInt32 = 0xc000_0081
  static let lstar: UInt32 = 0xc000_0082
  static let cstar: UInt32 = 0xc000_0083
  static let fmask: UInt32 = 0xc000_0084
  static let fsBase: UInt32 = 0xc000_0100
  static let gsBase: UInt32 = 0xc000_0101
  static let kernelGSBase: UInt32 = 0xc000_0102
}

/// Segment selectors; the table itself is in Boot/entry.asm.
enum Selector {
  static let kernelCode: UInt16 = 0x08
  static let taskState: UInt16 = 0x28
}

/// The features that the kernel uses where they are there.
public struct CPUFeatures: Sendable {
  public let x2apic: Bool
  public let tscDeadline: Bool
  public let xsave: Bool
  public let avx: Bool
  public let avx512: Bool
  public let rdrand: Bool
  public let aes: Bool
  public let smep: Bool
  public let smap: Bool
  public let umip: Bool
  public let gigabytePages: Bool
  public let noExecute: Bool
  public let hypervisor: Bool
  /// QEMU's TCG, which says so (CPUID 0x40000000): it leaves the emulated code for each PAUSE.
  public let isEmulated: Bool
  /// Indirect branch prediction barrier: PRED_CMD is there (Intel: CPUID 7.EDX bit 26; AMD: 0x80000008.EBX bit 12).
  public let predictionBarrier: Bool

  public init() {
    let highest = cpuid(0, 0).eax
    let basic = cpuid(1, 0)
    let structured = highest >= 7 ? cpuid(7, 0) : cpuid_result(eax: 0, ebx: 0, ecx: 0, edx: 0)
    let extended = cpuid(0x8000_0001, 0)
    x2apic = basic.ecx >> 21 & 1 == 1
    tscDeadline = basic.ecx >> 24 & 1 == 1
    xsave = basic.ecx >> 26 & 1 == 1
    avx = basic.ecx >> 28 & 1 == 1
    rdrand = basic.ecx >> 30 & 1 == 1
    aes = basic.ecx >> 25 & 1 == 1
    hypervisor = basic.ecx >> 31 & 1 == 1
    isEmulated = hypervisor && cpuid(0x4000_0000, 0).ebx == 0x5447_4354
    smep = structured.ebx >> 7 & 1 == 1
    smap = structured.ebx >> 20 & 1 == 1
    avx512 = structured.ebx >> 16 & 1 == 1
    umip = structured.ecx >> 2 & 1 == 1
    gigabytePages = extended.edx >> 26 & 1 == 1
    noExecute = extended.edx >> 20 & 1 == 1
    let hasSizes = cpuid(0x8000_0000, 0).eax >= 0x8000_0008
    predictionBarrier = structured.edx >> 26 & 1 == 1 || hasSizes && cpuid(0x8000_0008, 0).ebx >> 12 & 1 == 1
  }
}

/// Sets the control registers, the system call entry and the extended state components.
enum CPUSetup {
  static func run(_ features: CPUFeatures) {
    setControlRegisters(features)
    setSystemCallEntry()
  }

  private static func setControlRegisters(_ features: CPUFeatures) {
    // CR0: MP, NE, WP, AM on; EM, TS off.
    writeCR0((readCR0() | 1 << 1 | 1 << 5 | 1 << 16 | 1 << 18) & ~(1 << 2 | 1 << 3))
    // CR4: OSFXSR, OSXMMEXCPT; PGE stays on from entry. FSGSBASE stays off: user mode cannot set GS.
    var cr4 = readCR4() | 1 << 9 | 1 << 10
    if features.umip { cr4 |= 1 << 11 }
    if features.xsave { cr4 |= 1 << 18 }
    if features.smep { cr4 |= 1 << 20 }
    if features.smap { cr4 |= 1 << 21 }
    writeCR4(cr4)
    guard features.xsave else { return }
    var components: UInt64 = 0b11
    if features.avx { components |= 0b100 }
    if features.avx && features.avx512 { components |= 0b1110_0000 }
    let offered = cpuid(0xd, 0)
    components &= UInt64(offered.edx) << 32 | UInt64(offered.eax)
    writeXCR0(components)
    setRestoreWide(components & 0b100 != 0 ? 1 : 0)
  }

  private static func setSystemCallEntry() {
    writeMSR(MSR.efer, readMSR(MSR.efer) | 1)
    // SYSRET takes SS from bits 63:48 plus 8 and CS from them plus 16; SYSCALL takes CS from bits 47:32.
    writeMSR(MSR.star, UInt64(0x10) << 48 | UInt64(Selector.kernelCode) << 32)
    writeMSR(MSR.lstar, syscallEntry())
    writeMSR(MSR.cstar, syscallEntry())
    // Cleared on entry: TF, IF, DF, IOPL, NT, RF, AC.
    writeMSR(MSR.fmask, 0x5_7700)
    writeMSR(MSR.sysenterCS, 0)
    writeMSR(MSR.fsBase, 0)
    writeMSR(MSR.kernelGSBase, 0)
    writeMSR(MSR.gsBase, initialiseBootCore())
  }
}
