import Actions
import Testing

@Suite struct OutcomeTests {
  @Test(arguments: [
    (Outcome.exited(status: 0), "The action ended successfully."),
    (.exited(status: 3), "The action ended with exit status 3."),
    (.timeLimit, "The action exceeded its time limits of 1500 milliseconds."),
    (.memoryLimit, "The action exhausted its memory and was aborted."),
    (.outputLimit, "The action wrote more than its output limit of 77 bytes and was aborted."),
    (.noMemory, "The machine ran out of memory; the action was aborted."),
    (.notInstalled, "The action is not installed."),
    (
      .fault(FaultReport(kind: .pageFault, address: 0x10, instructionOffset: 0x1234, access: .write)),
      "The action was aborted: page fault (#PF) writing address 0x10 at image offset 0x1234."
    ),
    (
      .fault(FaultReport(kind: .invalidOpcode, instructionOffset: 0xffff)),
      "The action was aborted: invalid opcode (#UD) at image offset 0xffff."
    ),
  ])
  func words(outcome: Outcome, expected: String) {
    var words = buffer([])
    let complete = outcome.describe(
      limits: ActionLimits(timeoutMilliseconds: 1500, outputBytes: 77), into: &words)
    #expect(complete)
    #expect(text(of: words) == expected)
    #expect(outcome.isSuccess == (outcome == .exited(status: 0)))
  }

  @Test func legalLimits() {
    #expect(ActionLimits().areLegal)
    #expect(!ActionLimits(timeoutMilliseconds: 99).areLegal)
    #expect(!ActionLimits(timeoutMilliseconds: 300_001).areLegal)
    #expect(!ActionLimits(memoryBytes: (1 << 20) - 1).areLegal)
    #expect(!ActionLimits(outputBytes: -1).areLegal)
  }
}
