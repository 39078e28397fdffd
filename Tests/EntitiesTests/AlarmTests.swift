import Base
import Bytes
import JSON
import Testing

@testable import Entities

/// 2026-11-25 14:00:00 UTC, in milliseconds.
private let now: UInt64 = 1_795_615_200_000

/// A table, and triggers to set alarms of.
private final class Alarms {
  var table: AlarmTable
  private var triggers = TriggerTable(capacity: 100, seed: 3)

  init(capacity: Int = 10, bytes: Int = 1 << 16) { table = AlarmTable(capacity: capacity, bytes: bytes) }

  func trigger(_ name: String) -> TriggerID {
    let name = Array(name.utf8)
    if let known = triggers.find(namespace: 0, name: name.span) { return known }
    guard let id = try? triggers.insert(namespace: 0, name: name.span, TriggerRecord(updatedMilliseconds: 0)) else { fatalError("full") }
    return id
  }

  /// What the feed says; nil where it did as asked.
  func apply(
    _ feed: AlarmFeed, _ event: String, _ name: String = "t", _ parameters: String = "", at time: UInt64 = now, hasDate: Bool = true
  ) -> String? {
    let body = "{\"lifecycleEvent\":\"\(event)\",\"triggerName\":\"/_/\(name)\"\(parameters.isEmpty ? "" : ",")\(parameters)}"
    let bytes = Array("head\(body)rest".utf8)
    do throws(AlarmError) {
      guard let value = try? JSON.parse(bytes.span, in: 4..<bytes.count - 4) else { fatalError("no JSON: \(body)") }
      let request = try AlarmRequest(parsing: bytes.span, value)
      var found = ByteBuffer()
      #expect(request.appendTriggerName(in: bytes.span, to: &found))
      #expect(found.span.text == name)
      try table.apply(request, bytes.span, feed: feed, trigger: trigger(name), now: time, hasDate: hasDate)
      return nil
    } catch {
      return written { error.write(bytes.span, into: &$0) }
    }
  }

  /// The names of the times, in milliseconds after `now`, at which alarms fire when the table is looked at at `times`.
  func fires(at times: [UInt64]) -> [UInt64] {
    var fired: [UInt64] = []
    for time in times {
      while let alarm = table.due(at: now + time) {
        fired.append(time)
        table.settle(alarm, at: now + time)
      }
    }
    return fired
  }

  func shown(_ name: String = "t") -> String? {
    let name = Array(name.utf8)
    var writer = TextWriter()
    do throws(AlarmError) {
      try table.write(trigger(String(decoding: name, as: UTF8.self)), name: name.span, namespace: Array("me".utf8).span, into: &writer)
    } catch {
      return nil
    }
    return writer.buffer.span.text
  }
}

@Suite struct AlarmTests {
  @Test func everyMinute() {
    let alarms = Alarms()
    #expect(alarms.apply(.alarm, "CREATE", "t", #""cron":"* * * * *","authKey":"me:secret""#) == nil)
    #expect(alarms.table.earliest == now + 60_000)
    // What was missed happens once.
    #expect(alarms.fires(at: [0, 59_999, 60_000, 60_001, 119_999, 120_000, 400_000, 400_001, 420_000]) == [60_000, 120_000, 400_000, 420_000])
  }

  @Test func everySecondByStarsAndSteps() {
    let alarms = Alarms()
    #expect(alarms.apply(.alarm, "create", "t", #""cron":"*\/2 * * * * *""#) == nil)
    #expect(alarms.fires(at: (0...20).map { $0 * 500 }) == [2_000, 4_000, 6_000, 8_000, 10_000])
  }

  @Test func betweenStartAndStop() {
    let alarms = Alarms()
    let dates = "\"cron\":\"*/10 * * * * *\",\"startDate\":\(now + 20_000),\"stopDate\":\"2026-11-25T14:00:40Z\""
    #expect(alarms.apply(.alarm, "CREATE", "t", dates) == nil)
    #expect(alarms.fires(at: (1...20).map { $0 * 5_000 }) == [20_000, 30_000, 40_000])
    #expect(alarms.table.earliest == .max)
    #expect(alarms.shown()?.contains(#""active":false,"dateChanged":1795615240000,"reason":{"kind":"AUTO","message":"Automatically disabled after reaching stop date"}"#) == true)
  }

  @Test func intervals() {
    let alarms = Alarms()
    #expect(alarms.apply(.interval, "CREATE", "t", #""minutes":2"#) == nil)
    // Half a minute is for the rule that is made next.
    #expect(alarms.table.earliest == now + 30_000)
    #expect(alarms.fires(at: [29_999, 30_000, 149_999, 150_000, 1_000_000, 1_000_001, 1_110_000]) == [30_000, 150_000, 1_000_000, 1_110_000])
    #expect(alarms.apply(.interval, "UPDATE", "t", "\"minutes\":\"1\",\"startDate\":\(now + 5_000_000)", at: now + 2_000_000) == nil)
    #expect(alarms.fires(at: [4_999_999, 5_000_000, 5_060_000]) == [5_000_000, 5_060_000])
  }

  @Test func once() {
    let alarms = Alarms()
    #expect(alarms.apply(.once, "CREATE", "t", #""date":"2026-11-25T15:00:01+01:00","deleteAfterFire":"rules""#) == nil)
    #expect(alarms.table.due(at: now + 999) == nil)
    guard let alarm = alarms.table.due(at: now + 5_000) else { Issue.record("not due"); return }
    #expect(alarm.deletes == .rules && alarm.trigger == alarms.trigger("t"))
    alarms.table.postpone(alarm, at: now + 5_000)
    #expect(alarms.fires(at: [5_999, 6_000, 100_000]) == [6_000])
    #expect(alarms.shown()?.contains("Automatically disabled after firing once") == true)
    // With a new date it goes on.
    #expect(alarms.apply(.once, "UPDATE", "t", "\"date\":\(now + 300_000),\"deleteAfterFire\":false", at: now + 200_000) == nil)
    #expect(alarms.fires(at: [300_000]) == [300_000])
  }

  @Test func pausedAndGoingOn() {
    let alarms = Alarms()
    #expect(alarms.apply(.alarm, "CREATE", "t", #""cron":"@minutely""#) == nil)
    #expect(alarms.apply(.alarm, "PAUSE") == nil)
    #expect(alarms.fires(at: [60_000, 120_000]).isEmpty && alarms.table.earliest == .max)
    #expect(alarms.apply(.alarm, "UNPAUSE", at: now + 125_000) == nil)
    #expect(alarms.fires(at: [179_999, 180_000]) == [180_000])
    #expect(alarms.apply(.alarm, "PAUSE", "other")?.hasPrefix("the trigger has no alarm") == true)
    #expect(alarms.apply(.alarm, "UNPAUSE", "other")?.hasPrefix("the trigger has no alarm") == true)
  }

  @Test func shownAsOpenWhiskShowsThem() {
    let alarms = Alarms()
    #expect(alarms.shown() == nil)
    #expect(alarms.apply(.alarm, "CREATE", "t", #""cron":"0 0 * * *","trigger_payload":{"a": [1, 2]}"#) == nil)
    #expect(
      alarms.shown()
        == #"{"config":{"name":"t","namespace":"me","payload":{"a":[1,2]},"cron":"0 0 * * *"},"status":{"active":true,"dateChanged":1795615200000,"next":1795651200000}}"#)
    #expect(alarms.apply(.interval, "CREATE", "i", "\"minutes\":5,\"trigger_payload\":\"text\",\"stopDate\":\(now + 600_000)") == nil)
    #expect(
      alarms.shown("i")
        == #"{"config":{"name":"i","namespace":"me","payload":{"payload":"text"},"minutes":5,"stopDate":1795615800000},"status":{"active":true,"dateChanged":1795615200000,"next":1795615230000}}"#)
    #expect(alarms.apply(.once, "CREATE", "o", "\"date\":\(now + 1),\"trigger_payload\":\"\",\"deleteAfterFire\":true") == nil)
    #expect(
      alarms.shown("o")
        == #"{"config":{"name":"o","namespace":"me","payload":{},"date":1795615200001,"deleteAfterFire":"true"},"status":{"active":true,"dateChanged":1795615200000,"next":1795615200001}}"#)
    #expect(alarms.apply(.alarm, "UPDATE", "t", #""trigger_payload":7"#) == nil)
    #expect(alarms.shown()?.contains(#""payload":{"payload":7},"cron":"0 0 * * *""#) == true)
    #expect(alarms.apply(.alarm, "DELETE") == nil && alarms.shown() == nil && alarms.table.count == 2)
    #expect(alarms.apply(.alarm, "DELETE") == nil)
  }

  static let refused: [(AlarmFeed, String, String, String)] = [
    (.alarm, "START", "", "unsupported lifecycleEvent"),
    (.alarm, "CREATE", "", "alarms trigger feed is missing the cron parameter"),
    (.alarm, "CREATE", #""cron":"""#, "alarms trigger feed is missing the cron parameter"),
    (.alarm, "CREATE", #""cron":"* * *""#, "cron pattern '* * *' is not valid: a cron expression has five fields"),
    (.alarm, "CREATE", #""cron":"61 * * * *""#, "cron pattern '61 * * * *' is not valid: a value lies outside its field; see the minute (0-59)"),
    (.alarm, "CREATE", #""cron":5"#, "cron pattern '5' is not valid"),
    (.alarm, "CREATE", #""cron":"0 0 30 2 *""#, "the first scheduled trigger fire is not until after the stop date"),
    (.alarm, "CREATE", #""cron":"0 0 1 1 *","stopDate":"2026-12-01""#, "the first scheduled trigger fire is not until after the stop date"),
    (.alarm, "CREATE", #""cron":"* * * * *","timezone":"Europe/Berlin""#, "timezone 'Europe/Berlin' is not supported: alarms are in UTC"),
    (.alarm, "CREATE", #""cron":"* * * * *","maxTriggers":5"#, "maxTriggers is not supported"),
    (.alarm, "CREATE", #""cron":"* * * * *","startDate":"yesterday""#, "startDate parameter 'yesterday' is not a valid Date"),
    (.alarm, "CREATE", #""cron":"* * * * *","startDate":"2026-11-25T14:00:00Z""#, "startDate parameter '2026-11-25T14:00:00Z' must be in the future"),
    (.alarm, "CREATE", #""cron":"* * * * *","startDate":"2027-01-02","stopDate":"2027-01-01""#, "stopDate parameter '2027-01-01' must be greater than the startDate parameter"),
    (.alarm, "CREATE", #""cron":"* * * * *","stopDate":-1"#, "stopDate parameter '-1' must be in the future"),
    (.alarm, "CREATE", #""cron":"* * * * *","stopDate":9e18"#, "stopDate parameter '9e18' is not a valid Date"),
    (.interval, "CREATE", "", "interval trigger feed is missing the minutes parameter"),
    (.interval, "CREATE", #""minutes":"often""#, "the minutes parameter must be an integer"),
    (.interval, "CREATE", #""minutes":1.5"#, "the minutes parameter must be an integer"),
    (.interval, "CREATE", #""minutes":0"#, "the minutes parameter must be an integer greater than zero"),
    (.interval, "CREATE", #""minutes":99999999999"#, "the minutes parameter must be an integer greater than zero"),
    (.once, "CREATE", "", "alarms once trigger feed is missing the date parameter"),
    (.once, "CREATE", #""date":true"#, "date parameter 'true' is not a valid Date"),
    (.once, "CREATE", #""date":1"#, "date parameter '1' must be in the future"),
    (.once, "CREATE", #""date":"2027-01-01","deleteAfterFire":"maybe""#, "deleteAfterFire parameter must be one of [false, true, rules]."),
    (.alarm, "UPDATE", #""cron":"* * * * *""#, "the trigger has no alarm"),
  ]

  @Test(arguments: refused) func whatCannotBeIsSaid(feed: AlarmFeed, event: String, parameters: String, text: String) {
    let alarms = Alarms()
    let said = alarms.apply(feed, event, "t", parameters)
    #expect(said?.hasPrefix(text) == true, "\(said ?? "")")
    #expect(alarms.table.count == 0 && alarms.table.earliest == .max)
  }

  @Test func utcByItsNames() {
    for zone in ["UTC", "Etc/UTC", "GMT", "Z"] {
      #expect(Alarms().apply(.alarm, "CREATE", "t", "\"cron\":\"* * * * *\",\"maxTriggers\":-1,\"timezone\":\"\(zone)\"") == nil)
    }
  }

  /// A failed change changes nothing.
  @Test func updatesAreWholeOrNothing() {
    let alarms = Alarms()
    #expect(alarms.apply(.alarm, "CREATE", "t", #""cron":"0 0 * * *""#) == nil)
    let before = alarms.shown()
    #expect(alarms.apply(.alarm, "UPDATE")?.hasPrefix("no updatable parameters") == true)
    #expect(alarms.apply(.alarm, "UPDATE", "t", #""minutes":5"#)?.hasPrefix("no updatable parameters") == true)
    #expect(alarms.apply(.alarm, "UPDATE", "t", #""cron":"* * * * *","stopDate":"never""#) != nil)
    #expect(alarms.apply(.alarm, "CREATE", "t", #""cron":"x""#) != nil)
    #expect(alarms.shown() == before)
    // Another feed replaces the alarm.
    #expect(alarms.apply(.interval, "CREATE", "t", #""minutes":1"#) == nil)
    #expect(alarms.table.count == 1 && alarms.shown()?.contains("\"minutes\":1") == true)
  }

  @Test func numberAndBytesAreBounded() {
    let alarms = Alarms(capacity: 3, bytes: 100)
    for name in ["a", "b", "c"] { #expect(alarms.apply(.alarm, "CREATE", name, #""cron":"* * * * *""#) == nil) }
    #expect(alarms.apply(.alarm, "CREATE", "d", #""cron":"* * * * *""#)?.hasPrefix("there are as many alarms") == true)
    let long = "\"trigger_payload\":{\"x\":\"\(String(repeating: "y", count: 70))\"}"
    #expect(alarms.apply(.alarm, "UPDATE", "a", long)?.hasPrefix("there are as many alarms") == true)
    alarms.table.remove(of: alarms.trigger("b"))
    #expect(alarms.apply(.alarm, "CREATE", "d", #""cron":"* * * * *""#) == nil)
    for name in ["c", "d"] { alarms.table.remove(of: alarms.trigger(name)) }
    // What the removed ones kept has been given back, and an alarm's own bytes do not count against it.
    for _ in 0..<3 { #expect(alarms.apply(.alarm, "UPDATE", "a", long) == nil) }
    #expect(alarms.table.count == 1)
  }

  @Test func withoutAClockOnlyIntervals() {
    let alarms = Alarms()
    #expect(alarms.apply(.alarm, "CREATE", "t", #""cron":"* * * * *""#, hasDate: false)?.hasPrefix("this machine has no clock") == true)
    #expect(alarms.apply(.once, "CREATE", "t", #""date":"2027-01-01""#, hasDate: false)?.hasPrefix("this machine has no clock") == true)
    #expect(alarms.apply(.interval, "CREATE", "t", #""minutes":1,"stopDate":"2027-01-01""#, hasDate: false)?.hasPrefix("this machine") == true)
    #expect(alarms.apply(.interval, "CREATE", "t", #""minutes":1"#, at: 5_000, hasDate: false) == nil)
    #expect(alarms.table.earliest == 35_000)
  }

  @Test(arguments: [("t", "t"), ("/_/t", "t"), ("/whisk.system/t", "t"), ("/ns/a b", "a b"), ("\\/ns\\/t", "t"), ("/", ""), ("/ns", ""), ("/ns/p/t", "p/t")])
  func namesOfTriggers(given: String, name: String) {
    let bytes = Array("{\"lifecycleEvent\":\"READ\",\"triggerName\":\"\(given)\"}".utf8)
    var found = ByteBuffer()
    do throws(AlarmError) {
      let request = try AlarmRequest(parsing: bytes.span, JSONValue(checked: 0..<bytes.count, of: bytes.span))
      #expect(request.appendTriggerName(in: bytes.span, to: &found))
    } catch {
      Issue.record("refused")
    }
    #expect(found.span.text == name)
  }

  /// Whatever the bytes, the feed takes them or says why not.
  @Test func anyParametersAreAnswered() {
    var random = Random(11)
    let words = ["\"cron\"", "\"minutes\"", "\"date\"", "\"startDate\"", "\"stopDate\"", "\"deleteAfterFire\"", "\"trigger_payload\"", "\"timezone\"", "\"maxTriggers\""]
    let values = ["null", "true", "-1", "1e400", "18446744073709551615", "8640000000000000", "8640000000000001", "\"\"", "\"* * * * *\"", "\"\\u0000\"", "[]", "{}", "\"9999-12-31T23:59:59.999Z\"", "4294967295"]
    for _ in 0..<3_000 {
      let alarms = Alarms()
      for event in ["CREATE", "UPDATE", "PAUSE", "UNPAUSE"] {
        let parameters = (0..<Int.random(in: 0...5, using: &random)).map { _ in words.randomElement(using: &random)! + ":" + values.randomElement(using: &random)! }
        _ = alarms.apply([.alarm, .interval, .once].randomElement(using: &random)!, event, "t", parameters.joined(separator: ","))
      }
      _ = alarms.fires(at: [1, 60_000, 1 << 40, 1 << 52])
      _ = alarms.shown()
    }
  }
}
