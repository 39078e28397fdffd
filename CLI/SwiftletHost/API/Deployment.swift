// What a deployment asks for, and the body that says so (OpenWhisk's PUT of an action).

public struct Deployment: Equatable, Sendable {
  /// Megabytes, milliseconds; nil leaves a limit as it is, or at the kernel's default.
  public var memory: Int?
  public var timeout: Int?
  public var parameters: [JSON.Member] = []
  public var annotations: [JSON.Member] = []
  public var web = false
  public var isPublic = false
  public var environment = false
  public var cgi = false
  public var loop = false
  /// Whether an action of that name is replaced.
  public var overwrites = true

  public init() {}

  /// The annotations to send: those given, and one for each flag that is on.
  private var allAnnotations: [JSON.Member] {
    var all = annotations
    // As OpenWhisk's client does with `--web true`.
    if web { all += [.init("web-export", true), .init("raw-http", false), .init("final", true)] }
    for (name, isOn) in [("public", isPublic), ("env", environment), ("cgi", cgi), ("loop", loop)] where isOn { all.append(.init(name, true)) }
    return all
  }

  /// The body for the executable `image`. What is not given is not in it: a second deployment keeps what the first one said. Parameters
  /// and annotations are kept or replaced as a whole.
  public func body(image: [UInt8]) -> [UInt8] {
    // Base64 needs no escapes, and is the bulk of the text: it is not looked at character by character.
    var text = "{\"exec\":{\"kind\":\"blackbox\",\"image\":\"openwhisk/dockerskeleton\",\"code\":\""
    text += HTTPConnection.base64(image)
    text += "\"}"
    var limits: [JSON.Member] = []
    if let timeout { limits.append(.init("timeout", .number(timeout))) }
    if let memory { limits.append(.init("memory", .number(memory))) }
    if !limits.isEmpty { text += ",\"limits\":" + JSON.object(limits).compact }
    for (name, pairs) in [("parameters", parameters), ("annotations", allAnnotations)] where !pairs.isEmpty {
      let list = pairs.map { JSON.object([.init("key", .string($0.key)), .init("value", $0.value)]) }
      text += ",\"\(name)\":" + JSON.array(list).compact
    }
    return Array((text + "}").utf8)
  }

  /// The request that deploys `image` as `action`.
  public func request(for action: ActionReference, image: [UInt8]) -> APIRequest {
    var request = APIRequest("PUT", action.path, query: [.init("overwrite", overwrites ? "true" : "false")])
    request.body = body(image: image)
    request.mediaType = "application/json"
    // In loop mode the action prepares itself before the answer.
    request.timeout = 60_000 + max(60_000, timeout ?? 0)
    return request
  }
}
