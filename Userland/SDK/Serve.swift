// Answering requests from a state that was prepared once.

/// Reads the request, writes what `answer` makes of it, and ends the action. `limit` (in bytes) bounds the request as that of
/// `Input.readAll`.
///
/// In an action deployed with `loop=true` what comes before this call is done once, at deployment, and each request goes on from here
/// with the memory as it was then. As a Linux process, and without loop mode, the program prepares itself and answers one request.
public func serve(limit: Int = .max, _ answer: (Span<UInt8>) -> [UInt8]) -> Never {
  // What print holds back would come out again in each answer.
  flushPrint()
  answerOnce(limit, answer)
  exit(0)
}

private func answerOnce(_ limit: Int, _ answer: (Span<UInt8>) -> [UInt8]) {
  let request = Input.readAll(limit: limit)
  Output.write(answer(request.span))
}

/// Answers requests as OpenWhisk's ActionLoop has them: each line of the input is a request, JSON as a rule, and what `answer` makes of
/// it, in which there is no line feed, is written as one line to fd 3; to standard output where there is no fd 3. What is printed before
/// that is log. `limit` (in bytes) bounds a line: one that is longer ends the action with exit status 1.
///
/// As with `serve`, what comes before this call is done once, at deployment, in an action deployed with `loop=true`. Each request finds
/// the memory as it was then, though on OpenWhisk one process answers one request after the other.
public func serveLines(limit: Int = .max, _ answer: (Span<UInt8>) -> [UInt8]) -> Never {
  flushPrint()
  var line: [UInt8] = []
  func append(_ part: Span<UInt8>) {
    if part.count > limit &- line.count { Descriptor.fail("swiftlet: the line is longer than the limit\n") }
    line.append(part)
  }
  Input.forEachChunk { chunk in
    var start = 0
    for index in chunk.indices where chunk[index] == UInt8(ascii: "\n") {
      append(chunk.extracting(start..<index))
      respond(answer(line.span))
      line.removeAll(keepingCapacity: true)
      start = index + 1
    }
    append(chunk.extracting(start..<chunk.count))
  }
  if !line.isEmpty { respond(answer(line.span)) }
  exit(0)
}

/// Writes the line of a result, all at once.
private func respond(_ result: [UInt8]) {
  var line = result
  line.append(UInt8(ascii: "\n"))
  send(line.span, to: Descriptor.hasResult ? Descriptor.result : 1)
}
