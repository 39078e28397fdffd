// Random numbers from the kernel, fit for keys. `SystemRandomNumberGenerator` draws on them too, so `UInt64.random(in:)` works.

import CSwiftlet

public enum Random {
  /// Fills `buffer` with random bytes.
  public static func fill(_ buffer: inout MutableSpan<UInt8>) {
    // SAFETY: `fillWithRandom` writes `count` bytes into memory this call has for itself.
    unsafe buffer.withUnsafeMutableBytes { bytes in
      if let start = bytes.baseAddress { unsafe fillWithRandom(start, bytes.count) }
    }
  }

  /// 64 random bits.
  public static func next() -> UInt64 {
    var number: UInt64 = 0
    // SAFETY: as above.
    unsafe fillWithRandom(&number, 8)
    return number
  }
}

/// What the standard library calls.
@c(arc4random_buf)
func fillWithRandom(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
  var done = 0
  while done < count {
    // SAFETY: the caller vouches for `count` writable bytes, and done < count.
    let result = unsafe swiftlet_random(buffer + done, count &- done)
    if result > 0 {
      done &+= result
    } else if result != Descriptor.interrupted {
      Descriptor.fail("swiftlet: no random numbers\n")
    }
  }
}
