// The samples as Linux processes: the very files that are deployed.

import Foundation
import Testing

@Suite struct SampleTests {
  static let sizes = [0, 1, 55, 56, 63, 64, 65, 1459, 1460, 1461, 65535, 65536, 65537, 1 << 20]

  @Test(arguments: ["echo", "echo-c"], sizes)
  func echoGivesBackItsInput(action: String, size: Int) throws {
    let body = Program.bytes(size)
    let result = try Program.run(Program.action(action), input: body)
    #expect(result.output == body)
    #expect(result.errors.isEmpty)
    #expect(result.status == 0)
  }

  @Test(arguments: sizes)
  func sha256IsThatOfSha256sum(size: Int) throws {
    let body = Program.bytes(size)
    let result = try Program.run(Program.action("sha256"), input: body)
    let reference = try Program.run(URL(fileURLWithPath: "/usr/bin/sha256sum"), input: body)
    #expect(String(decoding: result.output, as: UTF8.self) == String(decoding: reference.output.prefix(64), as: UTF8.self) + "\n")
    #expect(result.status == 0)
  }

  /// FIPS 180-4's own examples.
  @Test(arguments: [
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1\n"
    ),
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"),
  ])
  func sha256OfKnownMessages(message: String, hash: String) throws {
    let result = try Program.run(Program.action("sha256"), input: Array(message.utf8))
    #expect(String(decoding: result.output, as: UTF8.self) == hash)
  }

  @Test(arguments: [
    ("", "Hello, world!\n"), ("Ada", "Hello, Ada!\n"), ("  Ada Lovelace\r\n", "Hello, Ada Lovelace!\n"),
    (" \n\t ", "Hello, world!\n"), ("Jürgen", "Hello, Jürgen!\n"),
  ])
  func helloGreets(input: String, greeting: String) throws {
    let result = try Program.run(Program.action("hello"), input: Array(input.utf8))
    #expect(String(decoding: result.output, as: UTF8.self) == greeting)
    #expect(result.status == 0)
  }

  @Test(arguments: [
    ("0", "0 is not prime; 0 primes up to it\n"), ("2", "2 is prime; 1 primes up to it\n"),
    ("97\n", "97 is prime; 25 primes up to it\n"), ("100", "100 is not prime; 25 primes up to it\n"),
    ("127", "127 is prime; 31 primes up to it\n"), ("128", "128 is not prime; 31 primes up to it\n"),
    ("8388593", "8388593 is prime; 564163 primes up to it\n"),
    ("33554431", "33554431 is not prime; 2063689 primes up to it\n"),
    ("33554432", "send a number from 0 to 33554431\n"), ("", "send a number from 0 to 33554431\n"),
    ("7x", "send a number from 0 to 33554431\n"),
  ])
  func primesAreFoundAndCounted(input: String, answer: String) throws {
    let result = try Program.run(Program.action("primes"), input: Array(input.utf8))
    #expect(String(decoding: result.output, as: UTF8.self) == answer)
    #expect(result.status == 0)
  }

  @Test func helloGreetsLongNames() throws {
    let name = [UInt8](repeating: UInt8(ascii: "n"), count: 700_000)
    let result = try Program.run(Program.action("hello"), input: name)
    #expect(result.output == Array("Hello, ".utf8) + name + Array("!\n".utf8))
  }

  @Test func helloRefusesEndlessNames() throws {
    let result = try Program.run(Program.action("hello"), input: [UInt8](repeating: 65, count: 1_048_577))
    #expect(result.output.isEmpty)
    #expect(result.errors == "swiftlet: the input is longer than the limit\n")
    #expect(result.status == 1)
  }

  @Test(arguments: ["echo", "hello", "sha256"])
  func outputThatCannotBeWrittenIsAnError(action: String) throws {
    let result = try Program.run(Program.action(action), input: [65], outputPath: "/dev/full")
    #expect(result.status == 1)
    #expect(result.errors == "swiftlet: cannot write the output\n")
  }

  /// The benchmark's action: its file's part is one page of code, and nothing but zeros to write to.
  @Test func echoIsOnePage() throws {
    let file = [UInt8](try Data(contentsOf: Program.action("echo")))
    func word(_ offset: Int) -> Int { (0..<8).reversed().reduce(0) { $0 << 8 | Int(file[offset + $1]) } }
    let headers = (0..<Int(file[56])).map { word(32) + $0 * 56 }.filter { file[$0] == 1 }
    #expect(headers.map { word($0 + 32) }.reduce(0, +) <= 4096)
    #expect(headers.filter { file[$0 + 4] & 2 != 0 }.allSatisfy { word($0 + 32) == 0 })
  }
}
