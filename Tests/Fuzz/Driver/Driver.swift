// What libFuzzer calls. SWIFTLET_FUZZ names the target: one of FuzzTarget, or `server` for streams of requests.

import Foundation
import Invariants

private let isServer = ProcessInfo.processInfo.environment["SWIFTLET_FUZZ"] == "server"

private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["SWIFTLET_FUZZ"] ?? ""
  guard let target = FuzzTarget(rawValue: name) else { fatalError("SWIFTLET_FUZZ names no target: \(name)") }
  return target
}()

/// Stops the process where something does not hold; libFuzzer then keeps the input.
@c public func LLVMFuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer lends `count` bytes for the time of the call.
  let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let broken: StaticString? = isServer ? StreamInvariants.broken(input) : target.broken(input)
  if let broken { fatalError("\(broken)") }
  return 0
}
