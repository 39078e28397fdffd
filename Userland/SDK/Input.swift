// Standard input: the request's body.

import CSwiftlet

public enum Input {
  /// Calls `body` with one piece of the input after the other, until its end. A piece is as much as there was to read, 1 to
  /// 65,536 bytes. It lies in the SDK's transfer buffer, so no memory is taken whatever the length of the input. Input must not be
  /// read inside `body`.
  @inlinable @inline(__always)
  public static func forEachChunk<Failure>(_ body: (Span<UInt8>) throws(Failure) -> Void) throws(Failure) {
    lendBuffer()
    defer { returnBuffer() }
    while true {
      let count = fillBuffer()
      if count == 0 { break }
      try body(chunk(count))
    }
  }

  /// Reads what is there into `buffer`, and says how many bytes that was. 0 at the end of the input (or where `buffer` is empty).
  public static func read(into buffer: inout MutableSpan<UInt8>) -> Int {
    // SAFETY: the kernel writes at most `count` bytes into memory this call has for itself.
    unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe Descriptor(number: 0).read(start, bytes.count)
    }
  }

  /// The whole input. `limit` (in bytes) bounds the memory it takes: an input that is longer ends the action with exit status 1.
  public static func readAll(limit: Int = .max) -> [UInt8] {
    var bytes: [UInt8] = []
    forEachChunk { chunk in
      if chunk.count > limit &- bytes.count { Descriptor.fail("swiftlet: the input is longer than the limit\n") }
      bytes.append(chunk)
    }
    return bytes
  }

  @usableFromInline
  static func lendBuffer() {
    // SAFETY: the state is the process's only; there is one thread.
    let state = unsafe swiftlet_get_state()
    precondition(unsafe state.pointee.buffer_lent == 0, "Input was read inside forEachChunk")
    unsafe state.pointee.buffer_lent = 1
  }

  @usableFromInline
  static func returnBuffer() {
    // SAFETY: as above.
    unsafe swiftlet_get_state().pointee.buffer_lent = 0
  }

  @usableFromInline @inline(__always)
  static func fillBuffer() -> Int {
    // SAFETY: the buffer has that many bytes and is lent to this loop alone.
    unsafe Descriptor(number: 0).read(swiftlet_get_buffer(), Int(SWIFTLET_BUFFER_SIZE))
  }

  /// The first `count` bytes of the transfer buffer, which `fillBuffer` has just filled.
  @usableFromInline @_lifetime(immortal)
  static func chunk(_ count: Int) -> Span<UInt8> {
    // SAFETY: the buffer is static, and not written while `body` holds the span.
    let bytes = unsafe UnsafeBufferPointer(start: UnsafePointer(swiftlet_get_buffer()), count: count)
    return unsafe _overrideLifetime(Span(_unsafeElements: bytes), borrowing: ())
  }
}
