// What a sequence may be made of: actions that are there and may be used, no more than 50 in all, and not itself.

import API
import Bytes
import Entities

extension HTTPServer {
  /// Looks through the components of the action called `name`, and through those of sequences among them; `names` are their full names.
  ///
  /// As in OpenWhisk an action that becomes a sequence is told by its name from the components, before these are looked for. So no
  /// sequence can come to hold itself later.
  @_optimize(size) @inline(never)
  mutating func checkSequence(
    _ names: Span<UInt8>, name: borrowing DecodedName, _ known: ActionID?, _ own: NamespaceID
  ) throws(APIError) {
    guard names.count > 0 else { throw .emptySequence }
    var count = 0
    // Sequences that the walk is within, and where in their names it goes on. Each level of them counts as an action at least.
    var open: [50 of OpenSequence] = .init(repeating: OpenSequence())
    var depth = 0
    var at = 0
    while true {
      let component: ResolvedAction?
      if depth == 0 {
        component = try nextComponent(names, &at, name: name, known, own, for: own)
      } else if let record = open[depth &- 1].action.flatMap({ entities.actions[$0] }) {
        // What the owner of a shared sequence may use is the owner's matter.
        let owner = NamespaceID(index: UInt8(truncatingIfNeeded: open[depth &- 1].namespace))
        component = try nextComponent(entities.references(of: record), &open[depth &- 1].at, name: name, known, own, for: owner)
      } else {
        component = nil
      }
      guard let component else {
        guard depth > 0 else { return }
        depth &-= 1
        continue
      }
      if entities.actions[component.action]?.isSequence == true {
        guard depth < open.count else { throw .longSequence }
        open[depth] = OpenSequence(action: component.action, namespace: entities.actions.namespace(of: component.action) ?? 0)
        depth &+= 1
      } else {
        count &+= 1
        guard count <= EntityLimits.components else { throw .longSequence }
      }
    }
  }

  /// The component whose name begins at `at`; nil at the end.
  private func nextComponent(
    _ names: Span<UInt8>, _ at: inout Int, name: borrowing DecodedName, _ known: ActionID?, _ own: NamespaceID,
    for reader: NamespaceID
  ) throws(APIError) -> ResolvedAction? {
    guard let full = QualifiedName.next(in: names, from: at) else { return nil }
    at = full.upperBound &+ 1
    let component = names.extracting(full)
    let length = QualifiedName.namespaceLength(component)
    guard length < component.count, let owner = accounts.namespace(named: component.extracting(0..<length)) else { throw .forbidden }
    let path = component.extracting(length &+ 1..<component.count)
    if owner == own, path.equals(name.span) { throw .cyclicSequence }
    switch entities.resolve(action: path, in: owner.number, for: reader.number) {
    case .found(let found):
      guard found.action != known else { throw .cyclicSequence }
      return found
    case .missing: throw .missingComponent
    case .forbidden: throw .forbidden
    }
  }
}

/// A sequence that is being looked through.
struct OpenSequence: BitwiseCopyable {
  var action: ActionID?
  var namespace: UInt16 = 0
  var at = 0
}
