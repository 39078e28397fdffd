import Testing

@testable import SwiftletHost

@Suite struct ManifestTests {
  @Test func whatNewWritesIsRead() throws {
    let manifest = Manifest(name: "hello world", language: .rust, sources: ["a.rs"])
    #expect(try Manifest(parsing: Array(manifest.text.utf8)) == manifest)
  }

  @Test func everythingIsRead() throws {
    let text = """
      {"name": "n", "lang": "c", "sources": ["a.c", "b.c"], "options": ["-lm"], "libc": "glibc", "deploy": {"package": "p", "memory": 64,
       "timeout": 1000, "web": true, "public": true, "env": true, "cgi": false, "loop": true, "parameters": {"a": 1}, "annotations": {"b": [2]}}}
      """
    let manifest = try Manifest(parsing: Array(text.utf8))
    #expect(manifest.sources == ["a.c", "b.c"] && manifest.options == ["-lm"] && manifest.library == .glibc && manifest.package == "p")
    var deployment = Deployment()
    deployment.memory = 64
    deployment.timeout = 1000
    (deployment.web, deployment.isPublic, deployment.environment, deployment.loop) = (true, true, true, true)
    deployment.parameters = [.init("a", 1)]
    deployment.annotations = [.init("b", [2])]
    #expect(manifest.deployment == deployment)
  }

  @Test(arguments: [
    ("", "unexpected end at byte 0."), ("[]", "an object"), ("{}", "'name'"), ("{\"name\":\"a/b\"}", "'name'"),
    ("{\"name\":5}", "'name' is to be a string"),
    ("{\"name\":\"a\",\"lang\":\"go\"}", "'lang'"), ("{\"name\":\"a\",\"lang\":\"c\",\"sources\":[]}", "'sources'"),
    ("{\"name\":\"a\",\"lang\":\"c\",\"sources\":[1]}", "'sources' is to be an array of strings"),
    ("{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"a.c\"],\"libc\":\"uclibc\"}", "'libc'"),
    ("{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"a.c\"],\"memory\":5}", "'memory' is unknown"),
    ("{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"a.c\"],\"deploy\":{\"memory\":\"5\"}}", "'memory' is to be a whole number"),
    ("{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"a.c\"],\"deploy\":{\"pubic\":true}}", "'pubic' is unknown"),
    ("{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"a.c\"],\"deploy\":[]}", "an object"),
  ]) func mistakesAreNamed(text: String, words: String) {
    let error = #expect(throws: ManifestError.self) { try Manifest(parsing: Array(text.utf8)) }
    #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")")
  }
}
