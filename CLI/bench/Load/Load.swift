// `bench-load`: one thread that sends requests to an HTTP server and counts how long the answers take. Every body is verified.
//
//   bench-load --address 127.0.0.1 --port 80 --path /function/echo [--method POST] [--body BYTES] [--expect FILE]
//     --connections N [--new] [--seconds S] [--warmup S] [--requests N] [--rate N] [--timeout S] [--interval S] [--cgi]
//   bench-load --first-answer --address … --port … [--pause MS]    waits until anything answers and says when, by the monotonic clock
//
// Closed loop: each of N connections sends its next request when it has the answer. With --rate the loop is open: requests are due at fixed times
// whatever the server does, and latency counts from when a request was due, not from when a connection was free for it
// (coordinated omission). With --new each request has a connection of its own, which the server is asked to close.
// With --cgi the body begins with a CGI response's head, which the server takes from what an echo gives back: it is not expected in the answer.
// The result is one line of NAME=VALUE; latencies in nanoseconds.

import CLinux
import Glibc

@main
struct Load {
  static func main() {
    let options = Options(CommandLine.arguments.dropFirst(), flags: ["new", "first-answer", "cgi"])
    signal(SIGPIPE, SIG_IGN)
    raise_file_limit()
    if options.has("first-answer") {
      FirstAnswer(options).run()
    } else {
      var generator = Generator(LoadPlan(options))
      generator.run()
      print(generator.result.line)
      exit(generator.result.answers > 0 ? 0 : 1)
    }
  }
}

/// What is sent, how often and for how long.
struct LoadPlan {
  var address: sockaddr_in
  var connections: Int
  /// A connection for each request.
  var isNew: Bool
  /// Nanoseconds.
  var length: UInt64
  var warmup: UInt64
  var timeout: UInt64
  /// Nanoseconds from one line of interim results to the next; 0: none.
  var interval: UInt64
  /// Requests to send; 0: as many as fit.
  var requests: Int
  /// Requests a second; 0: a closed loop.
  var rate: Double
  /// The request.
  var request: [UInt8]
  /// Where the part of the body begins that is to come back, with the sequence number.
  var echoOffset: Int
  /// The body that is expected; nil: the request's own.
  var expected: [UInt8]?

  static let sequenceDigits = 16

  init(_ options: Options) {
    func nanoseconds(_ name: String, _ standard: Double) -> UInt64 { UInt64(options.real(name, standard) * 1e9) }
    let host = options.text("address", "127.0.0.1")
    address = socketAddress(host, UInt16(options.integer("port", 80)))
    connections = options.integer("connections", 1)
    isNew = options.has("new")
    length = nanoseconds("seconds", 1)
    warmup = nanoseconds("warmup", 0.1)
    timeout = nanoseconds("timeout", 10)
    interval = nanoseconds("interval", 0)
    requests = options.integer("requests", 0)
    rate = options.real("rate", 0)
    let size = options.integer("body", 64)
    if size != 0, size < Self.sequenceDigits { fail("--body: 0, or \(Self.sequenceDigits) and more") }
    var head = "\(options.text("method", "POST")) \(options.text("path", "/function/echo")) HTTP/1.1\r\nHost: \(host)\r\n"
    let prefix = options.has("cgi") ? "Content-Type: text/plain\n\n" : ""
    head += "Content-Length: \(prefix.utf8.count + size)\r\n"
    if isNew { head += "Connection: close\r\n" }
    request = Array((head + "\r\n").utf8)
    request += Array(prefix.utf8)
    echoOffset = request.count
    for index in 0..<size { request.append(UInt8(97 + index % 26)) }
    expected = options.has("expect") ? Self.file(options.text("expect", "")) : nil
  }

  private static func file(_ path: String) -> [UInt8] {
    let descriptor = check(open(path, O_RDONLY), "open")
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = read(descriptor, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
  }
}

/// What came of it.
struct LoadResult {
  var latencies = Histogram()
  /// Right answers within the measured time, and that time in nanoseconds.
  var answers = 0
  var length: UInt64 = 0
  /// Requests that ended otherwise: no connection, a reset or early end, no answer in time, status 503, another status, another body,
  /// a connection that the server did not close though asked to.
  var refused = 0
  var broken = 0
  var late = 0
  var busy = 0
  var status = 0
  var wrong = 0
  var unclosed = 0
  /// Requests that were due while no connection was free for them, and never were sent.
  var unsent = 0

  /// All requests that ended otherwise.
  var faults: Int { refused + broken + late + busy + status + wrong + unclosed }

  var line: String {
    let seconds = Double(length) / 1e9
    return "answers=\(answers) seconds=\(seconds) rate=\(Double(answers) / seconds) mean=\(Int(latencies.mean))"
      + " p50=\(latencies.value(at: 0.5)) p90=\(latencies.value(at: 0.9)) p99=\(latencies.value(at: 0.99))"
      + " p999=\(latencies.value(at: 0.999)) max=\(latencies.maximum) refused=\(refused) broken=\(broken) late=\(late)"
      + " busy=\(busy) status=\(status) wrong=\(wrong) unclosed=\(unclosed) unsent=\(unsent)"
  }
}
