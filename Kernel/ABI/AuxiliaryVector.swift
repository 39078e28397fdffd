/// Entry types of the auxiliary vector on the initial stack (System V ABI x86-64 §3.4.3; Linux `auxvec.h`).
public enum AuxiliaryType: UInt64, Sendable {
  case null = 0
  case programHeaders = 3  // AT_PHDR
  case programHeaderSize = 4  // AT_PHENT
  case programHeaderCount = 5  // AT_PHNUM
  case pageSize = 6  // AT_PAGESZ
  case interpreterBase = 7  // AT_BASE
  case flags = 8  // AT_FLAGS
  case entry = 9  // AT_ENTRY
  case userID = 11  // AT_UID
  case effectiveUserID = 12  // AT_EUID
  case groupID = 13  // AT_GID
  case effectiveGroupID = 14  // AT_EGID
  case platform = 15  // AT_PLATFORM
  case hardwareCapabilities = 16  // AT_HWCAP: CPUID.1:EDX
  case clockTicks = 17  // AT_CLKTCK
  case secure = 23  // AT_SECURE
  case random = 25  // AT_RANDOM: the address of 16 random bytes
  case hardwareCapabilities2 = 26  // AT_HWCAP2
  case executableName = 31  // AT_EXECFN
}
