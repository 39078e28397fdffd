// The built `swiftlet` against the real kernel: what README shows, projects in each language, failures with their exit codes, and JSON.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct HostCommandTests {
    private let guest: Guest
    private let home: CommandHome

    init() throws {
      SharedGuest.shared.stop()
      guest = try Guest(Project.machines.first ?? .microvm)
      home = try CommandHome(guest)
    }

    private func check(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
      defer { guest.stop() }
      try Transcript(text).check(in: home, sourceLocation: sourceLocation)
      guest.expectAlive(sourceLocation: sourceLocation)
    }

    @Test(.timeLimit(.minutes(3))) func theFirstTenMinutes() throws {
      defer { guest.stop() }
      let transcript = try Transcript(section: "The first ten minutes", of: "README.md")
      #expect(transcript.steps.count >= 12)
      try transcript.check(in: home)
      guest.expectAlive()
    }

    private static let languages = ["swift", "c", "rust"].filter { $0 != "rust" || (try? Host.run("/bin/sh", ["-c", "command -v rustc"]).status) == 0 }

    @Test(.timeLimit(.minutes(3)), arguments: languages) func projects(language: String) throws {
      try check(
        """
        $ cd ~ && swiftlet new greet --lang \(language) && cd greet
        …
        $ swiftlet build
        Built build/greet: 1 KB.
        $ swiftlet exec-local --raw -d Ada
        {"greeting":"Hello, Ada!"}
        $ swiftlet deploy --public
        Deployed greet: 1 KB, version 0.0.1, 256 MB, 60 s, public.
        …
        $ swiftlet invoke greet --result
        {
          "greeting": "Hello, world!"
        }
        $ swiftlet invoke greet -p name Ada
        {
          "greeting": "Hello, Ada!"
        }
        success in 1 ms, activation 0123456789abcdef0123456789abcdef
        $ swiftlet invoke greet --raw -d Ada
        {"greeting":"Hello, Ada!"}
        $ curl --fail-with-body -d '{"name": "Linus"}' http://127.0.0.1:8080/function/greet
        {"greeting":"Hello, Linus!"}
        $ swiftlet list
        NAME   KIND      MEMORY  TIMEOUT  VERSION  UPDATED  FLAGS
        greet  blackbox  256 MB     60 s  0.0.1    1 s ago  public
        $ swiftlet get greet
        name        greet
        …
        version     0.0.1
        …
        url         http://127.0.0.1:8080/function/greet
        …
        $ swiftlet get greet --save saved
        Saved saved: 1 KB.
        $ cmp saved build/greet
        $ swiftlet activations --action greet --status success
        START                    ACTIVATION                        ACTION    TIME  STATUS
        2026-11-25 14:59:07.694  fb9cfbc7241cdf399de24a348ff497ec  greet   912 µs  success
        2026-11-25 14:59:07.694  fb9cfbc7241cdf399de24a348ff497ec  greet   912 µs  success
        2026-11-25 14:59:07.694  fb9cfbc7241cdf399de24a348ff497ec  greet   912 µs  success
        2026-11-25 14:59:07.694  fb9cfbc7241cdf399de24a348ff497ec  greet   912 µs  success
        $ swiftlet logs --action greet --limit 1
        2026-11-25 14:59:07.694 greet success in 182 µs fb9cfbc7241cdf399de24a348ff497ec
        $ swiftlet delete greet
        Deleted greet.
        $ swiftlet list
        There are no actions on http://127.0.0.1:8080. Deploy one: swiftlet deploy FILE
        """)
    }

    @Test(.timeLimit(.minutes(3))) func failures() throws {
      try check(
        #"""
        $ cd ~ && printf '#include <stdio.h>\nint main(void) { fputs("now\\n", stderr); *(volatile int *)0 = 1; }' > crash.c && gcc -static-pie crash.c -o crash
        $ printf '#include <stdio.h>\nint main(void) { puts("{\\"error\\":\\"no name\\"}"); }' > fail.c && gcc -static-pie fail.c -o fail && gcc -static -no-pie fail.c -o fixed
        $ swiftlet deploy fixed
        swiftlet: fixed: not position independent (ET_EXEC); relink with -static-pie
        C: gcc -static-pie. Rust: -C target-feature=+crt-static -C relocation-model=pie. More in docs/writing-actions.md.
        [65]
        $ swiftlet deploy crash.c
        swiftlet: crash.c: not an ELF file (no 7f 45 4c 46 at its start); send the linked executable
        Deploy the program that the compiler made, not its source.
        [65]
        $ swiftlet deploy nowhere
        swiftlet: There is no file 'nowhere'.
        Build it first: 'swiftlet build', or see docs/writing-actions.md.
        [66]
        $ swiftlet deploy crash && swiftlet deploy fail
        …
        $ swiftlet deploy crash --no-overwrite
        swiftlet: action 'crash': resource already exists (409, request 2977dbaa167c90bf)
        [73]
        $ swiftlet invoke crash
        now
        {
        …
        }
        action developer error in 8 ms, activation 0fece87f9a2ae237b1a3d3e12aabc1d1
        [2]
        $ swiftlet logs --last --strip
        now
        $ swiftlet invoke fail
        {
          "error": "no name"
        }
        application error in 4 ms, activation 0fece87f9a2ae237b1a3d3e12aabc1d1
        [1]
        $ swiftlet invoke fail -d '[1'
        swiftlet: The data is not JSON: no comma or ] after an element at byte 2.
        An action takes a JSON object, such as '{"name": "Ada"}'; with --raw, any bytes.
        [65]
        $ swiftlet invoke nothing
        swiftlet: There is no action 'nothing' on http://127.0.0.1:8080: The requested resource does not exist. (404, request 647a841fe20d4111)
        'swiftlet list' shows the actions there are.
        [66]
        $ swiftlet get nothing
        …
        [66]
        $ swiftlet delete fail nothing
        …
        [66]
        $ swiftlet activations 0123456789abcdef0123456789abcdef
        swiftlet: There is no activation '0123456789abcdef0123456789abcdef' on http://127.0.0.1:8080: The requested resource does not exist. (404, request 647a841fe20d4111)
        [66]
        $ SWIFTLET_AUTH=swiftlet:wrong swiftlet list
        swiftlet: http://127.0.0.1:8080 does not accept the key: The supplied authentication is invalid. (401, request 647a841fe20d4111)
        Give the key of the kernel's auth= with --auth or SWIFTLET_AUTH.
        [77]
        $ swiftlet list --host http://127.0.0.1:1
        swiftlet: Nothing answers on http://127.0.0.1:1: connection refused.
        Boot the kernel with 'swiftlet run', or name another place with --host or SWIFTLET_HOST.
        [69]
        $ swiftlet deploy crash --name a/b/c/d
        …
        [64]
        $ swiftlet new crash --lang c
        swiftlet: There is a 'crash' here already.
        Choose another name, or go to another folder.
        [73]
        """#)
    }

    /// What `--json` prints is JSON, alone on standard output, and the API's.
    @Test(.timeLimit(.minutes(2))) func json() throws {
      defer { guest.stop() }
      func value(_ command: String) throws -> Any {
        let (status, output) = try home.run(command, withErrors: false)
        #expect(status == 0, "\(command): \(output)")
        return try JSONSerialization.jsonObject(with: Data(output.utf8))
      }
      func object(_ command: String) throws -> [String: Any] { try #require(try value(command) as? [String: Any], "\(command)") }

      let echo = Project.path("build/actions/echo")
      #expect(try object("swiftlet deploy '\(echo)' --json")["version"] as? String == "0.0.1")
      let record = try object("swiftlet invoke echo -p name Ada --json")
      let id = try #require(record["activationId"] as? String)
      #expect(record["name"] as? String == "echo")
      #expect((try value("swiftlet list --json") as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["echo"])
      #expect(try object("swiftlet get echo --json")["namespace"] as? String == "swiftlet")
      #expect((try value("swiftlet activations --json") as? [[String: Any]])?.compactMap { $0["activationId"] as? String } == [id])
      #expect(try object("swiftlet activations --last --json")["activationId"] as? String == id)
      #expect(try object("swiftlet logs \(id) --json")["logs"] is [Any])
      #expect((try object("swiftlet top --once --json")["actions"] as? [Any])?.isEmpty == false)
      #expect((try value("swiftlet doctor --json") as? [[String: Any]])?.contains { $0["name"] as? String == "QEMU" } == true)
      #expect(try object("swiftlet delete echo --json")["name"] as? String == "echo")
      #expect((try value("swiftlet list --json") as? [Any])?.isEmpty == true)
      guest.expectAlive()
    }
  }
}
