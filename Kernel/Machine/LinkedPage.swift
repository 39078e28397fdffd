// The page at `/`, which CLI/page.sh packs and the linker puts among the read-only data.

import CBoot

/// The page's parts in the image.
public enum LinkedPage {
  /// Its entity tag, in quotes.
  public static var tag: Span<UInt8> {
    @_lifetime(immortal)
    get { bytes(pageTag(), pagePolicy()) }
  }

  /// Its Content-Security-Policy.
  public static var policy: Span<UInt8> {
    @_lifetime(immortal)
    get { bytes(pagePolicy(), pagePacked()) }
  }

  /// The page itself, in gzip's form.
  public static var packed: Span<UInt8> {
    @_lifetime(immortal)
    get { bytes(pagePacked(), pageEnd()) }
  }

  @_lifetime(immortal)
  private static func bytes(_ start: UInt64, _ end: UInt64) -> Span<UInt8> {
    // SAFETY: the assembly lays the labels out in this order; nothing writes there, and the image stays.
    let first = unsafe UnsafePointer(Physical.pointer(start).assumingMemoryBound(to: UInt8.self))
    return unsafe _overrideLifetime(Span(_unsafeStart: first, count: Int(end &- start)), copying: ())
  }
}
