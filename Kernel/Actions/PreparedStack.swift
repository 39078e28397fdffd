// The initial stack of the usual request, kept from one invocation to the next: argv[0] alone, no environment.
//
// Of an instance only AT_RANDOM's bytes differ then, so the rest is copied instead of being put together again.

import ABI
public import Bytes

/// What `InitialStack.write` made for one instance. Owns no memory until there is something.
public struct PreparedStack: ~Copyable, Sendable {
  @usableFromInline var bytes = ByteBuffer()
  /// Where AT_RANDOM's 16 bytes are in `bytes`.
  @usableFromInline var randomPosition = 0

  public init() {}

  /// Bytes of the stack; 0 where none was kept yet.
  @inlinable
  public var size: Int { bytes.count }

  /// Keeps what was written for `request` to the end of `stack`, if the request is a usual one and there is memory.
  @_optimize(size) @inline(never)
  public mutating func keep(_ stack: Span<UInt8>, of request: borrowing InvocationRequest) {
    guard bytes.isEmpty, request.isUsual else { return }
    let size = InitialStack.size(for: request)
    guard bytes.append(stack.extracting(stack.count &- size..<stack.count)) else { return }
    randomPosition = InitialStack.randomPosition(for: request, end: size)
  }

  /// Writes the stack to the end of `stack`, with other random bytes; `stack` has `size` bytes or more.
  @inlinable @inline(__always)
  public func write(random: (UInt64, UInt64), into stack: inout MutableSpan<UInt8>) {
    let start = stack.count &- bytes.count
    stack.copy(bytes.span, to: start)
    stack.storeLE64(random.0, at: start &+ randomPosition)
    stack.storeLE64(random.1, at: start &+ randomPosition &+ 8)
  }
}
