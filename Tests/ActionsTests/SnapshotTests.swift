// Loop mode: what the snapshot holds, what is seen of it afterwards, and how descriptors behave around it.

import ABI
import Actions
import Base
import Bytes
import Testing

/// Turns the fake machine's pages into template pages.
private struct FakeSource: SnapshotSource, ~Copyable {
  var pages: [UInt32: FakeMachine.Page]
  let image: [[UInt8]]
  var templates: [[UInt8]] = []
  var kept: [Int] = []

  func firstPrivatePage(in range: Range<UInt32>) -> UInt32? {
    pages.filter { range.contains($0.key) && $0.value.isPrivate }.keys.min()
  }

  mutating func movePrivate(_ page: UInt32, _ protection: Protection) {
    templates.append(pages[page]!.bytes)
    pages[page]!.isPrivate = false
    pages[page]!.protection = protection.subtracting(.write)
  }

  mutating func keepTemplate(_ index: Int) {
    kept.append(index)
    templates.append(image[index])
  }
}

extension Harness {
  /// Takes the snapshot and begins an invocation that goes on from it.
  func takeSnapshot(input: [UInt8] = [], answersOnResult: Bool = false, limits: ActionLimits = ActionLimits()) -> Snapshot {
    var source = FakeSource(pages: machine.pages, image: machine.templates)
    let snapshot = Snapshot(of: process, from: &source)!
    machine.pages = source.pages
    machine.templates = source.templates
    keptTemplates = source.kept
    begin(snapshot, input: input, answersOnResult: answersOnResult, limits: limits)
    return snapshot
  }

  /// Begins another invocation: private pages are gone, protections are the snapshot's.
  func begin(
    _ snapshot: borrowing Snapshot, input: [UInt8] = [], answersOnResult: Bool = false, limits: ActionLimits = ActionLimits(),
    owner: InstanceID? = nil
  ) {
    machine.pages = machine.pages.filter { !$0.value.isPrivate }
    machine.snapshotTemplates = [:]
    for page in SlotLayout.imagePage..<SlotLayout.mapEndPage {
      guard let template = snapshot.template(at: page) else { continue }
      machine.snapshotTemplates[page] = template
      machine.pages[page]?.protection = snapshot.protection(at: page).subtracting(.write)
    }
    request = InvocationRequest(input: buffer(input), body: 0..<input.count)
    output = buffer(Array("HEAD".utf8))
    process.begin(
      snapshot, owner: owner, slotBase: Self.slotBase, limits: limits, privatePages: 0, outputStart: 4, logStart: log.count,
      now: machine.now, answersOnResult: answersOnResult)
  }

  var answer: String { text(of: output) }
}

@Suite struct SnapshotTests {
  private func snapshotStep(_ action: Harness, _ call: SystemCall) -> Bool { action.step(call) == .takeSnapshot }

  @Test func onlyReadingTheInputIsTheEndOfInitialisation() {
    let action = Harness(mode: .initialising)
    #expect(action.poke([0, 0, 0, 0, 1, 0, 0, 0], at: Harness.data))
    #expect(action.call(.poll, Harness.data, 1, 0) == 1)
    for number in [Syscall.lseek, .fstat, .fcntl] {
      #expect(!snapshotStep(action, SystemCall(number: number.rawValue, 0, Harness.data, 1)))
    }
    for descriptor in [UInt64(1), 2, 3, 4, 0xffff_ffff] {
      #expect(action.call(.read, descriptor, Harness.data, 1) == -9)
      #expect(action.call(.readv, descriptor, Harness.data, 1) == -9)
    }
    #expect(snapshotStep(action, SystemCall(number: Syscall.read.rawValue, 0, 0, 0)))
    #expect(snapshotStep(action, SystemCall(number: Syscall.readv.rawValue, 0, 0, 0)))
    #expect(action.call(.close, 0) == 0)
    #expect(action.call(.read, 0, Harness.data, 1) == -9)
  }

  @Test func outputBeforeTheSnapshotIsLog() {
    let action = Harness(mode: .initialising)
    #expect(action.poke(Array("abc".utf8), at: Harness.data))
    for descriptor in 1...3 { #expect(action.call(.write, UInt64(descriptor), Harness.data, 3) == 3) }
    #expect(action.answer == "")
    #expect(text(of: action.log) == "abcabcabc")
  }

  @Test func descriptorThreeIsThereInLoopModeOnly() {
    #expect(Harness().call(.fcntl, 3, 3, 0) == -9)
    #expect(Harness().call(.write, 3, Harness.data, 1) == -9)
    #expect(Harness(mode: .initialising).call(.fcntl, 3, 3, 0) == 1)
  }

  @Test func everyPageComesBack() throws {
    let action = Harness(mode: .initialising)
    let heap = UInt64(try #require(action.call(.brk, 0)))
    #expect(action.call(.brk, heap + 0x10000) == Int64(heap) + 0x10000)
    let block = UInt64(try #require(action.call(.mmap, 0, 1 << 20, 3, 0x22, UInt64.max, 0)))
    let places = [Harness.data, Harness.data + 0x3000, heap + 8, heap + 0xf000, block, block + 0xff000, Harness.stackTop - 64]
    for (index, place) in places.enumerated() { #expect(action.poke([UInt8(index) + 1], at: place)) }
    let snapshot = action.takeSnapshot()
    // The image's page that was written is not kept, all others are: of the data segment's two from the file, the second.
    let written = try #require(action.layout.template(at: SlotLayout.imagePage + 3))
    #expect(action.keptTemplates == (0..<action.layout.templatePageCount).filter { $0 != written })
    #expect(snapshot.templatePageCount == action.keptTemplates.count + places.count)
    for _ in 0..<2 {
      for (index, place) in places.enumerated() {
        #expect(action.peek(1, at: place) == [UInt8(index) + 1])
        #expect(action.poke([0xff], at: place))
      }
      #expect(action.peek(1, at: heap + 0x2000) == [0])
      #expect(action.call(.brk, 0) == Int64(heap) + 0x10000)
      action.begin(snapshot)
    }
    #expect(action.machine.violations.isEmpty)
  }

  @Test func lookUpsAgreeWithTheLists() throws {
    let action = Harness(mode: .initialising)
    let block = UInt64(try #require(action.call(.mmap, 0, 4096 * 4096, 3, 0x22, UInt64.max, 0)))
    var pages: [UInt32] = []
    for index in stride(from: UInt64(0), to: 4095, by: 3) {
      #expect(action.poke([1], at: block + index * 4096))
      pages.append(UInt32((block + index * 4096 - Harness.slotBase) >> 12))
    }
    #expect(action.call(.mprotect, block, 4096, 0) == 0)
    let snapshot = action.takeSnapshot()
    for (index, page) in pages.enumerated() {
      // The image lies below all mappings.
      #expect(snapshot.template(at: page) == action.keptTemplates.count + index)
      #expect(snapshot.template(at: page + 1) == nil)
      #expect(snapshot.protection(at: page) == (index == 0 ? .none : [.read, .write]))
      #expect(!snapshot.isZeroAtEntry(page) && snapshot.isZeroAtEntry(page + 1))
    }
    for page in [0, SlotLayout.imagePage - 1, pages[0] - 1, SlotLayout.mapEndPage, .max] {
      #expect(snapshot.template(at: page) == nil && snapshot.protection(at: page) == .none, "\(page)")
    }
  }

  @Test func whatIsMappedAnewIsZero() throws {
    let action = Harness(mode: .initialising)
    let block = UInt64(try #require(action.call(.mmap, 0, 0x8000, 3, 0x22, UInt64.max, 0)))
    for page in UInt64(0)..<8 { #expect(action.poke([9], at: block + page * 0x1000)) }
    let snapshot = action.takeSnapshot()
    #expect(action.call(.munmap, block, 0x2000) == 0)
    #expect(action.peek(1, at: block) == nil)
    #expect(action.call(.mmap, block, 0x1000, 3, 0x32, UInt64.max, 0) == Int64(block))
    #expect(action.peek(1, at: block) == [0])
    #expect(action.call(.madvise, block + 0x2000, 0x2000, 4) == 0)
    #expect(action.peek(1, at: block + 0x2000) == [0] && action.peek(1, at: block + 0x3000) == [0])
    #expect(action.peek(1, at: block + 0x4000) == [9])
    let first = UInt32((block - Harness.slotBase) >> 12)
    #expect(action.process.memory.changedOtherPages == first..<(first + 4))
    action.begin(snapshot)
    #expect(action.process.memory.changedOtherPages.isEmpty)
    for page in UInt64(0)..<8 { #expect(action.peek(1, at: block + page * 0x1000) == [9]) }
  }

  /// An allocator that gives pages back here and there leaves regions for its next mapping.
  @Test func adviceDoesNotUseUpRegions() throws {
    let action = Harness(mode: .initialising)
    let kept = UInt64(try #require(action.call(.mmap, 0, 1 << 20, 3, 0x22, UInt64.max, 0)))
    for page in UInt64(0)..<256 { #expect(action.poke([9], at: kept + page * 0x1000)) }
    let snapshot = action.takeSnapshot()
    let fresh = UInt64(try #require(action.call(.mmap, 0, 1 << 20, 3, 0x22, UInt64.max, 0)))
    for advice in [MemoryAdvice.dontNeed, MemoryAdvice.free] {
      for page in stride(from: UInt64(0), to: 256, by: 2) {
        let address = fresh + page * 0x1000
        #expect(action.poke([1], at: address))
        #expect(action.call(.madvise, address, 0x1000, advice) == 0)
        #expect(action.peek(1, at: address) == [0])
      }
      // Pages of the image go back to the snapshot: nothing has to be noted.
      for page in UInt64(0)..<4 { #expect(action.call(.madvise, Harness.data + page * 0x1000, 0x1000, advice) == 0) }
    }
    for page in stride(from: UInt64(0), to: 256, by: 2) {
      #expect(action.call(.madvise, kept + page * 0x1000, 0x1000, MemoryAdvice.free) == 0)
      #expect(action.peek(1, at: kept + page * 0x1000) == [9])
    }
    #expect(action.call(.mmap, 0, 1 << 20, 3, 0x22, UInt64.max, 0) ?? -1 > 0)
    // Neighbours are one again.
    for page in UInt64(0)..<256 {
      #expect(action.call(.madvise, kept + page * 0x1000, 0x1000, MemoryAdvice.dontNeed) == 0)
      #expect(action.peek(1, at: kept + page * 0x1000) == [0])
    }
    #expect(action.call(.mmap, 0, 1 << 20, 3, 0x22, UInt64.max, 0) ?? -1 > 0)
    #expect(action.process.memory.privatePages == action.machine.privatePages)
    action.begin(snapshot)
    for page in UInt64(0)..<256 { #expect(action.peek(1, at: kept + page * 0x1000) == [9]) }
  }

  @Test func snapshotPagesCountForTheMemoryLimit() throws {
    let limits = ActionLimits(memoryBytes: 1 << 20)
    let action = Harness(limits: limits, mode: .initialising)
    let block = UInt64(try #require(action.call(.mmap, 0, 1 << 19, 3, 0x22, UInt64.max, 0)))
    for page in UInt64(0)..<128 { #expect(action.poke([1], at: block + page * 0x1000)) }
    let snapshot = action.takeSnapshot()
    action.process.begin(
      snapshot, slotBase: Harness.slotBase, limits: limits, privatePages: 0, outputStart: 4, logStart: 0,
      now: action.machine.now)
    // Each page that is written counts beside the snapshot's own.
    var written = 0
    for page in UInt64(0)..<128 where action.poke([2], at: block + page * 0x1000) { written += 1 }
    #expect(written == 256 - snapshot.templatePageCount)
  }

  /// An owner's regions are not built anew for each invocation, but where a memory call has changed them.
  @Test func eachInvocationOfAnOwnerBeginsWithItsRegions() throws {
    let owner = InstanceID(index: 3, generation: 1)
    let action = Harness(mode: .initialising)
    func begin(_ owner: InstanceID?) {
      action.machine.pages = [:]
      if let owner, action.process.isReady(for: owner) {
        return action.process.beginAgain(privatePages: 0, outputStart: 0, logStart: 0, now: action.machine.now)
      }
      action.process.begin(
        action.layout, owner: owner, slotBase: Harness.slotBase, limits: ActionLimits(), privatePages: 0, outputStart: 0, logStart: 0,
        now: action.machine.now)
    }
    begin(owner)
    let heap = UInt64(try #require(action.call(.brk, 0)))
    let block = Harness.slotBase + SlotLayout.mapLimit - 0x1000
    let changes: [() -> Int64?] = [
      { action.call(.getpid) }, { action.call(.brk, heap + 0x2000) }, { action.call(.mmap, 0, 0x1000, 3, 0x22, UInt64.max, 0) },
      { action.call(.mprotect, Harness.data, 0x1000, 1) }, { action.call(.munmap, Harness.data, 0x1000) },
      { action.call(.madvise, Harness.data, 0x1000, 4) },
    ]
    for owner in [owner, owner, InstanceID(index: 3, generation: 2), nil] {
      for change in changes {
        begin(owner)
        #expect(action.call(.brk, 0) == Int64(heap))
        #expect(!action.touch(heap, .read) && !action.touch(block, .read) && action.touch(Harness.data, .write))
        #expect(change() ?? -1 >= 0)
      }
    }
    begin(owner)
    let ready = [owner, InstanceID(index: 3, generation: 2)].map { action.process.isReady(for: $0) }
    action.process.forgetLimits()
    let isReadyThen = action.process.isReady(for: owner)
    #expect(ready == [true, false] && !isReadyThen)
    // The same owner's snapshot is other memory than its image.
    action.process.begin(
      action.layout, owner: owner, slotBase: Harness.slotBase, limits: ActionLimits(), privatePages: 0, outputStart: 0, logStart: 0,
      now: action.machine.now, mode: .initialising)
    #expect(action.call(.brk, heap + 0x3000) == Int64(heap) + 0x3000)
    let snapshot = action.takeSnapshot()
    for _ in 0..<2 {
      action.begin(snapshot, owner: owner)
      #expect(action.call(.brk, 0) == Int64(heap) + 0x3000)
      action.begin(snapshot, owner: owner)
      #expect(action.call(.brk, heap) == Int64(heap))
      #expect(!action.touch(heap, .read))
    }
    action.begin(snapshot, owner: owner)
    #expect(action.touch(heap, .read))
    begin(owner)
    #expect(action.call(.brk, 0) == Int64(heap))
  }

  @Test func theSnapshotKeepsClosedDescriptors() {
    let action = Harness(mode: .initialising)
    #expect(action.call(.close, 2) == 0)
    _ = action.takeSnapshot()
    #expect(action.call(.write, 2, Harness.data, 1) == -9)
    #expect(action.call(.fcntl, 3, 3, 0) == 1)
  }

  @Test func processModeReadsTheEndForEver() {
    let action = Harness()
    #expect(action.call(.write, 1, Harness.data, 1) == 1)
    for _ in 0..<5 { #expect(action.call(.read, 0, Harness.data, 10) == 0) }
  }
}
