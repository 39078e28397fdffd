import API
import Actions
import Base
import Foundation
import HTTP
import Server
import Testing

private let host = "Host: a\r\n"

@Suite struct APIRouteTests {
  @Test func healthNeedsNoKey() throws {
    let world = World(accounts: [])
    let response = try #require(world.request("GET /healthz HTTP/1.1\r\n\(host)\r\n"))
    #expect(response.status == 200)
    #expect(response.text == "ok\n")
    #expect(response["content-type"] == "text/plain; charset=utf-8")
    #expect(response["date"] == "Sun, 09 Sep 2001 01:46:40 GMT")
    #expect(response["x-request-id"]?.count == 16)
  }

  @Test func information() throws {
    let world = World(accounts: [])
    for path in ["/api/v1", "/api/v1/"] {
      let response = try #require(world.request("GET \(path) HTTP/1.1\r\n\(host)\r\n"))
      #expect(response.status == 200)
      #expect(response.json?["description"] as? String == "OpenWhisk")
      #expect(response["access-control-allow-origin"] == "*")
      for key in ["api_version", "api_version_path", "build", "buildno", "swagger_paths"] { #expect(response.json?[key] != nil) }
    }
    #expect(world.request("GET / HTTP/1.1\r\n\(host)\r\n")?.text.contains("/function/NAME") == true)
  }

  static let refusals: [(String, Int)] = [
    ("GET /nowhere", 404), ("GET /healthz/x", 404), ("GET /healthz/", 404), ("GET /api", 404), ("GET /api/v2", 404), ("GET /api/v1/x", 404),
    ("GET /api/v1/namespaces/_", 404), ("GET /function", 404), ("GET /function/", 404), ("GET /function/none", 404), ("GET //", 404),
    ("POST /healthz", 405), ("DELETE /", 405), ("POST /api/v1/namespaces/_/actions", 405), ("PATCH /api/v1/namespaces/_/actions/a", 405),
    ("BREW /healthz", 501), ("CONNECT a:80", 501), ("TRACE /function/a", 405), ("GET /api/v1/namespaces/_/actions", 401),
    ("GET /api/v1/namespaces/_/actions/a", 401), ("PUT /api/v1/namespaces/_/actions/a", 401), ("GET /api/v1/namespaces/_/actions/a/b", 401),
    ("GET /api/v1/namespaces//actions", 404), ("GET /%68ealthz", 404),
  ]

  @Test(arguments: refusals)
  func refused(_ line: String, _ status: Int) throws {
    let world = World()
    let response = try #require(world.request("\(line) HTTP/1.1\r\n\(host)\r\n"))
    #expect(response.status == status)
    #expect(response.error?.isEmpty == false)
    #expect(response.json?["code"] as? String == response["x-request-id"])
    #expect((response["allow"] != nil) == (status == 405))
    #expect((response["www-authenticate"] == "Basic realm=\"OpenWhisk secure realm\"") == (status == 401))
    if status == 404 { #expect(response.error == "The requested resource does not exist.") }
  }

  @Test func noAccountsMeansNoEntry() {
    let world = World(accounts: [])
    #expect(world.request("GET /api/v1/namespaces/_/actions HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 401)
    #expect(world.deploy("a")?.status == 401)
  }

  @Test(arguments: ["Basic bWU6c2VjcmV", "Basic bWU6c2VjcmV1", "Basic eW91OnNlY3JldA==", "Bearer x", ""])
  func wrongKeys(_ value: String) {
    let world = World()
    #expect(world.request("GET /api/v1/namespaces/_/actions HTTP/1.1\r\n\(host)Authorization: \(value)\r\n\r\n")?.status == 401)
  }

  @Test func options() throws {
    let world = World()
    let response = try #require(world.request("OPTIONS /api/v1/namespaces/_/actions/a HTTP/1.1\r\n\(host)\r\n"))
    #expect(response.status == 204)
    #expect(response["allow"] == "GET, HEAD, POST, PUT, DELETE, OPTIONS")
    #expect(response["access-control-allow-methods"] != nil)
    #expect(world.request("OPTIONS * HTTP/1.1\r\n\(host)\r\n")?.status == 204)
  }

  @Test func requestIdentifiers() {
    let world = World()
    #expect(world.request("GET /healthz HTTP/1.1\r\n\(host)X-Request-ID: abc-1.2:3_4\r\n\r\n")?["x-request-id"] == "abc-1.2:3_4")
    for odd in ["a b", "<x>", String(repeating: "a", count: 65), ""] {
      let id = world.request("GET /healthz HTTP/1.1\r\n\(host)X-Request-ID: \(odd)\r\n\r\n")?["x-request-id"]
      #expect(id?.count == 16)
    }
    let first = world.request("GET /x HTTP/1.1\r\n\(host)\r\n")?["x-request-id"]
    #expect(first != world.request("GET /x HTTP/1.1\r\n\(host)\r\n")?["x-request-id"])
  }

  @Test func deployGetListDelete() throws {
    let world = World()
    let put = try #require(world.deploy("echo", query: "?public=true&timeout=1000&memory=8"))
    #expect(put.status == 200)
    #expect(put.text == """
      {"namespace":"me","name":"echo","version":"0.0.1","publish":false,\
      "exec":{"kind":"blackbox","image":"openwhisk/dockerskeleton","binary":true},\
      "annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":true}],"parameters":[],\
      "limits":{"timeout":1000,"memory":8,"logs":1,"concurrency":1},"updated":1000000000000,"size":256}
      """)
    #expect(world.executor.limits.last?.memoryBytes == 8 << 20)
    let get = try #require(world.request("GET /api/v1/namespaces/me/actions/echo?code=false HTTP/1.1\r\n\(host)\(authorization)\r\n"))
    #expect(get.body == put.body)
    let whole = try #require(world.request("GET /api/v1/namespaces/me/actions/echo HTTP/1.1\r\n\(host)\(authorization)\r\n"))
    #expect(whole.text == put.text.replacing("\"binary\":true", with: "\"binary\":true,\"code\":\"\(Data(smallestELF).base64EncodedString())\""))
    let list = try #require(world.request("GET /api/v1/namespaces/_/actions HTTP/1.1\r\n\(host)\(authorization)\r\n"))
    #expect(list.text == "[" + put.text.replacing("\"kind\":\"blackbox\",\"image\":\"openwhisk/dockerskeleton\",", with: "")
      .replacing("\"parameters\":[],", with: "") + "]")
    let delete = try #require(world.request("DELETE /api/v1/namespaces/_/actions/echo HTTP/1.1\r\n\(host)\(authorization)\r\n"))
    #expect(delete.status == 200)
    #expect(delete.body == put.body)
    #expect(world.executor.installed.isEmpty)
    #expect(world.request("DELETE /api/v1/namespaces/_/actions/echo HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 404)
    #expect(world.request("GET /api/v1/namespaces/_/actions/echo HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 404)
    #expect(world.request("GET /function/echo HTTP/1.1\r\n\(host)\r\n")?.status == 404)
  }

  @Test func redeploymentKeepsWhatIsNotSaid() throws {
    let world = World()
    #expect(world.deploy("a", query: "?public=true&timeout=5000")?.status == 200)
    world.now = world.now + .seconds(2)
    let second = try #require(world.deploy("a"))
    #expect(second.status == 200)
    #expect(second.json?["version"] as? String == "0.0.2")
    #expect(second.text.contains("\"timeout\":5000"))
    #expect(second.text.contains("{\"key\":\"public\",\"value\":true}"))
    #expect(second.json?["updated"] as? Int == 1_000_000_002_000)
    #expect(world.executor.installed.count == 1)
    #expect(world.request("POST /function/a HTTP/1.1\r\n\(host)\r\n")?.status == 200)
  }

  @Test func overwriting() {
    let world = World()
    #expect(world.deploy("a", query: "?overwrite=false")?.status == 200)
    let again = world.deploy("a", query: "?overwrite=false")
    #expect(again?.status == 409)
    #expect(again?.error == "resource already exists")
    #expect(world.deploy("a", query: "?overwrite=true")?.status == 200)
  }

  @Test(arguments: [
    "?timeout=99", "?timeout=300001", "?timeout=x", "?timeout=", "?memory=0", "?memory=513", "?memory=-1", "?public=1", "?public", "?overwrite=no",
  ])
  func badParameters(_ query: String) {
    let world = World()
    #expect(world.deploy("a", query: query)?.status == 400)
    #expect(world.executor.installed.isEmpty)
  }

  @Test(arguments: ["a%20b", "A.b-c", "_x", "a@b.c"])
  func goodNames(_ name: String) {
    let world = World()
    #expect(world.deploy(name, query: "?public=true")?.status == 200)
    #expect(world.request("GET /function/\(name) HTTP/1.1\r\n\(host)\r\n")?.status == 200)
    #expect(world.request("DELETE /api/v1/namespaces/_/actions/\(name) HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 200)
  }

  @Test(arguments: ["%20a", "a%20", "a!", "-a", "a%2fb", "%", "%00", "a%c3%a9", String(repeating: "a", count: 257), String(repeating: "a", count: 3000)])
  func badNames(_ name: String) {
    let world = World()
    #expect(world.deploy(name)?.status == 400)
  }

  @Test(arguments: [
    ("application/octet-stream", 200), ("application/x-executable", 200), ("Application/Octet-Stream; x=y", 200),
    ("application/x-www-form-urlencoded", 200), ("application/zip", 200), ("application/json", 400), ("application/json; charset=utf-8", 400), ("text/plain", 415),
    ("multipart/form-data; boundary=x", 415),
  ])
  func mediaTypes(_ type: String, _ status: Int) {
    let world = World()
    let response = world.request(
      "PUT /api/v1/namespaces/_/actions/a HTTP/1.1\r\n\(host)\(authorization)Content-Type: \(type)\r\nContent-Length: \(smallestELF.count)\r\n\r\n",
      body: smallestELF)
    #expect(response?.status == status)
  }

  @Test func brokenFiles() {
    let world = World()
    #expect(world.deploy("a", file: [])?.error?.contains("the file is empty") == true)
    #expect(world.deploy("a", file: Array("#!/bin/sh".utf8))?.error?.contains("not an ELF file") == true)
    var file = smallestELF
    file[16] = 2
    let response = world.deploy("a", file: file)
    #expect(response?.status == 400)
    #expect(response?.error == "not position independent (ET_EXEC); relink with -static-pie")
    #expect(world.executor.installed.isEmpty)
  }

  @Test(arguments: [(InstallError.noMemory, 507), (.noSlot, 507), (.memoryLimitTooSmall, 400)])
  func failedInstallations(_ error: InstallError, _ status: Int) {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    world.executor.installError = error
    #expect(world.deploy("b")?.status == status)
    #expect(world.deploy("a")?.status == status)
    world.executor.installError = nil
    // The version that was there still is.
    #expect(world.request("GET /function/a HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 200)
  }

  @Test func tooManyActions() {
    let world = World { $0.actions = 2 }
    #expect(world.deploy("a")?.status == 200)
    #expect(world.deploy("b")?.status == 200)
    #expect(world.deploy("c")?.status == 507)
    #expect(world.executor.installed.count == 2)
    #expect(world.deploy("b")?.status == 200)
  }

  @Test func pages() throws {
    let world = World()
    for index in 0..<35 { #expect(world.deploy("a\(index)")?.status == 200) }
    func names(_ response: Response?) -> Int? { response?.text.components(separatedBy: "\"namespace\"").count.advanced(by: -1) }
    let path = "GET /api/v1/namespaces/_/actions"
    #expect(names(world.request("\(path) HTTP/1.1\r\n\(host)\(authorization)\r\n")) == 30)
    #expect(names(world.request("\(path)?limit=0 HTTP/1.1\r\n\(host)\(authorization)\r\n")) == 35)
    #expect(names(world.request("\(path)?limit=3&skip=33 HTTP/1.1\r\n\(host)\(authorization)\r\n")) == 2)
    #expect(world.request("\(path)?count=true HTTP/1.1\r\n\(host)\(authorization)\r\n")?.text == "{\"actions\":35}")
    #expect(world.request("\(path)?limit=201 HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 400)
    #expect(world.request("\(path)?skip=-1 HTTP/1.1\r\n\(host)\(authorization)\r\n")?.status == 400)
  }

  /// Identifiers are a bijection of a counter that begins at their seed: what seeds the tables' hashes must be another, or anybody could choose
  /// keys that collide.
  @Test func identifiersDoNotTellTheSeedOfHashes() throws {
    let world = World { $0.identifierSeed = 11 }
    #expect(world.deploy("a", query: "?public=true")?.status == 200)
    let reply = try #require(world.request("GET /function/a HTTP/1.1\r\n\(host)\r\n"))
    var state = try #require(UInt64(reply["x-openwhisk-activation-id"]?.suffix(16) ?? "", radix: 16))
    // SplitMix64's mixing, backwards.
    state ^= state >> 31 ^ state >> 62
    state &*= 0x3196_42b2_d24d_8ec3
    state ^= state >> 27 ^ state >> 54
    state &*= 0x96de_1b17_3f11_9089
    state ^= state >> 30 ^ state >> 60
    let seed = state &- 0x9e37_79b9_7f4a_7c15
    #expect(seed == 11 && seed != world.server.entities.seed)
  }

  @Test func namespaces() {
    let world = World(accounts: [("me", "secret", ""), ("you", "other", "there")])
    let yours = "Authorization: Basic eW91Om90aGVy\r\n"
    #expect(world.deploy("a")?.status == 200)
    #expect(world.request("GET /api/v1/namespaces/there/actions/a HTTP/1.1\r\n\(host)\(yours)\r\n")?.status == 404)
    #expect(world.request("GET /api/v1/namespaces/me/actions/a HTTP/1.1\r\n\(host)\(yours)\r\n")?.status == 403)
    #expect(world.request("GET /api/v1/namespaces/_/actions HTTP/1.1\r\n\(host)\(yours)\r\n")?.text == "[]")
    #expect(world.request("GET /function/a HTTP/1.1\r\n\(host)\(yours)\r\n")?.status == 403)
    let put = "PUT /api/v1/namespaces/_/actions/b?public=true HTTP/1.1\r\n\(host)\(yours)Content-Length: \(smallestELF.count)\r\n\r\n"
    #expect(world.request(put, body: smallestELF)?.status == 200)
    #expect(world.request("GET /function/b.there HTTP/1.1\r\n\(host)\r\n")?.status == 200)
    #expect(world.request("GET /function/b HTTP/1.1\r\n\(host)\r\n")?.status == 404)
    #expect(world.request("GET /function/b.me HTTP/1.1\r\n\(host)\r\n")?.status == 404)
    #expect(world.request("GET /function/b.nobody HTTP/1.1\r\n\(host)\r\n")?.status == 404)
  }
}
