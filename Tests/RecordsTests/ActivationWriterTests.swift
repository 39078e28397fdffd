import Actions
import Base
import Foundation
import Testing

@testable import Records

@Suite struct ActivationWriterTests {
  /// 2026-11-20T23:00:00Z
  static let start: UInt64 = 1_795_215_600_000_000_000

  private func whole(_ store: Store, _ flags: ActivationFlags = []) -> ActivationPlace {
    store.append(
      1, "pk/a", result: Array(#"{"x":1}"#.utf8), log: log([(.output, 0, "line\n"), (.error, 5, "bad\n")])
    ) {
      $0.cause = ActivationID(high: 1, low: 2)
      $0.start = Self.start + 999_999
      $0.duration = .microseconds(1_500)
      ($0.queue, $0.startup, $0.run, $0.restore, $0.initialisation) = (1_499, 4, 1_490, 7, 2_500)
      ($0.pagesCopied, $0.pagesZeroed, $0.pageFaults) = (5, 6, 9)
      $0.limits = ActionLimits(timeoutMilliseconds: 1_000, memoryBytes: 128 << 20, logBytes: 2 << 20)
      ($0.version, $0.namespace, $0.owner, $0.subject, $0.concurrency) = (7, 2, 3, 4, 5)
      $0.flags = flags
    }
  }

  private let annotations = """
    {"key":"path","value":"ns3/pk/a"},{"key":"kind","value":"blackbox"},\
    {"key":"limits","value":{"timeout":1000,"memory":128,"logs":2,"concurrency":5}},{"key":"timeout","value":false},\
    {"key":"waitTime","value":1},{"key":"swiftlet","value":{"queue":1499,"start":4,"run":1490,"restore":7,\
    "pagesCopied":5,"pagesZeroed":6,"pageFaults":9}}
    """

  @Test func wholeActivation() throws {
    let store = Store(4, texts: 4096)
    let text = store.json(whole(store))
    #expect(try json(text) == json("""
      {"namespace":"ns2","name":"a","version":"0.0.7","subject":"user4","activationId":"000000000000abcd0000000000000001",\
      "cause":"00000000000000010000000000000002","start":1795215600000,"end":1795215600002,"duration":2,"publish":false,\
      "response":{"status":"success","statusCode":0,"success":true,"result":{"x":1},"size":7},\
      "logs":["2026-11-20T23:00:00.000999999Z stdout: line","2026-11-20T23:00:00.001000004Z stderr: bad"],\
      "annotations":[\(annotations)]}
      """))
  }

  @Test func listEntry() throws {
    let store = Store(4, texts: 4096)
    let text = store.brief(whole(store))
    #expect(try json(text) == json("""
      {"namespace":"ns2","name":"a","version":"0.0.7","activationId":"000000000000abcd0000000000000001",\
      "cause":"00000000000000010000000000000002","start":1795215600000,"end":1795215600002,"duration":2,"publish":false,\
      "statusCode":0,"annotations":[\(annotations)]}
      """))
  }

  @Test func parts() throws {
    let store = Store(4, texts: 4096)
    let place = whole(store)
    #expect(try json(store.response(place)) == json(#"{"result":{"x":1},"size":7,"success":true,"status":"success"}"#))
    #expect(try json(store.logs(place)) == json("""
      {"logs":["2026-11-20T23:00:00.000999999Z stdout: line","2026-11-20T23:00:00.001000004Z stderr: bad"]}
      """))
  }

  private func annotation(_ text: String, _ key: String) throws -> NSObject? {
    let object = try #require(try json(text) as? [String: Any])
    let list = try #require(object["annotations"] as? [[String: Any]])
    return list.first { $0["key"] as? String == key }?["value"] as? NSObject
  }

  @Test func rareAnnotations() throws {
    let store = Store(4, texts: 4096)
    let plain = store.json(whole(store))
    for key in ["initTime", "causedBy", "binding", "topmost"] { #expect(try annotation(plain, key) == nil) }
    let text = store.json(whole(store, [.cold, .timedOut, .causedBySequence]))
    #expect(try annotation(text, "initTime") == 3 as NSNumber)
    #expect(try annotation(text, "timeout") == true as NSNumber)
    #expect(try annotation(text, "causedBy") == "sequence" as NSString)
    let bound = store.append(2, "pk/a", binding: "ns1/q") { _ in }
    #expect(try annotation(store.brief(bound), "binding") == "ns1/q" as NSString)
  }

  @Test(arguments: [
    (ResponseKind.success, "success", true), (.applicationError, "application error", false), (.developerError, "action developer error", false),
    (.internalError, "whisk internal error", false),
  ])
  func responses(_ kind: ResponseKind, _ status: String, _ success: Bool) throws {
    let store = Store(1, texts: 4096)
    let place = store.append(1, "a", result: Array(#"{"error":"x"}"#.utf8)) { $0.response = kind }
    #expect(try json(store.response(place)) == json(#"{"result":{"error":"x"},"size":13,"success":\#(success),"status":"\#(status)"}"#))
    let entry = try #require(try json(store.brief(place)) as? [String: Any])
    #expect(entry["statusCode"] as? Int == Int(kind.rawValue))
  }

  @Test func sequences() throws {
    let store = Store(1, texts: 4096)
    for isTopmost in [true, false] {
      let place = store.append(1, "s", log: Array("0123\n4567\n".utf8)) {
        $0.kind = .sequence
        $0.flags = isTopmost ? .topmost : .causedBySequence
      }
      let text = store.json(place)
      #expect(try annotation(text, "kind") == "sequence" as NSString)
      #expect(try annotation(text, "topmost") == isTopmost as NSNumber)
      #expect(try annotation(text, "causedBy") == (isTopmost ? nil : "sequence" as NSString))
      for key in ["timeout", "waitTime", "swiftlet"] { #expect(try annotation(text, key) == nil) }
      #expect(store.logs(place) == #"{"logs":["0123","4567"]}"#)
    }
  }

  @Test func triggers() throws {
    let store = Store(1, texts: 4096)
    let place = store.append(1, "t", result: Array("{}".utf8), log: Array(#"{"statusCode":0}"#.utf8)) {
      $0.kind = .trigger
      $0.start = Self.start
    }
    #expect(try json(store.json(place)) == json(#"""
      {"namespace":"ns0","name":"t","version":"0.0.1","subject":"ns0","activationId":"000000000000abcd0000000000000001",\#
      "start":1795215600000,"publish":false,"response":{"status":"success","statusCode":0,"success":true,"result":{},"size":2},\#
      "logs":["{\"statusCode\":0}"],"annotations":[]}
      """#))
    #expect(try json(store.brief(place)) == json("""
      {"namespace":"ns0","name":"t","version":"0.0.1","activationId":"000000000000abcd0000000000000001","start":1795215600000,\
      "publish":false,"annotations":[]}
      """))
  }

  @Test func whatIsNotKeptIsSaid() throws {
    let store = Store(8, texts: 4096)
    let place = store.append(1, "a", result: [0x7b, 0x7d], log: log([(.output, 0, "x\n")])) { _ in }
    for number in 2..<7 { store.append(number, "a", result: [UInt8](repeating: 0x31, count: 1024)) { _ in } }
    #expect(store.response(place) == #"{"size":2,"status":"success","success":true}"#)
    #expect(store.logs(place) == #"{"logs":["swiftlet: the log is not kept any more"]}"#)
    #expect(try json(store.json(place)) is [String: Any])
    let bare = store.append(9, "a")
    #expect(store.logs(bare) == #"{"logs":[]}"#)
  }

  @Test func nothingIsWrittenOfWhatIsGone() {
    let store = Store(1)
    let place = store.append(1, "a")
    store.append(2, "a")
    #expect(store.json(place) == "" && store.brief(place) == "" && store.logs(place) == "" && store.response(place) == "")
  }

  @Test func hostileBytesMakeLegalJSON() throws {
    let store = Store(1, texts: 4096)
    let bad = log(bytes: [(.output, .max, [0xff, 0x22, 0x5c, 0x00, 0x0a, 0xc3])])
    let place = store.append(1, "a", log: bad) { $0.start = .max }
    let lines = try #require((try json(store.logs(place)) as? [String: [String]])?["logs"])
    #expect(lines.map { $0.dropFirst(30) } == [" stdout: \u{fffd}\"\\\0", " stdout: \u{fffd}"])
  }

  /// Past a bound of the whole text, entries are brief.
  @Test func fullListsAreBounded() throws {
    let store = Store(300, texts: 8 << 20)
    for number in 0..<200 { store.append(number, "a", result: Array("\"\(String(repeating: "x", count: 20_000))\"".utf8)) { _ in } }
    let text = store.listing(ActivationPage(limit: 200, skip: 0, isFull: true))
    #expect(text.utf8.count < ActivationWriter.fullListLimit + 200_000)
    let list = try #require(try json(text) as? [[String: Any]])
    let full = list.prefix { $0["response"] != nil }
    #expect(list.count == 200 && (50...53).contains(full.count))
    #expect(list.dropFirst(full.count).allSatisfy { $0["response"] == nil && $0["statusCode"] != nil })
  }
}
