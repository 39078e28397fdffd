// The stack that a program finds at its entry point (System V ABI x86-64 §3.4.1 and §3.4.3):
//
//   rsp → argc, argv pointers, 0, environment pointers, 0, auxiliary vector … AT_NULL, padding,
//         16 random bytes, argument and environment strings, 8 zero bytes ← stack top

import ABI
import Base
import Bytes

/// What the initial stack says of the image, the machine and the invocation beside the request's strings.
public struct InitialStackValues: Sendable, BitwiseCopyable {
  /// The entry point and the program headers, in bytes from the image's base, and how many headers there are (AT_PHNUM).
  public var entry: UInt64
  public var programHeaders: UInt64
  public var programHeaderCount: Int
  /// The address of the action's slot.
  public var slotBase: UInt64
  /// 16 unpredictable bytes for AT_RANDOM.
  public var random: (UInt64, UInt64)
  /// CPUID.1:EDX, for AT_HWCAP.
  public var hardwareCapabilities: UInt64
  /// Linux's AT_HWCAP2: bit 1 where ring 3 may use FSGSBASE.
  public var hardwareCapabilities2: UInt64

  @inlinable @inline(__always)
  public init(
    _ layout: borrowing ImageLayout, slotBase: UInt64, random: (UInt64, UInt64), hardwareCapabilities: UInt64,
    hardwareCapabilities2: UInt64 = 0
  ) {
    entry = layout.entry
    programHeaders = layout.programHeaders
    programHeaderCount = layout.programHeaderCount
    self.slotBase = slotBase
    self.random = random
    self.hardwareCapabilities = hardwareCapabilities
    self.hardwareCapabilities2 = hardwareCapabilities2
  }
}

public enum InitialStack {
  private static var auxiliaryCount: Int { 18 }

  /// Bytes that the initial stack for `request` takes at the top of the stack, a multiple of 16.
  public static func size(for request: borrowing InvocationRequest) -> Int {
    let words = 3 &+ request.argumentCount &+ request.environmentCount &+ 2 &* auxiliaryCount
    let texts = (8 &+ request.strings.count &+ 16 &+ 15) & ~15
    return (texts &+ words &* 8 &+ 15) & ~15
  }

  /// Where AT_RANDOM's bytes are in a stack that ends at byte `end`, a multiple of 16.
  static func randomPosition(for request: borrowing InvocationRequest, end: Int) -> Int {
    (end &- 8 &- request.strings.count &- 16) & ~15
  }

  /// Writes the initial stack to the end of `stack`, which is the memory that ends at the stack's top
  /// (`SlotLayout.stackTop`) and has at least `size(for:)` bytes; returns the value for rsp. Bytes of `stack` below it, and
  /// padding, are left as they are. Traps where `stack` is too short.
  @_optimize(speed)
  public static func write(
    _ request: borrowing InvocationRequest, _ values: InitialStackValues, into stack: inout MutableSpan<UInt8>
  ) -> UInt64 {
    let size = size(for: request)
    precondition(stack.count >= size)
    let top = values.slotBase &+ SlotLayout.stackTop
    // What is added to an offset in `stack` to get its address.
    let addressOfStart = top &- UInt64(stack.count)

    let texts = stack.count &- 8 &- request.strings.count
    stack.copy(request.strings.span, to: texts)
    stack.storeLE64(0, at: stack.count &- 8)
    let random = (texts &- 16) & ~15
    stack.storeLE64(values.random.0, at: random)
    stack.storeLE64(values.random.1, at: random &+ 8)

    let start = stack.count &- size
    var position = start
    stack.storeLE64(UInt64(request.argumentCount), at: position)
    position &+= 8
    let strings = request.strings.span
    var text = 0
    for _ in 0..<request.argumentCount {
      stack.storeLE64(addressOfStart &+ UInt64(texts &+ text), at: position)
      position &+= 8
      text = end(of: strings, from: text)
    }
    stack.storeLE64(0, at: position)
    position &+= 8
    for _ in 0..<request.environmentCount {
      stack.storeLE64(addressOfStart &+ UInt64(texts &+ text), at: position)
      position &+= 8
      text = end(of: strings, from: text)
    }
    stack.storeLE64(0, at: position)
    position &+= 8

    let base = values.slotBase &+ SlotLayout.imageOffset
    let hasHeaders = values.programHeaderCount > 0
    // Filled in place, with no test at each word, then copied at once.
    var vector = AuxiliaryVector()
    vector.add(.programHeaders, hasHeaders ? base &+ values.programHeaders : 0)
    vector.add(.programHeaderSize, UInt64(ELF.programHeaderSize))
    vector.add(.programHeaderCount, UInt64(values.programHeaderCount))
    vector.add(.pageSize, AddressSpace.pageSize)
    vector.add(.interpreterBase, 0)
    vector.add(.flags, 0)
    vector.add(.entry, base &+ values.entry)
    vector.add(.userID, 0)
    vector.add(.effectiveUserID, 0)
    vector.add(.groupID, 0)
    vector.add(.effectiveGroupID, 0)
    vector.add(.secure, 0)
    vector.add(.random, addressOfStart &+ UInt64(random))
    // argv[0]; where there is none, the zero bytes at the top are the empty string.
    vector.add(.executableName, request.argumentCount > 0 ? addressOfStart &+ UInt64(texts) : top &- 8)
    vector.add(.hardwareCapabilities, values.hardwareCapabilities)
    vector.add(.hardwareCapabilities2, values.hardwareCapabilities2)
    vector.add(.clockTicks, 100)
    vector.add(.null, 0)
    stack.copy(words: vector.words.span, to: position)
    return addressOfStart &+ UInt64(start)
  }

  /// The offset just past the string that begins at `start`.
  private static func end(of strings: Span<UInt8>, from start: Int) -> Int {
    var position = start
    while position &+ 8 <= strings.count {
      let marks = Word.equal(strings.loadLE64(position), 0)
      if marks != 0 { return position &+ Word.first(marks) &+ 1 }
      position &+= 8
    }
    while strings[position] != 0 { position &+= 1 }
    return position &+ 1
  }
}

/// Entries of the auxiliary vector, one after another.
private struct AuxiliaryVector {
  var words: [36 of UInt64] = .init(repeating: 0)
  private var count = 0

  @inline(__always)
  mutating func add(_ type: AuxiliaryType, _ value: UInt64) {
    words[count] = type.rawValue
    words[count &+ 1] = value
    count &+= 2
  }
}
