import Actions
import Base
import Testing

@testable import Records

@Suite struct ActivationStoreTests {
  @Test func anEmptyStoreFindsNothing() {
    let store = Store(4)
    #expect(store.find(0) == nil && store.list() == [] && store.records.count == 0)
    #expect(store[.nowhere] == nil && store.name(.nowhere) == "" && store.result(.nowhere) == [] && store.log(.nowhere) == [])
    #expect(!store.update(.nowhere) { _ in Issue.record("there is no record") })
  }

  @Test func aStoreOfNoneTakesWhatComes() {
    for capacity in [0, -1, .min] {
      let store = Store(capacity, texts: 1 << 20)
      let place = store.append(1, "a")
      let other = store.append(2, "a", result: [1], log: [2]) { _ in Issue.record("there is no place") }
      #expect(store[place] == nil && store[other] == nil && store.find(1) == nil && store.list() == [])
      #expect(store.records.textCapacity == 0)
    }
  }

  @Test func theOldestGoes() {
    let store = Store(3)
    let places = (0..<5).map { store.append($0, "n\($0)") }
    #expect(store.list() == [4, 3, 2])
    #expect(store.records.count == 3 && store.records.total == 5)
    #expect(store[places[0]] == nil && store[places[1]] == nil && store.find(1) == nil)
    #expect(places[2...].map { store.name($0) } == ["n2", "n3", "n4"])
    #expect(store.find(3) == places[3])
    #expect(!store.update(places[1]) { _ in Issue.record("the record is gone") })
  }

  @Test func oneIsEnough() {
    let store = Store(1)
    for number in 0..<10 {
      store.append(number, "a")
      #expect(store.list() == [number])
    }
  }

  @Test func anotherNamespaceSeesNothing() {
    let store = Store(4)
    let place = store.append(7, "a", namespace: 3)
    #expect(store.find(7, namespace: 3) == place)
    #expect(store.find(7, namespace: 0) == nil)
    #expect(store.list() == [])
    #expect(store.list(ActivationFilter(namespace: 3)) == [7])
  }

  @Test func aNewRecordHasNothingOfTheOld() throws {
    let store = Store(1, texts: 1024)
    store.append(1, "a", binding: "b/c", result: [1, 2], log: [3]) {
      $0.cause = Store.id(9)
      $0.start = 1
      $0.duration = .seconds(1)
      (($0.queue, $0.startup), ($0.run, $0.restore), $0.initialisation) = ((1, 2), (3, 4), 5)
      ($0.pagesCopied, $0.pagesZeroed, $0.pageFaults) = (1, 2, 3)
      $0.limits = ActionLimits()
      ($0.version, $0.namespace, $0.owner, $0.subject, $0.concurrency) = (7, 1, 2, 3, 4)
      $0.flags = [.topmost, .cold, .timedOut, .causedBySequence]
      $0.kind = .sequence
      $0.response = .internalError
    }
    let place = store.append(2, "b")
    let record = try #require(store[place])
    #expect(record.cause == nil && record.start == 0 && record.duration == .zero && record.resultSize == 0)
    #expect([record.queue, record.startup, record.run, record.restore] == [0, 0, 0, 0])
    #expect([record.pagesCopied, record.pagesZeroed, record.pageFaults] == [0, 0, 0])
    #expect([record.timeoutMilliseconds, record.memoryBytes, record.logBytes] == [0, 0, 0])
    #expect(record.version == 1 && record.namespace == 0 && record.owner == 0 && record.subject == .max && record.concurrency == 1)
    #expect(record.flags == [] && record.kind == .action && record.response == .success)
    #expect(store.binding(place) == "" && store.result(place) == [] && store.log(place) == [] && !store.hasLostLog(place))
  }

  @Test func recordsChangeInPlace() throws {
    let store = Store(2)
    let place = store.append(1, "a")
    store.append(2, "b")
    var figures = InvocationFigures()
    (figures.copiedAhead, figures.copiedInRun, figures.zeroedInRun, figures.faults) = (1, 2, 5, .max)
    #expect(store.update(place) {
      $0.set(figures)
      $0.set(Outcome.timeLimit)
      $0.limits = ActionLimits(timeoutMilliseconds: 5, memoryBytes: .max, outputBytes: 1, logBytes: -1)
      $0.run = ActivationRecord.microseconds(.seconds(100_000))
    })
    let record = try #require(store[place])
    #expect(record.pagesCopied == 3 && record.pagesZeroed == 5 && record.pageFaults == .max)
    #expect(record.response == .developerError && record.flags == .timedOut && record.run == .max)
    #expect(record.timeoutMilliseconds == 5 && record.memoryBytes == .max && record.logBytes == 0)
  }

  @Test(arguments: [
    (Outcome.exited(status: 0), ResponseKind.success), (.exited(status: 1), .developerError), (.timeLimit, .developerError),
    (.memoryLimit, .developerError), (.outputLimit, .developerError), (.noMemory, .internalError), (.notInstalled, .internalError),
    (.fault(FaultReport(kind: .pageFault, instructionOffset: 0)), .developerError),
  ])
  func outcomes(_ outcome: Outcome, _ response: ResponseKind) {
    #expect(ResponseKind(outcome) == response)
  }

  @Test(arguments: zip([0, 499_999, 500_000, 1_499_999, 1_500_000, UInt64.max], [0, 0, 1, 1, 2, 18_446_744_073_710] as [UInt64]))
  func durationsAreRounded(_ nanoseconds: UInt64, _ milliseconds: UInt64) throws {
    let store = Store(1)
    let place = store.append(1, "a") {
      $0.start = 5_999_999
      $0.duration = Interval(nanoseconds: nanoseconds)
    }
    let record = try #require(store[place])
    #expect(record.startMilliseconds == 5 && record.durationMilliseconds == milliseconds)
    #expect(record.endMilliseconds &- record.startMilliseconds == record.durationMilliseconds)
  }

  @Test(arguments: [1, 40, 41, 256, 513])
  func namesOfEveryLength(_ length: Int) {
    let store = Store(4, texts: 4096)
    let name = String(repeating: "n", count: length)
    let first = store.append(1, name)
    let second = store.append(2, name, binding: "b/c", result: [1], log: [2]) { _ in }
    for place in [first, second] { #expect(store.name(place) == name && store[place] != nil) }
    #expect(store.binding(second) == "b/c" && store.result(second) == [1] && store.log(second) == [2])
    #expect(store.list(name: name) == [1])
    #expect(store.find(1) == first)
  }

  @Test(arguments: [0, 514, 70_000])
  func otherNamesAreNotKept(_ length: Int) {
    let store = Store(4, texts: 1 << 20)
    let place = store.append(1, String(repeating: "n", count: length))
    store.append(2, "b")
    #expect(store[place] == nil && store.list() == [2])
  }

  @Test func aLongNameNeedsRoomForTexts() {
    let store = Store(4)
    let name = String(repeating: "n", count: 41)
    let first = store.append(1, name)
    let second = store.append(2, name, result: [1], log: [1]) { _ in }
    #expect(store[first] == nil && store[second] == nil && store.find(1) == nil && store.list() == [])
    store.append(3, "c")
    #expect(store.list() == [3])
  }

  @Test func anActivationGoesWithItsName() {
    let store = Store(8, texts: 4096)
    let long = store.append(1, String(repeating: "n", count: 100))
    let short = store.append(2, "s", result: [1], log: [2, 3]) { _ in }
    for number in 3..<8 { store.append(number, "s", result: [UInt8](repeating: 0, count: 1024)) { _ in } }
    #expect(store[long] == nil && store.find(1) == nil && store.name(long) == "")
    #expect(store[short] != nil && store.find(2) == short && store.result(short) == [] && store.log(short) == [])
    #expect(store.hasLostLog(short))
    #expect(store.list() == [7, 6, 5, 4, 3, 2])
  }

  @Test func whatIsTooLongIsLeftOut() throws {
    let store = Store(8, texts: 8191)
    #expect(store.records.textCapacity == 4096)
    let quarter = [UInt8](repeating: 0x31, count: 1024)
    let fits = store.append(1, "a", result: Array(quarter.dropLast()), log: [1]) { _ in }
    #expect(store.result(fits).count == 1023 && store.log(fits) == [1] && !store.hasLostLog(fits))
    let noLog = store.append(2, "a", result: quarter, log: [1]) { _ in }
    #expect(store.result(noLog) == quarter && store.log(noLog) == [] && store.hasLostLog(noLog))
    let noText = store.append(3, "a", binding: "b/c", result: quarter, log: []) { $0.flags = [.cold] }
    #expect(store.result(noText) == [] && store.binding(noText) == "b/c" && !store.hasLostLog(noText))
    #expect(store[noText]?.flags == [.cold, .lostResult] && store[noText]?.resultSize == 1024)
  }
}

/// Appending at random, against a list of everything that ever came.
@Suite struct ActivationStoreModelTests {
  struct Entry {
    var place: ActivationPlace
    var number: Int
    var namespace: UInt16
    var name: String
    var start: UInt64
    var result: [UInt8]
    var log: [UInt8]
    var length: Int { (name.utf8.count > 40 ? name.utf8.count : 0) + result.count + log.count }
  }

  @Test(arguments: 0..<24)
  func model(_ seed: UInt64) {
    var random = IdentifierGenerator(seed: seed)
    func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    let capacity = 1 + below(20)
    let textBytes = [0, 100, 1024, 4096, 10_000][below(5)]
    let store = Store(capacity, texts: textBytes)
    let ring = store.records.textCapacity
    #expect(ring == 0 && textBytes == 0 || ring <= textBytes && ring * 2 > textBytes)
    var all: [Entry] = []
    for number in 0..<300 {
      let name = String(repeating: ["a", "b", "p/"][below(3)], count: 1 + below(below(4) == 0 ? 250 : 12))
      let start = UInt64(below(50))
      let namespace = UInt16(below(3))
      var entry = Entry(
        place: .nowhere, number: number, namespace: namespace, name: name, start: start,
        result: below(2) == 0 ? [] : (0..<below(200)).map { UInt8(truncatingIfNeeded: $0 + number) },
        log: below(2) == 0 ? [] : (0..<below(200)).map { UInt8(truncatingIfNeeded: $0 * 3 + number) })
      if entry.result.isEmpty && entry.log.isEmpty && below(2) == 0 {
        entry.place = store.append(number, name, namespace: namespace, start: start)
      } else {
        entry.place = store.append(number, name, result: entry.result, log: entry.log) {
          $0.namespace = namespace
          $0.start = start * 1_000_000
        }
      }
      all.append(entry)
      verify(store, all, ring: ring, capacity: capacity)
    }
  }

  private func verify(_ store: Store, _ all: [Entry], ring: Int, capacity: Int) {
    let kept = Array(all.suffix(capacity))
    var textsAfter = 0
    var isPast = false
    var shown: [Entry] = []
    for entry in kept.reversed() {
      let fits = entry.length <= ring / 4
      var needed = entry
      // What does not fit as a whole is kept without its log, or without both.
      if !fits { needed.log = [] }
      if needed.length > ring / 4 { needed.result = [] }
      if needed.length > ring / 4 { needed.name = "" }
      textsAfter += needed.name.isEmpty ? 0 : needed.length
      let hasText = needed.length > 0 && !needed.name.isEmpty
      let isThere = store.result(entry.place) == needed.result && store.log(entry.place) == needed.log
        && (entry.name.utf8.count <= 40 || store.name(entry.place) == entry.name)
      if hasText {
        // Texts go oldest first; those that fit even with the largest gap at the end of the ring are there.
        if isThere { #expect(!isPast) } else { isPast = true }
        if textsAfter <= ring - ring / 4 { #expect(isThere) }
        if isThere { #expect(textsAfter <= ring) }
      }
      let isNamed = entry.name.utf8.count <= 40 || hasText && isThere
      #expect((store[entry.place] != nil) == isNamed)
      #expect(store.find(entry.number, namespace: entry.namespace) == (isNamed ? entry.place : nil))
      if isNamed {
        shown.append(entry)
        #expect(store.name(entry.place) == entry.name)
      }
      if !isThere { #expect(store.result(entry.place) == [] && store.log(entry.place) == []) }
    }
    for entry in all.dropLast(capacity) { #expect(store[entry.place] == nil) }
    var filter = ActivationFilter(namespace: 1)
    #expect(store.list(filter) == shown.filter { $0.namespace == 1 }.map(\.number))
    (filter.since, filter.upto) = (10, 30)
    #expect(store.list(filter) == shown.filter { $0.namespace == 1 && (10...30).contains($0.start) }.map(\.number))
    #expect(store.list(filter, name: "aaa") == shown.filter { $0.namespace == 1 && (10...30).contains($0.start) && $0.name == "aaa" }.map(\.number))
  }
}
