// The JSON of activations, as OpenWhisk's clients read it (swagger: Activation, ActivationBrief).

import Actions
public import Base
import Bytes
import HTTP

public enum ActivationWriter {
  /// The whole record. `namespace` is its namespace's name; `result` and `logs` are JSON, or empty.
  @_optimize(size) @inline(never)
  public static func write(
    _ record: ActivationRecord, name: Span<UInt8>, namespace: Span<UInt8>, result: Span<UInt8>, logs: Span<UInt8>,
    into text: inout TextWriter
  ) {
    writeHead(record, name, namespace, &text)
    text.write(",\"subject\":")
    text.write(json: namespace)
    text.write(",\"response\":")
    writeResponse(record, result, sized: true, &text)
    text.write(",\"logs\":")
    if logs.isEmpty { text.write("[]") } else { text.write(logs) }
    text.write("}")
  }

  /// What a list shows of it.
  @_optimize(size) @inline(never)
  public static func writeBrief(
    _ record: ActivationRecord, name: Span<UInt8>, namespace: Span<UInt8>, into text: inout TextWriter
  ) {
    writeHead(record, name, namespace, &text)
    text.write(",\"statusCode\":")
    text.write(decimal: UInt64(record.status.rawValue))
    text.write("}")
  }

  /// `{"status", "statusCode", "success", "result"}`; `size`, too, where `sized`.
  @_optimize(size) @inline(never)
  public static func writeResponse(_ record: ActivationRecord, _ result: Span<UInt8>, sized: Bool, _ text: inout TextWriter) {
    text.write("{\"status\":\"")
    text.write(record.status.text)
    text.write("\",\"statusCode\":")
    text.write(decimal: UInt64(record.status.rawValue))
    text.write(record.status == .success ? ",\"success\":true" : ",\"success\":false")
    text.write(",\"result\":")
    if result.isEmpty { text.write("{}") } else { text.write(result) }
    if sized {
      text.write(",\"size\":")
      text.write(decimal: UInt64(record.size))
    }
    text.write("}")
  }

  private static func writeHead(
    _ record: ActivationRecord, _ name: Span<UInt8>, _ namespace: Span<UInt8>, _ text: inout TextWriter
  ) {
    text.write("{\"namespace\":")
    text.write(json: namespace)
    text.write(",\"name\":")
    text.write(json: name)
    text.write(",\"version\":\"0.0.")
    text.write(decimal: UInt64(record.version))
    text.write("\",\"activationId\":\"")
    record.id.write(into: &text)
    text.write("\",\"start\":")
    text.write(decimal: record.start)
    text.write(",\"end\":")
    text.write(decimal: record.start &+ record.ran.roundedMilliseconds)
    text.write(",\"duration\":")
    text.write(decimal: record.ran.roundedMilliseconds)
    text.write(",\"publish\":false,\"annotations\":[{\"key\":\"path\",\"value\":")
    writePath(namespace, name, &text)
    text.write("},{\"key\":\"kind\",\"value\":\"blackbox\"},{\"key\":\"waitTime\",\"value\":")
    text.write(decimal: record.waited.roundedMilliseconds)
    if record.isCold {
      text.write("},{\"key\":\"initTime\",\"value\":")
      text.write(decimal: record.prepared.roundedMilliseconds)
    }
    text.write("},{\"key\":\"limits\",\"value\":{\"concurrency\":1,\"timeout\":")
    text.write(decimal: UInt64(record.limits.timeoutMilliseconds))
    text.write(",\"memory\":")
    text.write(decimal: UInt64(max(0, record.limits.memoryBytes)) >> 20)
    text.write(",\"logs\":")
    text.write(decimal: max(1, UInt64(max(0, record.limits.logBytes)) >> 20))
    text.write("}},{\"key\":\"timeout\",\"value\":")
    text.write(record.isTimeout ? "true" : "false")
    text.write("},{\"key\":\"swiftlet\",\"value\":")
    writeFigures(record, &text)
    text.write("}]")
  }

  /// Microseconds, and pages.
  private static func writeFigures(_ record: ActivationRecord, _ text: inout TextWriter) {
    write("{\"queue\":", record.waited.microseconds, &text)
    write(",\"run\":", record.ran.microseconds, &text)
    write(",\"pagesCopied\":", UInt64(max(0, record.figures.copied)), &text)
    write(",\"pagesZeroed\":", UInt64(max(0, record.figures.zeroed)), &text)
    write(",\"pageFaults\":", UInt64(max(0, record.figures.faults)), &text)
    text.write("}")
  }

  private static func write(_ key: StaticString, _ value: UInt64, _ text: inout TextWriter) {
    text.write(key)
    text.write(decimal: value)
  }

  private static func writePath(_ namespace: Span<UInt8>, _ name: Span<UInt8>, _ text: inout TextWriter) {
    var path = ByteBuffer()
    guard path.append(namespace), path.append("/"), path.append(name) else { return text.write("\"\"") }
    text.write(json: path.span)
  }
}

extension Interval {
  /// Milliseconds, to the nearest.
  var roundedMilliseconds: UInt64 { (nanoseconds / 1_000 &+ 500) / 1_000 }
}

/// Points in time as OpenWhisk's logs show them (RFC 3339).
public enum Timestamp {
  /// Writes `2026-11-20T23:00:00.123000000Z` for `milliseconds` since 1970, up to the year 9999.
  @_optimize(size) @inline(never)
  public static func write(_ milliseconds: UInt64, into text: inout TextWriter) {
    let second = min(milliseconds / 1_000, 253_402_300_799)
    // Days are counted from 0000-03-01, so that the leap day is a year's last (Hinnant, chrono-compatible date algorithms).
    let days = second / 86_400 &+ 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra = (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let shifted = (5 &* dayOfYear &+ 2) / 153
    let month = shifted < 10 ? shifted &+ 3 : shifted &- 9
    write(yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0), width: 4, &text)
    write("-", month, &text)
    write("-", dayOfYear &- (153 &* shifted &+ 2) / 5 &+ 1, &text)
    write("T", second / 3_600 % 24, &text)
    write(":", second / 60 % 60, &text)
    write(":", second % 60, &text)
    text.write(".")
    write(milliseconds % 1_000, width: 3, &text)
    text.write("000000Z")
  }

  private static func write(_ mark: StaticString, _ value: UInt64, _ text: inout TextWriter) {
    text.write(mark)
    write(value, width: 2, &text)
  }

  private static func write(_ value: UInt64, width: Int, _ text: inout TextWriter) {
    var bound: UInt64 = 10
    for _ in 1..<width {
      if value < bound { text.write("0") }
      bound &*= 10
    }
    text.write(decimal: value)
  }
}
