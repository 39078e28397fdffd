// The frames that hold the template pages of one installed action.

import Actions
import Bytes

/// A list of frames, one for each template page. It owns them: `free` must be called before the value's end.
struct TemplateFrames: ~Copyable, TemplatePages {
  /// Addresses of 64 bits each, little endian.
  private var list: ByteBuffer

  /// Nil where memory is out.
  init?(capacity: Int) {
    guard let list = ByteBuffer(capacity: max(capacity &* 8, 8)) else { return nil }
    self.list = list
  }

  /// A list of nothing.
  init() { list = ByteBuffer() }

  var count: Int { list.count / 8 }

  /// The frame of template page `index`.
  subscript(index: Int) -> UInt64 { list.span.loadLE64(index &* 8) }

  /// Adds one frame, contents undefined; false where memory is out.
  mutating func add(_ frames: inout FrameAllocator) -> Bool {
    guard let frame = frames.allocateForAction() else { return false }
    append(frame)
    return true
  }

  /// Takes over `frame`. There must be room for it: `capacity` bounds what is added.
  mutating func append(_ frame: UInt64) {
    let index = list.count
    guard list.appendZeros(8) else { panic("more template pages than were announced") }
    var bytes = list.mutableSpan
    bytes.storeLE64(frame, at: index)
  }

  mutating func withPage(_ index: Int, _ body: (inout MutableSpan<UInt8>) -> Void) {
    let address = self[index]
    // SAFETY: the frame is this value's own, 4096 bytes, mapped one to one, and borrowed exclusively with it.
    var bytes = unsafe MutableSpan<UInt8>(
      _unsafeStart: Physical.pointer(address).assumingMemoryBound(to: UInt8.self), count: 4096)
    body(&bytes)
  }

  /// Gives all frames back.
  mutating func free(_ frames: inout FrameAllocator) {
    for index in 0..<count { frames.deallocate(self[index]) }
    list.truncate(to: 0)
  }
}
