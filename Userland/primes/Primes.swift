// Says whether the number in its input is prime, and how many primes there are up to it. The sieve that knows is made once where the
// action is deployed with loop=true, and at each start otherwise.

import Swiftlet

@main
struct Primes {
  static func main() {
    let sieve = Sieve(limit: 1 << 25)
    serve(limit: 64) { request in
      var text: [UInt8] = []
      guard let number = number(in: request), number < sieve.limit else {
        text.append("send a number from 0 to ")
        text.append(decimal: UInt64(sieve.limit - 1))
        text.append("\n")
        return text
      }
      text.append(decimal: UInt64(number))
      text.append(sieve.isPrime(number) ? " is prime; " : " is not prime; ")
      text.append(decimal: UInt64(sieve.count(to: number)))
      text.append(" primes up to it\n")
      return text
    }
  }

  /// The decimal number that the input is, white space after it aside.
  static func number(in text: Span<UInt8>) -> Int? {
    var value = 0
    var digits = 0
    while digits < text.count, digits < 9, text[digits] >= 0x30, text[digits] <= 0x39 {
      value = value * 10 + Int(text[digits] - 0x30)
      digits += 1
    }
    for index in digits..<text.count where text[index] > 0x20 { return nil }
    return digits > 0 ? value : nil
  }
}

/// The sieve of Eratosthenes, one bit for each odd number.
struct Sieve {
  let limit: Int
  /// Bit N: 2N + 1 is composite.
  private var composite: [UInt64]
  /// Odd primes before each word.
  private var before: [UInt32]

  init(limit: Int) {
    self.limit = limit
    composite = Array(repeating: 0, count: limit / 128)
    composite[0] = 1
    var number = 3
    while number * number < limit {
      if composite[number >> 7] >> UInt64(number >> 1 & 63) & 1 == 0 {
        var multiple = number * number
        while multiple < limit {
          composite[multiple >> 7] |= 1 << UInt64(multiple >> 1 & 63)
          multiple += 2 * number
        }
      }
      number += 2
    }
    before = []
    before.reserveCapacity(composite.count)
    var sum: UInt32 = 0
    for word in composite {
      before.append(sum)
      sum += UInt32((~word).nonzeroBitCount)
    }
  }

  func isPrime(_ number: Int) -> Bool {
    number == 2 || number & 1 == 1 && composite[number >> 7] >> UInt64(number >> 1 & 63) & 1 == 0
  }

  /// Primes up to and including `number`.
  func count(to number: Int) -> Int {
    guard number >= 2 else { return 0 }
    let odd = (number - 1) >> 1
    let mask = ~UInt64(0) >> UInt64(63 - odd & 63)
    return 1 + Int(before[odd >> 6]) + (~composite[odd >> 6] & mask).nonzeroBitCount
  }
}
