// A call of the API, as a value; its HTTP target and the curl command that does the same.

/// A request to be sent.
public struct APIRequest: Equatable, Sendable {
  public var method: String
  /// The path, percent-encoded.
  public var path: String
  /// Names and values, not yet encoded.
  public var query: [Parameter] = []
  public var body: [UInt8]?
  /// The body's Content-Type.
  public var mediaType: String?
  /// How long to wait for each part of the answer, in milliseconds.
  public var timeout = 10_000

  public struct Parameter: Equatable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(_ method: String, _ path: String, query: [Parameter] = []) {
    self.method = method
    self.path = path
    self.query = query
  }

  /// With a JSON body.
  public init(_ method: String, _ path: String, query: [Parameter] = [], json: JSON) {
    self.init(method, path, query: query)
    body = Array(json.compact.utf8)
    mediaType = "application/json"
  }

  /// The path below the caller's own namespace.
  public static func path(_ components: String...) -> String {
    "/api/v1/namespaces/_/" + components.map(encoded).joined(separator: "/")
  }

  /// The request's target (RFC 9112 §3.2.1).
  public var target: String {
    query.isEmpty ? path : path + "?" + query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
  }

  /// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
  public static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var result = ""
    for byte in text.utf8 {
      let character = Character(Unicode.Scalar(byte))
      if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
        result.append(character)
      } else {
        result += ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return result
  }

  /// The curl command that sends the same. Without `showingKey`, the key's place is taken by `$KEY`; a long body is told by its length.
  public func curl(to settings: APISettings, showingKey: Bool) -> String {
    var words = ["curl"]
    if method != "GET" { words += ["-X", method] }
    let user = settings.credentials.userAndKey.prefix { $0 != ":" }
    words += ["-u", Shell.quoted(showingKey ? settings.credentials.userAndKey : "\(user):KEY")]
    if let mediaType { words += ["-H", Shell.quoted("Content-Type: \(mediaType)")] }
    var remark = ""
    if let body {
      if body.count <= 1000, let text = String(validating: body, as: UTF8.self), !text.contains("\0"), !text.hasPrefix("@") {
        words += ["--data-binary", Shell.quoted(text)]
      } else {
        words += ["--data-binary", "@-"]
        remark = "   # \(Quantity.size(body.count))"
      }
    }
    return (words + [Shell.quoted("\(settings.endpoint)\(target)")]).joined(separator: " ") + remark
  }
}
