import Bytes
import Testing

/// Counts how many of it are alive.
private struct Counted: ~Copyable {
  final class Census { var alive = 0 }
  let census: Census
  let number: Int

  init(_ census: Census, _ number: Int) {
    self.census = census
    self.number = number
    census.alive += 1
  }

  deinit { census.alive -= 1 }
}

@Suite struct FixedArrayTests {
  @Test func makesEachElementFromItsIndexAndEndsThemAll() {
    let census = Counted.Census()
    do {
      guard let table = FixedArray<Counted>(count: 100, { Counted(census, $0 * 3) }) else {
        Issue.record("no memory for 100 elements")
        return
      }
      #expect(census.alive == 100)
      var sum = 0
      for index in table.indices { sum += table[index].number }
      #expect(sum == 3 * 4950)
    }
    #expect(census.alive == 0)
  }

  @Test func changesInPlace() {
    guard var table = FixedArray<UInt32>(count: 3, { UInt32($0) }) else { return check(false) }
    table[1] += 40
    check(table[0] == 0 && table[1] == 41 && table[2] == 2)
    table[2] = 7
    check(table[2] == 7 && table.count == 3)
  }

  @Test(arguments: [0, -1, Int.max, Int.max / 8])
  func refusesWhatCannotBe(count: Int) {
    if FixedArray<UInt64>(count: count, { _ in 0 }) != nil { Issue.record("\(count) elements were made") }
  }

  @Test func trapsOutside() async {
    await #expect(processExitsWith: .failure) {
      let table = FixedArray<UInt8>(count: 4) { _ in 0 }!
      _ = table[4]
    }
    await #expect(processExitsWith: .failure) {
      let table = FixedArray<UInt8>()
      _ = table[0]
    }
  }
}

@Suite struct FailableArrayTests {
  @Test func growsAndKeepsItsElements() {
    var array = FailableArray<UInt64>()
    for number in 0..<1000 { check(array.append(UInt64(number * number))) }
    for number in 0..<1000 { check(array[number] == UInt64(number * number)) }
    array[500] = 1
    check(array[500] == 1 && array.count == 1000 && array.capacity >= 1000)
  }

  @Test func fillsAndEmpties() {
    var array = FailableArray<UInt16>()
    check(array.append(9) && array.fill(3, count: 5) && array.count == 5 && array[4] == 3)
    check(array.fill(0, count: 0) && array.count == 0)
    check(!array.fill(0, count: -1))
    check(array.append(1) && array.append(2) && array.append(3))
    array.truncate(to: 1)
    check(array.count == 1 && array[0] == 1 && array.append(7) && array[1] == 7)
    array.truncate(to: 0)
    check(array.count == 0)
  }

  @Test func saysWhereMemoryIsOut() {
    var array = FailableArray<UInt64>()
    check(array.append(5))
    check(!array.reserve(Int.max))
    check(!array.reserve(Int.max / 16))
    check(array.count == 1 && array[0] == 5)
  }
}

@Suite struct PoolTests {
  @Test func indicesStayAndPlacesAreUsedAgain() {
    let census = Counted.Census()
    do {
      var pool = Pool<Counted>()
      check(!pool.contains(0) && pool.count == 0)
      for number in 0..<100 { check(pool.insert(Counted(census, number)) == number) }
      for number in stride(from: 0, to: 100, by: 3) { check(pool.take(number).number == number) }
      check(pool.count == 66 && census.alive == 66)
      check(!pool.contains(0) && pool.contains(1) && !pool.contains(99) && !pool.contains(100) && !pool.contains(-1))
      check(pool.insert(Counted(census, 1000)) == 99 && pool.insert(Counted(census, 1001)) == 96)
      check(pool[99].number == 1000 && pool[96].number == 1001 && pool[98].number == 98 && pool[1].number == 1)
    }
    check(census.alive == 0)
  }

  /// Growth moves elements, and ends none of them, also where some places are free.
  @Test func growsAroundFreePlaces() {
    let census = Counted.Census()
    var pool = Pool<Counted>()
    for number in 0..<8 { _ = pool.insert(Counted(census, number)) }
    _ = pool.take(3)
    for number in 8..<30 { _ = pool.insert(Counted(census, number)) }
    check(census.alive == 29 && pool.count == 29)
    for index in [0, 1, 2, 4, 5, 6, 7] { check(pool[index].number == index) }
    check(pool[3].number == 8)
  }

  @Test func changesInPlace() {
    var pool = Pool<[Int]>()
    guard let index = pool.insert([1]) else { return check(false) }
    pool[index].append(2)
    check(pool[index] == [1, 2])
  }

  @Test func trapsOutside() async {
    await #expect(processExitsWith: .failure) {
      let pool = Pool<Int>()
      _ = pool[0]
    }
    await #expect(processExitsWith: .failure) {
      var pool = Pool<Int>()
      _ = pool.insert(1)
      _ = pool.take(0)
      _ = pool.take(0)
    }
  }
}
