// What the standard library's `print` calls: one character at a time, gathered to lines here.

import CSwiftlet

// SAFETY (both): an action has one thread.
nonisolated(unsafe) private var line: [256 of UInt8] = [256 of UInt8](repeating: 0)
nonisolated(unsafe) private var lineLength = 0

@c(putchar)
func putchar(_ character: Int32) -> Int32 {
  unsafe line[lineLength] = UInt8(truncatingIfNeeded: character)
  unsafe lineLength &+= 1
  // SAFETY: the state is the process's only.
  unsafe swiftlet_get_state().pointee.flush_print = writeLine
  if unsafe character == 10 || lineLength == line.count { writeLine() }
  return character
}

@c(swiftlet_write_line)
func writeLine() {
  let count = unsafe lineLength
  unsafe lineLength = 0
  // SAFETY: as above; cleared first, so that the write does not come back here.
  unsafe swiftlet_get_state().pointee.flush_print = nil
  unsafe line.span.withUnsafeBytes { bytes in
    if let start = bytes.baseAddress { unsafe Descriptor(number: 1).write(start, count) }
  }
}
