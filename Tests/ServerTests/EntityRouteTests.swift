import API
import Actions
import Entities
import Foundation
import Server
import Testing

private let limits = #""limits":{"timeout":60000,"memory":256,"logs":1,"concurrency":1}"#
private let stamp = #""updated":1000000000000}"#

/// Two users, each with a namespace.
private func two() -> World { World(accounts: [("me", "secret", ""), ("you", "secret", "")]) }

@Suite struct PackageRouteTests {
  @Test func lifeOfAPackage() {
    let world = World()
    let body = #"{"parameters":[{"key":"a","value":1}],"annotations":[{"key":"x","value":"y"}]}"#
    let first = #"{"namespace":"me","name":"pk","version":"0.0.1","publish":false,"binding":{},"annotations":[{"key":"x","value":"y"}],"parameters":[{"key":"a","value":1}],"#
    #expect(world.api("PUT", "_/packages/pk", body)?.text == first + stamp)
    #expect(world.api("GET", "me/packages/pk")?.text == first + #""actions":[],"feeds":[],"# + stamp)
    let conflict = world.api("PUT", "_/packages/pk", body)
    #expect(conflict?.status == 409 && conflict?.error == "resource already exists")
    #expect(world.api("PUT", "_/packages/pk?overwrite=false", body)?.status == 409)
    let second = first.replacing("0.0.1", with: "0.0.2").replacing(#""publish":false"#, with: #""publish":true"#)
    #expect(world.api("PUT", "_/packages/pk?overwrite=true", #"{"publish":true}"#)?.text == second + stamp)
    #expect(world.api("DELETE", "_/packages/pk")?.text == second + stamp)
    #expect(world.api("DELETE", "_/packages/pk")?.status == 404)
    #expect(world.api("GET", "_/packages/pk")?.error == "The requested resource does not exist.")
  }

  @Test func actionsOfAPackage() throws {
    let world = World()
    #expect(world.deploy("pk/a")?.status == 404)
    #expect(world.api("PUT", "_/packages/pk", #"{"parameters":[{"key":"p","value":1},{"key":"q","value":1}]}"#)?.status == 200)
    let put = try #require(world.deploy("pk/a"))
    #expect(put.text.hasPrefix(#"{"namespace":"me/pk","name":"a","version":"0.0.1""#))
    #expect(world.api("PUT", "_/actions/pk/a?overwrite=true", #"{"parameters":[{"key":"q","value":2}]}"#)?.text.contains(#""parameters":[{"key":"q","value":2}]"#) == true)
    let get = try #require(world.api("GET", "_/actions/pk/a?code=false"))
    #expect(get.text.contains(#""namespace":"me/pk","name":"a","version":"0.0.2""#))
    #expect(get.text.contains(#""parameters":[{"key":"p","value":1},{"key":"q","value":2}]"#))
    #expect(world.deploy("a")?.status == 200)
    let annotations = #""annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":false}]"#
    let inside = #"{"namespace":"me/pk","name":"a","version":"0.0.2","publish":false,"exec":{"binary":true},\#(annotations),\#(limits),"updated":1000000000000,"size":256}"#
    let outside = inside.replacing("me/pk", with: "me").replacing("0.0.2", with: "0.0.1")
    #expect(world.api("GET", "_/actions")?.text == "[\(outside),\(inside)]")
    #expect(world.api("GET", "_/actions/pk/")?.text == "[\(inside)]")
    #expect(world.api("GET", "_/actions/pk/?count=true")?.text == #"{"actions":1}"#)
    #expect(world.api("GET", "_/actions/none/")?.status == 404)
    #expect(world.api("GET", "_/packages/pk")?.text.contains(#""actions":[{"name":"a","version":"0.0.2",\#(annotations)}],"feeds":[]"#) == true)
    let full = world.api("DELETE", "_/packages/pk")
    #expect(full?.status == 409 && full?.error == "Package not empty (contains 1 entity). Set force param or delete package contents.")
    #expect(world.deploy("pk/b")?.status == 200)
    #expect(world.api("DELETE", "_/packages/pk?force=false")?.error == "Package not empty (contains 2 entities). Set force param or delete package contents.")
    #expect(world.api("DELETE", "_/packages/pk?force=maybe")?.status == 400)
    #expect(world.executor.installed.count == 3)
    #expect(world.api("DELETE", "_/packages/pk?force=true")?.status == 200)
    #expect(world.executor.installed.count == 1)
    #expect(world.api("GET", "_/actions?count=true")?.text == #"{"actions":1}"#)
    #expect(world.api("GET", "_/actions/pk/a")?.status == 404)
  }

  @Test func bindings() throws {
    let world = two()
    #expect(world.api("PUT", "_/packages/pk", #"{"parameters":[{"key":"a","value":1},{"key":"b","value":1}]}"#)?.status == 200)
    #expect(world.deploy("pk/x")?.status == 200)
    let binding = #"{"binding":{"namespace":"_","name":"pk"},"parameters":[{"key":"b","value":2}]}"#
    let head = #"{"namespace":"me","name":"bd","version":"0.0.1","publish":false,"binding":{"namespace":"me","name":"pk"},"annotations":[{"key":"binding","value":{"namespace":"me","name":"pk"}}],"#
    #expect(world.api("PUT", "_/packages/bd", binding)?.text == head + #""parameters":[{"key":"b","value":2}],"# + stamp)
    let get = try #require(world.api("GET", "_/packages/bd"))
    #expect(get.text.hasPrefix(head + #""parameters":[{"key":"a","value":1},{"key":"b","value":2}],"actions":[{"name":"x","#))
    let action = try #require(world.api("GET", "_/actions/bd/x?code=false"))
    #expect(action.text.contains(#""namespace":"me/pk","name":"x""#) && action.text.contains(#""parameters":[{"key":"a","value":1},{"key":"b","value":2}]"#))
    #expect(world.api("GET", "_/actions/bd/")?.text.contains(#""namespace":"me/pk","name":"x""#) == true)
    for (method, body) in [("PUT", "{}"), ("DELETE", nil)] {
      let reply = world.api(method, "_/actions/bd/x", body)
      #expect(reply?.status == 400 && reply?.error == "Operation not permitted on package binding.")
    }
    // A binding goes without force: what is in the package is not its own.
    #expect(world.api("DELETE", "_/packages/pk?force=true")?.status == 200)
    #expect(world.api("GET", "_/packages/bd")?.status == 404)
    #expect(world.api("GET", "_/actions/bd/x")?.status == 404)
    #expect(world.api("DELETE", "_/packages/bd")?.status == 200)
  }

  static let refusedBindings: [(String, Int, String)] = [
    (#"{"namespace":"_","name":"none"}"#, 400, "Binding references a package that does not exist."),
    (#"{"namespace":"_","name":"bd"}"#, 400, "Cannot bind to another package binding."),
    (#"{"namespace":"_","name":"action"}"#, 409, "Cannot bind to a resource that is not a package."),
    (#"{"namespace":"you","name":"private"}"#, 403, "The supplied authentication is not authorized to access this resource."),
    (#"{"namespace":"nobody","name":"pk"}"#, 403, "The supplied authentication is not authorized to access this resource."),
    (#"{"namespace":"_","name":"a/b"}"#, 400, "The request content was malformed: The name of the entity contains illegal characters."),
    ("7", 400, "The request content was malformed: binding must be an object."),
  ]

  @Test(arguments: refusedBindings) func refused(_ binding: String, _ status: Int, _ text: String) {
    let world = two()
    #expect(world.api("PUT", "_/packages/pk", "{}")?.status == 200)
    #expect(world.api("PUT", "_/packages/bd", #"{"binding":{"namespace":"_","name":"pk"}}"#)?.status == 200)
    #expect(world.api("PUT", "_/packages/private", "{}", as: otherAuthorization)?.status == 200)
    #expect(world.deploy("action")?.status == 200)
    let reply = world.api("PUT", "_/packages/new", #"{"binding":\#(binding)}"#)
    #expect(reply?.status == status && reply?.error == text, "\(reply?.text ?? "")")
    #expect(world.api("GET", "_/packages/new")?.status == 404)
  }

  @Test func whatABindingMayBecome() {
    let world = World()
    for name in ["p", "q"] { #expect(world.api("PUT", "_/packages/\(name)", "{}")?.status == 200) }
    let toP = #"{"binding":{"namespace":"_","name":"p"}}"#
    let toQ = #"{"binding":{"namespace":"_","name":"q"}}"#
    #expect(world.api("PUT", "_/packages/bd", toP)?.status == 200)
    #expect(world.api("PUT", "_/packages/bd?overwrite=true", toQ)?.text.contains(#""binding":{"namespace":"me","name":"q"}"#) == true)
    #expect(world.api("PUT", "_/packages/bd?overwrite=true", "{}")?.text.contains(#""binding":{"namespace":"me","name":"q"}"#) == true)
    let reply = world.api("PUT", "_/packages/p?overwrite=true", toQ)
    #expect(reply?.status == 409 && reply?.error == "Resource is a package and cannot be converted into a binding.")
    #expect(world.api("PUT", "_/packages/default", "{}")?.error == "Package name 'default' is reserved.")
  }

  @Test func packagesOfOthers() {
    let world = two()
    #expect(world.api("PUT", "_/packages/open", #"{"publish":true}"#, as: otherAuthorization)?.status == 200)
    #expect(world.api("PUT", "_/packages/closed", "{}", as: otherAuthorization)?.status == 200)
    for name in ["open/x", "closed/x"] {
      #expect(world.api("PUT", "_/actions/\(name)", #"{"exec":{"kind":"blackbox","code":"\#(Data(smallestELF).base64EncodedString())"}}"#, as: otherAuthorization)?.status == 200)
    }
    #expect(world.api("GET", "you/packages")?.text == #"[{"namespace":"you","name":"open","version":"0.0.1","publish":true,"binding":false,"annotations":[],\#(stamp)]"#)
    #expect(world.api("GET", "you/packages?count=true")?.text == #"{"packages":1}"#)
    #expect(world.api("GET", "nobody/packages")?.text == "[]")
    #expect(world.api("GET", "whisk.system/packages?count=true")?.text == #"{"packages":1}"#)
    #expect(world.api("GET", "you/packages/open")?.status == 200 && world.api("GET", "you/packages/closed")?.status == 403)
    #expect(world.api("GET", "you/packages/none")?.status == 403)
    #expect(world.api("GET", "you/actions/open/x?code=false")?.text.contains(#""namespace":"you/open""#) == true)
    #expect(world.api("GET", "you/actions/open/y")?.status == 404 && world.api("GET", "you/actions/closed/x")?.status == 403)
    #expect(world.api("GET", "you/actions/open/")?.text.contains(#""namespace":"you/open","name":"x""#) == true)
    #expect(world.api("GET", "you/actions/closed/")?.status == 403)
    for path in ["you/actions", "you/triggers", "you/rules", "you/actions/x", "you/triggers/x", "you/rules/x", "you/limits", "nobody/actions"] {
      #expect(world.api("GET", path)?.status == 403, "\(path)")
    }
    for path in ["you/packages/open", "you/actions/open/x", "you/triggers/t", "you/rules/r"] {
      #expect(world.api("PUT", path, "{}")?.status == 403 && world.api("DELETE", path)?.status == 403, "\(path)")
    }
    // A binding of another's package.
    #expect(world.api("PUT", "_/packages/bd", #"{"binding":{"namespace":"you","name":"open"}}"#)?.status == 200)
    #expect(world.api("GET", "_/actions/bd/x?code=false")?.text.contains(#""namespace":"you/open""#) == true)
    #expect(world.api("PUT", "_/packages/open?overwrite=true", #"{"publish":false}"#, as: otherAuthorization)?.status == 200)
    #expect(world.api("GET", "_/actions/bd/x")?.status == 403 && world.api("GET", "_/packages/bd")?.status == 403)
    #expect(world.api("GET", "_/actions/bd/")?.status == 403)
  }

  /// An account may own the system's namespace; all others see what it publishes.
  @Test func theSystemsNamespace() {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "whisk.system")])
    #expect(world.api("PUT", "_/packages/utils", #"{"publish":true}"#, as: otherAuthorization)?.text.contains(#""namespace":"whisk.system","name":"utils""#) == true)
    #expect(world.api("GET", "whisk.system/packages/utils")?.text.contains(#""namespace":"whisk.system","name":"utils""#) == true)
    #expect(world.api("GET", "whisk.system/packages?count=true")?.text == #"{"packages":2}"#)
    #expect(world.api("PUT", "whisk.system/packages/mine", "{}")?.status == 403)
  }
}

@Suite struct TriggerAndRuleRouteTests {
  @Test func lifeOfATrigger() {
    let world = World()
    let first = #"{"namespace":"me","name":"t","version":"0.0.1","publish":false,"annotations":[],"parameters":[{"key":"a","value":1}],"limits":{},"#
    #expect(world.api("PUT", "_/triggers/t", #"{"name":"t","parameters":[{"key":"a","value":1}]}"#)?.text == first + stamp)
    #expect(world.api("GET", "_/triggers/t")?.text == first + stamp)
    #expect(world.api("PUT", "_/triggers/t", "{}")?.status == 409)
    let second = first.replacing("0.0.1", with: "0.0.2").replacing(#""annotations":[]"#, with: #""annotations":[{"key":"feed","value":"/whisk.system/alarms/alarm"}]"#)
    #expect(world.api("PUT", "_/triggers/t?overwrite=true", #"{"annotations":[{"key":"feed","value":"/whisk.system/alarms/alarm"}]}"#)?.text == second + stamp)
    #expect(world.api("GET", "_/triggers")?.text == #"[{"namespace":"me","name":"t","version":"0.0.2","publish":false,"annotations":[{"key":"feed","value":"/whisk.system/alarms/alarm"}],\#(stamp)]"#)
    #expect(world.api("DELETE", "_/triggers/t")?.text == second + stamp)
    #expect(world.api("GET", "_/triggers/t")?.status == 404 && world.api("GET", "_/triggers")?.text == "[]")
    #expect(world.api("PUT", "_/triggers/t", #"{"annotations":[{"key":"feed","value":1}]}"#)?.error == "Feed name is not valid")
    #expect(world.api("POST", "_/triggers/t", "{}")?.status == 404)
  }

  private func ready() -> World {
    let world = two()
    #expect(world.api("PUT", "_/triggers/t", "{}")?.status == 200)
    #expect(world.api("PUT", "_/packages/pk", "{}")?.status == 200)
    #expect(world.deploy("pk/a")?.status == 200 && world.deploy("b")?.status == 200)
    return world
  }

  @Test func lifeOfARule() {
    let world = ready()
    let first = #"{"namespace":"me","name":"r","version":"0.0.1","publish":false,"status":"active","trigger":{"path":"me","name":"t"},"action":{"path":"me/pk","name":"a"},"annotations":[],"#
    #expect(world.api("PUT", "_/rules/r", #"{"name":"r","status":"","trigger":"/_/t","action":"/_/pk/a"}"#)?.text == first + stamp)
    #expect(world.api("GET", "_/rules/r")?.text == first + stamp)
    #expect(world.api("PUT", "_/rules/r", #"{"trigger":"/_/t","action":"/_/b"}"#)?.status == 409)
    #expect(world.api("GET", "_/triggers/t")?.text.contains(#""rules":{"me/r":{"action":{"path":"me/pk","name":"a"},"status":"active"}}"#) == true)
    let off = world.api("POST", "_/rules/r", #"{"status":"inactive","trigger":null,"action":null}"#)
    #expect(off?.status == 200 && off?.text == first.replacing(#""active""#, with: #""inactive""#) + stamp)
    #expect(world.api("GET", "_/triggers/t")?.text.contains(#""status":"inactive"}}"#) == true)
    // An update keeps the status and what it does not say.
    let second = first.replacing(#""active""#, with: #""inactive""#).replacing("0.0.1", with: "0.0.2").replacing(#""me/pk","name":"a""#, with: #""me","name":"b""#)
    #expect(world.api("PUT", "_/rules/r?overwrite=true", #"{"action":{"path":"_","name":"b"}}"#)?.text == second + stamp)
    #expect(world.api("POST", "_/rules/r", #"{"status":"active"}"#)?.status == 200)
    #expect(world.api("GET", "_/rules")?.text == #"[{"namespace":"me","name":"r","version":"0.0.2","publish":false,"trigger":{"path":"me","name":"t"},"action":{"path":"me","name":"b"},"annotations":[],\#(stamp)]"#)
    // The action may go; the rule stays.
    #expect(world.api("DELETE", "_/actions/b")?.status == 200)
    #expect(world.api("GET", "_/rules/r")?.text == second.replacing("inactive", with: "active") + stamp)
    #expect(world.api("DELETE", "_/rules/r")?.text == second + stamp)
    #expect(world.api("GET", "_/triggers/t")?.text.contains("rules") == false)
    #expect(world.api("DELETE", "_/rules/r")?.status == 404 && world.api("POST", "_/rules/r", #"{"status":"active"}"#)?.status == 404)
  }

  @Test func aRuleWithoutItsTrigger() {
    let world = ready()
    #expect(world.api("PUT", "_/rules/r", #"{"trigger":"/_/t","action":"/_/b"}"#)?.status == 200)
    #expect(world.api("DELETE", "_/triggers/t")?.text.contains(#""rules":{"me/r":"#) == true)
    #expect(world.api("GET", "_/rules/r")?.text.contains(#""status":"inactive""#) == true)
    let reply = world.api("POST", "_/rules/r", #"{"status":"active"}"#)
    #expect(reply?.status == 404 && reply?.error == "Only rules with existing triggers can be activated")
    #expect(world.api("POST", "_/rules/r", #"{"status":"inactive"}"#)?.status == 200)
    #expect(world.api("PUT", "_/rules/r?overwrite=true", #"{}"#)?.error == "trigger /me/t does not exist")
    #expect(world.api("PUT", "_/triggers/t", "{}")?.status == 200)
    #expect(world.api("POST", "_/rules/r", #"{"status":"active"}"#)?.text.contains(#""status":"active""#) == true)
  }

  static let refusals: [(String, Int, String)] = [
    ("{}", 400, "rule requires a valid trigger and a valid action"),
    (#"{"trigger":"/_/t"}"#, 400, "rule requires a valid trigger and a valid action"),
    (#"{"action":"/_/b"}"#, 400, "rule requires a valid trigger and a valid action"),
    (#"{"trigger":"/_/none","action":"/_/b"}"#, 400, "trigger /me/none does not exist"),
    (#"{"trigger":"/_/b","action":"/_/b"}"#, 400, "trigger /me/b does not exist"),
    (#"{"trigger":"/_/t","action":"/_/pk/none"}"#, 400, "action /me/pk/none does not exist"),
    (#"{"trigger":"/you/t","action":"/_/b"}"#, 403, "The supplied authentication is not authorized to access this resource."),
    (#"{"trigger":"/_/t","action":"/you/b"}"#, 403, "The supplied authentication is not authorized to access this resource."),
    (#"{"trigger":"/_/t","action":"/nobody/b"}"#, 403, "The supplied authentication is not authorized to access this resource."),
    (#"{"trigger":"t","action":"/_/b"}"#, 400, "The request content was malformed: The fully qualified name of the entity must contain at least the namespace and the name of the entity."),
    (#"{"trigger":1,"action":"/_/b"}"#, 400, "The request content was malformed: fully qualified name malformed"),
    (#"{"trigger":"/_/t","action":"/_/b","annotations":{}}"#, 400, "The request content was malformed: annotations must be an array of objects with key and value."),
    ("{", 400, "The request content was malformed: at byte 1: the text ends within an object: a closing brace was expected."),
  ]

  @Test(arguments: refusals) func refused(_ body: String, _ status: Int, _ text: String) {
    let world = ready()
    let reply = world.api("PUT", "_/rules/r", body)
    #expect(reply?.status == status && reply?.error == text, "\(reply?.text ?? "")")
    #expect(world.api("GET", "_/rules?count=true")?.text == #"{"rules":0}"#)
  }

  @Test func statuses() {
    let world = ready()
    #expect(world.api("PUT", "_/rules/r", #"{"trigger":"/_/t","action":"/_/b"}"#)?.status == 200)
    #expect(world.api("POST", "_/rules/r", #"{"status":"on"}"#)?.error == "The request content was malformed: 'on' is not a recognized rule state, must be one of ['active', 'inactive']")
    #expect(world.api("POST", "_/rules/r", "{}")?.error == "The request content was malformed: status must be a string.")
    #expect(world.api("POST", "_/rules/r")?.status == 400)
    #expect(world.api("POST", "_/packages/pk", "{}")?.status == 405)
  }

  /// All collections of a namespace share their names, as in OpenWhisk.
  @Test func namesAreShared() {
    let world = ready()
    #expect(world.api("PUT", "_/rules/r", #"{"trigger":"/_/t","action":"/_/b"}"#)?.status == 200)
    for (collection, name) in [("actions", "t"), ("packages", "t"), ("rules", "t"), ("triggers", "pk"), ("triggers", "b"), ("triggers", "r")] {
      for method in ["GET", "DELETE", "PUT"] {
        let reply = world.api(method, "_/\(collection)/\(name)", method == "PUT" ? "{}" : nil)
        #expect(reply?.status == 409 && reply?.error == "Resource by this name exists but is not in this collection.", "\(method) \(collection)")
      }
    }
    #expect(world.api("POST", "_/triggers/b", "{}")?.status == 409)
  }

  /// So they do where the heads of several requests came before the body of any.
  @Test func namesAreSharedByRequestsThatOverlap() {
    let world = World()
    let collections = ["triggers", "packages", "actions", "rules"]
    #expect(world.deploy("b")?.status == 200 && world.api("PUT", "_/triggers/a", "{}")?.status == 200)
    let body = #"{"trigger":"/_/a","action":"/_/b","exec":{"kind":"sequence","components":["/_/b"]}}"#
    for first in collections {
      let all = collections.map { collection in
        let index = world.network.open()
        #expect(
          world.exchange(
            index,
            "PUT /api/v1/namespaces/_/\(collection)/n HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
          ).isEmpty)
        return (collection, index)
      }
      for (collection, index) in all where collection == first { #expect(world.exchange(index, body).map(\.status) == [200], "\(first)") }
      for (collection, index) in all where collection != first {
        #expect(world.exchange(index, body).map(\.status) == [409], "\(collection) after \(first)")
      }
      #expect(world.api("DELETE", "_/\(first)/n")?.status == 200)
    }
  }

  /// A package that has become a binding takes no action, which nobody could find.
  @Test func aPackageThatBecameABindingMeanwhile() {
    let world = World()
    for name in ["p", "q"] { #expect(world.api("PUT", "_/packages/\(name)", "{}")?.status == 200) }
    let index = world.network.open()
    let put = "PUT /api/v1/namespaces/_/actions/p/x HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: \(smallestELF.count)\r\n\r\n"
    #expect(world.exchange(index, put).isEmpty)
    #expect(world.api("DELETE", "_/packages/p")?.status == 200)
    #expect(world.api("PUT", "_/packages/p", #"{"binding":{"namespace":"_","name":"q"}}"#)?.status == 200)
    #expect(world.exchange(index, smallestELF).map(\.status) == [400])
  }

  @Test func namespacesAndLimits() {
    let world = World()
    #expect(world.request("GET /api/v1/namespaces HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n")?.text == #"["me"]"#)
    #expect(world.request("GET /api/v1/namespaces/ HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 401)
    #expect(world.api("GET", "_/limits")?.text == #"{"invocationsPerMinute":2147483647,"concurrentInvocations":257,"firesPerMinute":2147483647,"minActionMemory":1,"maxActionMemory":512,"minActionLogs":0,"maxActionLogs":10,"minActionTimeout":100,"maxActionTimeout":300000,"minActionConcurrency":1,"maxActionConcurrency":500,"maxParameterSize":1048576}"#)
    #expect(world.api("GET", "_/limits", as: "")?.status == 401)
  }

  @Test(arguments: ["a+b", "%20a", "a%2Fb", "%ff", "-a", String(repeating: "a", count: 257)])
  func illegalNames(_ name: String) {
    let world = World()
    for collection in ["actions", "packages", "triggers", "rules"] {
      for method in ["GET", "PUT", "DELETE"] {
        #expect(world.api(method, "_/\(collection)/\(name)", method == "PUT" ? "{}" : nil)?.status == 400)
      }
    }
    #expect(world.api("GET", "_/actions/\(name)/x")?.status == 400 && world.api("GET", "_/actions/\(name)/")?.status == 400)
  }

  @Test func tablesAreBounded() {
    let world = World { $0.actions = 2 }
    for collection in ["packages", "triggers"] {
      for name in ["a", "b"] { #expect(world.api("PUT", "_/\(collection)/\(collection)-\(name)", "{}")?.status == 200) }
      let reply = world.api("PUT", "_/\(collection)/\(collection)-c", "{}")
      #expect(reply?.status == 507 && reply?.error == "the most entities that there can be are; delete some")
    }
  }
}
