// Activations as they come: lists are asked for again and again, and what was seen is left out.

import SwiftletHost

struct ActivationFeed {
  let filter: ActivationFilter
  let client: APIClient
  /// The latest start that was seen, in milliseconds since 1970; identifiers that started near it.
  private var latestStart = 0
  private var seen: [String: Int] = [:]
  /// An activation is recorded at its end, so one may come that started before another that is there (milliseconds).
  private static let overlap = 5_000

  init(filter: ActivationFilter, client: APIClient) {
    self.filter = filter
    self.client = client
  }

  /// The newest `count`, the newest last; what comes later is new.
  mutating func latest(_ count: Int) throws(HostError) -> [(record: JSON, activation: Activation)] {
    // One at least is looked at, to know where the new ones begin.
    let found = try filter.newest(max(1, count), docs: true, from: client)
    remember(found.map(\.activation))
    return found.prefix(count).reversed()
  }

  /// Those that were not seen yet, the newest last.
  mutating func next() throws(HostError) -> [(record: JSON, activation: Activation)] {
    var request = filter.request(docs: true)
    request.query.removeAll { $0.name == "since" }
    if latestStart > 0 { request.query.append(.init("since", "\(latestStart - Self.overlap)")) }
    var found: [(record: JSON, activation: Activation)] = []
    for record in try client.list(request, about: "list of activations") {
      guard let activation = Activation(record), seen[activation.identifier] == nil else { continue }
      // At once: pages shift when new ones come, and may show one twice.
      seen[activation.identifier] = activation.start
      found.append((record, activation))
    }
    remember(found.map(\.activation))
    return found.filter { filter.matches($0.activation) }.reversed()
  }

  private mutating func remember(_ activations: [Activation]) {
    for activation in activations {
      seen[activation.identifier] = activation.start
      latestStart = max(latestStart, activation.start)
    }
    let border = latestStart - Self.overlap
    seen = seen.filter { $0.value >= border }
  }
}
