import Actions
import Base
import Entities
import Testing

@testable import Records

extension ActionFigureTable {
  fileprivate mutating func add(
    _ action: ActionID, _ response: ResponseKind, _ duration: Interval, isCold: Bool, _ pages: InvocationFigures
  ) {
    add(action, response, duration, in: LatencyHistogram.index(of: duration), isCold: isCold, pages)
  }
}

@Suite struct ActionFiguresTests {
  private static func insert(_ table: inout ActionTable, _ name: String) throws -> ActionID {
    let bytes = Array(name.utf8)
    return try table.insert(
      namespace: 0, name: bytes.span,
      ActionRecord(
        instance: InstanceID(index: 0, generation: 0), limits: ActionLimits(), isPublic: false, updatedMilliseconds: 0, size: 0))
  }

  private func pages(_ copied: Int, _ zeroed: Int, _ faults: Int) -> InvocationFigures {
    var figures = InvocationFigures()
    (figures.copiedAhead, figures.zeroedInRun, figures.faults) = (copied, zeroed, faults)
    return figures
  }

  @Test func sumsUpByAction() throws {
    var table = ActionTable(seed: 1)
    let ids = try (0..<20).map { try Self.insert(&table, "a\($0)") }
    var figures = ActionFigureTable()
    #expect(figures[ids[0]] == nil)
    figures.add(ids[15], .success, .microseconds(5), isCold: true, pages(1, 2, 3))
    figures.add(ids[15], .success, .microseconds(15), isCold: false, pages(10, 20, 30))
    figures.add(ids[15], .internalError, .zero, isCold: false, pages(0, 0, 0))
    figures.add(ids[3], .developerError, .zero, isCold: false, pages(7, 0, 0))
    let found = try #require(figures[ids[15]])
    #expect(found.count(.success) == 2 && found.count(.internalError) == 1 && found.count(.applicationError) == 0)
    #expect(found.coldStarts == 1 && found.durations.count == 3 && found.durations.count(1) == 1)
    #expect([found.pagesCopied, found.pagesZeroed, found.pageFaults] == [11, 22, 33])
    #expect(figures[ids[3]]?.pagesCopied == 7 && figures[ids[3]]?.count(.developerError) == 1)
    for index in 0..<20 where index != 3 && index != 15 { #expect(figures[ids[index]] == nil) }
  }

  @Test func aPlaceThatIsUsedAgainBeginsAnew() throws {
    var table = ActionTable(seed: 1)
    let old = try Self.insert(&table, "a")
    var figures = ActionFigureTable()
    figures.add(old, .success, .zero, isCold: true, pages(1, 1, 1))
    let isRemoved = table.remove(old)
    #expect(isRemoved)
    let new = try Self.insert(&table, "b")
    #expect(new.index == old.index)
    #expect(figures[new] == nil && figures[old] != nil)
    figures.add(new, .success, .zero, isCold: false, pages(5, 0, 0))
    #expect(figures[old] == nil && figures[new]?.pagesCopied == 5 && figures[new]?.coldStarts == 0)
  }
}
