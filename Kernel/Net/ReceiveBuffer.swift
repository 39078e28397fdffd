// Bytes that arrived on a connection: those in order, to be read, and behind them those beyond a gap, at their final places.

import Bytes

/// How much all connections may hold together, and how much they do.
struct ReceiveMemory: BitwiseCopyable {
  let budget: Int
  let outOfOrderBudget: Int
  /// Bytes of memory that receive buffers own.
  var used = 0
  /// Bytes beyond the last one in order, gaps counted.
  var outOfOrder = 0

  init(budget: Int, outOfOrderBudget: Int) {
    self.budget = budget
    self.outOfOrderBudget = outOfOrderBudget
  }
}

/// Bytes from `start` up to `end` of a buffer.
private struct Run: BitwiseCopyable {
  var start = 0
  var end = 0
}

/// Room for four runs. (Not an InlineArray: a type that holds one is copied whole to lend out a part of it.)
private struct RunList: BitwiseCopyable {
  static let capacity = 4

  private var first = Run()
  private var second = Run()
  private var third = Run()
  private var fourth = Run()

  subscript(index: Int) -> Run {
    get {
      switch index {
      case 0: first
      case 1: second
      case 2: third
      default: fourth
      }
    }
    set {
      switch index {
      case 0: first = newValue
      case 1: second = newValue
      case 2: third = newValue
      default: fourth = newValue
      }
    }
  }
}

/// One contiguous buffer: read bytes, unread bytes in order, then gaps and runs beyond them. It owns no memory while empty
/// but for a small remainder that the connection's owner permits.
struct ReceiveBuffer: ~Copyable {
  private static let smallest = 1024

  private var buffer = ByteBuffer()
  /// Bytes at the front that were read.
  private var start = 0
  /// End of the bytes in order.
  private var ready = 0
  /// Runs beyond a gap, in order, apart from each other; offsets into `buffer`.
  private var runs = RunList()
  private var runCount = 0
  /// Memory is not grown beyond this in advance of what arrives.
  var growthLimit = Int.max

  init() {}

  /// Unread bytes in order.
  @inline(__always)
  var unread: Int { ready &- start }
  /// Whether something arrived beyond a gap.
  @inline(__always)
  var hasGap: Bool { runCount > 0 }
  /// Bytes of memory owned.
  var capacity: Int { buffer.capacity }

  /// The unread bytes.
  var span: Span<UInt8> {
    @inline(__always) @_lifetime(borrow self)
    get { buffer.span.extracting(start..<ready) }
  }

  /// Stores `bytes`, which are next in order, where that needs no memory and there is no gap; false, and nothing done, otherwise.
  @inline(__always)
  mutating func append(_ bytes: Span<UInt8>) -> Bool {
    guard runCount == 0, bytes.count <= buffer.capacity &- ready, buffer.append(bytes) else { return false }
    ready &+= bytes.count
    return true
  }

  /// Stores `bytes`, `gap` bytes beyond the last one in order, and returns by how much the bytes in order grew;
  /// nil, and nothing stored, where memory, the budget or the room for runs is out.
  mutating func insert(_ bytes: Span<UInt8>, gap: Int, _ memory: inout ReceiveMemory) -> Int? {
    guard ensure(ready &+ gap &+ bytes.count, &memory) else { return nil }
    if gap == 0 && runCount == 0 {
      guard buffer.append(bytes) else { return nil }
      ready &+= bytes.count
      return bytes.count
    }
    let offset = ready &+ gap
    let outOfOrder = buffer.count &- ready
    if gap > 0 {
      let growth = max(offset &+ bytes.count &- buffer.count, 0)
      guard growth <= memory.outOfOrderBudget &- memory.outOfOrder, addRun(Run(start: offset, end: offset &+ bytes.count))
      else { return nil }
    }
    write(bytes, at: offset)
    var grown = 0
    if gap == 0 {
      let before = ready
      ready = offset &+ bytes.count
      absorbRuns()
      grown = ready &- before
    }
    memory.outOfOrder &+= (buffer.count &- ready) &- outOfOrder
    return grown
  }

  /// Drops the first `length` unread bytes; memory above `keep` bytes is given back when nothing is left.
  mutating func consume(_ length: Int, keep: Int, _ memory: inout ReceiveMemory) {
    start &+= length
    releaseIfEmpty(keep: keep, &memory)
  }

  /// Gives memory above `keep` bytes back where there is nothing to read and no gap.
  mutating func releaseIfEmpty(keep: Int, _ memory: inout ReceiveMemory) {
    guard start == ready, runCount == 0 else { return }
    buffer.truncate(to: 0)
    start = 0
    ready = 0
    if buffer.capacity > keep { removeAll(&memory) }
  }

  /// Makes room for `unread` unread bytes in all; false where memory or the budget is out.
  mutating func reserve(_ unread: Int, _ memory: inout ReceiveMemory) -> Bool {
    compact()
    return grow(to: unread, &memory)
  }

  /// Moves the unread bytes out; what lies beyond a gap stays, or is dropped where memory is out, to be sent again.
  @inline(__always)
  mutating func take(_ memory: inout ReceiveMemory) -> ByteBuffer {
    if start == 0 && runCount == 0 {
      memory.used &-= buffer.capacity
      ready = 0
      return exchange(&buffer, with: ByteBuffer())
    }
    return takeInPart(&memory)
  }

  @inline(never)
  private mutating func takeInPart(_ memory: inout ReceiveMemory) -> ByteBuffer {
    compact()
    var beyond = ByteBuffer()
    let tail = buffer.count &- ready
    let kept = tail > 0 && beyond.append(buffer.span.extracting(ready..<buffer.count))
    memory.used &+= beyond.capacity &- buffer.capacity
    if !kept { memory.outOfOrder &-= tail }
    buffer.truncate(to: ready)
    let taken = exchange(&buffer, with: beyond)
    if kept {
      for index in 0..<runCount {
        runs[index].start &-= ready
        runs[index].end &-= ready
      }
    } else {
      runCount = 0
    }
    ready = 0
    return taken
  }

  /// Puts `bytes` back in front of the unread ones; false, with both gone, where memory is out.
  /// The budget may be passed by this: the bytes were counted when they arrived.
  mutating func giveBack(_ bytes: consuming ByteBuffer, _ memory: inout ReceiveMemory) -> Bool {
    compact()
    let length = bytes.count
    memory.used &-= buffer.capacity
    guard buffer.count == 0 || bytes.append(buffer.span) else {
      memory.outOfOrder &-= buffer.count &- ready
      buffer = ByteBuffer()
      ready = 0
      runCount = 0
      return false
    }
    buffer = bytes
    memory.used &+= buffer.capacity
    ready &+= length
    for index in 0..<runCount {
      runs[index].start &+= length
      runs[index].end &+= length
    }
    return true
  }

  /// Takes the memory of `empty`, which holds no bytes, where none is owned and that is at most `limit` bytes and within
  /// the budget.
  @inline(__always)
  mutating func keep(_ empty: consuming ByteBuffer, limit: Int, _ memory: inout ReceiveMemory) {
    let size = empty.capacity
    guard buffer.capacity == 0, size <= limit, size <= memory.budget &- memory.used else { return }
    memory.used &+= size
    buffer = empty
  }

  /// Gives all bytes and memory back.
  mutating func removeAll(_ memory: inout ReceiveMemory) {
    memory.used &-= buffer.capacity
    memory.outOfOrder &-= buffer.count &- ready
    buffer.release()
    start = 0
    ready = 0
    runCount = 0
  }

  /// Makes room for the buffer to be `end` bytes long. Read bytes are moved out of the way where that pays for itself,
  /// or where there is no other way.
  private mutating func ensure(_ end: Int, _ memory: inout ReceiveMemory) -> Bool {
    if end <= buffer.capacity { return true }
    let read = start
    if read >= (buffer.count &- read) / 2 { compact() }
    if grow(to: end &- (read &- start), &memory) { return true }
    compact()
    return grow(to: end &- read, &memory)
  }

  private mutating func grow(to size: Int, _ memory: inout ReceiveMemory) -> Bool {
    let before = buffer.capacity
    if size <= before { return true }
    let room = memory.budget &- memory.used &+ before
    let generous = max(size, min(before &+ before / 2, growthLimit), Self.smallest)
    guard size <= room &- 15 else { return false }
    guard generous <= room &- 15 && buffer.reserve(generous) || buffer.reserve(size) else { return false }
    memory.used &+= buffer.capacity &- before
    return true
  }

  private mutating func compact() {
    guard start > 0 else { return }
    buffer.removeFirst(start)
    ready &-= start
    for index in 0..<runCount {
      runs[index].start &-= start
      runs[index].end &-= start
    }
    start = 0
  }

  /// Stores `bytes` at `offset`, for which there is memory, filling a gap before it with zeros.
  private mutating func write(_ bytes: Span<UInt8>, at offset: Int) {
    if offset > buffer.count { _ = buffer.appendZeros(offset &- buffer.count) }
    let inside = min(bytes.count, buffer.count &- offset)
    var target = buffer.mutableSpan
    target.copy(bytes.extracting(0..<inside), to: offset)
    _ = buffer.append(bytes.extracting(inside..<bytes.count))
  }

  /// Adds a run, merged with those it touches; false, and nothing changed, where there would be too many.
  private mutating func addRun(_ new: Run) -> Bool {
    var merged = new
    var first = 0
    while first < runCount && runs[first].end < merged.start { first &+= 1 }
    var last = first
    while last < runCount && runs[last].start <= merged.end {
      merged.start = min(merged.start, runs[last].start)
      merged.end = max(merged.end, runs[last].end)
      last &+= 1
    }
    if first == last {
      guard runCount < RunList.capacity else { return false }
      var index = runCount
      while index > first {
        runs[index] = runs[index &- 1]
        index &-= 1
      }
      runCount &+= 1
    } else {
      let removed = last &- first &- 1
      for index in (first &+ 1)..<(runCount &- removed) { runs[index] = runs[index &+ removed] }
      runCount &-= removed
    }
    runs[first] = merged
    return true
  }

  /// Counts the runs that the bytes in order have reached among them.
  private mutating func absorbRuns() {
    var reached = 0
    while reached < runCount && runs[reached].start <= ready {
      ready = max(ready, runs[reached].end)
      reached &+= 1
    }
    for index in 0..<(runCount &- reached) { runs[index] = runs[index &+ reached] }
    runCount &-= reached
  }
}
