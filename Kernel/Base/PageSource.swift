/// Who gives out memory for good: the kernel's frame allocator.
public protocol PageSource {
  /// The address of `count` contiguous pages of 4096 bytes, zeroed and mapped one to one, which belong to the caller for
  /// as long as the kernel runs; nil where there are not that many.
  mutating func takePages(_ count: Int) -> UInt?
}
