import API
import Actions
import Base
import HTTP
import Server
import Testing

private let host = "Host: a\r\n"

@Suite struct InvocationTests {
  @Test func theBodyComesBack() throws {
    let world = World()
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    let response = try #require(world.request("POST /function/echo HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhello"))
    #expect(response.status == 200)
    #expect(response.text == "hello")
    #expect(response["content-type"] == "application/octet-stream")
    #expect(response["content-length"] == "5")
    #expect(response["x-request-id"]?.count == 16)
    let activation = try #require(response["x-openwhisk-activation-id"])
    #expect(activation.count == 32 && activation.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    #expect(world.executor.invocations.last?.strings == "echo\0")
  }

  @Test func identifiersOfClientsAndOldVersions() throws {
    let world = World()
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    let named = try #require(world.request("GET /function/echo HTTP/1.1\r\n\(host)X-Request-ID: mine\r\n\r\n"))
    #expect(named["x-request-id"] == "mine")
    #expect(named["x-openwhisk-activation-id"]?.count == 32)
    let old = try #require(world.request("POST /function/echo HTTP/1.0\r\nContent-Length: 1\r\n\r\nx"))
    #expect(old["connection"] == "close")
    #expect(old.text == "x")
    let kept = try #require(world.request("POST /function/echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"))
    #expect(kept["connection"] == "keep-alive")
  }

  @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"])
  func anyMethod(_ method: String) {
    let world = World()
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    #expect(world.request("\(method) /function/echo/and/more?a=b HTTP/1.1\r\n\(host)Content-Length: 2\r\n\r\nhi")?.text == "hi")
  }

  @Test func head() throws {
    let world = World()
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    world.executor.output = Array("0123456789".utf8)
    let response = try #require(world.request("HEAD /function/echo HTTP/1.1\r\n\(host)\r\n", heads: [0]))
    #expect(response["content-length"] == "10")
    #expect(response.body.isEmpty)
    let health = try #require(world.request("HEAD /healthz HTTP/1.1\r\n\(host)\r\n", heads: [0]))
    #expect(health["content-length"] == "3")
    let missing = try #require(world.request("HEAD /x HTTP/1.1\r\n\(host)\r\n", heads: [0]))
    #expect(missing.status == 404 && missing["content-length"] != "0")
  }

  @Test func theKeyIsNeededUnlessPublic() {
    let world = World()
    #expect(world.deploy("private")?.status == 200)
    #expect(world.request("GET /function/private HTTP/1.1\r\n\(host)\r\n")?.status == 401)
    #expect(world.request("GET /function/private HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 200)
    #expect(world.executor.invocations.count == 1)
  }

  /// Whoever keeps a body back has no right to what was public when the head came.
  @Test(arguments: ["function", "async-function"]) func publicNoMoreWhenTheBodyIsThere(_ route: String) {
    let world = World()
    #expect(world.deploy("a", query: "?public=true&env=true")?.status == 200)
    let index = world.network.open()
    // "attacker:guess"
    let head = "POST /\(route)/a HTTP/1.1\r\n\(host)Authorization: Basic YXR0YWNrZXI6Z3Vlc3M=\r\nContent-Length: 3\r\n\r\n"
    #expect(world.exchange(index, head).isEmpty)
    #expect(world.deploy("a", query: "?public=false")?.status == 200)
    #expect(world.exchange(index, "abc").map(\.status) == [401])
    #expect(world.executor.invocations.isEmpty)
    // One who showed a key has it still, and the connection goes on.
    let withKey = "POST /\(route)/a HTTP/1.1\r\n\(host)\(authorization)Content-Length: 3\r\n\r\n"
    #expect(world.exchange(index, withKey).isEmpty)
    #expect(world.deploy("a", query: "?public=true")?.status == 200 && world.deploy("a", query: "?public=false")?.status == 200)
    #expect(world.exchange(index, "abc").map(\.status) == [route == "function" ? 200 : 202])
    #expect(world.executor.invocations.map(\.input) == [Array("abc".utf8)])
  }

  static let failures: [(Outcome, Int, String)] = [
    (.exited(status: 3), 502, "The action did not produce a valid response and exited unexpectedly. The action ended with exit status 3."),
    (.timeLimit, 502, "The action exceeded its time limits of 1500 milliseconds."),
    (.memoryLimit, 502, "The action exhausted its memory and was aborted."), (.outputLimit, 502, "The action wrote more than its output limit"),
    (.fault(FaultReport(kind: .pageFault, address: 0x10, instructionOffset: 0x1234, access: .write)), 502,
      "The action did not produce a valid response and exited unexpectedly. The action was aborted: page fault (#PF) writing address 0x10 at image offset 0x1234."),
    (.noMemory, 503, "The machine ran out of memory"), (.notInstalled, 404, "The requested resource does not exist."),
  ]

  @Test(arguments: failures)
  func failure(_ outcome: Outcome, _ status: Int, _ text: String) throws {
    let world = World()
    #expect(world.deploy("bad", query: "?public=true&timeout=1500")?.status == 200)
    world.executor.outcome = outcome
    let index = world.network.open()
    let response = try #require(world.exchange(index, "POST /function/bad HTTP/1.1\r\n\(host)Content-Length: 3\r\n\r\nabc").first)
    #expect(response.status == status)
    #expect(response.error?.hasPrefix(text) == true)
    #expect(response.json?["code"] as? String == response["x-request-id"])
    #expect(response["x-openwhisk-activation-id"]?.count == 32)
    #expect(response["server-timing"] == "run;dur=0.000")
    #expect(!response.text.contains("abc"))
    #expect(world.console.hasPrefix("bad: "))
    // The connection and the server go on.
    world.executor.outcome = .exited(status: 0)
    #expect(world.exchange(index, "POST /function/bad HTTP/1.1\r\n\(host)Content-Length: 3\r\n\r\nabc").first?.text == "abc")
    #expect(world.counters.failedInvocations == 1)
    #expect(world.counters.invocations == 1)
  }

  @Test func theLogGoesToTheConsole() {
    let world = World()
    #expect(world.deploy("loud", query: "?public=true")?.status == 200)
    world.executor.log = Array("one\r\ntwo\u{1b}[2J é\n".utf8) + [0xff, 0xc2, 0x85, 0x0d, 0x78]
    #expect(world.request("GET /function/loud HTTP/1.1\r\n\(host)\r\n")?.status == 200)
    #expect(world.console == "loud: one\nloud: two\\x1b[2J é\nloud: \\xff\\xc2\\x85\\x0dx\n")
  }

  @Test func aDeletedActionThatIsWaitedFor() throws {
    let world = World()
    #expect(world.deploy("a", query: "?public=true")?.status == 200)
    let first = world.network.open()
    let second = world.network.open()
    world.network.deliver(first, Array("DELETE /api/v1/namespaces/_/actions/a HTTP/1.1\r\n\(host)\(authorization)\r\n".utf8))
    world.network.deliver(second, Array("GET /function/a HTTP/1.1\r\n\(host)\r\n".utf8))
    world.settle()
    #expect(world.replies(first).first?.status == 200)
    #expect(world.replies(second).first?.status == 404)
    #expect(world.exchange(second, "GET /healthz HTTP/1.1\r\n\(host)\r\n").first?.status == 200)
  }

  @Test func anActionReplacedWhileItIsWaitedFor() {
    let world = World()
    #expect(world.deploy("a", query: "?public=true")?.status == 200)
    let first = world.network.open()
    let second = world.network.open()
    let put = "PUT /api/v1/namespaces/_/actions/a HTTP/1.1\r\n\(host)\(authorization)Content-Length: \(smallestELF.count)\r\n\r\n"
    world.network.deliver(first, Array(put.utf8) + smallestELF)
    world.network.deliver(second, Array("GET /function/a HTTP/1.1\r\n\(host)\r\n".utf8))
    world.settle()
    #expect(world.replies(first).first?.status == 200)
    #expect(world.replies(second).first?.status == 200)
    #expect(world.executor.invocations.last?.id == world.executor.installed.last)
  }
}
