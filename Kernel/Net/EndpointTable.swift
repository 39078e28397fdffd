// From the addresses and ports of a segment to what knows about it, in constant time.
//
// Connections, handshakes under way and TIME_WAIT share one table of chained nodes, so that one look-up answers for all three.
// The hash is keyed: strangers cannot choose ports that fall into one chain.

import Base
import Bytes

/// The peer's address and both ports; the own address is the same for all.
struct Endpoint: Equatable, BitwiseCopyable {
  let bits: UInt64

  /// Address, port and own port, in this order from the most significant bit on.
  @inline(__always)
  init(bits: UInt64) { self.bits = bits }

  @inline(__always)
  init(remote: IPv4Address, remotePort: UInt16, localPort: UInt16) {
    bits = UInt64(remote.bits) << 32 | UInt64(remotePort) << 16 | UInt64(localPort)
  }

  /// That of no segment: ports are never zero.
  static var none: Endpoint { Endpoint(remote: .unspecified, remotePort: 0, localPort: 0) }

  var remote: IPv4Address { IPv4Address(bits: UInt32(truncatingIfNeeded: bits >> 32)) }
  var remotePort: UInt16 { UInt16(truncatingIfNeeded: bits >> 16) }
  var localPort: UInt16 { UInt16(truncatingIfNeeded: bits) }
}

struct EndpointTable: ~Copyable {
  struct Node: BitwiseCopyable {
    var endpoint = Endpoint.none
    /// Next in the chain; -1 at its end.
    var next: Int32 = -1
    var chain: UInt32 = 0
  }

  private var nodes: FixedArray<Node>
  /// First node of each chain; -1 where it is empty.
  private var chains: FixedArray<Int32>
  private let mask: UInt64
  private let hash: SipHash
  /// The chain that was last made out, and of what: what is not found is entered next, and what is taken out is entered again.
  private var lastEndpoint = Endpoint.none
  private var lastChain: UInt32 = 0
  /// The last answers, by a few bits of the port: segments come in trains, and connections are few. Strangers can choose
  /// ports that meet here, which costs no more than the chain.
  private var recent: FixedArray<Int32>

  /// A table for nodes 0 ..< `capacity`; nil where memory is out.
  @_optimize(size)
  init?(capacity: Int, seed: UInt64) {
    var chainCount = 16
    while chainCount < capacity &* 2 { chainCount &*= 2 }
    guard let nodes = FixedArray<Node>(count: capacity, { _ in Node() }),
      let chains = FixedArray<Int32>(count: chainCount, { _ in -1 }),
      let recent = FixedArray<Int32>(count: Self.recentCount, { _ in 0 })
    else { return nil }
    self.nodes = nodes
    self.chains = chains
    self.recent = recent
    mask = UInt64(chainCount &- 1)
    hash = SipHash(seed: seed, purpose: 1)
  }

  /// The node of `endpoint`.
  @inline(__always)
  mutating func find(_ endpoint: Endpoint) -> Int? {
    let node = Int(recent[Self.place(endpoint)])
    return nodes[node].endpoint == endpoint ? node : findInChain(endpoint)
  }

  private static let recentCount = 128

  /// Where in `recent` the node of `endpoint` is noted. Clients mostly use every other port.
  @inline(__always)
  private static func place(_ endpoint: Endpoint) -> Int { Int(endpoint.remotePort >> 1) & (recentCount &- 1) }

  @inline(never)
  private mutating func findInChain(_ endpoint: Endpoint) -> Int? {
    var node = Int(chains[Int(chain(endpoint))])
    while node >= 0 {
      if nodes[node].endpoint == endpoint {
        recent[Self.place(endpoint)] = Int32(truncatingIfNeeded: node)
        return node
      }
      node = Int(nodes[node].next)
    }
    return nil
  }

  /// Enters `node`, which is in no chain, under `endpoint`, which no node has.
  mutating func insert(_ node: Int, _ endpoint: Endpoint) {
    let chain = chain(endpoint)
    nodes[node] = Node(endpoint: endpoint, next: chains[Int(chain)], chain: chain)
    chains[Int(chain)] = Int32(truncatingIfNeeded: node)
    recent[Self.place(endpoint)] = Int32(truncatingIfNeeded: node)
  }

  /// Takes `node` out; nothing where it is in no chain.
  mutating func remove(_ node: Int) {
    guard nodes[node].endpoint != .none else { return }
    lastEndpoint = nodes[node].endpoint
    lastChain = nodes[node].chain
    nodes[node].endpoint = .none
    let wanted = Int32(truncatingIfNeeded: node)
    var current = chains[Int(lastChain)]
    if current == wanted {
      chains[Int(lastChain)] = nodes[node].next
      return
    }
    while current >= 0 {
      let next = nodes[Int(current)].next
      if next == wanted {
        nodes[Int(current)].next = nodes[node].next
        return
      }
      current = next
    }
  }

  private mutating func chain(_ endpoint: Endpoint) -> UInt32 {
    if endpoint != lastEndpoint {
      lastEndpoint = endpoint
      lastChain = UInt32(truncatingIfNeeded: hash.hash13(endpoint.bits) & mask)
    }
    return lastChain
  }
}
