import Testing

@testable import SwiftletHost

@Suite struct APISettingsTests {
  @Test(arguments: [
    ("http://127.0.0.1:8080", "127.0.0.1", 8080, "http://127.0.0.1:8080"), ("10.0.2.15", "10.0.2.15", 80, "http://10.0.2.15"),
    ("HTTP://localhost:81/", "127.0.0.1", 81, "http://localhost:81"),
    ("192.168.1.255:65535", "192.168.1.255", 65535, "http://192.168.1.255:65535"),
  ] as [(String, String, UInt16, String)]) func endpoints(text: String, address: String, port: UInt16, url: String) throws {
    let endpoint = try Endpoint(parsing: text, from: "--host")
    #expect(endpoint.address.description == address && endpoint.port == port && endpoint.description == url)
  }

  @Test(arguments: [
    ("https://127.0.0.1", "plain HTTP"), ("", "neither"), ("kernel.example", "neither"), ("1.2.3", "neither"), ("1.2.3.256", "neither"),
    ("1.2.3.+4", "neither"), ("127.0.0.1:0", "no port"), ("127.0.0.1:65536", "no port"), ("127.0.0.1:", "no port"),
    ("http://127.0.0.1/api", "neither"),
  ]) func badEndpoints(text: String, words: String) {
    let error = #expect(throws: HostError.self) { try Endpoint(parsing: text, from: "SWIFTLET_HOST") }
    #expect(error?.kind == .badValue && error?.problem.hasPrefix("SWIFTLET_HOST: ") == true && error?.problem.contains(words) == true)
  }

  static let properties = "# wsk\nAPIHOST=http://10.0.0.1:81\n\nAUTH = file:key=with=equals \nOTHER\n"

  @Test func optionsComeBeforeTheEnvironmentAndThatBeforeTheFile() throws {
    let environment = ["SWIFTLET_HOST": "10.0.0.2", "SWIFTLET_AUTH": "env:key"]
    func settings(_ host: String?, _ auth: String?, _ environment: [String: String], _ file: String?) throws -> [String] {
      let settings = try APISettings(host: host, auth: auth, environment: environment, properties: file)
      return [settings.endpoint.description, settings.credentials.userAndKey]
    }
    #expect(try settings("10.0.0.3", "own:key", environment, Self.properties) == ["http://10.0.0.3", "own:key"])
    #expect(try settings(nil, nil, environment, Self.properties) == ["http://10.0.0.2", "env:key"])
    #expect(try settings(nil, nil, ["SWIFTLET_HOST": ""], Self.properties) == ["http://10.0.0.1:81", "file:key=with=equals"])
    #expect(try settings(nil, nil, [:], nil) == ["http://127.0.0.1:8080", "swiftlet:development"])
  }

  @Test func errorsNameTheSource() {
    func problem(_ environment: [String: String], _ file: String?) -> String? {
      #expect(throws: HostError.self) { try APISettings(host: nil, auth: nil, environment: environment, properties: file) }?.problem
    }
    #expect(problem(["SWIFTLET_AUTH": "x"], nil)?.hasPrefix("SWIFTLET_AUTH: 'x' is not a key") == true)
    #expect(problem([:], "APIHOST=https://openwhisk.example")?.hasPrefix("APIHOST in ~/.wskprops: ") == true)
  }
}
