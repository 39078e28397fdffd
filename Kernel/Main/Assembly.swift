// Puts the network stack and the server together from the settings.

import API
import Actions
import Base
import Bytes
import HTTP
import Machine
import Net
import Records
import Server
import Settings

extension Kernel {
  @_optimize(size)
  static func makeStack(
    _ settings: borrowing KernelSettings, _ plan: MemoryPlan, _ address: [6 of UInt8], _ seed: UInt64, _ now: Instant
  ) -> NetworkStack {
    var limits = NetworkLimits()
    limits.connections = plan.connections
    limits.receiveBudget = plan.receiveBudget
    limits.outOfOrderBudget = plan.receiveBudget / 8
    let hardware = MACAddress(address[0], address[1], address[2], address[3], address[4], address[5])
    let stack = NetworkStack(
      mac: hardware, configuration: addressConfiguration(settings), seed: seed, limits: limits, now: now)
    guard let stack else { panic("the network stack refuses its configuration") }
    return stack
  }

  private static func addressConfiguration(_ settings: borrowing KernelSettings) -> AddressConfiguration {
    guard let fixed = settings.address else { return .dhcp }
    return .fixed(
      IPv4Address(bits: fixed.address), prefixLength: fixed.prefixLength,
      gateway: settings.gateway.map { IPv4Address(bits: $0) })
  }

  @_optimize(size)
  static func makeServer(
    _ settings: borrowing KernelSettings, _ plan: MemoryPlan, _ clock: Clock, _ seed: UInt64, identifierSeed: UInt64
  ) -> HTTPServer {
    var server = ServerSettings()
    server.limits.bodyBytes = plan.bodyBytes
    server.port = settings.port
    server.connections = plan.connections
    server.queue = plan.queue
    server.backlogBytes = plan.backlogBytes
    server.activations = plan.activations
    if let wanted = settings.activations {
      server.activations = min(Int(wanted), plan.mostActivations)
      if server.activations < Int(wanted) { BootLog.printFewerActivations(wanted, kept: server.activations) }
    }
    if let rate = settings.rate {
      server.quota.perMinute = rate
      server.quota.burst = settings.burst ?? rate
    }
    if let concurrency = settings.concurrency { server.quota.concurrent = concurrency }
    server.activationBytes = plan.activationBytes
    server.alarmBytes = plan.alarmBytes
    server.codeBytes = plan.codeBytes
    server.actionLimits.outputBytes = plan.outputBytes
    server.epochMilliseconds = clock.wallClockStart &* 1000
    server.seed = seed
    server.identifierSeed = identifierSeed
    var accounts = AccountTable()
    for index in 0..<settings.credentialCount {
      let isAdded = accounts.add(
        user: settings.user(index), key: settings.key(index), namespace: settings.namespace(index))
      if !isAdded { SerialConsole().write("swiftlet: an auth= option is too long, or one too many; it is ignored\n") }
    }
    let page = WebPage(tag: LinkedPage.tag, policy: LinkedPage.policy, packed: LinkedPage.packed)
    return HTTPServer(settings: server, accounts: accounts, page: page)
  }
}
