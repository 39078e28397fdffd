// System call numbers of Linux on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). The calls that actions are given, and
// those that programs are often seen to try, so that a log can name them. What each one answers is in docs/abi.md.

/// A system call known by name. The number is in rax, arguments in rdi, rsi, rdx, r10, r8, r9; rax returns the result,
/// rcx and r11 are destroyed.
public enum Syscall: UInt64, CaseIterable, Sendable {
  case read = 0
  case write = 1
  case open = 2
  case close = 3
  case stat = 4
  case fstat = 5
  case lstat = 6
  case poll = 7
  case lseek = 8
  case mmap = 9
  case mprotect = 10
  case munmap = 11
  case brk = 12
  case rtSigaction = 13
  case rtSigprocmask = 14
  case ioctl = 16
  case pread64 = 17
  case pwrite64 = 18
  case readv = 19
  case writev = 20
  case access = 21
  case pipe = 22
  case select = 23
  case schedYield = 24
  case mremap = 25
  case madvise = 28
  case dup = 32
  case dup2 = 33
  case nanosleep = 35
  case getpid = 39
  case socket = 41
  case connect = 42
  case clone = 56
  case fork = 57
  case vfork = 58
  case execve = 59
  case exit = 60
  case wait4 = 61
  case kill = 62
  case uname = 63
  case fcntl = 72
  case getcwd = 79
  case readlink = 89
  case gettimeofday = 96
  case getrlimit = 97
  case getrusage = 98
  case sysinfo = 99
  case getuid = 102
  case getgid = 104
  case geteuid = 107
  case getegid = 108
  case getppid = 110
  case sigaltstack = 131
  case prctl = 157
  case archPrctl = 158
  case gettid = 186
  case tkill = 200
  case time = 201
  case futex = 202
  case schedGetaffinity = 204
  case epollCreate = 213
  case setTidAddress = 218
  case clockGettime = 228
  case clockGetres = 229
  case clockNanosleep = 230
  case exitGroup = 231
  case tgkill = 234
  case openat = 257
  case newfstatat = 262
  case readlinkat = 267
  case faccessat = 269
  case ppoll = 271
  case setRobustList = 273
  case eventfd2 = 290
  case epollCreate1 = 291
  case dup3 = 292
  case pipe2 = 293
  case prlimit64 = 302
  case getrandom = 318
  case memfdCreate = 319
  case statx = 332
  case rseq = 334
  case clone3 = 435
  case faccessat2 = 439

  /// The call's name as Linux spells it.
  public var name: StaticString {
    switch self {
    case .read: "read"
    case .write: "write"
    case .open: "open"
    case .close: "close"
    case .stat: "stat"
    case .fstat: "fstat"
    case .lstat: "lstat"
    case .poll: "poll"
    case .lseek: "lseek"
    case .mmap: "mmap"
    case .mprotect: "mprotect"
    case .munmap: "munmap"
    case .brk: "brk"
    case .rtSigaction: "rt_sigaction"
    case .rtSigprocmask: "rt_sigprocmask"
    case .ioctl: "ioctl"
    case .pread64: "pread64"
    case .pwrite64: "pwrite64"
    case .readv: "readv"
    case .writev: "writev"
    case .access: "access"
    case .pipe: "pipe"
    case .select: "select"
    case .schedYield: "sched_yield"
    case .mremap: "mremap"
    case .madvise: "madvise"
    case .dup: "dup"
    case .dup2: "dup2"
    case .nanosleep: "nanosleep"
    case .getpid: "getpid"
    case .socket: "socket"
    case .connect: "connect"
    case .clone: "clone"
    case .fork: "fork"
    case .vfork: "vfork"
    case .execve: "execve"
    case .exit: "exit"
    case .wait4: "wait4"
    case .kill: "kill"
    case .uname: "uname"
    case .fcntl: "fcntl"
    case .getcwd: "getcwd"
    case .readlink: "readlink"
    case .gettimeofday: "gettimeofday"
    case .getrlimit: "getrlimit"
    case .getrusage: "getrusage"
    case .sysinfo: "sysinfo"
    case .getuid: "getuid"
    case .getgid: "getgid"
    case .geteuid: "geteuid"
    case .getegid: "getegid"
    case .getppid: "getppid"
    case .sigaltstack: "sigaltstack"
    case .prctl: "prctl"
    case .archPrctl: "arch_prctl"
    case .gettid: "gettid"
    case .tkill: "tkill"
    case .time: "time"
    case .futex: "futex"
    case .schedGetaffinity: "sched_getaffinity"
    case .epollCreate: "epoll_create"
    case .setTidAddress: "set_tid_address"
    case .clockGettime: "clock_gettime"
    case .clockGetres: "clock_getres"
    case .clockNanosleep: "clock_nanosleep"
    case .exitGroup: "exit_group"
    case .tgkill: "tgkill"
    case .openat: "openat"
    case .newfstatat: "newfstatat"
    case .readlinkat: "readlinkat"
    case .faccessat: "faccessat"
    case .ppoll: "ppoll"
    case .setRobustList: "set_robust_list"
    case .eventfd2: "eventfd2"
    case .epollCreate1: "epoll_create1"
    case .dup3: "dup3"
    case .pipe2: "pipe2"
    case .prlimit64: "prlimit64"
    case .getrandom: "getrandom"
    case .memfdCreate: "memfd_create"
    case .statx: "statx"
    case .rseq: "rseq"
    case .clone3: "clone3"
    case .faccessat2: "faccessat2"
    }
  }
}
