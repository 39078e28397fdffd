import Bytes
import Testing

@Suite struct ByteBufferTests {
  private func array(_ buffer: borrowing ByteBuffer) -> [UInt8] {
    (0..<buffer.count).map { buffer.span[$0] }
  }

  @Test func growsAndKeepsItsBytes() {
    var buffer = ByteBuffer()
    var expected: [UInt8] = []
    for number in 0..<1000 {
      let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 37)
      check(buffer.append(piece.span))
      expected += piece
    }
    check(array(buffer) == expected)
    check(buffer.capacity >= buffer.count)
  }

  @Test func removesFromTheFrontAndTheBack() {
    var buffer = ByteBuffer()
    check(buffer.append("0123456789"))
    buffer.removeFirst(3)
    buffer.truncate(to: 5)
    check(array(buffer) == Array("34567".utf8))
    buffer.removeFirst(5)
    check(buffer.isEmpty)
  }

  @Test func saysWhereMemoryIsOut() {
    if ByteBuffer(capacity: Int.max / 2) != nil { Issue.record("half of all addresses were allocated") }
    var buffer = ByteBuffer()
    check(buffer.append("kept"))
    check(!buffer.reserve(Int.max / 2))
    check(!buffer.appendZeros(-1))
    check(array(buffer) == Array("kept".utf8))
  }

  @Test func appendsWordsTextAndZeros() {
    var buffer = ByteBuffer()
    check(buffer.append(littleEndian: 0x0403_0201) && buffer.append(5) && buffer.appendZeros(2))
    check(array(buffer) == [1, 2, 3, 4, 5, 0, 0])
    var span = buffer.mutableSpan
    span[6] = 9
    check(buffer.span[6] == 9)
    buffer.release()
    check(buffer.capacity == 0 && buffer.isEmpty)
  }
}
