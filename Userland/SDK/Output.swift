// Standard output, which is the response's body, and standard error, which is the activation's log. Nothing is held back: each call
// is a system call, so gather small pieces first. `print` works too, and gathers lines.

import CSwiftlet

public enum Output {
  /// Writes all of `bytes`, or ends the action.
  @inline(__always)
  public static func write(_ bytes: Span<UInt8>) { send(bytes, to: 1) }

  /// Writes all of `bytes`, or ends the action.
  public static func write(_ bytes: [UInt8]) { send(bytes.span, to: 1) }

  /// Writes the text, or ends the action.
  public static func write(_ text: StaticString) { send(text, to: 1) }
}

public enum ErrorOutput {
  /// Writes all of `bytes`, or ends the action.
  public static func write(_ bytes: Span<UInt8>) { send(bytes, to: 2) }

  /// Writes all of `bytes`, or ends the action.
  public static func write(_ bytes: [UInt8]) { send(bytes.span, to: 2) }

  /// Writes the text, or ends the action.
  public static func write(_ text: StaticString) { send(text, to: 2) }
}

func send(_ bytes: Span<UInt8>, to number: Int32) {
  flushPrint()
  // SAFETY: the span holds its bytes for the time of the call.
  unsafe bytes.withUnsafeBytes { bytes in
    if let start = bytes.baseAddress { unsafe Descriptor(number: number).write(start, bytes.count) }
  }
}

func send(_ text: StaticString, to number: Int32) {
  flushPrint()
  // SAFETY: a StaticString's pointer is good for its length.
  unsafe Descriptor(number: number).write(text.utf8Start, text.utf8CodeUnitCount)
}

/// Writes out what `print` holds back, so that the two keep their order.
@inline(__always)
func flushPrint() {
  // SAFETY: the state is the process's only; the function in it is Print.swift's.
  if let flush = unsafe swiftlet_get_state().pointee.flush_print { flush() }
}
