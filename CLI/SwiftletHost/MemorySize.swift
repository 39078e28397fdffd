/// The memory of a virtual machine, as QEMU takes it: a number and K, M or G; a bare number counts MiB.
public struct MemorySize: Equatable, Sendable, CustomStringConvertible {
  public let bytes: UInt64

  /// The least that the kernel boots and serves with.
  public static let least = MemorySize(mebibytes: 16)
  public static let standard = MemorySize(mebibytes: 64)

  public init(mebibytes: UInt64) { bytes = mebibytes << 20 }

  public init(parsing text: String) throws(HostError) {
    let suffixes: [Character: UInt64] = ["K": 10, "k": 10, "M": 20, "m": 20, "G": 30, "g": 30]
    let shift = text.last.flatMap { suffixes[$0] }
    let digits = shift == nil ? text[...] : text.dropLast()
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let count = UInt64(digits),
      count <= 1 << 30
    else {
      throw HostError(.badValue, "'\(text)' is not a memory size.", remedy: "Give a number and K, M or G, such as 64M.")
    }
    let bytes = count << (shift ?? 20)
    guard bytes >= Self.least.bytes else {
      throw HostError(.badValue, "\(text) is too little memory: the kernel needs \(Self.least).", remedy: "Give --memory 16M or more.")
    }
    guard bytes <= 512 << 30, bytes % (1 << 20) == 0 else {
      throw HostError(.badValue, "A virtual machine cannot have \(text) of memory.", remedy: "Give whole mebibytes, at most 512G.")
    }
    self.bytes = bytes
  }

  public var description: String {
    bytes % (1 << 30) == 0 ? "\(bytes >> 30)G" : "\(bytes >> 20)M"
  }
}
