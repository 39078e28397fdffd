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
      #expect(buffer.append(piece.span))
      expected += piece
    }
    #expect(array(buffer) == expected)
    #expect(buffer.capacity >= buffer.count)
  }

  @Test func removesFromTheFrontAndTheBack() {
    var buffer = ByteBuffer()
    #expect(buffer.append("0123456789"))
    buffer.removeFirst(3)
    buffer.truncate(to: 5)
    #expect(array(buffer) == Array("34567".utf8))
    buffer.removeFirst(5)
    #expect(buffer.isEmpty)
  }

  @Test func saysWhereMemoryIsOut() {
    #expect(ByteBuffer(capacity: Int.max / 2) == nil)
    var buffer = ByteBuffer()
    #expect(buffer.append("kept"))
    #expect(!buffer.reserve(Int.max / 2))
    #expect(!buffer.appendZeros(-1))
    #expect(array(buffer) == Array("kept".utf8))
  }

  @Test func appendsWordsTextAndZeros() {
    var buffer = ByteBuffer()
    #expect(buffer.append(littleEndian: 0x0403_0201) && buffer.append(5) && buffer.appendZeros(2))
    #expect(array(buffer) == [1, 2, 3, 4, 5, 0, 0])
    var span = buffer.mutableSpan
    span[6] = 9
    #expect(buffer.span[6] == 9)
    buffer.release()
    #expect(buffer.capacity == 0 && buffer.isEmpty)
  }
}

extension ByteBuffer? {
  static func == (a: consuming ByteBuffer?, b: _OptionalNilComparisonType) -> Bool {
    if a != nil { false } else { true }
  }
}
