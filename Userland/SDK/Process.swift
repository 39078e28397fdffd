// The process: its end, its arguments, its environment (System V ABI, AMD64, §3.4.1: the initial stack).

import CSwiftlet

/// Ends the action. The HTTP response is a success where `status` is 0. Returning from `main` is `exit(0)`.
@c(swiftlet_exit)
public func exit(_ status: Int32) -> Never {
  flushPrint()
  swiftlet_exit_group(status)
}

/// The arguments; the first is the program's name.
public var arguments: [[UInt8]] {
  // SAFETY: the initial stack is argc, then that many pointers to strings.
  let stack = unsafe swiftlet_get_state().pointee.initial_stack!
  var arguments: [[UInt8]] = []
  for index in 0..<Int(unsafe stack[0]) {
    unsafe arguments.append(bytes(from: string(stack[1 + index])))
  }
  return arguments
}

/// The value of the environment variable `name`; nil where it is not set.
public func environment(_ name: StaticString) -> [UInt8]? {
  // SAFETY: argc and the arguments with their NULL are followed by pointers to strings, and a NULL.
  let stack = unsafe swiftlet_get_state().pointee.initial_stack!
  var next = unsafe stack + Int(stack[0]) + 2
  while unsafe next.pointee != 0 {
    let variable = unsafe string(next.pointee)
    if let value = unsafe value(of: name, in: variable) { return unsafe bytes(from: value) }
    unsafe next += 1
  }
  return nil
}

private func string(_ address: UInt64) -> UnsafePointer<UInt8> {
  // SAFETY: only called with pointers of the initial stack.
  unsafe UnsafePointer(bitPattern: UInt(address))!
}

/// Where the value starts in "NAME=value"; nil where it is another name's.
private func value(of name: StaticString, in variable: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
  let length = name.utf8CodeUnitCount
  for index in 0..<length {
    // SAFETY: the comparison stops at the first difference, so not behind the string's 0.
    if unsafe variable[index] != name.utf8Start[index] { return nil }
  }
  return unsafe variable[length] == UInt8(ascii: "=") ? variable + (length + 1) : nil
}

/// A copy of the string up to its 0.
private func bytes(from start: UnsafePointer<UInt8>) -> [UInt8] {
  var length = 0
  while unsafe start[length] != 0 { length &+= 1 }
  return unsafe Array(UnsafeBufferPointer(start: start, count: length))
}
