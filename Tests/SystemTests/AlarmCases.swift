// Alarms on a booted kernel, by its own clock: nobody sends anything when they are due.

import Foundation
import SwiftletHost
import Testing

extension Guest {
  /// Invokes a feed of the package alarms; the result.
  fileprivate func feed(_ name: String, _ event: String, trigger: String, _ parameters: String = "") throws -> HTTPResponse {
    try request(
      "POST", "/api/v1/namespaces/whisk.system/actions/alarms/\(name)?blocking=true&result=true", key: Self.key,
      headers: [("Content-Type", "application/json")],
      body: Array("{\"lifecycleEvent\":\"\(event)\",\"triggerName\":\"/_/\(trigger)\"\(parameters.isEmpty ? "" : ",")\(parameters)}".utf8))
  }

  /// Starts of the activations of an action or trigger, in milliseconds, oldest first, once there are `count`, or after ten seconds.
  fileprivate func starts(of name: String, count: Int) throws -> [Int] {
    struct Entry: Decodable { var start: Int }
    let end = ContinuousClock.now + .seconds(10)
    while true {
      let list = try request("GET", "/api/v1/namespaces/_/activations?name=\(name)&limit=200", key: Self.key)
      let entries = try JSONDecoder().decode([Entry].self, from: Data(list.body))
      if entries.count >= count || ContinuousClock.now > end { return entries.map(\.start).reversed() }
      Thread.sleep(forTimeInterval: 0.1)
    }
  }

  /// A trigger, and a rule by which it runs the action `echo`.
  fileprivate func makeTrigger(_ name: String) throws {
    try deploy("\(name)-echo", Project.action("echo"))
    #expect(try api("PUT", "triggers/\(name)", "{}").status == 200)
    #expect(try api("PUT", "rules/\(name)-rule", "{\"trigger\":\"/_/\(name)\",\"action\":\"/_/\(name)-echo\"}").status == 200)
  }

  fileprivate func removeTrigger(_ name: String) throws {
    _ = try api("DELETE", "rules/\(name)-rule")
    _ = try api("DELETE", "triggers/\(name)")
    #expect(try delete("\(name)-echo").status == 200)
  }
}

extension SystemCase {
  static let alarms: [SystemCase] = [
    SystemCase("alarms: each second, at the second, until the trigger goes") { guest in
      try guest.makeTrigger("tick")
      let set = try guest.feed("alarm", "CREATE", trigger: "tick", #""cron":"* * * * * *","trigger_payload":{"n":1}"#)
      #expect(set.status == 200 && set.text == #"{"status":"success"}"#, "\(set.text)")
      let starts = try guest.starts(of: "tick", count: 3)
      #expect(starts.count >= 3)
      for start in starts { #expect(start % 1_000 < 500, "\(starts)") }
      #expect(zip(starts, starts.dropFirst()).allSatisfy { $1 - $0 > 500 })
      let runs = try guest.starts(of: "tick-echo", count: starts.count)
      #expect(runs.count >= starts.count)
      try guest.removeTrigger("tick")
      let count = try guest.starts(of: "tick", count: 0).count
      Thread.sleep(forTimeInterval: 1.5)
      #expect(try guest.starts(of: "tick", count: 0).count == count)
    },

    SystemCase("alarms: once, and what is left after it") { guest in
      try guest.makeTrigger("soon")
      // The kernel's clock is what its replies tell.
      let formatter = DateFormatter()
      formatter.locale = Locale(identifier: "en_US_POSIX")
      formatter.timeZone = TimeZone(identifier: "GMT")
      formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
      let now = try #require(formatter.date(from: try guest.request("GET", "/healthz").header("Date") ?? ""))
      let date = Int(now.timeIntervalSince1970 * 1_000) + 2_000
      let set = try guest.feed("once", "CREATE", trigger: "soon", "\"date\":\(date),\"deleteAfterFire\":\"rules\"")
      #expect(set.status == 200, "\(set.text)")
      let starts = try guest.starts(of: "soon", count: 1)
      #expect(starts.count == 1 && (starts.first ?? 0) - date < 500 && (starts.first ?? 0) >= date, "\(starts) for \(date)")
      for path in ["triggers/soon", "rules/soon-rule"] { #expect(try guest.api("GET", path).status == 404) }
      #expect(try guest.feed("once", "DELETE", trigger: "soon").status == 200)
      try guest.removeTrigger("soon")
    },

    SystemCase("alarms: what is wrong is said") { guest in
      #expect(try guest.api("PUT", "triggers/wrong", "{}").status == 200)
      let reply = try guest.feed("alarm", "CREATE", trigger: "wrong", #""cron":"* * * * * * *""#)
      #expect(reply.status == 502 && reply.text.contains("a cron expression has five fields"), "\(reply.text)")
      #expect(try guest.api("DELETE", "triggers/wrong").status == 200)
    },
  ]
}
