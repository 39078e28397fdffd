import Base
import Testing

@testable import Records

@Suite struct TokenBucketTests {
  private func taken(_ bucket: inout TokenBucket, _ now: Instant, tries: Int = 1_000) -> Int {
    (0..<tries).count { _ in bucket.take(now: now) }
  }

  @Test func burstThenRate() {
    var bucket = TokenBucket(perMinute: 60, burst: 5, now: Instant(nanoseconds: 7))
    #expect(taken(&bucket, Instant(nanoseconds: 7)) == 5)
    #expect(taken(&bucket, Instant(nanoseconds: 7 + 999_999_999)) == 0)
    #expect(taken(&bucket, Instant(nanoseconds: 7 + 1_000_000_000)) == 1)
    #expect(taken(&bucket, Instant(nanoseconds: 7) + .seconds(3)) == 2)
    #expect(taken(&bucket, Instant(nanoseconds: 7) + .seconds(1_000)) == 5)
  }

  @Test func timeThatGoesBackEarnsNothing() {
    var bucket = TokenBucket(perMinute: 60, burst: 2, now: Instant(nanoseconds: 0) + .seconds(10))
    #expect(taken(&bucket, Instant(nanoseconds: 0) + .seconds(10)) == 2)
    #expect(taken(&bucket, Instant(nanoseconds: 0)) == 0)
    #expect(taken(&bucket, Instant(nanoseconds: 0) + .seconds(10)) == 0)
    #expect(taken(&bucket, Instant(nanoseconds: 0) + .seconds(11)) == 1)
  }

  /// Rates that do not divide a minute: over any time exactly what the rate gives, rounded down.
  @Test(arguments: [1, 7, 59, 61, 1_000_003, UInt32.max])
  func doesNotDrift(_ rate: UInt32) {
    var bucket = TokenBucket(perMinute: rate, burst: TokenBucket.largestBurst, now: Instant(nanoseconds: 0))
    let full = UInt64(bucket.left(now: Instant(nanoseconds: 0)))
    #expect(full == 1 << 27)
    var random = IdentifierGenerator(seed: UInt64(rate))
    var now: UInt64 = 0
    var count: UInt64 = 0
    // The burst is used up first, so that the bucket never runs over.
    var drained = TokenBucket(perMinute: rate, burst: 2, now: Instant(nanoseconds: 0))
    while drained.take(now: Instant(nanoseconds: 0)) {}
    for _ in 0..<20_000 {
      now += random.next() % max(1, 60_000_000_000 / UInt64(rate))
      if drained.take(now: Instant(nanoseconds: now)) { count += 1 }
    }
    let earned = UInt64(rate).multipliedFullWidth(by: now)
    let expected = UInt64(60_000_000_000).dividingFullWidth(earned).quotient
    #expect(count == expected || count + UInt64(drained.left(now: Instant(nanoseconds: now))) == expected)
  }

  @Test func yearsDoNotOverflow() {
    for rate: UInt32 in [0, 1, 60, .max] {
      var bucket = TokenBucket(perMinute: rate, burst: .max, now: Instant(nanoseconds: 0))
      #expect(bucket.burst == TokenBucket.largestBurst)
      #expect(taken(&bucket, .distantFuture, tries: 1) == 1)
      let left = bucket.left(now: .distantFuture)
      #expect(left == TokenBucket.largestBurst - 1)
      var empty = TokenBucket(perMinute: rate, burst: 1, now: Instant(nanoseconds: 0))
      #expect(taken(&empty, Instant(nanoseconds: 0)) == 1)
      #expect(taken(&empty, .distantFuture) == (rate > 0 ? 1 : 0))
    }
  }

  @Test func aBucketOfNoneGivesNone() {
    var bucket = TokenBucket(perMinute: 60, burst: 0, now: Instant(nanoseconds: 0))
    #expect(taken(&bucket, .distantFuture) == 0)
  }
}

@Suite struct NamespaceQuotaTests {
  private func text(_ refusal: QuotaRefusal?) -> String { written { refusal?.write(into: &$0) } }

  private func settings(perMinute: UInt32? = nil, burst: UInt32? = nil, concurrent: UInt32? = nil) -> QuotaSettings {
    var settings = QuotaSettings()
    if let perMinute {
      settings.perMinute = perMinute
      settings.burst = burst ?? perMinute
    }
    if let concurrent { settings.concurrent = concurrent }
    return settings
  }

  @Test func rate() {
    let settings = settings(perMinute: 60)
    var quota = NamespaceQuota(settings, now: Instant(nanoseconds: 0))
    let now = Instant(nanoseconds: 5)
    for _ in 0..<60 { #expect(quota.admit(settings, inFlight: 1_000, now: now) == nil) }
    #expect(text(quota.admit(settings, inFlight: 0, now: now)) == "Too many requests in the last minute (count: 61, allowed: 60).")
    #expect(quota.admit(settings, inFlight: 0, now: now) == .rate(count: 62, allowed: 60))
    #expect(quota.admit(settings, inFlight: 0, now: now + .seconds(1)) == nil)
    #expect(quota.admit(settings, inFlight: 0, now: now + .seconds(1)) == .rate(count: 61, allowed: 60))
  }

  @Test func aBurstIsMoreThanAMinuteHas() {
    let settings = settings(perMinute: 60, burst: 100)
    var quota = NamespaceQuota(settings, now: Instant(nanoseconds: 0))
    for _ in 0..<100 { #expect(quota.admit(settings, inFlight: 0, now: Instant(nanoseconds: 0)) == nil) }
    #expect(quota.admit(settings, inFlight: 0, now: Instant(nanoseconds: 0)) == .rate(count: 61, allowed: 60))
    // A smaller one than the rate would make that count a lie.
    let other = self.settings(perMinute: 60, burst: 1)
    var second = NamespaceQuota(other, now: Instant(nanoseconds: 0))
    for _ in 0..<60 { #expect(second.admit(other, inFlight: 0, now: Instant(nanoseconds: 0)) == nil) }
  }

  @Test func concurrency() {
    let settings = settings(perMinute: 2, concurrent: 2)
    var quota = NamespaceQuota(settings, now: Instant(nanoseconds: 0))
    let now = Instant(nanoseconds: 0)
    #expect(quota.admit(settings, inFlight: 1, now: now) == nil)
    #expect(text(quota.admit(settings, inFlight: 2, now: now)) == "Too many concurrent requests in flight (count: 2, allowed: 2).")
    // That one counted in its minute.
    #expect(quota.admit(settings, inFlight: 0, now: now) == .rate(count: 3, allowed: 2))
  }

  @Test func noBounds() {
    let settings = QuotaSettings()
    #expect(!settings.isBounded && !settings.hasRate && !settings.hasConcurrency)
    var quota = NamespaceQuota(settings, now: Instant(nanoseconds: 0))
    for _ in 0..<1_000 { #expect(quota.admit(settings, inFlight: 65_535, now: Instant(nanoseconds: 0)) == nil) }
    #expect(self.settings(perMinute: 1).isBounded && self.settings(concurrent: 1).isBounded)
  }
}
