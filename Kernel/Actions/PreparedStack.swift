// The initial stack of the usual request, kept from one invocation to the next: argv[0] alone, no environment.
//
// Of an instance only AT_RANDOM's bytes differ then, so the rest is copied instead of being put together again.

public import Bytes

/// What `InitialStack.write` made for one instance. Owns no memory until there is something.
public struct PreparedStack: ~Copyable, Sendable {
  /// What lies at the end of the stack.
  public private(set) var bytes = ByteBuffer()
  /// Where AT_RANDOM's 16 bytes are in `bytes`: whoever writes the stack gives it others.
  public private(set) var randomPosition = 0

  public init() {}

  /// Bytes of the stack; 0 where none was kept yet.
  public var size: Int { bytes.count }

  /// Keeps what was written for `request` to the end of `stack`, if the request is a usual one and there is memory.
  @_optimize(size) @inline(never)
  public mutating func keep(_ stack: Span<UInt8>, of request: borrowing InvocationRequest) {
    guard bytes.isEmpty, request.isUsual else { return }
    let size = InitialStack.size(for: request)
    guard bytes.append(stack.extracting(stack.count &- size..<stack.count)) else { return }
    randomPosition = InitialStack.randomPosition(for: request, end: size)
  }
}
