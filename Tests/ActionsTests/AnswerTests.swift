// Loop mode: which descriptor the output comes from, and which read ends the invocation.

import ABI
import Actions
import Base
import Bytes
import Testing

@Suite struct AnswerTests {
  private static let end = SystemCall(number: Syscall.read.rawValue, 0, Harness.data, 4096)

  /// A harness after its snapshot, with "ab\n" at `Harness.data + 0x100`.
  private func harness(_ input: String = "", answersOnResult: Bool = false, limits: ActionLimits = ActionLimits()) -> Harness {
    let action = Harness(mode: .initialising)
    #expect(action.poke(Array("ab\n".utf8), at: Harness.data + 0x100))
    _ = action.takeSnapshot(input: Array(input.utf8), answersOnResult: answersOnResult, limits: limits)
    return action
  }

  /// Writes "ab\n", or its first `count` bytes.
  private func write(_ action: Harness, _ descriptor: UInt64, _ count: UInt64 = 3) -> Int64? {
    action.call(.write, descriptor, Harness.data + 0x100, count)
  }

  private func readAll(_ action: Harness) {
    while let count = action.call(.read, 0, Harness.data, 10), count > 0 {}
  }

  /// What glibc's fread and fwrite do with a body of 4,097 bytes: part of the output is written between two reads at the end.
  @Test func aReadAtTheEndEndsNothingWhereTheOutputIsDescriptorOnes() {
    let action = harness("abcdef")
    #expect(action.call(.read, 0, Harness.data, 4) == 4)
    for _ in 0..<4 {
      #expect(write(action, 1) == 3)
      readAll(action)
      #expect(action.step(Self.end) == .resume(returning: 0))
      #expect(write(action, 1, 2) == 2)
    }
    #expect(action.answer == "HEAD" + String(repeating: "ab\nab", count: 4))
    // Nor where fd 3 has a whole line beside it.
    #expect(write(action, 3) == 3)
    for _ in 0..<3 { #expect(action.step(Self.end) == .resume(returning: 0)) }
  }

  @Test func aProgramThatAnsweredOnThreeAndComesRoundIsDone() {
    let action = harness("one\ntwo")
    #expect(action.call(.read, 0, Harness.data, 100) == 7)
    #expect(write(action, 3) == 3)
    // It may have a part of a line still, which only the end makes a request.
    #expect(action.step(Self.end) == .resume(returning: 0))
    #expect(write(action, 3, 2) == 2)
    // Half an answer is none.
    for _ in 0..<3 { #expect(action.step(Self.end) == .resume(returning: 0)) }
    #expect(write(action, 2) == 3)
    #expect(action.step(Self.end) == .resume(returning: 0))
    #expect(write(action, 3) == 3)
    // A read of nothing asks for nothing.
    #expect(action.step(SystemCall(number: Syscall.read.rawValue, 0, Harness.data, 0)) == .resume(returning: 0))
    #expect(action.step(Self.end) == .end(.exited(status: 0)))
    #expect(action.answer == "HEADab\nabab\n")
  }

  @Test func descriptorOneTakesTheEndBackFromThree() {
    let action = harness()
    #expect(action.step(Self.end) == .resume(returning: 0))
    #expect(write(action, 3) == 3)
    #expect(write(action, 1) == 3)
    for _ in 0..<3 { #expect(action.step(Self.end) == .resume(returning: 0)) }
    #expect(action.answer == "HEADab\n")
  }

  /// ActionLoop's request is one line: what has read it and answered with a line is done with the next read.
  @Test func theLineOfAnActionLoopRequestIsItsEnd() {
    for reads in 1...2 {
      let action = harness("{}\n", answersOnResult: true)
      #expect(action.call(.read, 0, Harness.data, reads == 1 ? 100 : 1) == (reads == 1 ? 3 : 1))
      #expect(write(action, 3) == 3)
      if reads == 2 { #expect(action.call(.read, 0, Harness.data, 100) == 2) }
      #expect(action.step(Self.end) == .end(.exited(status: 0)))
      #expect(action.answer == "HEADab\n")
    }
    // Without an answer, or with half of one, the end is the end.
    let action = harness("{}\n", answersOnResult: true)
    readAll(action)
    #expect(write(action, 3, 2) == 2)
    for _ in 0..<3 { #expect(action.step(Self.end) == .resume(returning: 0)) }
  }

  @Test func nothingOfAnAnswerIsLeftForTheNextInvocation() {
    let action = Harness(mode: .initialising)
    #expect(action.poke(Array("ab\n".utf8), at: Harness.data + 0x100))
    let snapshot = action.takeSnapshot(input: Array("x\n".utf8), answersOnResult: true)
    readAll(action)
    #expect(write(action, 3) == 3)
    #expect(action.step(Self.end) == .end(.exited(status: 0)))
    action.begin(snapshot)
    for _ in 0..<3 { #expect(action.step(Self.end) == .resume(returning: 0)) }
    #expect(write(action, 3) == 3)
    #expect(write(action, 1, 2) == 2)
    #expect(action.answer == "HEADab")
    action.process.begin(
      action.layout, slotBase: Harness.slotBase, limits: ActionLimits(), privatePages: 0, outputStart: 4, logStart: 0,
      now: action.machine.now)
  }

  @Test func aVectorThatEndsWithTheInputHasNotSeenItsEnd() {
    let action = harness("abcd")
    #expect(action.poke(words: [Harness.data + 64, 4, Harness.data + 128, 4], at: Harness.data))
    #expect(action.call(.readv, 0, Harness.data, 2) == 4)
    #expect(write(action, 3) == 3)
    #expect(action.call(.readv, 0, Harness.data, 2) == 0)
    let again = SystemCall(number: Syscall.readv.rawValue, 0, Harness.data, 2)
    #expect(action.step(again) == .end(.exited(status: 0)))
  }

  @Test(arguments: [
    ([1], "HEADab"), ([3], "HEADab"), ([3, 1], "HEADab"), ([1, 3], "HEADab"), ([3, 3], "HEADabab"), ([1, 3, 1], "HEADabab"),
    ([3, 1, 3, 1], "HEADabab"), ([2], "HEAD"), ([], "HEAD"),
  ])
  func descriptorOneGoesBeforeThree(writes: [UInt64], answer: String) {
    let action = harness()
    for descriptor in writes { #expect(write(action, descriptor, 2) == 2) }
    #expect(action.answer == answer)
    // A write that fails is none.
    for descriptor in [UInt64(1), 3] { #expect(action.call(.write, descriptor, 0, 2) == -14) }
    #expect(action.answer == answer)
  }

  /// ActionLoop: fd 3 is the result and fd 1 the log, but the result as long as fd 3 is not written.
  @Test(arguments: [
    ([1], "HEADab", ""), ([3], "HEADab", ""), ([3, 1], "HEADab", "ab"), ([1, 3], "HEADab", "ab"), ([1, 1, 3, 3, 1], "HEADabab", "ababab"),
    ([1, 2], "HEADab", "ab"), ([2], "HEAD", "ab"), ([], "HEAD", ""),
  ] as [([UInt64], String, String)])
  func descriptorThreeGoesBeforeOneForActionLoop(writes: [UInt64], answer: String, log: String) {
    let action = harness(answersOnResult: true)
    for descriptor in writes { #expect(write(action, descriptor, 2) == 2) }
    #expect(action.answer == answer && text(of: action.log) == log)
    for descriptor in [UInt64(1), 3] { #expect(action.call(.write, descriptor, 0, 2) == -14) }
    #expect(action.answer == answer && text(of: action.log) == log)
  }

  @Test func limitsHoldForActionLoopsDescriptors() {
    let action = harness(answersOnResult: true, limits: ActionLimits(outputBytes: 8, logBytes: 4))
    #expect(write(action, 1) == 3)
    #expect(write(action, 1) == 3)
    // What counts is the result, once there is one.
    #expect(write(action, 3) == 3)
    for _ in 0..<5 { #expect(write(action, 1) == 3) }
    #expect(text(of: action.log) == "ab\na\nswiftlet: the log was cut at its limit of 4 bytes\n")
    #expect(write(action, 3) == 3)
    #expect(action.step(SystemCall(number: Syscall.write.rawValue, 3, Harness.data + 0x100, 3)) == .end(.outputLimit))
    #expect(action.answer == "HEADab\nab\nab")
    let other = harness(answersOnResult: true, limits: ActionLimits(outputBytes: 8))
    for _ in 0..<2 { #expect(write(other, 1) == 3) }
    #expect(other.step(SystemCall(number: Syscall.write.rawValue, 1, Harness.data + 0x100, 3)) == .end(.outputLimit))
  }
}
