import API
import Actions
import Base
import Entities
import Foundation
import Server
import Testing

private let code = Data(smallestELF).base64EncodedString()

/// A zip archive with `smallestELF` under the name `name`, stored: what deflated ones need is in ArchiveTests and the system's tests.
private func zip(_ name: String) -> [UInt8] {
  var table: [UInt32] = []
  for index in 0..<UInt32(256) {
    var value = index
    for _ in 0..<8 { value = value & 1 == 1 ? 0xedb8_8320 ^ value >> 1 : value >> 1 }
    table.append(value)
  }
  let checksum = ~smallestELF.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 0xff)] ^ $0 >> 8 }
  func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
  let sizes = little(Int(checksum), 4) + little(smallestELF.count, 4) + little(smallestELF.count, 4) + little(name.utf8.count, 2) + little(0, 2)
  let local = Array("PK\u{3}\u{4}".utf8) + little(20, 2) + little(0, 8) + sizes + Array(name.utf8) + smallestELF
  let central = Array("PK\u{1}\u{2}".utf8) + little(20, 2) + little(20, 2) + little(0, 8) + sizes + little(0, 14) + Array(name.utf8)
  let end = Array("PK\u{5}\u{6}".utf8) + little(0, 4) + little(1, 2) + little(1, 2) + little(central.count, 4) + little(local.count, 4) + little(0, 2)
  return local + central + end
}

@Suite struct JSONDeploymentTests {
  private func exec(_ code: String) -> String { #""exec":{"kind":"blackbox","code":"\#(code)","image":"openwhisk/dockerskeleton"}"# }

  /// What `wsk action create hello a.zip --native -m 128 -t 1000 -l 1 -c 2 -p greeting hi --web true` sends.
  @Test func asTheClientOfOpenWhiskSendsIt() throws {
    let world = World()
    let archive = Data(zip("exec")).base64EncodedString()
    let body = #"{"namespace":"_","name":"hello",\#(exec(archive)),"annotations":[{"key":"web-export","value":true},{"key":"raw-http","value":false},{"key":"final","value":true}],"parameters":[{"key":"greeting","value":"hi"}],"limits":{"timeout":1000,"memory":128,"logs":1,"concurrency":2}}"#
    let put = try #require(world.api("PUT", "_/actions/hello?overwrite=false", body))
    #expect(put.status == 200)
    let text = #"{"namespace":"me","name":"hello","version":"0.0.1","publish":false,"exec":{"kind":"blackbox","image":"openwhisk/dockerskeleton","binary":true},"annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false},{"key":"web-export","value":true},{"key":"raw-http","value":false},{"key":"final","value":true}],"parameters":[{"key":"greeting","value":"hi"}],"limits":{"timeout":1000,"memory":128,"logs":1,"concurrency":2},"updated":1000000000000,"size":256}"#
    #expect(put.text == text)
    let limits = try #require(world.executor.limits.last)
    #expect(limits.timeoutMilliseconds == 1000 && limits.memoryBytes == 128 << 20 && limits.logBytes == 1 << 20)
    #expect(world.api("GET", "_/actions/hello?code=false")?.text == text)
    #expect(world.api("GET", "_/actions/hello")?.text == text.replacing(#""binary":true"#, with: #""binary":true,"code":"\#(archive)""#))
    let again = world.api("PUT", "_/actions/hello?overwrite=false", body)
    #expect(again?.status == 409 && again?.error == "resource already exists")
    #expect(world.api("PUT", "_/actions/hello", body)?.status == 409)
    #expect(world.api("PUT", "_/actions/hello?overwrite=true", body)?.text == text.replacing("0.0.1", with: "0.0.2"))
    #expect(world.executor.installed.count == 1)
    #expect(world.api("DELETE", "_/actions/hello")?.text == text.replacing("0.0.1", with: "0.0.2"))
    #expect(world.executor.installed.isEmpty)
  }

  @Test func everyWayToSendTheCode() {
    let world = World()
    #expect(world.api("PUT", "_/actions/elf", "{\(exec(code))}")?.text.contains(#""size":256"#) == true)
    #expect(world.api("PUT", "_/actions/escaped", "{\(exec(code.replacing("/", with: #"\/"#)))}")?.status == 200)
    #expect(world.deploy("zip", file: zip("exec"))?.text.contains(#""size":256"#) == true)
    // With no media type JSON is told by its first character, and may not overwrite then, either.
    let bytes = Array("{\(exec(code))}".utf8)
    #expect(world.deploy("untold", file: bytes)?.status == 200)
    #expect(world.deploy("untold", file: bytes)?.status == 409)
    #expect(world.deploy("untold", query: "?overwrite=true", file: bytes)?.status == 200)
    #expect(world.executor.installed.count == 4)
  }

  @Test func rubbish() {
    let world = World { $0.limits.bodyBytes = 2 << 20 }
    let texts: [(String, Int, String)] = [
      ("{}", 400, "exec undefined"),
      ("{\(exec("AAA"))}", 400, "The request content was malformed: exec.code is not base64."),
      ("{\(exec(#"A\nAA"#))}", 400, "The request content was malformed: exec.code is not base64."),
      ("{\(exec("AAAA"))}", 400, "not an ELF file"),
      ("{\(exec(Data(zip("hello")).base64EncodedString()))}", 400, "the zip holds no file named exec at its top"),
      ("{\(exec(Data("PK\u{3}\u{4}".utf8).base64EncodedString()))}", 400, "the zip has no end record"),
      ("{\(exec("\u{7f}ELF\u{fffd}\u{fffd}"))}", 400, "an executable that was sent as text"),
      ("{\(exec(#"\u007fELF\u0002\u0001\ufffd"#))}", 400, "an executable that was sent as text"),
      (#"{"limits":{"memory":600},\#(exec(code))}"#, 400, "The request content was malformed: memory 600 MB exceeds allowed threshold of 512 MB"),
      (#"{"parameters":[{"key":"a","value":"\#(String(repeating: "x", count: 1 << 20))"}],\#(exec(code))}"#, 413, "parameters larger than allowed: 1048600 > 1048576 bytes."),
    ]
    for (body, status, text) in texts {
      let reply = world.api("PUT", "_/actions/a", body)
      #expect(reply?.status == status && reply?.error?.contains(text) == true, "\(reply?.text ?? "none") for \(body.prefix(100))")
    }
    #expect(world.executor.installed.isEmpty && world.api("GET", "_/actions?count=true")?.text == #"{"actions":0}"#)
  }

  @Test func updatesWithoutAnUpload() throws {
    let world = World()
    #expect(world.deploy("a", query: "?public=true&timeout=5000")?.status == 200)
    let instance = world.executor.installed
    let reply = try #require(world.api("PUT", "_/actions/a?overwrite=true", #"{"limits":{"memory":8},"parameters":[{"key":"k","value":[]}],"annotations":[{"key":"d","value":"x"}]}"#))
    #expect(reply.status == 200)
    #expect(reply.text.contains(#""version":"0.0.2""#) && reply.text.contains(#""limits":{"timeout":5000,"memory":8,"logs":1,"concurrency":1}"#))
    #expect(reply.text.contains(#"{"key":"public","value":true},{"key":"d","value":"x"}],"parameters":[{"key":"k","value":[]}]"#))
    #expect(world.executor.installed == instance && world.executor.limits.count == 2 && world.executor.limits[1].memoryBytes == 8 << 20)
    #expect(world.api("GET", "_/actions/a")?.text.contains(code) == true)
    #expect(world.api("PUT", "_/actions/a?overwrite=true", #"{"annotations":[{"key":"public","value":false}],"delAnnotations":["d"]}"#)?.text.contains(#"{"key":"public","value":false}]"#) == true)
    #expect(world.executor.limits.count == 2)
    #expect(world.request("POST /function/a HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 401)
    // What the executor refuses changes nothing.
    world.executor.installError = .memoryLimitTooSmall
    let refused = world.api("PUT", "_/actions/a?overwrite=true", #"{"limits":{"memory":1}}"#)
    #expect(refused?.status == 400 && refused?.error == InstallError.memoryLimitTooSmall.text.description)
    #expect(world.api("GET", "_/actions/a?code=false")?.text.contains(#""memory":8"#) == true)
    #expect(world.api("PUT", "_/actions/none?overwrite=true", "{}")?.error == "exec undefined")
  }

  /// A change between loop mode and process mode needs the code anew: that which is kept.
  @Test func theModeChangesWithoutAnUpload() {
    let world = World { $0.codeBytes = 300 }
    #expect(world.deploy("a", query: "?public=true", file: smallestELF)?.status == 200)
    let reply = world.api("PUT", "_/actions/a?overwrite=true", #"{"annotations":[{"key":"loop","value":true}],"parameters":[{"key":"p","value":1}]}"#)
    #expect(reply?.text.contains(#"{"key":"loop","value":true}],"parameters":[{"key":"p","value":1}]"#) == true, "\(reply?.text ?? "")")
    #expect(world.executor.initialised.count == 1 && world.executor.installed.count == 1)
    #expect(world.api("GET", "_/actions/a")?.text.contains(code) == true)
    world.executor.initialisation = .timeLimit
    #expect(world.api("PUT", "_/actions/a?overwrite=true", #"{"annotations":[{"key":"loop","value":false}]}"#)?.status == 200)
    // Where the initialisation fails everything is as it was, texts too.
    #expect(world.api("PUT", "_/actions/a?overwrite=true", #"{"annotations":[{"key":"loop","value":true},{"key":"x","value":1}],"parameters":[]}"#)?.status == 400)
    let kept = world.api("GET", "_/actions/a?code=false")?.text ?? ""
    #expect(kept.contains(#""version":"0.0.3""#) && kept.contains(#"{"key":"public","value":true}],"parameters":[{"key":"p","value":1}]"#))
    // The second action's code found no room.
    #expect(world.deploy("b", file: smallestELF)?.status == 200)
    #expect(world.api("GET", "_/actions/b")?.text.contains(#""code":"""#) == true)
    let refused = world.api("PUT", "_/actions/b?overwrite=true", #"{"annotations":[{"key":"loop","value":true}]}"#)
    #expect(refused?.status == 400 && refused?.error?.contains("was not kept") == true)
  }

  /// Code is kept for GET only: it goes where an action would not be installed for its sake.
  @Test func keptCodeGivesWay() {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    world.executor.installsBeforeShortage = 0
    #expect(world.deploy("b")?.status == 200)
    #expect(world.api("GET", "_/actions/a")?.text.contains(#""code":"""#) == true)
    #expect(world.api("GET", "_/actions/b")?.text.contains(code) == true)
    #expect(world.api("PUT", "_/actions/a?overwrite=true", #"{"parameters":[]}"#)?.status == 200)
    // So it does where a request's body would find no memory.
    let connection = world.network.open()
    world.network.refusedReservations = 1
    let head = "PUT /api/v1/namespaces/_/actions/c HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 256\r\n\r\n"
    #expect(world.exchange(connection, head).isEmpty)
    #expect(world.exchange(connection, smallestELF).map(\.status) == [200])
    #expect(world.api("GET", "_/actions/b")?.text.contains(#""code":"""#) == true)
    #expect(world.api("GET", "_/actions/c")?.text.contains(code) == true)
    world.executor.installError = .noMemory
    #expect(world.deploy("d")?.status == 507)
  }

  /// So it does for bodies that are longer than what a connection may have in any case.
  @Test(arguments: ["Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n186a0\r\n"])
  func keptCodeGivesWayToALongBody(_ framing: String) {
    let world = World()
    #expect(world.deploy("a", query: "?public=true")?.status == 200)
    let connection = world.network.open(room: 256 << 10)
    world.network.refusedLimits = 1
    #expect(world.exchange(connection, "POST /function/a HTTP/1.1\r\nHost: a\r\n\(framing)").isEmpty)
    let body = [UInt8](repeating: 0x78, count: 100_000)
    #expect(world.exchange(connection, Array(body[..<20_000])).isEmpty)
    let end = framing.hasPrefix("T") ? "\r\n0\r\n\r\n" : ""
    #expect(world.exchange(connection, Array(body[20_000...]) + Array(end.utf8)).map(\.body) == [body])
    #expect(world.network.refusedLimits == 0)
    #expect(world.api("GET", "_/actions/a")?.text.contains(#""code":"""#) == true)
  }

  /// And to what an action itself did not find.
  @Test(arguments: ["function/a", "api/v1/namespaces/_/actions/a?blocking=true"])
  func keptCodeGivesWayToARun(_ path: String) {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    world.executor.outcome = .noMemory
    let status = path.hasPrefix("f") ? 503 : 500
    #expect(world.request("POST /\(path) HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 2\r\n\r\n{}")?.status == status)
    #expect(world.api("GET", "_/actions/a")?.text.contains(#""code":"""#) == true)
  }

  @Test func loopModeFromJSON() {
    let world = World()
    #expect(world.api("PUT", "_/actions/a", #"{\#(exec(code)),"annotations":[{"key":"loop","value":true}],"parameters":[{"key":"p","value":1}]}"#)?.text.contains(#""parameters":[{"key":"p","value":1}]"#) == true)
    #expect(world.executor.initialised.map(\.strings) == ["a\0"])
    world.executor.initialisation = .memoryLimit
    #expect(world.api("PUT", "_/actions/b", #"{\#(exec(code)),"annotations":[{"key":"loop","value":true}]}"#)?.status == 400)
    #expect(world.api("GET", "_/actions/b")?.status == 404 && world.executor.installed.count == 1)
  }

  @Test func sequences() {
    let world = World()
    #expect(world.api("PUT", "_/packages/pk", "{}")?.status == 200)
    for name in ["a", "pk/b"] { #expect(world.deploy(name)?.status == 200) }
    let body = #"{"exec":{"kind":"sequence","components":["/_/a","/me/pk/b"]}}"#
    let text = #"{"namespace":"me","name":"s","version":"0.0.1","publish":false,"exec":{"kind":"sequence","components":["/me/a","/me/pk/b"]},"annotations":[{"key":"exec","value":"sequence"}],"parameters":[{"key":"_actions","value":["/me/a","/me/pk/b"]}],"limits":{"timeout":60000,"memory":256,"logs":1,"concurrency":1},"updated":1000000000000,"size":0}"#
    #expect(world.api("PUT", "_/actions/s", body)?.text == text)
    #expect(world.api("GET", "_/actions/s")?.text == text)
    #expect(world.api("PUT", "_/actions/s?overwrite=true", #"{"parameters":[{"key":"x","value":1}]}"#)?.text == text.replacing("0.0.1", with: "0.0.2"))
    #expect(world.executor.installed.count == 2)
    // One becomes the other.
    #expect(world.api("PUT", "_/actions/s?overwrite=true", "{\(exec(code))}")?.text.contains(#""kind":"blackbox","image":"openwhisk/dockerskeleton","binary":true},"annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false}],"parameters":[]"#) == true)
    #expect(world.executor.installed.count == 3)
    #expect(world.api("PUT", "_/actions/s?overwrite=true", body)?.text == text.replacing("0.0.1", with: "0.0.4"))
    #expect(world.executor.installed.count == 2)
    #expect(world.api("DELETE", "_/actions/s")?.status == 200)
  }

  @Test func sequencesThatAreNone() {
    let world = two()
    #expect(world.deploy("a")?.status == 200)
    func put(_ name: String, _ components: [String]) -> String? {
      let list = components.map { "\"\($0)\"" }.joined(separator: ",")
      return world.api("PUT", "_/actions/\(name)?overwrite=true", #"{"exec":{"kind":"sequence","components":[\#(list)]}}"#)?.error
    }
    #expect(put("s", []) == "No component specified for the sequence.")
    #expect(put("s", ["/_/none"]) == "Sequence component does not exist.")
    #expect(put("s", ["/_/s"]) == "Sequence may not refer to itself.")
    #expect(put("s", ["/you/a"]) == "The supplied authentication is not authorized to access this resource.")
    #expect(put("s", ["a"])?.contains("must contain at least the namespace") == true)
    #expect(put("s", Array(repeating: "/_/a", count: 51)) == "Too many actions in the sequence.")
    #expect(put("s", Array(repeating: "/_/a", count: 50)) == nil)
    #expect(put("t", ["/_/s", "/_/a"]) == "Too many actions in the sequence.")
    #expect(put("t", ["/_/s"]) == nil)
    #expect(put("s", ["/_/t"]) == "Sequence may not refer to itself.")
    #expect(put("a", ["/_/t"]) == "Sequence may not refer to itself.")
    #expect(world.executor.installed.count == 1)
  }

  /// Sequences of one sequence each: the walk through them is bounded, too.
  @Test func deepSequences() {
    let world = World()
    #expect(world.deploy("s0")?.status == 200)
    var last: Response?
    for level in 1...60 {
      last = world.api("PUT", "_/actions/s\(level)", #"{"exec":{"kind":"sequence","components":["/_/s\#(level - 1)"]}}"#)
      if last?.status != 200 {
        #expect(level == 52 && last?.error == "Too many actions in the sequence.")
        break
      }
    }
    #expect(last?.status == 400)
  }
}

private func two() -> World { World(accounts: [("me", "secret", ""), ("you", "secret", "")]) }
