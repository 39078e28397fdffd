// Entities on a booted kernel: actions as OpenWhisk's clients send them, packages, triggers and rules.

import Foundation
import SwiftletHost
import Testing

extension Guest {
  /// A request about entities of the key's namespace.
  func api(_ method: String, _ path: String, _ json: String? = nil) throws -> HTTPResponse {
    try request(
      method, "/api/v1/namespaces/_/\(path)", key: Self.key, headers: json == nil ? [] : [("Content-Type", "application/json")],
      body: json.map { Array($0.utf8) })
  }
}

/// A zip archive with one file, deflated as usual: gzip has the data and the checksum.
func zip(_ file: [UInt8], named name: String) throws -> [UInt8] {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/gzip")
  process.arguments = ["-n", "-c"]
  let input = Pipe()
  let output = Pipe()
  process.standardInput = input
  process.standardOutput = output
  try process.run()
  // The whole file may not fit into the pipe: it is written while the result is read.
  DispatchQueue.global().async {
    try? input.fileHandleForWriting.write(contentsOf: Data(file))
    try? input.fileHandleForWriting.close()
  }
  let packed = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
  process.waitUntilExit()
  guard process.terminationStatus == 0, packed.count > 18 else { throw Failure("gzip failed") }
  // Ten bytes of header; the checksum and the length, four bytes each, at the end.
  let data = packed[10..<packed.count - 8]
  func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
  let method = little(8, 2) + little(0, 4)
  let sizes = packed[(packed.count - 8)..<(packed.count - 4)] + little(data.count, 4) + little(file.count, 4) + little(name.utf8.count, 2)
  let local = Array("PK\u{3}\u{4}".utf8) + little(20, 2) + little(0, 2) + method + sizes + little(0, 2) + Array(name.utf8) + data
  let central =
    Array("PK\u{1}\u{2}".utf8) + little(20, 2) + little(20, 2) + little(0, 2) + method + sizes + little(0, 16) + Array(name.utf8)
  let end =
    Array("PK\u{5}\u{6}".utf8) + little(0, 4) + little(1, 2) + little(1, 2) + little(central.count, 4) + little(local.count, 4) + little(0, 2)
  return local + central + end
}

extension SystemCase {
  private static func exec(_ code: [UInt8]) -> String {
    #""exec":{"kind":"blackbox","code":"\#(Data(code).base64EncodedString())","image":"openwhisk/dockerskeleton"}"#
  }

  private static func code(_ reply: HTTPResponse) throws -> [UInt8]? {
    struct Entity: Decodable {
      struct Exec: Decodable { var code: String }
      var exec: Exec
    }
    return Data(base64Encoded: try JSONDecoder().decode(Entity.self, from: Data(reply.body)).exec.code).map { [UInt8]($0) }
  }

  static let entityCases: [SystemCase] = [
    SystemCase("entities: an ELF executable and a zip archive deployed as JSON run, and come back as they were sent") { guest in
      for name in ["echo", "echo-c", "sha256"] {
        let file = try Project.action(name)
        let archive = try zip(file, named: "exec")
        for (kind, upload) in [("elf", file), ("zip", archive)] {
          let body = #"{\#(exec(upload)),"annotations":[{"key":"public","value":true}],"limits":{"memory":8,"timeout":2000}}"#
          let put = try guest.api("PUT", "actions/json-\(kind)", body)
          #expect(put.status == 200, "\(name) as \(kind): \(put.text)")
          #expect(try guest.api("PUT", "actions/json-\(kind)", body).status == 409)
          try guest.deploy(name)
          #expect(try guest.invoke("json-\(kind)", [1, 2, 3]).body == guest.invoke(name, [1, 2, 3]).body)
          #expect(try code(guest.api("GET", "actions/json-\(kind)")) == upload)
          #expect(try guest.delete("json-\(kind)").status == 200 && guest.delete(name).status == 200)
        }
        #expect(try guest.put("raw-zip", archive).status == 200)
        #expect(try guest.delete("raw-zip").status == 200)
      }
    },
    SystemCase("entities: broken archives and texts are 400 and leave nothing") { guest in
      let archive = try zip(Project.action("echo"), named: "exec")
      let names = try zip(Project.action("echo"), named: "echo")
      var damaged = archive
      damaged[archive.count / 2] ^= 0x10
      for (upload, words) in [(damaged, "zip"), (Array(archive.dropLast(30)), "zip"), (names, "named exec"), ([0x50, 0x4b, 3, 4], "zip")] {
        let reply = try guest.api("PUT", "actions/broken", "{\(exec(upload))}")
        #expect(reply.status == 400 && reply.text.contains(words), "\(reply.text)")
      }
      let lossy = #"{"exec":{"kind":"blackbox","image":"a","code":"\#(String(decoding: try Project.action("echo"), as: UTF8.self).prefix(4))\u0002\ufffd"}}"#
      #expect(try guest.api("PUT", "actions/broken", lossy).text.contains("sent as text"))
      #expect(try guest.api("GET", "actions/broken").status == 404)
    },
    SystemCase("entities: limits and mode change without an upload") { guest in
      try guest.deploy("changing", Project.action("echo"))
      #expect(try guest.invoke("changing", [7]).body == [7])
      #expect(try guest.api("PUT", "actions/changing?overwrite=true", #"{"limits":{"memory":1,"timeout":100}}"#).status == 200)
      #expect(try guest.invoke("changing", [8]).body == [8])
      let big = [UInt8](repeating: 1, count: 100_000)
      #expect(try guest.invoke("changing", big).body == big)
      #expect(try guest.api("PUT", "actions/changing?overwrite=true", #"{"limits":{"memory":512}}"#).status == 200)
      #expect(try guest.invoke("changing", big).body == big)
      // The sample reads its input, so that it can be started from there.
      #expect(try guest.api("PUT", "actions/changing?overwrite=true", #"{"annotations":[{"key":"loop","value":true}]}"#).status == 200)
      #expect(try guest.invoke("changing", [9]).body == [9])
      let reply = try guest.api("PUT", "actions/changing?overwrite=true", #"{"annotations":[{"key":"loop","value":false}],"limits":{"memory":4}}"#)
      #expect(reply.status == 200 && reply.text.contains(#""version":"0.0.5""#), "\(reply.text)")
      #expect(try guest.invoke("changing", [10]).body == [10])
      #expect(try guest.delete("changing").status == 200)
    },
    SystemCase("entities: packages, sequences, triggers and rules come and go, and leave nothing behind") { guest in
      let file = try Project.action("echo")
      func round() throws {
        #expect(try guest.api("PUT", "packages/pk", #"{"parameters":[{"key":"a","value":1}],"publish":true}"#).status == 200)
        #expect(try guest.put("pk/echo", file).status == 200)
        #expect(try guest.api("PUT", "packages/bd", #"{"binding":{"namespace":"_","name":"pk"}}"#).status == 200)
        #expect(try guest.api("PUT", "actions/seq", #"{"exec":{"kind":"sequence","components":["/_/pk/echo","/_/bd/echo"]}}"#).status == 200)
        #expect(try guest.api("PUT", "triggers/tr", #"{"parameters":[{"key":"b","value":2}]}"#).status == 200)
        #expect(try guest.api("PUT", "rules/ru", #"{"trigger":"/_/tr","action":"/_/seq"}"#).status == 200)
        #expect(try guest.api("POST", "rules/ru", #"{"status":"inactive"}"#).status == 200)
        #expect(try guest.api("GET", "packages/bd").text.contains(#""actions":[{"name":"echo""#))
        for list in ["actions", "packages", "triggers", "rules", "actions/pk/"] { #expect(try guest.api("GET", list).status == 200) }
        for path in ["rules/ru", "triggers/tr", "actions/seq", "packages/bd", "packages/pk?force=true"] {
          #expect(try guest.api("DELETE", path).status == 200, "\(path)")
        }
      }
      for _ in 0..<3 { try round() }
      let before = try guest.counters()
      for _ in 0..<50 { try round() }
      let after = try guest.counters()
      // Buffers of names grow to 4 KiB before those of removed entities are taken out: four tables of 2 KiB more at most. What an entity has
      // of its own is more than 100 bytes, in each of 50 rounds.
      #expect(after.heapBytesInUse - before.heapBytesInUse <= 8 << 10, "\(before) \(after)")
    },
    SystemCase("entities: hostile bodies are answered, and no entity is made") { guest in
      var noise = Noise(seed: 77)
      let legal = Array(#"{"exec":{"kind":"sequence","components":["/_/a"]},"parameters":[{"key":"a","value":{"b":[1,"\u00e4"]}}],"limits":{"memory":8},"trigger":"/_/t","action":{"path":"_","name":"a"},"binding":{"namespace":"_","name":"b"},"status":"active"}"#.utf8)
      for round in 0..<300 {
        var body = legal
        for _ in 0..<Int.random(in: 1...6, using: &noise) {
          body[Int.random(in: 0..<body.count, using: &noise)] = UInt8.random(in: 0...255, using: &noise)
        }
        if round % 3 == 0 { body.removeLast(Int.random(in: 0..<body.count, using: &noise)) }
        let collection = ["actions", "packages", "triggers", "rules"][round % 4]
        let reply = try guest.request(
          "PUT", "/api/v1/namespaces/_/\(collection)/mutant?overwrite=true", key: Guest.key,
          headers: [("Content-Type", "application/json")], body: body)
        #expect([200, 400, 403, 409].contains(reply.status), "\(reply.status) \(reply.text)")
        if reply.status == 200 { #expect(try guest.api("DELETE", "\(collection)/mutant").status == 200) }
      }
      let deep = [UInt8](repeating: 0x5b, count: 100_000)
      let reply = try guest.request(
        "PUT", "/api/v1/namespaces/_/triggers/mutant", key: Guest.key, headers: [("Content-Type", "application/json")], body: deep)
      #expect(reply.status == 400 && reply.text.contains("nested deeper"))
    },
  ]
}
