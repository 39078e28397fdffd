import Testing

@testable import Records

@Suite struct ActivationFilterTests {
  @Test func times() {
    let store = Store(10)
    for number in 0..<6 { store.append(number, "a", start: UInt64(number) * 10) }
    var filter = ActivationFilter(namespace: 0)
    #expect(store.list(filter) == [5, 4, 3, 2, 1, 0])
    filter.since = 20
    #expect(store.list(filter) == [5, 4, 3, 2])
    filter.upto = 40
    #expect(store.list(filter) == [4, 3, 2])
    filter.since = 41
    #expect(store.list(filter) == [])
  }

  @Test func aMillisecondIsTakenAsAWhole() {
    let store = Store(1)
    store.append(1, "a") { $0.start = 5_999_999 }
    var filter = ActivationFilter(namespace: 0)
    (filter.since, filter.upto) = (5, 5)
    #expect(store.list(filter) == [1])
    (filter.since, filter.upto) = (6, .max)
    #expect(store.list(filter) == [])
  }

  @Test func names() {
    let store = Store(10, texts: 4096)
    store.append(1, "a")
    store.append(2, "p/a")
    store.append(3, "p/b")
    store.append(4, "p/a", binding: "ns0/q") { _ in }
    #expect(store.list(name: "a") == [1])
    #expect(store.list(name: "p/a") == [2])
    #expect(store.list(name: "q/a") == [4])
    #expect(store.list(name: "") == [4, 3, 2, 1])
    for other in ["b", "p", "p/", "/a", "q/", "q/aa", "qq/a", "q-a", "ns0/q/a"] { #expect(store.list(name: other) == []) }
  }

  @Test func partsOfNames() {
    for (text, before, after) in [("", "", ""), ("a", "", "a"), ("p/a", "p", "a"), ("/a", "", "a"), ("n/p/a", "n/p", "a"), ("a/", "a", "")] {
      let bytes = Array(text.utf8)
      #expect(bytes.span.beforeLastSlash.text == before && bytes.span.afterLastSlash.text == after)
    }
  }

  @Test func pages() throws {
    let store = Store(10, texts: 4096)
    for number in 0..<8 { store.append(number, "a", namespace: UInt16(number % 2)) }
    func ids(_ limit: Int, _ skip: Int, _ isFull: Bool = false) throws -> [Int] {
      let list = try #require(try json(store.listing(ActivationPage(limit: limit, skip: skip, isFull: isFull))) as? [[String: Any]])
      #expect(list.allSatisfy { ($0["response"] != nil) == isFull })
      return try list.map { Int(try #require($0["activationId"] as? String).suffix(4), radix: 16)! }
    }
    #expect(try ids(30, 0) == [6, 4, 2, 0])
    #expect(try ids(2, 1) == [4, 2])
    #expect(try ids(2, 1, true) == [4, 2])
    #expect(try ids(30, 4) == [])
    #expect(try ids(0, 0) == [])
    #expect(store.count() == "{\"activations\":4}")
    #expect(store.count(skip: 3) == "{\"activations\":1}")
    #expect(store.count(skip: 5) == "{\"activations\":0}")
    #expect(store.count(name: "b") == "{\"activations\":0}")
  }
}
