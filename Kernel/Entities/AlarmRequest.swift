// The parameters that the feeds of the alarms package take: parsed once into legal values.

import Base
public import Bytes
public import JSON

/// What a feed is to do.
public enum AlarmEvent: UInt8, Sendable, BitwiseCopyable {
  case create, read, update, delete, pause, unpause
}

/// An invocation of a feed.
public struct AlarmRequest: Sendable {
  public let event: AlarmEvent
  /// A string: the trigger's name, perhaps after a slash, a namespace and a slash.
  private let triggerName: JSONValue
  private let fields: JSONFields

  /// `parameters` is an object in `text`.
  @_optimize(size) @inline(never)
  public init(parsing text: Span<UInt8>, _ parameters: JSONValue) throws(AlarmError) {
    fields = JSONFields(
      [
        "lifecycleEvent", "triggerName", "cron", "minutes", "date", "startDate", "stopDate", "deleteAfterFire", "trigger_payload",
        "timezone", "maxTriggers",
      ], of: parameters, in: text)
    guard let event = fields[0].flatMap({ Self.event($0, text) }) else { throw .unknownEvent }
    self.event = event
    guard let name = fields[1], name.kind == .string, !Self.isBlank(name, text) else { throw .noTriggerName }
    triggerName = name
  }

  private static func event(_ value: JSONValue, _ text: Span<UInt8>) -> AlarmEvent? {
    guard let name = value.plainString(in: text) else { return nil }
    if name.equalsIgnoringCase("create") { return .create }
    if name.equalsIgnoringCase("read") { return .read }
    if name.equalsIgnoringCase("update") { return .update }
    if name.equalsIgnoringCase("delete") { return .delete }
    if name.equalsIgnoringCase("pause") { return .pause }
    return name.equalsIgnoringCase("unpause") ? .unpause : nil
  }

  /// The name of the trigger without a namespace: whatever that is, OpenWhisk takes the caller's own. False where memory is out.
  @_optimize(size) @inline(never)
  public func appendTriggerName(in text: Span<UInt8>, to name: inout ByteBuffer) -> Bool {
    var full = ByteBuffer()
    guard triggerName.appendString(of: text, to: &full) else { return false }
    var start = 0
    if full.span[0] == 0x2f {
      start = 1
      while start < full.count, full.span[start] != 0x2f { start &+= 1 }
      start = min(start &+ 1, full.count)
    }
    return name.append(full.span.extracting(start..<full.count))
  }

  /// The schedule that `create` asks of `feed` at `now`, or `update` of an alarm that has `known`; `epoch` is 0 where no clock tells the date.
  @_optimize(size) @inline(never)
  public func times(
    of feed: AlarmFeed, _ text: Span<UInt8>, known: AlarmTimes? = nil, now: UInt64, hasDate: Bool
  ) throws(AlarmError) -> AlarmTimes {
    if let zone = given(9, text), !Self.isUTC(zone, text) { throw .timezone(zone) }
    if let most = given(10, text), most.integer(in: text) != -1 { throw .maxTriggers }
    var times = known ?? AlarmTimes(feed)
    switch feed {
    case .alarm:
      if let value = given(2, text) { times.cron = try Self.cron(value, text) }
      guard times.cron != nil else { throw .missingCron }
      guard hasDate else { throw .noClock }
    case .interval:
      if let value = given(3, text) { times.minutes = try Self.minutes(value, text) } else if known == nil { throw .missingMinutes }
    case .once:
      if let value = given(4, text) { times.date = try Self.date(.date, value, text, now, hasDate) } else if known == nil { throw .missingDate }
      if let value = given(7, text) { times.deletes = try Self.deletes(value, text) }
      return times
    }
    if let value = given(5, text) { times.start = try Self.date(.start, value, text, now, hasDate) }
    if let value = given(6, text) {
      let stop = try Self.date(.stop, value, text, now, hasDate)
      if let start = times.start, stop <= start { throw .stopBeforeStart(value) }
      times.stop = stop
    } else if let start = times.start, let stop = times.stop, stop <= start {
      throw .stopBeforeFirst
    }
    if times.first(after: now) == nil { throw .stopBeforeFirst }
    return times
  }

  /// Whether there is anything that `update` of a feed can change.
  public func changesAnything(of feed: AlarmFeed, in text: Span<UInt8>) -> Bool {
    if given(8, text) != nil { return true }
    switch feed {
    case .alarm: return given(2, text) != nil || given(5, text) != nil || given(6, text) != nil
    case .interval: return given(3, text) != nil || given(5, text) != nil || given(6, text) != nil
    case .once: return given(4, text) != nil || given(7, text) != nil
    }
  }

  /// What the alarm's trigger is to be fired with, compact; an object: what is none becomes the member "payload" of one. nil where nothing is given.
  @_optimize(size) @inline(never)
  public func payload(in text: Span<UInt8>) throws(AlarmError) -> ByteBuffer? {
    guard let value = given(8, text) else { return nil }
    var writer = TextWriter()
    if value.kind != .object { writer.write("{\"payload\":") }
    value.writeCompact(of: text, into: &writer)
    if value.kind != .object { writer.write("}") }
    guard !writer.isBroken else { throw .noMemory }
    return writer.finish()
  }

  /// The cron expression as it was written, a JSON string; empty where none is given.
  func cronText(in text: Span<UInt8>) throws(AlarmError) -> ByteBuffer? {
    guard let value = given(2, text) else { return nil }
    var copy = ByteBuffer()
    guard copy.append(value.written(in: text)) else { throw .noMemory }
    return copy
  }

  /// A parameter that is there and not an empty string, which is as none, as OpenWhisk has it.
  @inline(never)
  private func given(_ index: Int, _ text: Span<UInt8>) -> JSONValue? { fields[index].flatMap { Self.isBlank($0, text) ? nil : $0 } }

  private static func isBlank(_ value: JSONValue, _ text: Span<UInt8>) -> Bool { value.kind == .string && value.end &- value.start <= 2 }

  private static func isUTC(_ value: JSONValue, _ text: Span<UInt8>) -> Bool {
    guard let name = value.plainString(in: text) else { return false }
    return name.equalsIgnoringCase("utc") || name.equalsIgnoringCase("etc/utc") || name.equalsIgnoringCase("gmt")
      || name.equalsIgnoringCase("etc/gmt") || name.equalsIgnoringCase("z")
  }

  private static func cron(_ value: JSONValue, _ text: Span<UInt8>) throws(AlarmError) -> CronSchedule {
    // Some clients escape slashes.
    var expression = ByteBuffer()
    guard value.appendString(of: text, to: &expression) else { throw .noMemory }
    do throws(CronError) { return try CronSchedule(parsing: expression.span) } catch { throw .cron(value, error) }
  }

  /// A number, or a string that is one: a client may send either.
  private static func minutes(_ value: JSONValue, _ text: Span<UInt8>) throws(AlarmError) -> UInt64 {
    var number = value.integer(in: text)
    if let digits = value.plainString(in: text) { number = ASCII.decimal(digits, limit: 1 << 32).map { Int64(truncatingIfNeeded: $0) } }
    guard let number else { throw .minutes(isInteger: false) }
    // 8,000 years are enough.
    guard number > 0, number < 1 << 32 else { throw .minutes(isInteger: true) }
    return UInt64(number)
  }

  /// A date later than `now`: a string of ISO 8601, or milliseconds since 1970.
  @inline(never)
  private static func date(
    _ name: AlarmDate, _ value: JSONValue, _ text: Span<UInt8>, _ now: UInt64, _ hasDate: Bool
  ) throws(AlarmError) -> UInt64 {
    guard hasDate else { throw .noClock }
    var time: UInt64?
    if let string = value.plainString(in: text) { time = Timestamp.milliseconds(parsing: string) }
    if let number = value.integer(in: text) {
      if number < 0 { throw .pastDate(name, value) }
      time = UInt64(number)
    }
    // The last date that ECMAScript has.
    guard let time, time <= 8_640_000_000_000_000 else { throw .notDate(name, value) }
    guard time > now else { throw .pastDate(name, value) }
    return time
  }

  private static func deletes(_ value: JSONValue, _ text: Span<UInt8>) throws(AlarmError) -> DeleteAfterFire {
    if let flag = value.boolean { return flag ? .trigger : .no }
    guard let word = value.plainString(in: text) else { throw .deleteAfterFire }
    if word.equalsIgnoringCase("false") { return .no }
    if word.equalsIgnoringCase("true") { return .trigger }
    guard word.equalsIgnoringCase("rules") else { throw .deleteAfterFire }
    return .rules
  }
}
