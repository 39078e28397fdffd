// From the addresses and ports of a segment to what knows about it, in constant time.
//
// Connections, handshakes under way and TIME_WAIT share one table of chained nodes, so that one look-up answers for all three.
// The hash is keyed: strangers cannot choose ports that fall into one chain.

import Base
import Bytes

/// The peer's address and both ports; the own address is the same for all.
struct Endpoint: Equatable, BitwiseCopyable {
  let bits: UInt64

  @inline(__always)
  init(remote: IPv4Address, remotePort: UInt16, localPort: UInt16) {
    bits = UInt64(remote.bits) << 32 | UInt64(remotePort) << 16 | UInt64(localPort)
  }

  var remote: IPv4Address { IPv4Address(bits: UInt32(truncatingIfNeeded: bits >> 32)) }
  var remotePort: UInt16 { UInt16(truncatingIfNeeded: bits >> 16) }
  var localPort: UInt16 { UInt16(truncatingIfNeeded: bits) }
}

struct EndpointTable: ~Copyable {
  struct Node: BitwiseCopyable {
    var endpoint = Endpoint(remote: .unspecified, remotePort: 0, localPort: 0)
    /// Next in the chain; -1 at its end.
    var next: Int32 = -1
  }

  private var nodes: FixedArray<Node>
  /// First node of each chain; -1 where it is empty.
  private var chains: FixedArray<Int32>
  private let mask: UInt64
  private let hash: SipHash
  /// The last answer: segments come in trains.
  private var lastNode = -1

  /// A table for nodes 0 ..< `capacity`; nil where memory is out.
  @_optimize(size)
  init?(capacity: Int, seed: UInt64) {
    var chainCount = 16
    while chainCount < capacity &* 2 { chainCount &*= 2 }
    guard let nodes = FixedArray<Node>(count: capacity, { _ in Node() }),
      let chains = FixedArray<Int32>(count: chainCount, { _ in -1 })
    else { return nil }
    self.nodes = nodes
    self.chains = chains
    mask = UInt64(chainCount &- 1)
    hash = SipHash(seed: seed, purpose: 1)
  }

  /// The node of `endpoint`.
  @inline(__always)
  mutating func find(_ endpoint: Endpoint) -> Int? {
    if lastNode >= 0 && nodes[lastNode].endpoint == endpoint { return lastNode }
    return findInChain(endpoint)
  }

  private mutating func findInChain(_ endpoint: Endpoint) -> Int? {
    var node = Int(chains[chain(endpoint)])
    while node >= 0 {
      if nodes[node].endpoint == endpoint {
        lastNode = node
        return node
      }
      node = Int(nodes[node].next)
    }
    return nil
  }

  /// Enters `node`, which is in no chain, under `endpoint`, which no node has.
  mutating func insert(_ node: Int, _ endpoint: Endpoint) {
    let chain = chain(endpoint)
    nodes[node] = Node(endpoint: endpoint, next: chains[chain])
    chains[chain] = Int32(truncatingIfNeeded: node)
  }

  /// Takes `node` out; nothing where it is in no chain.
  mutating func remove(_ node: Int) {
    if lastNode == node { lastNode = -1 }
    let chain = chain(nodes[node].endpoint)
    let wanted = Int32(truncatingIfNeeded: node)
    var current = chains[chain]
    if current == wanted {
      chains[chain] = nodes[node].next
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

  /// The endpoint that `node` was entered under.
  func endpoint(of node: Int) -> Endpoint { nodes[node].endpoint }

  private func chain(_ endpoint: Endpoint) -> Int {
    Int(truncatingIfNeeded: hash.hash13(endpoint.bits) & mask)
  }
}
