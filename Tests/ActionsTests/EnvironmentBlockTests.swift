import Bytes
import Testing

@testable import Actions

@Suite struct EnvironmentBlockTests {
  @Test(arguments: [
    ("", 0), ("A=1\0", 1), ("A=\0B==\0", 2), ("A=1\0B=2\0C=\0", 3), ("A", nil), ("A=1", nil), ("\0", nil), ("=1\0", nil), ("A=1\0B\0", nil),
    ("A=1\0\0", nil), ("A=1\0=\0", nil), ("A=1\0B=2", nil),
  ] as [(String, Int?)])
  func blocks(_ text: String, _ count: Int?) {
    var block = ByteBuffer()
    let bytes = Array(text.utf8)
    let fits = block.append(bytes.span)
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0)
    let name = Array("name".utf8)
    let hasName = request.addArgument(name.span)
    let isAdded = request.addEnvironment(block: block)
    #expect(fits && hasName && isAdded == (count != nil))
    let (found, length) = (request.environmentCount, request.strings.count)
    #expect(found == count ?? 0)
    #expect(length == 5 + (count == nil ? 0 : bytes.count))
  }

  @Test func theInputIsCutToItsBytes() {
    var input = ByteBuffer()
    let bytes = Array("head body".utf8)
    let fits = input.append(bytes.span)
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0)
    request.setInput(input, body: 5..<100)
    let (body, count) = (request.body, request.standardInput.count)
    #expect(fits && body == 5..<9 && count == 4)
  }
}
