import Actions
import Entities
import Testing

@Suite struct EntityTableTests {
  private func record(_ size: UInt32 = 0) -> ActionRecord {
    ActionRecord(
      instance: InstanceID(index: size, generation: 1), limits: ActionLimits(), isPublic: false, updatedMilliseconds: 5,
      size: size)
  }

  private func insert(_ table: inout ActionTable, _ name: String, _ namespace: UInt16 = 0, size: UInt32 = 0) throws(EntityTableError) -> ActionID {
    try table.insert(namespace: namespace, name: Array(name.utf8).span, record(size))
  }

  private func find(_ table: borrowing ActionTable, _ name: String, _ namespace: UInt16 = 0) -> ActionID? {
    table.find(namespace: namespace, name: Array(name.utf8).span)
  }

  private func listing(_ table: borrowing ActionTable) -> [String] {
    var names: [String] = []
    var next = table.newest
    while let id = next {
      names.append(String(decoding: table.name(of: id).array, as: UTF8.self))
      next = table.older(than: id)
    }
    return names
  }

  @Test(arguments: ["a", "Z9", "_", "hello world", "a@b.c-d", "a b-", "a.", "a@", "0"])
  func legalNames(_ name: String) {
    let bytes = Array(name.utf8)
    let isLegal = EntityName.isLegal(bytes.span)
    #expect(isLegal)
  }

  @Test(arguments: ["", " ", " a", "a ", "-a", ".a", "@a", "a/b", "a\nb", "a\0", "é", "a+b", "a "])
  func illegalNames(_ name: String) {
    let bytes = Array(name.utf8)
    let isLegal = EntityName.isLegal(bytes.span)
    #expect(!isLegal)
  }

  @Test func nameLength() {
    let results = [256, 257].map { EntityName.isLegal([UInt8](repeating: 0x61, count: $0).span) }
    #expect(results == [true, false])
  }

  @Test func namesAreByNamespace() throws {
    var table = ActionTable(seed: 1)
    #expect(find(table, "a") == nil)
    let first = try insert(&table, "a", 0, size: 1)
    let second = try insert(&table, "a", 1, size: 2)
    #expect(find(table, "a", 0) == first && find(table, "a", 1) == second && find(table, "a", 2) == nil)
    #expect(table[second]?.size == 2)
    #expect(table.namespace(of: second) == 1)
    #expect(throws: EntityTableError.exists) { _ = try insert(&table, "a", 1) }
    #expect(throws: EntityTableError.illegalName) { _ = try insert(&table, "") }
    #expect(throws: EntityTableError.illegalName) { _ = try insert(&table, String(repeating: "a", count: 514)) }
    #expect(table.count == 2)
    _ = try insert(&table, "a/b")
    #expect(find(table, "a/b") != nil && find(table, "a") == first)
  }

  @Test func staleNamesAreHarmless() throws {
    var table = ActionTable(seed: 1)
    let old = try insert(&table, "a")
    let removed = table.remove(old)
    let again = table.remove(old)
    #expect(removed && !again)
    let new = try insert(&table, "b")
    #expect(new != old)
    #expect(table[old] == nil && table.name(of: old).count == 0 && table.older(than: old) == nil)
    let changed = table.update(old) { $0.invocations += 1 }
    let updated = table.update(new) { $0.invocations += 1 }
    #expect(!changed && updated && table[new]?.invocations == 1)
  }

  @Test func full() throws {
    var table = ActionTable(capacity: 2, seed: 1)
    _ = try insert(&table, "a")
    let second = try insert(&table, "b")
    #expect(throws: EntityTableError.full) { _ = try insert(&table, "c") }
    _ = table.remove(second)
    _ = try insert(&table, "c")
    #expect(listing(table) == ["c", "a"])
  }

  @Test func theOneRenewedLastComesFirst() throws {
    var table = ActionTable(seed: 1)
    let ids = try ["a", "b", "c"].map { try insert(&table, $0) }
    #expect(listing(table) == ["c", "b", "a"])
    table.renew(ids[0])
    #expect(listing(table) == ["a", "c", "b"])
    table.renew(ids[0])
    table.renew(ids[2])
    #expect(listing(table) == ["c", "a", "b"])
    _ = table.remove(ids[0])
    table.renew(ids[0])
    #expect(listing(table) == ["c", "b"])
  }

  @Test func packages() {
    for (path, length) in [("a", nil), ("a/b", 1), ("pk/a", 2), ("", nil)] as [(String, Int?)] {
      #expect(EntityName.packageLength(of: Array(path.utf8).span) == length)
    }
  }

  @Test func twentyThousandNames() throws {
    var table = ActionTable(capacity: 20_000, seed: 0x1234)
    var ids: [ActionID] = []
    for index in 0..<20_000 { ids.append(try insert(&table, "action-\(index)", UInt16(index % 3), size: UInt32(index))) }
    #expect(table.count == 20_000)
    for index in 0..<20_000 { #expect(find(table, "action-\(index)", UInt16(index % 3)) == ids[index]) }
    #expect(find(table, "action-1", 0) == nil && find(table, "action-20000") == nil)
    // Every third goes; the rest is found and listed as before.
    for index in stride(from: 0, to: 20_000, by: 3) { _ = table.remove(ids[index]) }
    for index in 0..<20_000 {
      #expect((find(table, "action-\(index)", UInt16(index % 3)) == nil) == (index % 3 == 0))
    }
    #expect(listing(table) == (0..<20_000).filter { $0 % 3 != 0 }.map { "action-\($0)" }.reversed())
  }

  /// Random entering and removing against arrays, with names that are entered again and again.
  @Test func againstAModel() throws {
    var table = ActionTable(capacity: 300, seed: 99)
    var model: [(name: String, id: ActionID)] = []
    var random = Random(3)
    for step in 0..<20_000 {
      let name = "n\(random.next() % 400)" + String(repeating: "x", count: Int(random.next() % 60))
      if let index = model.firstIndex(where: { $0.name == name }) {
        #expect(find(table, name) == model[index].id)
        let removed = table.remove(model[index].id)
        #expect(removed)
        model.remove(at: index)
      } else if model.count < 300 {
        model.append((name, try insert(&table, name)))
      }
      if model.count == 300 || random.next() % 3 == 0, !model.isEmpty {
        let index = Int(random.next() % UInt64(model.count))
        _ = table.remove(model.remove(at: index).id)
      }
      #expect(table.count == model.count)
      if step % 500 == 0 { #expect(listing(table) == model.map(\.name).reversed()) }
    }
  }
}
