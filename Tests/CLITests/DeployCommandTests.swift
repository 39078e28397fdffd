// `deploy`, `list`, `get`, `delete`: what they send, what they print, how they end.

import Foundation
import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(1))) struct DeployCommandTests {
  static let entity = """
    {"namespace":"guest","name":"hello","version":"0.0.1","updated":1700000000000,"size":128,"annotations":[{"key":"exec","value":"blackbox"},\
    {"key":"public","value":true},{"key":"note","value":"x"}],"parameters":[{"key":"greeting","value":"hi"}],\
    "limits":{"timeout":60000,"memory":256,"logs":1}}
    """
  static let code = Data(CommandRunner.elf).base64EncodedString()

  @Test func deploySendsTheWholeOpenWhiskWay() throws {
    let server = try FakeServer(replies: .init(200, "{}"), .init(200, Self.entity))
    let runner = try CommandRunner(server: server)
    try runner.write("hello.elf", CommandRunner.elf)
    let result = try runner.run(
      "deploy", "-p", "greeting", "hi there", "-p", "n", "-5", "hello.elf", "--name", "greet", "--package", "pk", "--memory", "64", "--timeout",
      "1500", "--public", "--loop", "-a", "note", "{\"x\":[1]}", "--no-overwrite")
    #expect(result.status == 0 && result.error == "Made the package pk.\n", "\(result.error)")
    #expect(server.lines[0] == "PUT /api/v1/namespaces/_/packages/pk?overwrite=false" && server.requests[0].text == "{}")
    let request = server.requests[1]
    #expect(request.line == "PUT /api/v1/namespaces/_/actions/pk/greet?overwrite=false")
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.headers["authorization"] == "Basic c3dpZnRsZXQ6ZGV2ZWxvcG1lbnQ=")
    let expected = """
      {"exec":{"kind":"blackbox","image":"openwhisk/dockerskeleton","code":"\(Self.code)"},"limits":{"timeout":1500,"memory":64},\
      "parameters":[{"key":"greeting","value":"hi there"},{"key":"n","value":-5}],\
      "annotations":[{"key":"note","value":{"x":[1]}},{"key":"public","value":true},{"key":"loop","value":true}]}
      """
    #expect(request.text == expected)
    #expect(server.requests.count == 2)
  }

  @Test func deploySaysWhatToDoNext() throws {
    let server = try FakeServer(replies: .init(200, Self.entity))
    let runner = try CommandRunner(server: server)
    try runner.write("hello.elf", CommandRunner.elf)
    let result = try runner.run("deploy", "hello.elf")
    #expect(server.lines == ["PUT /api/v1/namespaces/_/actions/hello?overwrite=true"])
    #expect(
      result.output == """
        Deployed hello: 128 bytes, version 0.0.1, 256 MB, 60 s, public.

          swiftlet invoke hello -p name Ada
          curl -d Ada \(server.url)/function/hello

        """)
    #expect(result.error.isEmpty)
    #expect(try runner.run("deploy", "hello.elf", "--json").output == JSON(parsing: Self.entity).pretty + "\n")
  }

  @Test func deployUsesTheManifestAndItsOptionsComeFirst() throws {
    try #require(ProgramPath.find("gcc") != nil, "gcc is not installed")
    let server = try FakeServer(replies: .error(409, "resource already exists"), .init(200, Self.entity))
    let runner = try CommandRunner(server: server)
    try runner.write("a.c", "int main(void) { return 0; }\n".utf8)
    let manifest = """
      {"name":"own","lang":"c","sources":["a.c"],"deploy":{"memory":32,"timeout":700,"public":true,"package":"pk","parameters":{"a":1,"b":2}}}
      """
    try runner.write("swiftlet.json", manifest.utf8)
    let result = try runner.run("deploy", "--memory", "16", "-p", "b", "3")
    #expect(result.status == 0 && result.error.isEmpty, "\(result.error)")
    #expect(server.lines.dropFirst() == ["PUT /api/v1/namespaces/_/actions/pk/own?overwrite=true"])
    let body = try JSON(parsing: server.requests[1].body)
    #expect(body["limits"] == ["timeout": 700, "memory": 16])
    #expect(body["parameters"] == [["key": "a", "value": 1], ["key": "b", "value": 3]])
    #expect(body["annotations"] == [["key": "public", "value": true]])
    let built = try Data(contentsOf: runner.folder.appendingPathComponent("build/own"))
    #expect(body["exec"]?["code"]?.string == built.base64EncodedString())
  }

  @Test func whatIsNoActionIsNotSent() throws {
    let server = try FakeServer(replies: .init(200, Self.entity))
    let runner = try CommandRunner(server: server)
    var file = CommandRunner.elf
    file[16] = 2
    try runner.write("hello", file)
    let result = try runner.run("deploy", "hello")
    #expect(result.status == 65 && result.output.isEmpty)
    #expect(result.error.hasPrefix("swiftlet: hello: not position independent (ET_EXEC); relink with -static-pie\n"))
    #expect(try runner.run("deploy", "nothing").status == 66)
    let bare = try runner.run("deploy")
    #expect(bare.status == 66 && bare.error.contains("There is no swiftlet.json.") && bare.error.contains("swiftlet new"))
    try runner.write("swiftlet.json", "{\"name\":1}".utf8)
    let broken = try runner.run("deploy")
    #expect(broken.status == 78 && broken.error.contains("swiftlet.json: 'name' is to be a string."))
    #expect(server.requests.isEmpty)
  }

  @Test func webActionsHaveAnAddress() throws {
    let entity = "{\"namespace\":\"guest/pk\",\"name\":\"a b\",\"version\":\"0.0.1\",\"annotations\":[{\"key\":\"web-export\",\"value\":true}]}"
    let server = try FakeServer(replies: .init(200, entity))
    let runner = try CommandRunner(server: server)
    try runner.write("hello", CommandRunner.elf)
    let address = "\(server.url)/api/v1/web/guest/pk/a%20b.json"
    #expect(try runner.run("deploy", "hello", "--web").output.hasSuffix("\n  curl '\(address)?name=Ada'\n"))
    #expect(try runner.run("get", "hello").output.hasSuffix("web      \(address)\n"))
  }

  @Test func aRefusedPackageEndsTheDeployment() throws {
    let server = try FakeServer(replies: .error(403, "not yours"))
    let runner = try CommandRunner(server: server)
    try runner.write("hello", CommandRunner.elf)
    let result = try runner.run("deploy", "hello", "--package", "pk")
    #expect(result.status == 77 && result.error.contains("package 'pk': not yours") && server.requests.count == 1)
  }

  @Test func theKernelsRefusalIsTold() throws {
    let server = try FakeServer(replies: .error(400, "the image is larger than its memory limit"), .error(409, "resource already exists"))
    let runner = try CommandRunner(server: server)
    try runner.write("hello", CommandRunner.elf)
    let refused = try runner.run("deploy", "hello")
    #expect(refused.status == 65)
    #expect(refused.error == "swiftlet: action 'hello': the image is larger than its memory limit (400, request abc123)\n")
    let exists = try runner.run("deploy", "hello", "--no-overwrite")
    #expect(exists.status == 73 && exists.error.contains("resource already exists"))
  }

  @Test(arguments: [
    (["--memory", "0"], "--memory"), (["--memory", "513"], "--memory"), (["--timeout", "99"], "--timeout"), (["-p", "x"], "A name and a value"),
    (["-p"], "-p"), (["--name", "a*"], "not an action's name"), (["--unknown"], "--unknown"),
  ]) func badValuesAreNamed(arguments: [String], words: String) throws {
    let runner = try CommandRunner(server: try FakeServer(replies: .init()))
    try runner.write("hello", CommandRunner.elf)
    let process = runner.process(["deploy", "hello"] + arguments)
    let error = Pipe()
    process.standardError = error
    try process.run()
    let text = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 64 && text.contains(words), "\(text)")
  }

  @Test func verboseShowsCurlWithTheKeyHidden() throws {
    let server = try FakeServer(replies: .init(200, "[]"))
    let runner = try CommandRunner(server: server)
    let line = "curl -u me:KEY '\(server.url)/api/v1/namespaces/_/actions?limit=200&skip=0'\n"
    let once = try runner.run("list", "-v", "--auth", "me:secret")
    #expect(once.error.hasPrefix(line + "  200 Reason, 2 bytes, ") && !once.error.contains("secret"))
    let twice = try runner.run("list", "-vv", "--auth", "me:secret")
    #expect(twice.error.hasPrefix(line.replacing("KEY", with: "secret")))
  }

  @Test func listIsATable() throws {
    let now = Int(Date().timeIntervalSince1970 * 1000) - 7_200_500
    let list = "[\(Self.entity.replacing("1700000000000", with: "\(now)"))]"
    let server = try FakeServer { request in .init(200, request.path.hasSuffix("/actions") ? list : "[]") }
    let runner = try CommandRunner(server: server)
    #expect(
      try runner.run("list").output == """
        NAME   KIND      MEMORY  TIMEOUT  VERSION  UPDATED  FLAGS
        hello  blackbox  256 MB     60 s  0.0.1    2 h ago  public

        """)
    let json = try runner.run("list", "--limit", "3", "--skip", "1", "--json")
    #expect(try JSON(parsing: json.output) == JSON(parsing: list))
    #expect(server.lines.last == "GET /api/v1/namespaces/_/actions?limit=3&skip=1")
  }

  @Test func listOfNothingAndOfAll() throws {
    let server = try FakeServer { request in
      switch request.path {
      case "/api/v1/namespaces/_/packages":
        .init(200, "[{\"name\":\"pk\",\"version\":\"0.0.1\",\"binding\":{\"namespace\":\"whisk.system\",\"name\":\"utils\"}}]")
      case "/api/v1/namespaces/_/triggers":
        .init(200, "[{\"name\":\"t\",\"version\":\"0.0.2\",\"annotations\":[{\"key\":\"feed\",\"value\":\"/whisk.system/alarms/alarm\"}]}]")
      case "/api/v1/namespaces/_/rules":
        .init(200, "[{\"name\":\"r\",\"status\":\"active\",\"trigger\":{\"path\":\"guest\",\"name\":\"t\"},\"action\":\"/_/a\"}]")
      default: .init(200, "[]")
      }
    }
    let runner = try CommandRunner(server: server)
    #expect(try runner.run("list").output == "There are no actions on \(server.url). Deploy one: swiftlet deploy FILE\n")
    let all = try runner.run("list", "--all")
    for words in ["bound to /whisk.system/utils", "feed /whisk.system/alarms/alarm", "/guest/t -> /_/a, active"] {
      #expect(all.output.contains(words), "\(all.output)")
    }
    let json = try JSON(parsing: runner.run("list", "--all", "--json").output)
    #expect(json.members?.map(\.key) == ["actions", "packages", "triggers", "rules"])
  }

  @Test func getShowsOneAndSavesItsCode() throws {
    let server = try FakeServer { request in
      .init(200, request.target.hasSuffix("code=true") ? "{\"name\":\"hello\",\"exec\":{\"code\":\"\(Self.code)\"}}" : Self.entity)
    }
    let runner = try CommandRunner(server: server)
    let shown = try runner.run("get", "hello").output
    #expect(shown.hasPrefix("name        hello\nkind        blackbox\nversion     0.0.1\nupdated     2023-11-14 22:13:20.000 ("))
    let lines = ["memory      256 MB", "flags       public", "parameter   greeting = \"hi\"", "annotation  note = \"x\""]
    for line in lines + ["url         \(server.url)/function/hello"] {
      #expect(shown.contains(line))
    }
    #expect(server.lines == ["GET /api/v1/namespaces/_/actions/hello?code=false"])
    let saved = try runner.run("get", "hello", "--save", "copy")
    #expect(saved.output == "Saved copy: 128 bytes.\n")
    #expect(try Array(Data(contentsOf: runner.folder.appendingPathComponent("copy"))) == CommandRunner.elf)
    #expect(try runner.run("get", "hello", "--save", "no/where").status == 73)
  }

  @Test func deleteGoesOnUntilOneIsNotThere() throws {
    let server = try FakeServer { request in
      request.target.hasSuffix("/b") ? .error(404, "The requested resource does not exist.") : .init(200, Self.entity)
    }
    let runner = try CommandRunner(server: server)
    let result = try runner.run("delete", "a", "b", "c")
    #expect(result.status == 66 && result.output == "Deleted a.\n")
    #expect(
      result.error == """
        swiftlet: There is no action 'b' on \(server.url): The requested resource does not exist. (404, request abc123)
        'swiftlet list' shows the actions there are.

        """)
    #expect(server.lines == ["DELETE /api/v1/namespaces/_/actions/a", "DELETE /api/v1/namespaces/_/actions/b"])
  }

  @Test func wrongKeyAndNobodyThere() throws {
    let server = try FakeServer(replies: .error(401, "The supplied authentication is invalid."))
    let runner = try CommandRunner(server: server)
    let denied = try runner.run("list", "--auth", "a:b")
    #expect(denied.status == 77 && denied.error.contains("does not accept the key") && denied.error.contains("SWIFTLET_AUTH"))
    #expect(server.requests[0].headers["authorization"] == "Basic YTpi")
    runner.host = "127.0.0.1:\(try Port.free())"
    let nobody = try runner.run("list")
    #expect(nobody.status == 69 && nobody.error.contains("connection refused") && nobody.error.contains("swiftlet run"))
    runner.host = "https://openwhisk.example"
    #expect(try runner.run("list").status == 64)
  }

  @Test func settingsOfOpenWhisksClientAreRead() throws {
    let server = try FakeServer(replies: .init(200, "[]"))
    let runner = try CommandRunner()
    try runner.write(".wskprops", "APIHOST=\(server.url)\nAUTH=file:key\n".utf8)
    #expect(try runner.run("list").status == 0)
    #expect(server.requests[0].headers["authorization"] == "Basic ZmlsZTprZXk=")
  }
}
