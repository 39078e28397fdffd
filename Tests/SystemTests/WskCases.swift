// What OpenWhisk's command line client `wsk` sends for a native action, and the exact replies. Times, identifiers and figures are left out
// of the comparison.

import Foundation
import SwiftletHost
import Testing

/// A zip archive with `file` as exec, made by the host's zip; without it by gzip, or nil for one that is not compressed.
private func archive(_ file: [UInt8], isCompressed: Bool) throws -> [UInt8]? {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-zip-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try Data(file).write(to: folder.appendingPathComponent("exec"))
  let made = try Host.run("/bin/sh", ["-c", "cd '\(folder.path)' && command -v zip >/dev/null && zip -q \(isCompressed ? "" : "-0") a.zip exec"])
  guard made.status != 0 else { return Array(try Data(contentsOf: folder.appendingPathComponent("a.zip"))) }
  return isCompressed ? try zip(file, named: "exec") : nil
}

extension SystemCase {
  /// A reply's text with what differs from run to run set to zero.
  private static func constant(_ reply: HTTPResponse) -> String {
    reply.text
      .replacing(/\{"key":"initTime","value":\d+\},/, with: "")
      .replacing(/"(updated|start|end|duration|queue|run|restore|pagesCopied|pagesZeroed|pageFaults)":\d+/) { "\"\($0.1)\":0" }
      .replacing(/\{"key":"waitTime","value":\d+\}/, with: #"{"key":"waitTime","value":0}"#)
      .replacing(/"(activationId|code)":"[0-9a-f]+"/) { "\"\($0.1)\":\"\"" }
  }

  /// As the client sends it: with the query of its command, JSON, and headers of Go's library.
  private static func wsk(_ guest: Guest, _ method: String, _ path: String, _ json: String? = nil) throws -> (status: Int, text: String) {
    var headers = [("User-Agent", "OpenWhisk-CLI/1.0 (2021-04-01T23:49:54.523+0000) linux amd64"), ("Accept-Encoding", "gzip")]
    if json != nil { headers.append(("Content-Type", "application/json")) }
    let reply = try guest.request(
      method, "/api/v1/namespaces/_/\(path)", key: Guest.key, headers: headers, body: json.map { Array($0.utf8) })
    return (reply.status, constant(reply))
  }

  static let wskCases: [SystemCase] = [true, false].map { isCompressed in
    SystemCase("wsk: a native action from a \(isCompressed ? "deflated" : "stored") zip is created, changed, called, listed, shown and deleted") { guest in
      let file = try Project.action("echo-c")
      guard let archive = try archive(file, isCompressed: isCompressed) else { return }
      let code = Data(archive).base64EncodedString()
      func entity(_ version: String, _ limits: String, web: String = "", shown: String = #""kind":"blackbox","image":"openwhisk/dockerskeleton","binary":true"#) -> String {
        let parameters = shown.hasPrefix(#""kind""#) ? #""parameters":[{"key":"greeting","value":"hi"}],"# : ""
        return #"{"namespace":"swiftlet","name":"wsk","version":"\#(version)","publish":false,"exec":{\#(shown)},"annotations":[{"key":"exec","value":"blackbox"},"#
          + #"{"key":"public","value":false}\#(web)],\#(parameters)"limits":\#(limits),"updated":0,"size":\#(file.count)}"#
      }
      func expect(_ reply: (status: Int, text: String), _ status: Int, _ text: String, _ command: String) {
        #expect(reply.status == status && reply.text == text, "\(command): \(reply.status)\n\(reply.text)\n\(text)")
      }
      let first = #"{"timeout":1000,"memory":128,"logs":1,"concurrency":1}"#
      let create = #"{"namespace":"_","name":"wsk","exec":{"kind":"blackbox","code":"\#(code)","image":"openwhisk/dockerskeleton"},"#
        + #""parameters":[{"key":"greeting","value":"hi"}],"limits":\#(first)}"#
      expect(try wsk(guest, "PUT", "actions/wsk?overwrite=false", create), 200, entity("0.0.1", first), "action create -m 128 -t 1000 -l 1 -p greeting hi")
      expect(try wsk(guest, "PUT", "actions/wsk?overwrite=false", create), 409, #"{"error":"resource already exists","code":""}"#, "action create, again")

      let parameters = #"{"greeting":"hi","name":"Ada"}"#
      let record = #"{"namespace":"swiftlet","name":"wsk","version":"0.0.1","activationId":"","start":0,"end":0,"duration":0,"publish":false,"subject":"swiftlet","#
        + #""response":{"result":\#(parameters),"size":\#(parameters.utf8.count),"status":"success","statusCode":0,"success":true},"logs":[],"#
        + #""annotations":[{"key":"path","value":"swiftlet/wsk"},{"key":"kind","value":"blackbox"},{"key":"limits","value":\#(first)},"#
        + #"{"key":"timeout","value":false},{"key":"waitTime","value":0},"#
        + #"{"key":"swiftlet","value":{"queue":0,"start":0,"run":0,"restore":0,"pagesCopied":0,"pagesZeroed":0,"pageFaults":0}}]}"#
      for _ in 0..<2 {
        expect(try wsk(guest, "POST", "actions/wsk?blocking=true&result=false", parameters), 200, record, "action invoke --blocking")
      }
      expect(try wsk(guest, "POST", "actions/wsk?blocking=true&result=true", parameters), 200, parameters, "action invoke --result")
      expect(try wsk(guest, "POST", "actions/wsk?blocking=false&result=false", parameters), 202, #"{"activationId":""}"#, "action invoke")

      let second = #"{"timeout":1000,"memory":64,"logs":1,"concurrency":1}"#
      let web = #",{"key":"web-export","value":true},{"key":"raw-http","value":false},{"key":"final","value":true}"#
      let update = #"{"namespace":"_","name":"wsk","annotations":[\#(web.dropFirst())],"limits":{"memory":64}}"#
      expect(try wsk(guest, "PUT", "actions/wsk?overwrite=true", update), 200, entity("0.0.2", second, web: web), "action update -m 64 --web true")
      expect(
        try wsk(guest, "GET", "actions?limit=30&skip=0"), 200, "[" + entity("0.0.2", second, web: web, shown: #""binary":true"#) + "]", "action list")
      expect(try wsk(guest, "GET", "actions/wsk?code=false"), 200, entity("0.0.2", second, web: web), "action get")
      let shown = #""kind":"blackbox","image":"openwhisk/dockerskeleton","binary":true,"code":"\#(code)""#
      expect(try wsk(guest, "GET", "actions/wsk"), 200, entity("0.0.2", second, web: web, shown: shown), "action get --save")
      expect(try wsk(guest, "DELETE", "actions/wsk"), 200, entity("0.0.2", second, web: web), "action delete")
      let nothing = #"{"error":"The requested resource does not exist.","code":""}"#
      expect(try wsk(guest, "GET", "actions/wsk"), 404, nothing, "action get, of nothing")
      expect(try wsk(guest, "DELETE", "actions/wsk"), 404, nothing, "action delete, of nothing")
      expect(try wsk(guest, "POST", "actions/wsk?blocking=true&result=false", "{}"), 404, nothing, "action invoke, of nothing")
    }
  }
}
