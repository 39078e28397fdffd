// Reading and writing a file descriptor to the end, whatever the system does: short counts, EINTR, errors.
// An action can do nothing sensible when its own input or output fails, so that ends it: one line on stderr and exit status 1.
// Out of scope: opening and closing descriptors; an action has 0, 1 and 2 from its start, in loop mode 3 as well.

import CSwiftlet

struct Descriptor {
  let number: Int32

  static let interrupted = -4
  /// Where ActionLoop takes the result.
  static let result: Int32 = 3

  /// Whether fd 3 is open: a write of nothing is no error then.
  static var hasResult: Bool {
    // SAFETY: no byte is read; the buffer is the SDK's.
    unsafe swiftlet_write(result, swiftlet_get_buffer(), 0) >= 0
  }

  /// Reads what is there, at most `count` bytes; waits until there is something. 0 at the end of the input.
  @inline(__always)
  func read(_ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    while true {
      // SAFETY: the caller vouches for `count` writable bytes at `buffer`.
      let result = unsafe swiftlet_read(number, buffer, count)
      if result >= 0 { return result }
      if result != Self.interrupted { Self.fail("swiftlet: cannot read the input\n") }
    }
  }

  /// Writes all of the `count` bytes.
  @inline(__always)
  func write(_ buffer: UnsafeRawPointer, _ count: Int) {
    var done = 0
    while done < count {
      // SAFETY: the caller vouches for `count` readable bytes at `buffer`, and done < count.
      let result = unsafe swiftlet_write(number, buffer + done, count &- done)
      if result > 0 {
        done &+= result
      } else if result != Self.interrupted {
        Self.fail("swiftlet: cannot write the output\n")
      }
    }
  }

  @inline(never)
  static func fail(_ text: StaticString) -> Never {
    // SAFETY: a StaticString's pointer is good for its length. Should stderr fail as well, nothing is left to try.
    unsafe _ = swiftlet_write(2, text.utf8Start, text.utf8CodeUnitCount)
    swiftlet_exit_group(1)
  }
}
