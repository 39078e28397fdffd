import Actions
import Bytes

/// Runs nothing: an invocation's output is its input, or what a test says.
struct FakeExecutor: ~Copyable, ActionExecutor {
  var outcome = Outcome.exited(status: 0)
  /// What invocations write instead of their input.
  var output: [UInt8]?
  /// The same for the actions that are called so.
  var outputs: [String: String] = [:]
  var log: [UInt8] = []
  var installError: InstallError?
  /// Installs that still succeed; then one fails for want of memory, and as many succeed again.
  var installsBeforeShortage = Int.max
  /// How an initialisation ends before its first read; nil for one that arrives there.
  var initialisation: Outcome?
  private(set) var initialised: [(id: InstanceID, strings: String)] = []
  private(set) var installed: [InstanceID] = []
  private(set) var limits: [ActionLimits] = []
  private(set) var invocations: [(id: InstanceID, input: [UInt8], strings: String)] = []
  private var count: UInt32 = 0

  mutating func install(
    _ image: borrowing ActionImage, limits: ActionLimits, namespace: UInt16
  ) throws(InstallError) -> InstanceID {
    if let installError { throw installError }
    guard installsBeforeShortage > 0 else {
      installsBeforeShortage = .max
      throw .noMemory
    }
    installsBeforeShortage -= 1
    count += 1
    let id = InstanceID(index: count, generation: 1)
    installed.append(id)
    self.limits.append(limits)
    return id
  }

  mutating func initialise(
    _ id: InstanceID, _ request: inout InvocationRequest, log: inout ByteBuffer
  ) -> Outcome? {
    initialised.append((id, String(decoding: request.strings.span.array, as: UTF8.self)))
    guard installed.contains(id), request.standardInput.isEmpty else { return .notInstalled }
    return log.append(self.log.span) ? initialisation : .noMemory
  }

  mutating func setLimits(_ id: InstanceID, _ limits: ActionLimits) throws(InstallError) {
    if let installError { throw installError }
    guard installed.contains(id) else { return }
    self.limits.append(limits)
  }

  mutating func remove(_ id: InstanceID) { installed.removeAll { $0 == id } }

  mutating func invoke(
    _ id: InstanceID, _ request: inout InvocationRequest, output: inout ByteBuffer, log: inout ByteBuffer
  ) -> Outcome {
    let input = request.standardInput.array
    invocations.append((id, input, String(decoding: request.strings.span.array, as: UTF8.self)))
    guard installed.contains(id) else { return .notInstalled }
    let written = outputs[String(decoding: request.name.array, as: UTF8.self)].map { Array($0.utf8) } ?? self.output ?? input
    let fits = output.append(written.span) && log.append(self.log.span)
    return fits ? outcome : .noMemory
  }

  mutating func restore(_ id: InstanceID) {}
}
