public import Actions
import Base
public import HTTP
public import Records

/// How much the server keeps and what it accepts.
public struct ServerSettings: Sendable {
  /// Bounds on requests.
  public var limits = HTTPLimits()
  /// The TCP port that is served, for SERVER_PORT.
  public var port: UInt16 = 80
  /// Connections at once: `NetworkLimits.connections`.
  public var connections = 256
  /// Bytes a connection may buffer unread where no longer body is announced: `NetworkLimits.receiveWindow`.
  public var receiveWindow = 16 << 10
  /// Requests that may wait for the executor; the next is answered 503 with Retry-After.
  public var queue = 256
  /// What each namespace may invoke; past it the reply is 429.
  public var quota = QuotaSettings()
  /// Bytes of all requests that wait as activations; past it one more is answered 503.
  public var backlogBytes = 16 << 20
  /// Activations that are kept, and bytes of all their results and logs.
  public var activations = 1_024
  public var activationBytes = 4 << 20
  /// Limits of an action that is deployed with none given.
  public var actionLimits = ActionLimits()
  /// Actions that may be deployed; as many packages, triggers and rules there may be.
  public var actions = 16_384
  /// Bytes of uploaded code that are kept for GET, of all actions together. What does not fit is deployed all the same.
  public var codeBytes = 16 << 20
  /// Bytes that all alarms together may keep.
  public var alarmBytes = 1 << 20
  /// Milliseconds from 1970-01-01 00:00 UTC to the instant zero; 0 where there is no clock, which leaves Date out.
  public var epochMilliseconds: UInt64 = 0
  /// Seeds the tables' hashes. It must be secret: who knows it can choose keys that collide.
  public var seed: UInt64 = 0
  /// Seeds the identifiers of requests and activations, from each of which it can be computed: so it is not that of the hashes.
  public var identifierSeed: UInt64 = 0

  public init() {}

  /// Buffers that the network must still take before the next pipelined request is looked at: an interim response and a reply.
  static let buffersPerRequest = 2
  /// How long a connection that is closing may go on sending what nobody reads (RFC 9112 §9.6).
  static let lingerTime = Interval.seconds(5)
  /// The longest body that is read and dropped so that a connection can be used again.
  static let discardLimit = 64 << 10
}
