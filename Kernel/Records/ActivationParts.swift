// The pieces that an activation's JSON is made of.

import Base
import Bytes

enum ActivationParts {
  /// What whole activations and entries of lists begin with, up to the end of a member. `name` is the last part of the whole name.
  @_optimize(size)
  static func writeCommon(
    _ record: ActivationRecord, _ name: Span<UInt8>, _ namespace: Span<UInt8>, into text: inout TextWriter
  ) {
    text.write("{\"namespace\":")
    text.write(json: namespace)
    text.write(",\"name\":")
    text.write(json: name)
    // OpenWhisk counts the last of three numbers up (SemVer's patch).
    text.write(",\"version\":\"0.0.")
    text.write(decimal: UInt64(record.version))
    text.write("\",\"activationId\":\"")
    record.id.write(into: &text)
    if let cause = record.cause {
      text.write("\",\"cause\":\"")
      cause.write(into: &text)
    }
    text.write("\",\"start\":")
    text.write(decimal: record.startMilliseconds)
    // A trigger's activation is a moment.
    if record.kind != .trigger {
      text.write(",\"end\":")
      text.write(decimal: record.endMilliseconds)
      text.write(",\"duration\":")
      text.write(decimal: record.durationMilliseconds)
    }
    text.write(",\"publish\":false")
  }

  /// The response; whole activations have its code, too.
  @_optimize(size)
  static func writeResponse(
    _ record: ActivationRecord, _ result: Span<UInt8>, withCode: Bool, into text: inout TextWriter
  ) {
    text.write("{")
    if !result.isEmpty {
      text.write("\"result\":")
      text.write(result)
      text.write(",")
    }
    text.write("\"size\":")
    text.write(decimal: UInt64(record.resultSize))
    text.write(",\"status\":\"")
    text.write(record.response.text)
    if withCode {
      text.write("\",\"statusCode\":")
      text.write(decimal: UInt64(record.response.rawValue))
      text.write(",\"success\":")
    } else {
      text.write("\",\"success\":")
    }
    text.write(record.response == .success ? "true}" : "false}")
  }

  /// The lines of the log, as an array.
  @_optimize(size)
  static func writeLogs(
    _ place: ActivationPlace, _ record: ActivationRecord, of store: borrowing ActivationStore, into text: inout TextWriter
  ) {
    let log = store.log(of: place)
    if store.hasLostLog(place) {
      text.write("[\"swiftlet: the log is not kept any more\"]")
    } else if record.kind == .action {
      var lines = LogLines(start: record.start)
      lines.write(log, into: &text)
    } else {
      LogLines.writePlain(log, into: &text)
    }
  }

  /// The annotations, as a member. `name` is the whole name, `owner` the name of the action's namespace.
  @_optimize(size)
  static func writeAnnotations(
    _ record: ActivationRecord, _ name: Span<UInt8>, _ binding: Span<UInt8>, _ owner: Span<UInt8>,
    into text: inout TextWriter
  ) {
    guard record.kind != .trigger else { return text.write(",\"annotations\":[]") }
    text.write(",\"annotations\":[{\"key\":\"path\",\"value\":")
    var path = TextWriter()
    path.write(owner)
    path.write("/")
    path.write(name)
    text.write(json: path.buffer.span)
    if path.isBroken { text.fail() }
    text.write(record.kind == .action ? "},{\"key\":\"kind\",\"value\":\"blackbox\"}" : "},{\"key\":\"kind\",\"value\":\"sequence\"}")
    writeLimits(record, into: &text)
    if record.kind == .action { writeTimes(record, into: &text) } else { flag("topmost", record.flags.contains(.topmost), into: &text) }
    if record.flags.contains(.causedBySequence) { text.write(",{\"key\":\"causedBy\",\"value\":\"sequence\"}") }
    if !binding.isEmpty {
      text.write(",{\"key\":\"binding\",\"value\":")
      text.write(json: binding)
      text.write("}")
    }
    text.write("]")
  }

  private static func writeLimits(_ record: ActivationRecord, into text: inout TextWriter) {
    text.write(",{\"key\":\"limits\",\"value\":{\"timeout\":")
    text.write(decimal: UInt64(record.timeoutMilliseconds))
    text.write(",\"memory\":")
    text.write(decimal: UInt64(record.memoryBytes >> 20))
    // OpenWhisk counts logs in megabytes; ours are smaller than one, and 1 is the least that its clients print sensibly.
    text.write(",\"logs\":")
    text.write(decimal: UInt64(max(1, record.logBytes >> 20)))
    text.write(",\"concurrency\":")
    text.write(decimal: UInt64(record.concurrency))
    text.write("}}")
  }

  /// What only an action's activation has. The last annotation is not OpenWhisk's: times in microseconds.
  private static func writeTimes(_ record: ActivationRecord, into text: inout TextWriter) {
    flag("timeout", record.flags.contains(.timedOut), into: &text)
    text.write(",{\"key\":\"waitTime\",\"value\":")
    text.write(decimal: record.waitMilliseconds)
    if record.flags.contains(.cold) {
      text.write("},{\"key\":\"initTime\",\"value\":")
      text.write(decimal: record.initialisationMilliseconds)
    }
    text.write("},{\"key\":\"swiftlet\",\"value\":{\"queue\":")
    text.write(decimal: UInt64(record.queue))
    number(",\"start\":", record.startup, into: &text)
    number(",\"run\":", record.run, into: &text)
    number(",\"restore\":", record.restore, into: &text)
    number(",\"pagesCopied\":", record.pagesCopied, into: &text)
    number(",\"pagesZeroed\":", record.pagesZeroed, into: &text)
    number(",\"pageFaults\":", record.pageFaults, into: &text)
    text.write("}}")
  }

  @inline(never)
  private static func number(_ name: StaticString, _ value: UInt32, into text: inout TextWriter) {
    text.write(name)
    text.write(decimal: UInt64(value))
  }

  @inline(never)
  private static func flag(_ name: StaticString, _ value: Bool, into text: inout TextWriter) {
    text.write(",{\"key\":\"")
    text.write(name)
    text.write(value ? "\",\"value\":true}" : "\",\"value\":false}")
  }
}
