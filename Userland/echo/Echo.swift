// Gives back its input. The whole body never lies in memory: 64 KiB at a time. This is also the benchmarks' action.

import Swiftlet

@main
struct Echo {
  static func main() {
    Input.forEachChunk { chunk in
      Output.write(chunk)
    }
  }
}
