// Descriptors: 0 reads the request's body, 1 appends to the output, 2 to the log. In loop mode there is 3, ActionLoop's, for the
// result; the output is one's or the other's.
// All look like pipes: data or end of file is always ready, nothing blocks.

import ABI
import Base
public import Bytes

extension ActionProcess {
  private static var vectorLimit: UInt64 { 1024 }  // UIO_MAXIOV

  func isOpen(_ descriptor: Int32) -> Bool {
    descriptor >= 0 && descriptor <= 3 && openDescriptors & (1 << UInt8(descriptor)) != 0
  }

  // What nearly every invocation asks for, without more ado. Where there is more to it the answer is nil, and nothing was done: then the call
  // is `systemCall`'s, which answers these, too.

  /// A read of fd 0 into one page, or at the end of the input; else nil.
  @inline(__always)
  public mutating func quickRead<M: ActionMachine & ~Copyable>(
    _ descriptor: UInt64, _ address: UInt64, _ length: UInt64, _ request: inout InvocationRequest, _ machine: inout M
  ) -> UInt64? {
    guard UInt32(truncatingIfNeeded: descriptor) == 0, openDescriptors & 1 != 0, mode != .initialising else { return nil }
    let start = request.body.lowerBound &+ inputPosition
    let count = min(UInt64(truncatingIfNeeded: request.body.upperBound &- start), length)
    guard count > 0 else { return mode == .process ? 0 : nil }
    let length = Int(truncatingIfNeeded: count)
    guard machine.tryCopyOut(request.input.bytes(from: start, count: length), to: address) else { return nil }
    inputPosition &+= length
    return count
  }

  /// A write of one page's bytes to fd 1 within the limit; else nil.
  @inline(__always)
  public mutating func quickWrite<M: ActionMachine & ~Copyable>(
    _ descriptor: UInt64, _ address: UInt64, _ length: UInt64, _ output: inout ByteBuffer, _ machine: inout M
  ) -> UInt64? {
    guard UInt32(truncatingIfNeeded: descriptor) == 1, openDescriptors & 2 != 0, mode == .process else { return nil }
    let room = max(0, limits.outputBytes &- (output.count &- outputStart))
    guard length > 0, length <= UInt64(truncatingIfNeeded: room),
      machine.tryAppend(from: address, count: Int(truncatingIfNeeded: length), to: &output)
    else { return nil }
    return length
  }

  mutating func read<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ request: inout InvocationRequest, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    try demandInput(call.descriptor)
    return try readInput(call.second, call.third, &request, &machine)
  }

  mutating func write<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ output: inout ByteBuffer, _ log: inout ByteBuffer, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    try demandOutput(call.descriptor)
    return try write(call.descriptor, call.second, call.third, &output, &log, &machine)
  }

  @_optimize(size)
  mutating func readVector<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ request: inout InvocationRequest, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    try demandInput(call.descriptor)
    let count = try takeVector(call, &machine)
    var total: UInt64 = 0
    for index in 0..<count {
      // The end of the input is a read's own news.
      if total > 0, inputPosition >= request.body.count { break }
      let (address, length) = vectorEntry(index)
      do throws(CallError) {
        let part = try readInput(address, length, &request, &machine)
        total &+= part
        guard part == length else { return total }
      } catch {
        if case .failed = error, total > 0 { return total }
        throw error
      }
    }
    return total
  }

  @_optimize(size)
  mutating func writeVector<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ output: inout ByteBuffer, _ log: inout ByteBuffer, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    try demandOutput(call.descriptor)
    let count = try takeVector(call, &machine)
    var total: UInt64 = 0
    for index in 0..<count {
      let (address, length) = vectorEntry(index)
      do throws(CallError) {
        let part = try write(call.descriptor, address, length, &output, &log, &machine)
        total &+= part
        guard part == length else { return total }
      } catch {
        if case .failed = error, total > 0 { return total }
        throw error
      }
    }
    return total
  }

  mutating func close(_ descriptor: Int32) throws(CallError) -> UInt64 {
    guard isOpen(descriptor) else { throw .failed(.badFileDescriptor) }
    openDescriptors &= ~(1 << UInt8(descriptor))
    return 0
  }

  @_optimize(size)
  mutating func poll<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ request: inout InvocationRequest, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard call.second <= Self.vectorLimit else { throw .failed(.invalidArgument) }
    let size = Int(call.second) &* 8
    guard size > 0 else { return 0 }
    try takeIntoScratch(size, from: call.first, .write, &machine)
    var ready: UInt64 = 0
    for position in stride(from: 0, to: size, by: 8) {
      let descriptor = Int32(bitPattern: scratch.span.loadLE32(position))
      let wanted = scratch.span.loadLE16(position &+ 4)
      var events: UInt16 = 0
      if descriptor >= 0 {
        if !isOpen(descriptor) {
          events = 0x20  // POLLNVAL
        } else if descriptor == 0 {
          // The whole input is there from the start, so its writer has hung up.
          events = 0x10 | (inputPosition < request.body.count ? wanted & 0x41 : 0)  // POLLHUP, POLLIN, POLLRDNORM
        } else {
          events = wanted & 0x104  // POLLOUT, POLLWRNORM
        }
      }
      if events != 0 { ready &+= 1 }
      var span = scratch.mutableSpan
      span.storeLE16(events, at: position &+ 6)
    }
    machine.copyOut(scratch.span, to: call.first)
    return ready
  }

  @_optimize(size)
  mutating func fstat<M: ActionMachine & ~Copyable>(
    _ descriptor: Int32, at address: UInt64, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard isOpen(descriptor) else { throw .failed(.badFileDescriptor) }
    var bytes: [144 of UInt8] = .init(repeating: 0)
    var stat = bytes.mutableSpan
    stat.storeLE64(UInt64(descriptor) &+ 1, at: 8)  // st_ino
    stat.storeLE64(1, at: 16)  // st_nlink
    stat.storeLE32(0o010600, at: 24)  // st_mode: S_IFIFO, rw-------
    stat.storeLE64(AddressSpace.pageSize, at: 56)  // st_blksize
    try put(bytes.span, at: address, &machine)
    return 0
  }

  /// fstat by its newer number, with an empty path and AT_EMPTY_PATH (what glibc calls); all real paths are missing.
  @_optimize(size)
  mutating func newfstatat<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    var bytes: [1 of UInt8] = [0]
    var path = bytes.mutableSpan
    try take(&path, from: call.second, &machine)
    guard bytes[0] == 0, call.fourth & 0x1000 != 0 else { throw .failed(.noSuchFile) }
    return try fstat(call.descriptor, at: call.third, &machine)
  }

  mutating func fcntl(_ call: SystemCall) throws(CallError) -> UInt64 {
    guard isOpen(call.descriptor) else { throw .failed(.badFileDescriptor) }
    switch call.second {
    case 1, 2, 4: return 0  // F_GETFD, F_SETFD, F_SETFL
    case 3: return call.descriptor == 0 ? 0 : 1  // F_GETFL: O_RDONLY, O_WRONLY
    default: throw .failed(.invalidArgument)
    }
  }

  /// The call reads fd 0, or fails; while the action initialises, this is where it has arrived.
  @inline(__always)
  private func demandInput(_ descriptor: Int32) throws(CallError) {
    guard descriptor == 0, isOpen(0) else { throw .failed(.badFileDescriptor) }
    if mode == .initialising { throw .snapshot }
  }

  @inline(__always)
  private func demandOutput(_ descriptor: Int32) throws(CallError) {
    guard descriptor > 0, isOpen(descriptor) else { throw .failed(.badFileDescriptor) }
  }

  /// Writes to one of the descriptors 1 to 3, which is open.
  @inline(never)
  private mutating func write<M: ActionMachine & ~Copyable>(
    _ descriptor: Int32, _ address: UInt64, _ length: UInt64, _ output: inout ByteBuffer, _ log: inout ByteBuffer,
    _ machine: inout M
  ) throws(CallError) -> UInt64 {
    if descriptor == 2 || mode == .initialising {
      return try writeLog(descriptor == 1 ? .output : .error, address, length, &log, &machine)
    }
    guard mode == .serving, length > 0 else { return try writeOutput(address, length, &output, &machine) }
    return try writeAnswer(descriptor, address, length, &output, &log, &machine)
  }

  /// Writes to descriptor 1 or 3 in loop mode. The output holds what was written to the one that the request prefers; what was written
  /// to the other for as long as that is nothing. Where fd 3 is preferred, all else that was written to fd 1 is log.
  @_optimize(size) @inline(never)
  private mutating func writeAnswer<M: ActionMachine & ~Copyable>(
    _ descriptor: Int32, _ address: UInt64, _ length: UInt64, _ output: inout ByteBuffer, _ log: inout ByteBuffer,
    _ machine: inout M
  ) throws(CallError) -> UInt64 {
    let count = memory.accessible(address, length, .read)
    guard count > 0 else { throw .failed(.badAddress) }
    let source = descriptor == 1 ? Answer.output : .result
    if source != answer {
      if answer != .none, answersOnResult != (source == .result) {
        return answersOnResult ? try writeLog(.output, address, UInt64(count), &log, &machine) : UInt64(count)
      }
      if answersOnResult { try logOutput(output, machine.now, &log) }
      output.truncate(to: outputStart)
      answer = source
    }
    hasAnswered = false
    if answersOnResult, source == .output { markOutput(machine.now, output) }
    let written = try writeOutput(address, UInt64(count), &output, &machine)
    hasAnswered = source == .result && output.span[output.count &- 1] == UInt8(ascii: "\n")
    return written
  }

  /// A read in loop mode that finds nothing left. A program that has answered with a whole line and asks for the next request, though it
  /// was told that there is none, has come round and is done.
  @inline(never)
  private mutating func endOfInput() throws(CallError) {
    if hasAnswered, hasSeenEnd { throw .end(.exited(status: 0)) }
    hasSeenEnd = true
  }

  private mutating func readInput<M: ActionMachine & ~Copyable>(
    _ address: UInt64, _ length: UInt64, _ request: inout InvocationRequest, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    let input = request.standardInput
    let rest = input.count &- min(inputPosition, input.count)
    let wanted = min(UInt64(rest), length)
    guard wanted > 0 else {
      if mode == .serving, length > 0 { try endOfInput() }
      return 0
    }
    let count = memory.accessible(address, wanted, .write)
    guard count > 0 else { throw .failed(.badAddress) }
    if let outcome = prepare(address, count, .write, &machine) { throw .end(outcome) }
    machine.copyOut(input.extracting(inputPosition..<(inputPosition &+ count)), to: address)
    inputPosition &+= count
    return UInt64(count)
  }

  private mutating func writeOutput<M: ActionMachine & ~Copyable>(
    _ address: UInt64, _ length: UInt64, _ output: inout ByteBuffer, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard length > 0 else { return 0 }
    let room = max(0, limits.outputBytes &- (output.count &- outputStart))
    let wanted = memory.accessible(address, length, .read)
    guard wanted > 0 else { throw .failed(.badAddress) }
    let count = min(wanted, room)
    if let outcome = prepare(address, count, .read, &machine) { throw .end(outcome) }
    guard machine.append(from: address, count: count, to: &output) else { throw .end(.noMemory) }
    guard wanted <= room else { throw .end(.outputLimit) }
    return UInt64(count)
  }

  @_optimize(size) @inline(never)
  private mutating func writeLog<M: ActionMachine & ~Copyable>(
    _ stream: LogStream, _ address: UInt64, _ length: UInt64, _ log: inout ByteBuffer, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard length > 0 else { return 0 }
    let wanted = memory.accessible(address, length, .read)
    guard wanted > 0 else { throw .failed(.badAddress) }
    let room = logRoom(log)
    let count = min(wanted, room)
    try demand(address, count, .read, &machine)
    let now = machine.now
    if count > 0 { markLog(stream, now, log) }
    guard machine.append(from: address, count: count, to: &log) else { throw .end(.noMemory) }
    if wanted > room { cutLog(now, &log) }
    return UInt64(wanted)
  }

  /// Brings the vector of readv or writev into `scratch` and checks its lengths; returns its count.
  @_optimize(size) @inline(never)
  private mutating func takeVector<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> Int {
    guard call.third <= Self.vectorLimit else { throw .failed(.invalidArgument) }
    let count = Int(call.third)
    guard count > 0 else { return 0 }
    try takeIntoScratch(count &* 16, from: call.second, .read, &machine)
    for index in 0..<count where vectorEntry(index).length > UInt64(Int64.max) { throw .failed(.invalidArgument) }
    return count
  }

  private func vectorEntry(_ index: Int) -> (address: UInt64, length: UInt64) {
    let entries = scratch.span
    return (entries.loadLE64(index &* 16), entries.loadLE64(index &* 16 &+ 8))
  }
}
