// A machine that is filled with actions until it has no memory for another.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct FullMachineTests {
    init() { SharedGuest.shared.stop() }

    /// The upload that does not fit is refused at once and in words, what is there goes on working, and what is
    /// deleted makes room.
    @Test(.enabled(if: Project.machines.contains(.microvm)), .timeLimit(.minutes(2)))
    func refusesAndGoesOn() throws {
      let guest = try Guest(.microvm, memory: .least)
      defer { guest.stop() }
      let echo = try Project.action("echo")
      let client = try guest.connect()
      var refusal: HTTPResponse?
      var count = 0
      while refusal == nil, count < 5000 {
        let reply = try client.exchange("PUT", Guest.actionTarget("a\(count)") + "?public=true", key: Guest.key, body: echo)
        if reply.status == 200 { count += 1 } else { refusal = reply }
      }
      let refused = try #require(refusal)
      #expect([503, 507].contains(refused.status), "\(refused.status) \(refused.text)")
      #expect(refused.text.contains("memory"), "\(refused.text)")
      #expect(count > 200, "only \(count) actions fit into 16 MiB")
      Summary.shared.add("16 MiB hold \(count) deployed echoes")

      for number in [0, count / 2, count - 1] {
        #expect(try guest.invoke("a\(number)", Array("still here".utf8)).text == "still here")
      }
      guest.expectAlive()
      for number in 0..<count / 2 { #expect(try guest.delete("a\(number)").status == 200) }
      #expect(try guest.put("again", echo).status == 200)
      #expect(try guest.invoke("again", Array("room".utf8)).text == "room")
    }
  }
}
