// A small TCP of the tests' own, active open only, to talk to the stack under test over a bad wire.
//
// It is plain: go-back-N with a fixed window, unlimited reordering buffer, an acknowledgement for every segment. It shares no
// code with the stack, and it checks what it sees: data beyond its window is a failure of the stack's.

import Base

final class PeerClient {
  enum State { case synSent, open, finished, failed }

  /// When the client sends FIN.
  enum Closing { case afterUpload, afterDownload, afterPeer }

  let port: UInt16
  let upload: [UInt8]
  let expectedDownload: Int
  let closing: Closing
  /// Shift count offered; nil offers none.
  let scale: UInt8?
  let segmentSize: Int

  private(set) var state = State.synSent
  private(set) var received: [UInt8] = []
  private(set) var failure: String?
  private(set) var peerFinished = false
  private(set) var wasReset = false

  private let initial: UInt32
  private var peerInitial: UInt32 = 0
  /// Stream offsets: upload byte i has sequence number initial + 1 + i.
  private var acknowledged = 0
  private var next = 0
  private var highest = 0
  private var peerWindow = 0
  private var peerScale: UInt8 = 0
  private var finSent = false
  private var finAcknowledged = false
  private var early: [Int: [UInt8]] = [:]
  private var finOffset: Int?
  private var deadline = Instant(nanoseconds: 0)
  private var timeout = Interval.milliseconds(300)
  private var tries = 0

  init(
    port: UInt16, initial: UInt32, upload: [UInt8], expectedDownload: Int, closing: Closing = .afterDownload,
    scale: UInt8? = 7, segmentSize: Int = 1460
  ) {
    self.port = port
    self.initial = initial
    self.upload = upload
    self.expectedDownload = expectedDownload
    self.closing = closing
    self.scale = scale
    self.segmentSize = segmentSize
  }

  var isDone: Bool { state == .finished || state == .failed }
  var nextDeadline: Instant { isDone ? .distantFuture : deadline }

  /// The numbers it would begin its next connection from the same port with.
  var nextInitial: UInt32 { initial &+ UInt32(upload.count) &+ 100_000 }

  private var windowBytes: Int { 65_535 << Int(scale ?? 0) }

  private func segment(_ flags: UInt8, at offset: Int, _ payload: [UInt8] = []) -> Segment {
    let advanced = received.count + (peerFinished ? 1 : 0)
    return Segment(
      sequence: initial &+ 1 &+ UInt32(offset), acknowledgement: peerInitial &+ 1 &+ UInt32(advanced),
      flags: flags, port: port, payload: payload)
  }

  private func synSegment() -> Segment {
    var options: [UInt8] = [2, 4] + big16(UInt16(segmentSize))
    if let scale { options += [1, 3, 3, scale] }
    return Segment(sequence: initial, flags: Segment.syn, port: port, options: options)
  }

  /// What the timer asks for.
  func tick(now: Instant) -> [Segment] {
    guard !isDone, now >= deadline else { return [] }
    tries += 1
    guard tries < 60 else {
      fail("no answer")
      return []
    }
    deadline = now + timeout
    timeout = min(timeout + timeout, .seconds(2))
    if state == .synSent { return [synSegment()] }
    next = acknowledged
    finSent = false
    let sent = output(now: now, force: true)
    return sent.isEmpty ? [segment(Segment.ack, at: highest + (finSent ? 1 : 0))] : sent
  }

  private func output(now: Instant, force: Bool = false) -> [Segment] {
    var result: [Segment] = []
    while next < upload.count {
      var room = min(peerWindow, 64 * segmentSize) - (next - acknowledged)
      // A forced byte probes a closed window.
      if room <= 0 && force && next == acknowledged { room = 1 }
      let length = min(room, segmentSize, upload.count - next)
      guard length > 0 else { break }
      let flags = next + length == upload.count ? Segment.ack | Segment.psh : Segment.ack
      result.append(segment(flags, at: next, Array(upload[next..<next + length])))
      next += length
      highest = max(highest, next)
    }
    let mayClose: Bool
    switch closing {
    case .afterUpload: mayClose = true
    case .afterDownload: mayClose = received.count >= expectedDownload
    case .afterPeer: mayClose = peerFinished
    }
    if next == upload.count && mayClose && !finSent && !finAcknowledged {
      result.append(segment(Segment.ack | Segment.fin, at: next))
      finSent = true
    }
    if !result.isEmpty && deadline == .distantFuture { deadline = now + timeout }
    return result
  }

  /// Takes a segment from the stack and returns the answers.
  func receive(_ incoming: Segment, now: Instant) -> [Segment] {
    if incoming.has(Segment.rst) {
      wasReset = true
      if state != .finished { fail("reset") }
      return []
    }
    if state == .synSent {
      guard incoming.has(Segment.syn), incoming.acknowledgement == initial &+ 1 else { return [] }
      peerInitial = incoming.sequence
      parseOptions(incoming.options)
      state = .open
      peerWindow = Int(incoming.window)
      progress()
      let sent = output(now: now)
      return sent.isEmpty ? [segment(Segment.ack, at: 0)] : sent
    }
    if incoming.has(Segment.syn) { return [segment(Segment.ack, at: highest)] }
    takeAcknowledgement(incoming)
    let before = received.count + (peerFinished ? 1 : 0)
    takeData(incoming)
    var answers = output(now: now)
    if answers.isEmpty && (incoming.length > 0 || before != received.count + (peerFinished ? 1 : 0) || isProbe(incoming)) {
      answers = [segment(Segment.ack, at: finSent || finAcknowledged ? upload.count + 1 : highest)]
    }
    if peerFinished && finAcknowledged && state == .open { state = .finished }
    let waits = next > acknowledged || finSent && !finAcknowledged || next < upload.count
    // It asks again from time to time also when it only waits, so that a lost last segment cannot leave both silent.
    if !waits && peerFinished && finAcknowledged {
      deadline = .distantFuture
    } else {
      deadline = deadline == .distantFuture ? now + timeout : max(deadline, now)
    }
    return answers
  }

  private func isProbe(_ incoming: Segment) -> Bool {
    Int(Int32(bitPattern: incoming.sequence &- peerInitial &- 1)) < received.count
  }

  private func takeAcknowledgement(_ incoming: Segment) {
    guard incoming.has(Segment.ack) else { return }
    var offset = Int(Int32(bitPattern: incoming.acknowledgement &- initial &- 1))
    guard offset >= acknowledged else { return }
    if offset > upload.count {
      guard offset == upload.count + 1 else { return fail("acknowledges what was not sent") }
      finAcknowledged = true
      offset = upload.count
    }
    if offset > highest { return fail("acknowledges beyond what was sent") }
    if offset > acknowledged || finAcknowledged { progress() }
    acknowledged = offset
    next = max(next, offset)
    peerWindow = Int(incoming.window) << Int(peerScale)
  }

  private func takeData(_ incoming: Segment) {
    let offset = Int(Int32(bitPattern: incoming.sequence &- peerInitial &- 1))
    if offset + incoming.payload.count > received.count + windowBytes { return fail("data beyond the window") }
    if incoming.has(Segment.fin) { finOffset = offset + incoming.payload.count }
    if !incoming.payload.isEmpty && offset + incoming.payload.count > received.count {
      if (early[offset]?.count ?? 0) < incoming.payload.count { early[offset] = incoming.payload }
      drain()
    }
    if let finOffset, finOffset == received.count, !peerFinished {
      peerFinished = true
      progress()
    }
  }

  private func drain() {
    var found = true
    while found {
      found = false
      for (offset, payload) in early where offset <= received.count {
        if offset + payload.count > received.count {
          received += payload[(received.count - offset)...]
          progress()
          found = true
        }
        early[offset] = nil
      }
    }
  }

  private func progress() {
    tries = 0
    timeout = .milliseconds(300)
    deadline = .distantFuture
  }

  private func parseOptions(_ options: [UInt8]) {
    var index = 0
    while index < options.count {
      switch options[index] {
      case 0: return
      case 1: index += 1
      default:
        if options[index] == 3, scale != nil { peerScale = options[index + 2] }
        index += Int(options[index + 1])
      }
    }
    // Scaling is used only where both offered it.
  }

  private func fail(_ reason: String) {
    failure = reason
    state = .failed
  }
}
