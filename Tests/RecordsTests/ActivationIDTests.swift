import Testing

@testable import Records

@Suite struct ActivationIDTests {
  @Test func thereAndBack() {
    var generator = IdentifierGenerator(seed: 3)
    for id in [ActivationID(high: 0, low: 0), ActivationID(high: .max, low: 1)] + (0..<100).map({ _ in generator.nextActivation() }) {
      let text = written { id.write(into: &$0) }
      #expect(text.utf8.count == ActivationID.textLength)
      let bytes = Array(text.utf8)
      #expect(ActivationID(parsing: bytes.span) == id)
    }
  }

  @Test func digits() {
    let text = written { ActivationID(high: 0x0123_4567_89ab_cdef, low: 0xfe).write(into: &$0) }
    #expect(text == "0123456789abcdef00000000000000fe")
  }

  @Test(arguments: [
    "", "0", String(repeating: "0", count: 31), String(repeating: "0", count: 33), String(repeating: "A", count: 32), String(repeating: "0", count: 31) + "g",
    String(repeating: "0", count: 31) + " ", "0123456789abcdef-0123456789abcde", String(repeating: "é", count: 16),
  ])
  func illegal(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(ActivationID(parsing: bytes.span) == nil)
  }

  @Test func identifiersDiffer() {
    var generator = IdentifierGenerator(seed: 1)
    var seen: Set<UInt64> = []
    for _ in 0..<10_000 { seen.insert(generator.next()) }
    #expect(seen.count == 10_000)
  }

  @Test func activationsOfOneBootShareTheSecondHalfOnly() {
    var generator = IdentifierGenerator(seed: 1)
    var other = IdentifierGenerator(seed: 2)
    var seen: Set<UInt64> = []
    let boot = generator.nextActivation().low
    for _ in 0..<10_000 {
      let id = generator.nextActivation()
      seen.insert(id.high)
      #expect(id.low == boot)
    }
    #expect(seen.count == 10_000)
    #expect(other.nextActivation().low != boot)
  }
}
