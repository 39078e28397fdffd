// Small copies between the kernel and the action's memory. A user pointer is an allegation: it is held against the
// action's regions before a byte moves.

import ABI
import Bytes

extension ActionProcess {
  /// Copies all of `bytes` to `address`, or nothing: EFAULT.
  @_optimize(size) @inline(never)
  mutating func put<M: ActionMachine & ~Copyable>(
    _ bytes: Span<UInt8>, at address: UInt64, _ machine: inout M
  ) throws(CallError) {
    try demand(address, bytes.count, .write, &machine)
    machine.copyOut(bytes, to: address)
  }

  /// Copies two words to `address`, or nothing: EFAULT.
  mutating func put<M: ActionMachine & ~Copyable>(
    _ first: UInt64, _ second: UInt64, at address: UInt64, _ machine: inout M
  ) throws(CallError) {
    var words: [16 of UInt8] = .init(repeating: 0)
    var span = words.mutableSpan
    span.storeLE64(first, at: 0)
    span.storeLE64(second, at: 8)
    try put(words.span, at: address, &machine)
  }

  /// Copies one word to `address`, or nothing: EFAULT.
  mutating func put<M: ActionMachine & ~Copyable>(
    _ word: UInt64, at address: UInt64, _ machine: inout M
  ) throws(CallError) {
    var words: [8 of UInt8] = .init(repeating: 0)
    var span = words.mutableSpan
    span.storeLE64(word, at: 0)
    try put(words.span, at: address, &machine)
  }

  /// Writes `count` (at most 32) zero bytes to `address` where that is not null; returns 0.
  mutating func putZeros<M: ActionMachine & ~Copyable>(
    _ count: Int, at address: UInt64, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard address != 0 else { return 0 }
    let zeros: [32 of UInt8] = .init(repeating: 0)
    try put(zeros.span.extracting(0..<count), at: address, &machine)
    return 0
  }

  /// Fills all of `bytes` from `address`, or fails: EFAULT.
  @_optimize(size) @inline(never)
  mutating func take<M: ActionMachine & ~Copyable>(
    _ bytes: inout MutableSpan<UInt8>, from address: UInt64, _ machine: inout M
  ) throws(CallError) {
    try demand(address, bytes.count, .read, &machine)
    machine.copyIn(from: address, to: &bytes)
  }

  /// Brings `count` bytes at `address` into `scratch`, replacing what is there.
  @_optimize(size) @inline(never)
  mutating func takeIntoScratch<M: ActionMachine & ~Copyable>(
    _ count: Int, from address: UInt64, _ access: Access, _ machine: inout M
  ) throws(CallError) {
    try demand(address, count, access, &machine)
    scratch.truncate(to: 0)
    guard machine.append(from: address, count: count, to: &scratch) else { throw .end(.noMemory) }
  }

  @_optimize(size) @inline(never)
  mutating func demand<M: ActionMachine & ~Copyable>(
    _ address: UInt64, _ count: Int, _ access: Access, _ machine: inout M
  ) throws(CallError) {
    guard memory.accessible(address, UInt64(count), access) == count else { throw .failed(.badAddress) }
    if let outcome = prepare(address, count, access, &machine) { throw .end(outcome) }
  }
}
