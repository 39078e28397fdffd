// Private pages that actions keep from run to run: more of them than there is memory.

import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct KeptPagesTests {
    init() { SharedGuest.shared.stop() }

    /// Each of these keeps 74 pages, and they take six page tables and templates: all together more than 16 MiB.
    @Test(.timeLimit(.minutes(2)), .enabled(if: Project.machines.contains(.microvm)))
    func keptPagesGiveWayWhereMemoryIsShort() throws {
      let guest = try Guest(.microvm, memory: .least)
      defer { guest.stop() }
      let empty = try guest.counters()
      let names = (0..<60).map { "dirty\($0)" }
      for name in names {
        try guest.deploy(name, Project.action("dirty-then-exit"))
        for _ in 0..<2 { #expect(try guest.invoke(name).text == "pristine\n", "\(name)") }
      }
      for name in names + names.reversed() { #expect(try guest.invoke(name).text == "pristine\n", "\(name)") }
      // What requests bring, and what one action may have at once, they get.
      let body = [UInt8](repeating: 7, count: 100_000)
      try guest.deploy("echo")
      let echo = try guest.invoke("echo", body)
      #expect(echo.status == 200 && echo.body == body, "\(echo.status) \(echo.text.prefix(200))")
      for name in names { #expect(try guest.invoke(name).text == "pristine\n", "\(name)") }
      try guest.deploy("hog", Project.action("attack"), query: "public=true&memory=8")
      let reply = try guest.invoke("hog", Array("small-hog".utf8))
      #expect(reply.status == 502 && reply.text.contains("The action exhausted its memory and was aborted."), "\(reply.text)")
      for name in names { #expect(try guest.invoke(name).text == "pristine\n", "\(name)") }
      for name in names + ["echo", "hog"] { #expect(try guest.delete(name).status == 200) }
      // But for the tables of 62 actions and their slots.
      let after = try guest.counters()
      #expect(after.otherFrames - empty.otherFrames <= 4, "before: \(empty); now: \(after)")
      guest.expectAlive()
    }
  }
}
