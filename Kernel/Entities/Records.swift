// What is kept of each entity at hand: numbers and flags, of a fixed size. Texts are in its details (EntityDetails.swift).

public import Actions
public import Base

public typealias ActionID = EntityID<ActionRecord>
public typealias PackageID = EntityID<PackageRecord>
public typealias TriggerID = EntityID<TriggerRecord>
public typealias RuleID = EntityID<RuleRecord>

public typealias ActionTable = EntityTable<ActionRecord>
public typealias PackageTable = EntityTable<PackageRecord>
public typealias TriggerTable = EntityTable<TriggerRecord>
public typealias RuleTable = EntityTable<RuleRecord>

/// Names the details of an entity in an `EntityStore`.
public struct DetailsID: Equatable, Sendable, BitwiseCopyable {
  let index: UInt32

  /// An entity of which there is nothing but its record.
  public static var none: DetailsID { DetailsID(index: .max) }
}

/// What entities of every kind have.
public struct EntityStamp: Sendable, BitwiseCopyable {
  /// 1 at first, one more at each update.
  public var version: UInt32 = 1
  /// Milliseconds since 1970 of the last update.
  public var updatedMilliseconds: UInt64
  /// Whether other namespaces may use it.
  public var isPublished = false

  public init(updatedMilliseconds: UInt64) { self.updatedMilliseconds = updatedMilliseconds }

  mutating func update(isPublished: Bool?, at milliseconds: UInt64) {
    version &+= 1
    updatedMilliseconds = milliseconds
    self.isPublished = isPublished ?? self.isPublished
  }
}

/// A record of any kind.
public protocol EntityRecord: BitwiseCopyable, Sendable {
  var stamp: EntityStamp { get set }
  var details: DetailsID { get set }
}

/// What the registry keeps of one action beside its name.
public struct ActionRecord: EntityRecord {
  /// A sequence has none: it names none that is installed.
  public var instance: InstanceID
  public var limits: ActionLimits
  /// What OpenWhisk would run at once in one container; kept for the client.
  public var concurrency: UInt16 = 1
  /// Whether it is a sequence of other actions.
  public var isSequence = false
  /// Whether `/function/NAME` needs no key.
  public var isPublic: Bool
  /// Whether it runs in loop mode.
  public var isLoop = false
  /// Whether the action is given the request's CGI and OpenWhisk variables.
  public var hasEnvironment: Bool = false
  /// Whether the action's output begins with CGI response headers; `hasEnvironment` then, too.
  public var isCGI: Bool = false
  /// What OpenWhisk's annotations say: `web-export`, `raw-http` and `final` are true, `require-whisk-auth` and `feed` are there.
  public var isWeb = false
  public var isRawHTTP = false
  public var hasFinalParameters = false
  public var needsWhiskAuth = false
  public var isFeed = false
  /// What the kernel does itself where the action is invoked; nil for one that is a program or a sequence.
  public internal(set) var builtIn: AlarmFeed?
  public var stamp: EntityStamp
  public var details = DetailsID.none
  /// Bytes of the executable file.
  public var size: UInt32
  /// Whether no invocation of this executable has ended, and what its initialisation took, in loop mode.
  public var isCold = true
  public var preparation = Interval.zero
  public var invocations: UInt64 = 0
  /// Invocations that ended otherwise than by exit status 0.
  public var failures: UInt64 = 0
  /// Time that invocations ran, in all.
  public var runNanoseconds: UInt64 = 0

  public var version: UInt32 { stamp.version }

  public init(instance: InstanceID, limits: ActionLimits, isPublic: Bool, updatedMilliseconds: UInt64, size: UInt32) {
    self.instance = instance
    self.limits = limits
    self.isPublic = isPublic
    stamp = EntityStamp(updatedMilliseconds: updatedMilliseconds)
    self.size = size
  }
}

/// What the registry keeps of one package or binding.
public struct PackageRecord: EntityRecord {
  public var stamp: EntityStamp
  public var details = DetailsID.none
  /// A binding stands for a package of this namespace, whose name is in the details; nil for a package of its own.
  public var boundNamespace: UInt16?

  public init(updatedMilliseconds: UInt64) { stamp = EntityStamp(updatedMilliseconds: updatedMilliseconds) }
}

/// What the registry keeps of one trigger.
public struct TriggerRecord: EntityRecord {
  public var stamp: EntityStamp
  public var details = DetailsID.none
  /// The rules that the trigger fires are linked by `RuleRecord.next`, the one linked last first.
  public internal(set) var firstRule: RuleID?

  public init(updatedMilliseconds: UInt64) { stamp = EntityStamp(updatedMilliseconds: updatedMilliseconds) }
}

/// What the registry keeps of one rule. The names of its trigger and its action are in its details.
public struct RuleRecord: EntityRecord {
  public var stamp: EntityStamp
  public var details = DetailsID.none
  /// The trigger that the rule is linked to; stale where that was removed.
  public internal(set) var trigger: TriggerID?
  /// The next rule of the same trigger.
  public internal(set) var next: RuleID?
  /// Whether it was set active; its status is what `EntityStore.isActive` says.
  var wantsActive = true

  public init(updatedMilliseconds: UInt64) { stamp = EntityStamp(updatedMilliseconds: updatedMilliseconds) }
}
