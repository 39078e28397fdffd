// What the server remembers of one connection between two of its events.

import API
import Actions
import Base
import Entities
import HTTP
import Net
import Records

/// Work that a request asks for once its body is there.
enum Job: UInt8, Sendable, BitwiseCopyable {
  /// Runs an action on the request as it is (`/function`).
  case invoke
  /// Makes an activation of it: of an action of the API, of a web action, of `/async-function`, of a trigger.
  case activate, web, background, fire
  /// Creates or changes an entity; removes one; sets a rule's status.
  case put, remove, setStatus

  var makesActivation: Bool {
    switch self {
    case .activate, .web, .background, .fire: true
    case .invoke, .put, .remove, .setStatus: false
    }
  }
}

/// A request whose head was accepted. Its bytes, the head's too, stay in the connection's buffer until the reply:
/// ranges count from the request's first byte.
struct PendingRequest: Sendable, BitwiseCopyable {
  var job = Job.invoke
  var isHead = false
  var isAPI = false
  /// Whether it is about a web action that leaves CORS to the server.
  var isWeb = false
  var option = ConnectionOption.persist
  /// Whether the body is announced as JSON.
  var isJSON = false
  /// Whether the client waits for an activation to end, how many milliseconds at most, and whether it wants the result alone.
  var isBlocking = false
  var wantsResult = false
  var waitMilliseconds: UInt32 = 0
  var collection = Collection.actions
  var namespace = NamespaceID(index: 0)
  /// The namespace in which the path names an action.
  var owner = NamespaceID(index: 0)
  /// The action to invoke.
  var action: ActionID?
  /// Whether the same head means the same action for as long as that is there, and whether a key for it was found in the head.
  var isPlain = false
  var hasKey = false
  /// Whether this is what the connection's `HeadMemory` has, but for number, arrival and the body's length.
  var isRemembered = false
  /// The package and name of the entity that is meant, percent-encoded.
  var package = ByteRange.absent
  var name = ByteRange.absent
  var query = ByteRange.absent
  /// The client's X-Request-ID.
  var requestID = ByteRange.absent
  /// What X-Request-ID is made of where the client's is absent or not sane.
  var number: UInt64 = 0
  var headLength = 0
  /// When all of it was there.
  var arrived = Instant(nanoseconds: 0)
  /// Bytes of the body, chunks joined; it begins at `headLength`.
  var bodyLength = 0
  /// Bytes of the buffer that belong to the request, chunk framing left behind a body included.
  var totalLength = 0
}

/// One connection.
struct Connection: Sendable, BitwiseCopyable {
  enum Phase: UInt8, Sendable, BitwiseCopyable {
    /// No byte of a request is there.
    case idle
    /// Some of a head is there.
    case head
    /// A body of known length is arriving.
    case body
    /// A chunked body is arriving.
    case chunkedBody
    /// The body of a request that was answered is arriving and being dropped.
    case discarding
    /// A complete request waits for the executor.
    case queued
    /// The executor works on the request.
    case running
    /// The request has become an activation, whose end the client waits for.
    case waiting
    /// The last reply is queued and FIN after it; what arrives is dropped.
    case lingering
    /// Reset; nothing but `.closed` can come.
    case aborted
  }

  /// nil while no connection has this place.
  var id: ConnectionID?
  var phase = Phase.idle
  /// Whether the peer has sent FIN.
  var peerClosed = false
  /// Replies queued since everything was last acknowledged.
  var unsent = 0
  /// Bytes that may be buffered unread.
  var receiveLimit = 0
  /// When the phase ends without progress.
  var deadline = Instant.distantFuture
  var parser = HeadParser()
  var request = PendingRequest()
  /// In `waiting`, what is waited for.
  var activation: ActivationID?
  var decoder = ChunkedDecoder(start: 0, limit: 0)
  /// In `body`, bytes there at the last look, to see progress; in `discarding`, bytes still to drop.
  var bodyMark = 0
}
