// Why a feed of the alarms package refuses what it is given, in the words of OpenWhisk's own.

public import Base
import Bytes
public import JSON

/// A parameter that is a date.
public enum AlarmDate: UInt8, Sendable, BitwiseCopyable {
  case date, start, stop

  var name: StaticString {
    switch self {
    case .date: "date"
    case .start: "startDate"
    case .stop: "stopDate"
    }
  }
}

/// Why an alarm is not set, changed or shown. Values are places in the request's text.
public enum AlarmError: Error, Sendable {
  case unknownEvent, noTriggerName, missingTrigger, missingAlarm
  case missingCron, missingMinutes, missingDate
  case cron(JSONValue, CronError)
  case minutes(isInteger: Bool)
  case notDate(AlarmDate, JSONValue)
  case pastDate(AlarmDate, JSONValue)
  case stopBeforeStart(JSONValue)
  case stopBeforeFirst
  case deleteAfterFire
  case timezone(JSONValue)
  case maxTriggers
  case nothingToUpdate
  case noClock, tooMany, noMemory

  /// Bytes of a value that are shown.
  private static var shown: Int { 128 }

  /// Writes the error's text. `request` is the text that was parsed.
  @_optimize(size) @inline(never)
  public func write(_ request: Span<UInt8>, into text: inout TextWriter) {
    switch self {
    case .unknownEvent: text.write("unsupported lifecycleEvent: it is one of CREATE, READ, UPDATE, DELETE, PAUSE and UNPAUSE")
    case .noTriggerName: text.write("no trigger name parameter was provided")
    case .missingTrigger: text.write("the trigger does not exist in this namespace; create it first")
    case .missingAlarm: text.write("the trigger has no alarm; it has one after lifecycleEvent CREATE")
    case .missingCron: text.write("alarms trigger feed is missing the cron parameter")
    case .missingMinutes: text.write("interval trigger feed is missing the minutes parameter")
    case .missingDate: text.write("alarms once trigger feed is missing the date parameter")
    case .cron(let value, let error):
      Self.write("cron pattern '", value, request, "' is not valid: ", into: &text)
      text.write { (buffer: inout ByteBuffer) in error.describe(into: &buffer) }
    case .minutes(let isInteger):
      text.write(isInteger ? "the minutes parameter must be an integer greater than zero" : "the minutes parameter must be an integer")
    case .notDate(let date, let value):
      text.write(date.name)
      Self.write(" parameter '", value, request, "' is not a valid Date", into: &text)
    case .pastDate(let date, let value):
      text.write(date.name)
      Self.write(" parameter '", value, request, "' must be in the future", into: &text)
    case .stopBeforeStart(let value):
      Self.write("stopDate parameter '", value, request, "' must be greater than the startDate parameter", into: &text)
    case .stopBeforeFirst: text.write("the first scheduled trigger fire is not until after the stop date")
    case .deleteAfterFire: text.write("deleteAfterFire parameter must be one of [false, true, rules].")
    case .timezone(let value): Self.write("timezone '", value, request, "' is not supported: alarms are in UTC", into: &text)
    case .maxTriggers: text.write("maxTriggers is not supported: use stopDate")
    case .nothingToUpdate: text.write("no updatable parameters were specified")
    case .noClock: text.write("this machine has no clock that tells the date, so only the interval feed can be used, without dates")
    case .tooMany: text.write("there are as many alarms as there can be; delete some")
    case .noMemory: text.write("there is no memory for the alarm now; try again later")
    }
  }

  private static func write(
    _ before: StaticString, _ value: JSONValue, _ request: Span<UInt8>, _ after: StaticString, into text: inout TextWriter
  ) {
    text.write(before)
    var string = ByteBuffer()
    text.write { (_: inout ByteBuffer) in value.appendString(of: request, to: &string) }
    text.write(string.span.extracting(0..<min(string.count, shown)))
    text.write(after)
  }
}
