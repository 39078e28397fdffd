// The alarms: which trigger fires when. A bounded number of them, of which all together keep a bounded number of bytes.
// Out of scope: firing triggers, and who may set alarms (the server).

public import Base
import Bytes

/// Why an alarm fires no more although it is there.
enum AlarmEnd: UInt8, Sendable, BitwiseCopyable {
  case paused, fired, stopped

  var text: StaticString {
    switch self {
    case .paused: "Paused"
    case .fired: "Automatically disabled after firing once"
    case .stopped: "Automatically disabled after reaching stop date"
    }
  }
}

/// One alarm.
struct Alarm: ~Copyable {
  let trigger: TriggerID
  var times: AlarmTimes
  /// When it fires next; `UInt64.max` where `end` says why it does not.
  var next: UInt64
  var end: AlarmEnd?
  /// When it was last set or ended.
  var changed: UInt64
  /// What the trigger is fired with: an object, or empty for none.
  var payload: ByteBuffer
  /// The cron expression, as JSON.
  var cron: ByteBuffer

  var bytes: Int { payload.count &+ cron.count }
}

/// An alarm that is due.
public struct DueAlarm: Sendable, BitwiseCopyable {
  public let trigger: TriggerID
  public let deletes: DeleteAfterFire
  let index: Int
}

/// The alarms of all namespaces, one a trigger at most.
public struct AlarmTable: ~Copyable {
  private var alarms = Pool<Alarm>()
  private let capacity: Int
  private let byteLimit: Int
  private var bytes = 0
  /// Nothing is due before this, in milliseconds since 1970; `UInt64.max` for never.
  public private(set) var earliest = UInt64.max

  /// An empty table for at most `capacity` alarms with `bytes` bytes of payloads and expressions in all.
  public init(capacity: Int, bytes: Int) {
    self.capacity = capacity
    byteLimit = bytes
  }

  public var count: Int { alarms.count }

  private func index(of trigger: TriggerID) -> Int? {
    for index in 0..<alarms.places where alarms.contains(index) && alarms[index].trigger == trigger { return index }
    return nil
  }

  /// Whether a trigger has an alarm.
  public func contains(_ trigger: TriggerID) -> Bool { index(of: trigger) != nil }

  /// Does what `request`, parsed from `text` and no `read`, asks of the alarm of `trigger`.
  @_optimize(size) @inline(never)
  public mutating func apply(
    _ request: AlarmRequest, _ text: Span<UInt8>, feed: AlarmFeed, trigger: TriggerID, now: UInt64, hasDate: Bool
  ) throws(AlarmError) {
    let known = index(of: trigger)
    switch request.event {
    case .create: try create(request, text, feed, trigger, known, now, hasDate)
    case .update: try update(request, text, known, now, hasDate)
    case .delete: remove(of: trigger)
    case .pause:
      guard let known else { throw .missingAlarm }
      if alarms[known].end == nil { end(known, .paused, now) }
    case .unpause:
      guard let known else { throw .missingAlarm }
      if alarms[known].end == .paused { schedule(known, now) }
    case .read: break
    }
    findEarliest()
  }

  private mutating func create(
    _ request: AlarmRequest, _ text: Span<UInt8>, _ feed: AlarmFeed, _ trigger: TriggerID, _ known: Int?, _ now: UInt64, _ hasDate: Bool
  ) throws(AlarmError) {
    let times = try request.times(of: feed, text, now: now, hasDate: hasDate)
    let payload = try request.payload(in: text) ?? ByteBuffer()
    let cron = feed == .alarm ? try request.cronText(in: text) ?? ByteBuffer() : ByteBuffer()
    let old = known.map { alarms[$0].bytes } ?? 0
    guard known != nil || alarms.count < capacity, payload.count &+ cron.count <= byteLimit &- bytes &+ old else { throw .tooMany }
    remove(of: trigger)
    let more = payload.count &+ cron.count
    let alarm = Alarm(trigger: trigger, times: times, next: .max, end: nil, changed: now, payload: payload, cron: cron)
    guard let index = alarms.insert(alarm) else { throw .noMemory }
    bytes &+= more
    schedule(index, now)
  }

  private mutating func update(
    _ request: AlarmRequest, _ text: Span<UInt8>, _ known: Int?, _ now: UInt64, _ hasDate: Bool
  ) throws(AlarmError) {
    guard let known else { throw .missingAlarm }
    let feed = alarms[known].times.feed
    guard request.changesAnything(of: feed, in: text) else { throw .nothingToUpdate }
    let times = try request.times(of: feed, text, known: alarms[known].times, now: now, hasDate: hasDate)
    let old = alarms[known].bytes
    var payload = try request.payload(in: text)
    var cron = feed == .alarm ? try request.cronText(in: text) : nil
    let size = (payload?.count ?? alarms[known].payload.count) &+ (cron?.count ?? alarms[known].cron.count)
    guard size <= byteLimit &- bytes &+ old else { throw .tooMany }
    if let payload = payload.take() { alarms[known].payload = payload }
    if let cron = cron.take() { alarms[known].cron = cron }
    bytes = bytes &- old &+ size
    alarms[known].times = times
    schedule(known, now)
  }

  /// Sets when the alarm at `index` fires next, from now on.
  private mutating func schedule(_ index: Int, _ now: UInt64) {
    guard let next = alarms[index].times.first(after: now) else {
      return end(index, alarms[index].times.feed == .once ? .fired : .stopped, now)
    }
    alarms[index].next = next
    alarms[index].end = nil
    alarms[index].changed = now
  }

  private mutating func end(_ index: Int, _ end: AlarmEnd, _ now: UInt64) {
    alarms[index].next = .max
    alarms[index].end = end
    alarms[index].changed = now
  }

  /// Removes the alarm of a trigger, where it has one.
  @_optimize(size) @inline(never)
  public mutating func remove(of trigger: TriggerID) {
    guard let index = index(of: trigger) else { return }
    bytes &-= alarms.take(index).bytes
    findEarliest()
  }

  private mutating func findEarliest() {
    earliest = .max
    for index in 0..<alarms.places where alarms.contains(index) { earliest = min(earliest, alarms[index].next) }
  }

  // MARK: Firing

  /// An alarm that is due at `now`; nil where there is none. `settle`, `postpone` or `remove` must follow.
  @_optimize(size) @inline(never)
  public func due(at now: UInt64) -> DueAlarm? {
    guard earliest <= now else { return nil }
    for index in 0..<alarms.places where alarms.contains(index) && alarms[index].next <= now {
      return DueAlarm(trigger: alarms[index].trigger, deletes: alarms[index].times.deletes, index: index)
    }
    return nil
  }

  /// What the trigger of an alarm is fired with: an object, or empty for none. Valid until the table changes.
  @_lifetime(borrow self)
  public func payload(of alarm: DueAlarm) -> Span<UInt8> { alarms[alarm.index].payload.span }

  /// The alarm has fired: it is due again when its schedule says so.
  @_optimize(size) @inline(never)
  public mutating func settle(_ alarm: DueAlarm, at now: UInt64) {
    if let next = alarms[alarm.index].times.following(alarms[alarm.index].next, at: now) {
      alarms[alarm.index].next = next
    } else {
      end(alarm.index, alarms[alarm.index].times.feed == .once ? .fired : .stopped, now)
    }
    findEarliest()
  }

  /// The alarm could not fire: it is due again a second later.
  @_optimize(size) @inline(never)
  public mutating func postpone(_ alarm: DueAlarm, at now: UInt64) {
    alarms[alarm.index].next = now &+ 1_000
    findEarliest()
  }

  // MARK: Showing

  /// Writes the alarm of `trigger`, whose names are given, as OpenWhisk's feed shows it.
  @_optimize(size) @inline(never)
  public func write(_ trigger: TriggerID, name: Span<UInt8>, namespace: Span<UInt8>, into text: inout TextWriter) throws(AlarmError) {
    guard let index = index(of: trigger) else { throw .missingAlarm }
    text.write("{\"config\":{\"name\":")
    text.write(json: name)
    text.write(",\"namespace\":")
    text.write(json: namespace)
    text.write(",\"payload\":")
    if alarms[index].payload.isEmpty { text.write("{}") } else { text.write(alarms[index].payload.span) }
    let times = alarms[index].times
    switch times.feed {
    case .alarm:
      text.write(",\"cron\":")
      text.write(alarms[index].cron.span)
    case .interval: Self.write(",\"minutes\":", times.minutes, into: &text)
    case .once:
      Self.write(",\"date\":", times.date, into: &text)
      text.write(",\"deleteAfterFire\":\"")
      text.write(times.deletes.text)
      text.write("\"")
    }
    if let start = times.start { Self.write(",\"startDate\":", start, into: &text) }
    if let stop = times.stop { Self.write(",\"stopDate\":", stop, into: &text) }
    text.write(alarms[index].end == nil ? "},\"status\":{\"active\":true" : "},\"status\":{\"active\":false")
    Self.write(",\"dateChanged\":", alarms[index].changed, into: &text)
    if let end = alarms[index].end {
      text.write(",\"reason\":{\"kind\":\"AUTO\",\"message\":\"")
      text.write(end.text)
      text.write("\"}")
    } else {
      Self.write(",\"next\":", alarms[index].next, into: &text)
    }
    text.write("}}")
  }

  private static func write(_ key: StaticString, _ number: UInt64, into text: inout TextWriter) {
    text.write(key)
    text.write(decimal: number)
  }
}
