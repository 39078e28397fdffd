// Uses all of the SDK, and checks it as far as a program can check itself.
//
// Expected: one line for each check that fails, and none of them; the arguments, one a line; the value of NAME; then
// "sdk-probe: all right" without a line feed, exit status 5. It wants the input "input" and the environment NAME=value.

import Swiftlet

@main
struct SDKProbe {
  static func main() {
    for argument in arguments {
      Output.write(argument)
      Output.write("\n")
    }
    Output.write(environment("NAME") ?? [])
    Output.write("\n")
    check(environment("NAM") == nil && environment("NAMEX") == nil, "environment finds whole names only")

    checkInput()
    checkMemoryFunctions()
    checkObjects()
    checkArrays()
    checkStandardLibrary()
    check(Clock.monotonic <= Clock.monotonic && Clock.wall.seconds > 1_704_067_200, "clocks")
    check(Random.next() != Random.next(), "random numbers")

    // Held back by print until something else is written, or the end.
    print("sdk-probe: ", terminator: "")
    Output.write("all ")
    print("right", terminator: "")
    exit(5)
  }

  static func check(_ good: Bool, _ what: StaticString) {
    if good { return }
    Output.write("wrong: ")
    Output.write(what)
    Output.write("\n")
  }

  static func checkInput() {
    var buffer = [3 of UInt8](repeating: 0)
    var bytes = buffer.mutableSpan
    let count = Input.read(into: &bytes)
    check(count == 3 && buffer[0] == UInt8(ascii: "i") && buffer[2] == UInt8(ascii: "p"), "read into a span")
    do throws(Refusal) {
      try Input.forEachChunk { chunk throws(Refusal) in
        check(chunk.count == 2 && chunk[0] == UInt8(ascii: "u") && chunk[1] == UInt8(ascii: "t"), "read the rest")
        throw Refusal()
      }
      check(false, "what the closure throws comes out")
    } catch {}
    check(Input.readAll().isEmpty, "read at the end, after an error")
  }

  struct Refusal: Error {}

  /// memmove in both directions, memset and memcmp around all the lengths where they change their ways.
  static func checkMemoryFunctions() {
    let lengths = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 2047, 2048, 2049, 5000]
    for length in lengths {
      for (from, to) in [(0, 0), (0, 1), (1, 0), (0, 17), (17, 0), (64, 0), (0, 64), (0, 6000), (6000, 0)] {
        var bytes = [UInt8](repeating: 0, count: 12000)
        for index in 0..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 7 ^ index >> 8) }
        let before = bytes
        // SAFETY: from and to are at most 6000 and the lengths at most 5000, of 12000.
        unsafe bytes.withUnsafeMutableBytes { memory in
          unsafe (memory.baseAddress! + to).copyMemory(from: memory.baseAddress! + from, byteCount: length)
        }
        var good = true
        for index in 0..<bytes.count {
          let inside = index >= to && index < to + length
          if bytes[index] != before[inside ? index - to + from : index] { good = false }
        }
        check(good, "memmove")
      }
      let ones = [UInt8](repeating: 0xa5, count: length)
      var good = ones.count == length
      for byte in ones where byte != 0xa5 { good = false }
      check(good, "memset")
    }
  }

  final class Node {
    let value: Int
    let next: Node?
    init(_ value: Int, _ next: Node?) {
      self.value = value
      self.next = next
    }
  }

  /// 50 lists of 1,000 objects, each freed before the next: the blocks have to be used again.
  static func checkObjects() {
    var sum = 0
    for round in 0..<50 {
      var list: Node? = nil
      for value in 0..<1000 { list = Node(value + round, list) }
      while let node = list {
        sum += node.value
        list = node.next
      }
    }
    check(sum == 50 * 499_500 + 1000 * 1225, "objects")
  }

  /// Arrays of all sizes, in an order that looks random; each keeps what was put into it until it is freed.
  static func checkArrays() {
    var arrays = [[UInt8]](repeating: [], count: 100)
    var state: UInt64 = 1
    for turn in 0..<5000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let count = Int(state >> 40) % (turn % 50 == 0 ? 200_000 : 3000)
      let index = Int(state >> 33) % arrays.count
      var good = true
      for byte in arrays[index] where byte != UInt8(truncatingIfNeeded: arrays[index].count) { good = false }
      check(good, "arrays")
      arrays[index] = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
    }
  }

  static func checkStandardLibrary() {
    var numbers: [String: Int] = [:]
    for number in 0..<100 { numbers["number \(number)"] = number }
    check(numbers["number 77"] == 77 && numbers["number 100"] == nil, "dictionary")
    check((0..<10).contains(UInt64.random(in: 0..<10)), "random in a range")
    check(Double(numbers.count) / 8 == 12.5 && Double(2).squareRoot() > 1.414, "floating point")

    var line: [UInt8] = []
    line.append(decimal: 0)
    line.append(", ")
    line.append(decimal: .max)
    check(String(decoding: line, as: UTF8.self) == "0, 18446744073709551615", "decimal numbers")
  }
}
