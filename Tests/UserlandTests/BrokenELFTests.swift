// The ELF checks against broken variants of the real samples.

import Actions
import BrokenELF
import Bytes
import Foundation
import Testing

@Suite struct BrokenELFTests {
  static let samples = ["echo", "hello", "sha256", "primes", "echo-c"]

  /// What the checks say of a file; nil where they accept it.
  private func refusal(of file: [UInt8]) -> String? {
    var buffer = ByteBuffer()
    guard buffer.append(file.span) else { return "memory is out" }
    do throws(ImageError) {
      _ = try ActionImage(parsing: buffer)
      return nil
    } catch {
      var text = ByteBuffer()
      guard error.describe(into: &text) else { return "memory is out" }
      return String(decoding: text.span.indices.map { text.span[$0] }, as: UTF8.self)
    }
  }

  @Test(arguments: samples + LinuxProgramTests.programs.filter(Program.isBuilt))
  func samplesAreAccepted(sample: String) throws {
    #expect(refusal(of: [UInt8](try Data(contentsOf: Program.action(sample)))) == nil)
  }

  @Test(arguments: ["abi-probe", "attack", "bad-pointers", "dirty-then-exit", "loop-probe", "registers", "sdk-probe"])
  func testProgramsAreAccepted(program: String) throws {
    #expect(refusal(of: [UInt8](try Data(contentsOf: Program.testAction(program)))) == nil)
  }

  @Test(arguments: samples)
  func brokenVariantsAreRefusedForTheirFault(sample: String) throws {
    let variants = BrokenELF.variants(of: [UInt8](try Data(contentsOf: Program.action(sample))))
    #expect(variants.count >= 60)
    #expect(Set(variants.map(\.name)).count == variants.count)
    for variant in variants {
      let words = refusal(of: variant.bytes) ?? "accepted"
      #expect(words.contains(variant.expectedError), "\(variant.name)")
    }
  }
}
