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
