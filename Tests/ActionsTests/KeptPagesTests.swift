// Pages that were kept ready for an invocation, at its memory limit.

import ABI
import Actions
import Testing

@Suite struct KeptPagesTests {
  /// Zero-filled data: two pages, kept ready; then mappings up to the limit, `spare` pages aside.
  private func harness(kept pages: Range<UInt64>, spare: Int) throws -> (action: Harness, block: UInt64, room: Int) {
    let action = Harness(limits: ActionLimits(memoryBytes: 1 << 20))
    for page in pages {
      #expect(action.poke([0], at: Harness.data + page * 4096))
      action.machine.kept.insert(SlotLayout.imagePage + 3 + UInt32(page))
    }
    let block = UInt64(try #require(action.call(.mmap, 0, 1 << 20, 3, 0x22, UInt64.max, 0)))
    let room = 256 - action.process.memory.usedPages
    for page in 0..<(room - spare) { #expect(action.poke([1], at: block + UInt64(page) * 4096)) }
    return (action, block, room)
  }

  @Test func thoseThatNothingWasMadeOfGiveWay() throws {
    let (action, block, room) = try harness(kept: 2..<4, spare: 0)
    // Both places are had, and no more.
    for page in 0..<2 { #expect(action.poke([1], at: block + UInt64(room + page) * 4096)) }
    #expect(!action.poke([1], at: block + UInt64(room + 2) * 4096))
    #expect(action.process.memory.usedPages == 256 && action.machine.kept.isEmpty)
    #expect(action.peek(1, at: Harness.data + 2 * 4096) == nil)
  }

  @Test func thoseThatWereWrittenStay() throws {
    let (action, block, room) = try harness(kept: 1..<4, spare: 0)
    #expect(action.poke([7], at: Harness.data + 2 * 4096 + 4095))
    // A page of the image counts as written where it is not the image's.
    #expect(action.poke([9], at: Harness.data + 4096))
    #expect(action.poke([1], at: block + UInt64(room) * 4096))
    #expect(!action.poke([1], at: block + UInt64(room + 1) * 4096))
    #expect(action.peek(1, at: Harness.data + 2 * 4096 + 4095) == [7] && action.peek(1, at: Harness.data + 4096) == [9])
  }

  /// What a page would hold after its next first touch counts, not what it held at entry.
  @Test func aPageThatWasMappedAnewIsZero() throws {
    let (action, block, room) = try harness(kept: 0..<0, spare: 2)
    let page = Harness.data + 4096
    let original = try #require(action.peek(4096, at: page))
    #expect(action.call(.mmap, page, 4096, 3, 0x32, UInt64.max, 0) == Int64(page))
    #expect(action.poke(original, at: page))
    action.machine.kept.insert(SlotLayout.imagePage + 4)
    #expect(action.poke([1], at: block + UInt64(room - 2) * 4096))
    #expect(!action.poke([1], at: block + UInt64(room - 1) * 4096))
    #expect(action.peek(4096, at: page) == original)
  }

  /// A call prepares all its pages, though some of them are given back for others on the way.
  @Test func aReadOverKeptPagesFindsThemMapped() throws {
    for spare in 0...1 {
      let action = try harness(kept: 2..<3, spare: spare + 1).action
      #expect(action.poke([0], at: Harness.stackTop - 64))
      action.machine.kept.insert(SlotLayout.stackEndPage - 1)
      let input = Array(repeating: UInt8(5), count: 8192)
      action.request.setInput(buffer(input), body: 0..<input.count)
      #expect(action.call(.read, 0, Harness.data + 2 * 4096, 8192) == 8192)
      #expect(action.machine.violations.isEmpty && action.peek(8192, at: Harness.data + 2 * 4096) == input)
    }
    // Where not all can be had, nothing is read.
    let action = try harness(kept: 2..<3, spare: 0).action
    let input = Array(repeating: UInt8(5), count: 8192)
    action.request.setInput(buffer(input), body: 0..<input.count)
    #expect(action.step(SystemCall(number: Syscall.read.rawValue, 0, Harness.data + 2 * 4096, 8192)) == .end(.memoryLimit))
    #expect(action.machine.violations.isEmpty)
  }
}
