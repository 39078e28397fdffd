// `swiftlet top`: what the actions are doing, second by second.

import ArgumentParser
import Foundation
import SwiftletHost

struct Top: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watch invocations, latencies and memory.",
    usage: "swiftlet top [--once]",
    discussion: """
      Reads GET /metrics each second and shows, for all actions together and for each of the key's namespace, how often it was called \
      since the boot and per second, how often with an error, and the median and 99th percentile of its times in that second. \
      Ctrl-C ends it. --once prints one table of everything since the boot.

      EXIT CODES
        0   shown, or stopped by Ctrl-C
        69  nothing answers, or not any more
      """)

  @Flag(help: "Print one table and end.")
  var once = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func execute() throws(HostError) {
    let client = try api.client()
    if once || output.json { return try showOnce(client) }
    let signals = StopSignals()
    let screen = Screen()
    defer { screen.leave() }
    signals.handle {
      screen.leave()
      Foundation.exit(0)
    }
    var before = try read(client)
    var time = ContinuousClock.now
    screen.show(page(ActionActivity.between(before, before, interval: 1), before, client.settings))
    while true {
      Thread.sleep(forTimeInterval: 1)
      let after = try read(client)
      let now = ContinuousClock.now
      screen.show(page(ActionActivity.between(before, after, interval: (now - time) / .seconds(1)), after, client.settings))
      (before, time) = (after, now)
    }
  }

  private func showOnce(_ client: APIClient) throws(HostError) {
    let reading = try read(client)
    let activities = ActionActivity.between(MetricsReading(), reading, interval: reading.uptime)
    guard output.json else { return Terminal.line(page(activities, reading, client.settings).joined(separator: "\n")) }
    func number(_ value: Double?) -> JSON { value.flatMap { Int(exactly: $0.rounded()) }.map(JSON.number) ?? .null }
    let actions = activities.map { activity -> JSON in
      [
        "name": activity.name.isEmpty ? .null : .string(activity.name), "invocations": number(activity.total), "p50": number(activity.median),
        "p99": number(activity.percentile99),
      ]
    }
    let gauges = reading.gauges.map { JSON.Member($0.name, number($0.value)) }
    Terminal.line(JSON.object([.init("actions", .array(actions)), .init("gauges", .object(gauges))]).pretty)
  }

  private func read(_ client: APIClient) throws(HostError) -> MetricsReading {
    do throws(APIError) {
      return MetricsReading([MetricSample](parsing: try client.call(APIRequest("GET", "/metrics")).response.text))
    } catch {
      throw error.hostError(from: client.settings.endpoint, about: "page /metrics")
    }
  }

  private func page(_ activities: [ActionActivity], _ reading: MetricsReading, _ settings: APISettings) -> [String] {
    var lines = [once ? "\(settings.endpoint), since the boot" : "\(settings.endpoint)"]
    if !reading.summary.isEmpty { lines.append(reading.summary) }
    lines.append("")
    return lines + (activities.isEmpty ? ["Nothing was invoked yet."] : ActionActivity.table(activities).lines)
  }
}
