// How the machine's memory is shared out between those who keep what the outside sends.

/// Bounds in bytes, from the size of memory. What is allocated once, at boot, comes first and is small; what requests
/// bring is bounded so that all bounds together leave room for the actions' pages.
struct MemoryPlan {
  let connections: Int
  /// Requests and activations that may wait for the executor: as many as there are connections, each of which has one request there at most.
  let queue: Int
  /// Bytes of all requests that are being received.
  let receiveBudget: Int
  /// Bytes of one request's body.
  let bodyBytes: Int
  /// Bytes of one action's output.
  let outputBytes: Int

  /// Bytes of all requests that wait as activations.
  let backlogBytes: Int
  /// Activations that are kept, and bytes of their results and logs.
  let activations: Int
  let activationBytes: Int
  /// The most that a setting may have kept: a sixteenth of memory in records, of which one takes less than 256 bytes.
  let mostActivations: Int
  /// Bytes that all alarms keep.
  let alarmBytes: Int
  /// Bytes of uploaded code that are kept.
  let codeBytes: Int

  /// `frames` of 4 KiB that the kernel has in all.
  init(frames: Int) {
    let bytes = frames << 12
    connections = frames >= 8192 ? 256 : 128
    queue = connections
    receiveBudget = bytes / 3
    backlogBytes = bytes / 16
    activations = frames >= 8192 ? 1_024 : 128
    activationBytes = bytes / 16
    mostActivations = frames
    alarmBytes = bytes / 64
    codeBytes = bytes / 4
    bodyBytes = min(bytes / 6, 48 << 20)
    outputBytes = min(bytes / 6, 16 << 20)
  }
}
