// The fuzzer's targets without libFuzzer: all seeds, and seeds with reproducible damage. What the fuzzer finds becomes a seed.

import Foundation
import Invariants
import Testing

@Suite struct SeedTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz")

  private static func seeds(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
    let files = try FileManager.default.contentsOfDirectory(at: folder.appending(path: target.rawValue), includingPropertiesForKeys: nil)
    return try files.sorted { $0.path < $1.path }.map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
  }

  @Test(arguments: FuzzTarget.allCases) func seedsHold(_ target: FuzzTarget) throws {
    let seeds = try Self.seeds(target)
    #expect(seeds.count > 10)
    for seed in seeds { #expect(target.broken(seed.bytes) == nil, "\(seed.name)") }
  }

  @Test(arguments: FuzzTarget.allCases) func damagedSeedsHold(_ target: FuzzTarget) throws {
    var mutator = Mutator(try Self.seeds(target).map(\.bytes), seed: 1)
    for _ in 0..<2000 {
      let bytes = mutator.next()
      guard let broken = target.broken(bytes) else { continue }
      Issue.record("\(broken): \(bytes)")
      return
    }
  }
}
