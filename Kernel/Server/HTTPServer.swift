// The server: connections of the network stack bound to HTTP and to the API.
//
// A request's life: `process` sees its bytes, parses the head, answers at once what it can and queues the rest once the body
// is there; `next` hands an invocation to the kernel's loop; `finish` sends the reply and goes on with
// what the client sent meanwhile. While an action runs, `process` may be called from the network's interrupt.
// Out of scope: routes and texts (API), running actions (the executor).

public import API
import Actions
public import Base
import Bytes
public import Entities
import HTTP
import Net
import Records

/// The HTTP server. All its tables are made at once; nothing that a client does makes it trap.
///
/// Its methods are mutating even where they change nothing: that passes it by address, while the compiler copies a
/// borrowed value of this size at each call.
public struct HTTPServer: ~Copyable {
  public let settings: ServerSettings
  public internal(set) var counters = ServerCounters()
  /// What the machine and the network use now; the kernel keeps it up to date.
  public var gauges = MachineGauges()
  /// Actions, packages, triggers and rules.
  public internal(set) var entities: EntityStore
  /// Whether an invocation was handed out and is not finished.
  public internal(set) var isRunningAction = false
  let accounts: AccountTable
  let page: WebPage
  var lastCredentials = KnownCredentials()
  var connections: FixedArray<Connection>
  /// The last head of each connection.
  var heads: FixedArray<HeadMemory>
  var queue: JobQueue
  var backlog: Backlog
  /// Sequences that run.
  var sequences = Pool<RunningSequence>()
  /// The activation that the executor works on; nil where it is a connection's request.
  var running: PendingActivation? = nil
  /// The newest activations.
  var activations: ActivationStore
  /// Whether namespaces are bounded in what they invoke, and what each has used.
  let isMetered: Bool
  var quotas: FailableArray<NamespaceQuota>
  /// Microseconds that invocations ran.
  var latencies = LatencyHistogram()
  /// What the invocations of each action came to.
  var figures = ActionFigureTable()
  /// The head being parsed; what is needed of it later is kept in the connection.
  var head = RequestHead()
  var identifiers: IdentifierGenerator
  var date = HTTPDate()
  /// When `date` must be made anew.
  var dateEnd = Instant(nanoseconds: 0)
  var replies = InvocationReplies()
  /// Memory of the last invocation's argument strings, used again.
  var spareStrings = ByteBuffer()
  /// The deployment whose action initialises.
  var deployment: LoopDeployment? = nil
  var discarded: InstanceID? = nil
  /// No connection has a deadline before this, and no alarm is due.
  var earliestDeadline = Instant.distantFuture

  @_optimize(size)
  public init(settings: ServerSettings, accounts: consuming AccountTable, page: consuming WebPage = WebPage()) {
    self.settings = settings
    self.accounts = accounts
    self.page = page
    entities = Self.makeEntities(settings)
    isMetered = settings.quota.isBounded
    quotas = Self.makeQuotas(settings.quota)
    identifiers = IdentifierGenerator(seed: settings.identifierSeed)
    connections = Self.makeTable(settings) { _ in Connection() }
    heads = Self.makeTable(settings) { _ in HeadMemory() }
    queue = JobQueue(capacity: settings.queue)
    backlog = Self.makeBacklog(settings)
    activations = ActivationStore(capacity: settings.activations, textBytes: settings.activationBytes)
  }

  @_optimize(size) @inline(never)
  private static func makeEntities(_ settings: ServerSettings) -> EntityStore {
    var entities = EntityStore(
      capacity: settings.actions, codeBudget: settings.codeBytes, alarmBytes: settings.alarmBytes,
      builtIns: EntityStore.builtInActions, seed: settings.seed)
    guard entities.insertAlarms(namespace: NamespaceID.system.number, at: settings.epochMilliseconds) else {
      fatalError("no memory for the package alarms")
    }
    return entities
  }

  /// A table with an element for each connection.
  private static func makeTable<Element: ~Copyable>(_ settings: ServerSettings, _ make: (Int) -> Element) -> FixedArray<Element> {
    guard let table = FixedArray(count: max(1, settings.connections), make) else { fatalError("no memory for the connections") }
    return table
  }

  private static func makeBacklog(_ settings: ServerSettings) -> Backlog {
    guard let backlog = Backlog(capacity: settings.queue, bytes: settings.backlogBytes) else { fatalError("no memory for the backlog") }
    return backlog
  }

  /// When `process` must be called again though nothing arrives.
  public var nextDeadline: Instant { earliestDeadline }

  /// Requests that wait for the executor.
  public var waitingCount: Int { queue.count }

  /// Takes all events of the network, answers what needs no executor, and ends what took too long.
  public mutating func process<Network: Transport & ~Copyable>(_ network: inout Network, now: Instant) {
    while let event = network.nextEvent() {
      switch event {
      case .opened(let id): open(id, now)
      case .readable(let id):
        guard let slot = slot(of: id) else { break }
        // Mostly that is a whole request, for which a connection has been waiting.
        if connections[slot].phase != .idle || advanceHead(slot, &network, now) { advance(slot, &network, now) }
      case .peerClosed(let id):
        guard let slot = slot(of: id) else { break }
        connections[slot].peerClosed = true
        advance(slot, &network, now)
      case .sent(let id):
        guard let slot = slot(of: id) else { break }
        sent(slot, &network, now)
      case .closed(let id, _):
        guard let slot = slot(of: id) else { break }
        if connections[slot].phase == .queued { queue.remove(id) }
        connections[slot] = Connection()
      }
    }
    if now >= earliestDeadline { expire(&network, now) }
  }

  @_optimize(size)
  private mutating func open(_ id: ConnectionID, _ now: Instant) {
    guard id.index < connections.count else { return }
    connections[id.index] = Connection()
    connections[id.index].id = id
    connections[id.index].receiveLimit = settings.receiveWindow
    arm(id.index, now + settings.limits.idleTime)
  }

  /// The place of a live connection.
  mutating func slot(of id: ConnectionID) -> Int? {
    let index = id.index
    return index < connections.count && connections[index].id == id ? index : nil
  }
}
