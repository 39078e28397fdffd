import ABI
import Actions
import Bytes
import Testing

@Suite struct InitialStackTests {
  private static let slotBase = AddressSpace.slotBase(9)

  private func request(_ arguments: [String], _ environment: [(String, String)]) -> InvocationRequest {
    var request = InvocationRequest(input: buffer([]), body: 0..<0)
    for argument in arguments { precondition(request.addArgument(Array(argument.utf8).span)) }
    for (name, value) in environment {
      precondition(request.addEnvironment(Array(name.utf8).span, Array(value.utf8).span))
    }
    return request
  }

  private struct Stack {
    var bytes: [UInt8]
    var pointer: UInt64
    var bottom: UInt64

    func word(_ address: UInt64) -> UInt64 {
      let offset = Int(address - bottom)
      return littleEndian(bytes[offset..<(offset + 8)])
    }

    func string(_ address: UInt64) -> String {
      String(decoding: bytes[Int(address - bottom)...].prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private func write(
    _ request: borrowing InvocationRequest, pages: Int = 1, random: (UInt64, UInt64) = (0x1111, 0x2222)
  ) throws -> Stack {
    let image = try ActionImage(parsing: buffer(ELFBuilder().bytes()))
    var bytes = [UInt8](repeating: 0, count: pages * 4096)
    var span = bytes.mutableSpan
    let pointer = InitialStack.write(
      request,
      InitialStackValues(
        image.layout, slotBase: Self.slotBase, random: random, hardwareCapabilities: 0x78bfbff), into: &span)
    return Stack(
      bytes: bytes, pointer: pointer, bottom: Self.slotBase + SlotLayout.stackTop - UInt64(pages * 4096))
  }

  @Test(arguments: [
    (["echo"], []), (["echo", "{\"a\":1}", ""], [("A", "1"), ("LONGER_NAME", "a=b=c"), ("E", "")]),
    ([], []), ([], [("X", "y")]), (["a", "bb", "ccc", "dddd", "eeeee"], [("K", "v")]),
  ] as [([String], [(String, String)])])
  func vectorsAreAsTheABISays(arguments: [String], environment: [(String, String)]) throws {
    let request = request(arguments, environment)
    let stack = try write(request)
    #expect(stack.pointer % 16 == 0)
    #expect(stack.pointer == stack.bottom + 4096 - UInt64(InitialStack.size(for: request)))
    var position = stack.pointer
    func next() -> UInt64 {
      defer { position += 8 }
      return stack.word(position)
    }
    #expect(next() == UInt64(arguments.count))
    for argument in arguments { #expect(stack.string(next()) == argument) }
    #expect(next() == 0)
    for (name, value) in environment { #expect(stack.string(next()) == "\(name)=\(value)") }
    #expect(next() == 0)
    var values: [UInt64: UInt64] = [:]
    while true {
      let type = next()
      let value = next()
      if type == 0 { break }
      #expect(values[type] == nil)
      values[type] = value
    }
    let base = Self.slotBase + SlotLayout.imageOffset
    #expect(values[3] == base + 64 && values[4] == 56 && values[5] == 4)
    #expect(values[6] == 4096 && values[7] == 0 && values[9] == base + 0x1010)
    #expect(values[11] == 0 && values[23] == 0 && values[16] == 0x78bfbff && values[17] == 100)
    #expect(stack.word(values[25]!) == 0x1111 && stack.word(values[25]! + 8) == 0x2222)
    #expect(stack.string(values[31]!) == (arguments.first ?? ""))
    // Vectors end below the random bytes.
    #expect(position <= values[25]!)
  }

  @Test func manyPages() throws {
    let long = String(repeating: "x", count: 10_000)
    let request = request(["a", long], [("N", long)])
    let stack = try write(request, pages: 6)
    #expect(stack.string(stack.word(stack.pointer + 16)) == long)
    #expect(stack.string(stack.word(stack.pointer + 32)) == "N=" + long)
  }

  /// All sizes of strings around an alignment border keep rsp aligned and the parts apart.
  @Test func everyLength() throws {
    for length in 0..<40 {
      let stack = try write(request([String(repeating: "y", count: length)], []))
      #expect(stack.pointer % 16 == 0)
      #expect(stack.string(stack.word(stack.pointer + 8)).utf8.count == length)
    }
  }

  @Test(arguments: ["e", "echo", "fifteen-letters", "sixteen--letters", "package/a name of some length.v2"])
  func aPreparedStackIsTheSameButForItsRandomBytes(name: String) throws {
    let request = request([name], [])
    let first = try write(request, random: (0x1111, 0x2222))
    var prepared = PreparedStack()
    #expect(prepared.size == 0)
    prepared.keep(first.bytes.span, of: request)
    #expect(prepared.size == InitialStack.size(for: request))
    var stack = bytes(of: prepared.bytes.span)
    stack.replaceSubrange(prepared.randomPosition..<(prepared.randomPosition + 16), with: [0x33, 0x33, 0, 0, 0, 0, 0, 0, 0x44, 0x44, 0, 0, 0, 0, 0, 0])
    let whole = try write(request, random: (0x3333, 0x4444))
    #expect(stack == Array(whole.bytes.suffix(prepared.size)))
  }

  @Test(arguments: [(["echo", "{}"], []), (["echo"], [("A", "1")]), ([], [])] as [([String], [(String, String)])])
  func requestsWithMoreThanANameAreNotPrepared(arguments: [String], environment: [(String, String)]) throws {
    let request = request(arguments, environment)
    let stack = try write(request)
    var prepared = PreparedStack()
    prepared.keep(stack.bytes.span, of: request)
    #expect(prepared.size == 0)
  }
}

extension InvocationRequest {
  // Spans of temporary arrays do not live long enough inside larger expressions.
  fileprivate mutating func argument(_ bytes: [UInt8]) -> Bool { addArgument(bytes.span) }
  fileprivate mutating func environment(_ name: [UInt8], _ value: [UInt8]) -> Bool {
    addEnvironment(name.span, value.span)
  }
  fileprivate mutating func literalEnvironment(_ value: [UInt8]) -> Bool { addEnvironment("LITERAL", value.span) }
}

@Suite struct InvocationRequestTests {
  @Test func stringsAreText() {
    var request = InvocationRequest(input: buffer([1, 2, 3, 4]), body: 1..<3)
    #expect(bytes(of: request.standardInput) == [2, 3])
    let results = [
      request.argument(Array("name".utf8)), request.argument([1, 0, 2]),
      request.environment(Array("A".utf8), [0]), request.environment([0x41, 0x3d], []),
      request.environment([], []), request.literalEnvironment(Array("v".utf8)),
      request.argument(Array("late".utf8)),
    ]
    #expect(results == [true, false, false, false, false, true, false])
    #expect(request.argumentCount == 1 && request.environmentCount == 1)
    #expect(bytes(of: request.strings) == Array("name\0LITERAL=v\0".utf8))
    #expect(bytes(of: request.name) == Array("name".utf8))
  }

  @Test func stringsAreBounded() {
    var request = InvocationRequest(input: buffer([]), body: 0..<0)
    let large = [UInt8](repeating: 0x61, count: InvocationRequest.stringLimit - 10)
    let results = [
      request.argument([UInt8](repeating: 0x61, count: InvocationRequest.stringLimit)),
      request.argument(large), request.argument(Array("123456789".utf8)),
      request.argument(Array("12345678".utf8)), request.argument([]),
      request.environment(Array("A".utf8), []),
    ]
    #expect(results == [false, true, false, true, false, false])
    #expect(request.strings.count == InvocationRequest.stringLimit)
  }

  @Test func bodiesAreCutToTheInput() {
    let request = InvocationRequest(input: buffer([1, 2]), body: 1..<100)
    #expect(bytes(of: request.standardInput) == [2])
    let other = InvocationRequest(input: buffer([1, 2]), body: 50..<100)
    #expect(other.standardInput.count == 0)
  }

  @Test func buffersAreTakenOut() {
    var request = InvocationRequest(input: buffer([1, 2]), body: 0..<2)
    let added = request.argument([0x61])
    let input = request.takeInput()
    let strings = request.takeStrings()
    #expect(added && input.count == 2 && strings.count == 2)
    #expect(request.standardInput.count == 0 && request.name.count == 0)
  }
}
