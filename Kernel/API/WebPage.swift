// The page at `/` as the image holds it: packed, with what depends on its bytes.
// Out of scope: its source (Kernel/Page) and who puts it in the image (CLI/page.sh).

public import Bytes

/// A page of HTML. It is empty where there is none.
public struct WebPage: ~Copyable {
  /// The entity tag of every form of the page, in its quotes.
  public private(set) var tag = ByteBuffer()
  /// The value of Content-Security-Policy, which names the hashes of the page's script and style.
  public private(set) var policy = ByteBuffer()
  /// One member of gzip (RFC 1952) without optional fields.
  public private(set) var packed = ByteBuffer()

  /// No page.
  public init() {}

  /// A page of copies of the bytes given; no page where there is no memory for them.
  @_optimize(size)
  public init(tag: Span<UInt8>, policy: Span<UInt8>, packed: Span<UInt8>) {
    guard self.tag.append(tag), self.policy.append(policy), self.packed.append(packed) else {
      self.packed = ByteBuffer()
      return
    }
  }

  /// The deflate stream of the page (RFC 1951), and the check value and the length that follow it.
  public var stream: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { packed.span.extracting(min(10, packed.count)..<packed.count) }
  }

  /// Bytes of the page itself (RFC 1952 §2.3.1: ISIZE).
  public var length: Int {
    packed.count < 18 ? 0 : Int(packed.span.loadLE32(packed.count &- 4))
  }
}
