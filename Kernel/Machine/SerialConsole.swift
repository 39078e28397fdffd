// The console on COM1 (16550 UART), and the small writers of text that the kernel needs.
// Out of scope: input.

import Bytes
import CBoot

/// Writes to the first serial port, waiting for room in its transmitter.
public struct SerialConsole: Sendable {
  private static let port: UInt16 = 0x3f8

  public init() {}

  /// Sets 115200 baud, 8N1, FIFO on (16550D data sheet, section 8).
  public static func initialise() {
    out8(port: port + 1, 0x00)
    out8(port: port + 3, 0x80)
    out8(port: port + 0, 0x01)
    out8(port: port + 1, 0x00)
    out8(port: port + 3, 0x03)
    out8(port: port + 2, 0x07)
  }

  public func write(byte: UInt8) {
    // A port that is not there reads as all ones, so this never waits for ever; a stuck one is given up on.
    var patience = 100_000
    while in8(port: Self.port + 5) & 0x20 == 0 && patience > 0 { patience &-= 1 }
    out8(port: Self.port, byte)
  }

  public func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices {
      if bytes[index] == 0x0a { write(byte: 0x0d) }
      write(byte: bytes[index])
    }
  }

  @inline(never)
  public func write(_ text: StaticString) {
    // SAFETY: a StaticString with a pointer is that many readable bytes.
    let bytes = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    unsafe write(bytes.span)
  }

  @inline(never)
  public func write(decimal value: UInt64) {
    if value >= 10 { write(decimal: value / 10) }
    write(byte: 0x30 &+ UInt8(truncatingIfNeeded: value % 10))
  }

  /// Sixteen digits, or as many as `digits` says.
  @inline(never)
  public func write(hex value: UInt64, digits: UInt64 = 16) {
    var shift = digits &* 4
    while shift > 0 {
      shift &-= 4
      let digit = UInt8(truncatingIfNeeded: (value >> shift) & 15)
      write(byte: digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
    }
  }

  /// Thousandths as a decimal fraction: 1234 is "1.234".
  @inline(never)
  public func write(thousandths value: UInt64) {
    write(decimal: value / 1000)
    write(byte: 0x2e)
    write(byte: 0x30 &+ UInt8(truncatingIfNeeded: value / 100 % 10))
    write(byte: 0x30 &+ UInt8(truncatingIfNeeded: value / 10 % 10))
    write(byte: 0x30 &+ UInt8(truncatingIfNeeded: value % 10))
  }
}
