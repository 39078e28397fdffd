// What is kept of an entity beside its record: texts, and an action's code. Most entities have little of it, many nothing.

import Base
public import Bytes
public import JSON

/// Texts of one entity, each in memory of its own that an empty one does not take.
struct EntityDetails: ~Copyable {
  /// Parameter arrays, compact; empty where there are none. Those of an action leave out what its record tells.
  var parameters = ByteBuffer()
  var annotations = ByteBuffer()
  /// Full names, each ended by a line feed: a sequence's components; the package of a binding; a rule's trigger and action.
  var references = ByteBuffer()
  /// Members of an action's exec: `"image":"…"`, and perhaps `,"main":"…"`. Empty for what is usual.
  var exec = ByteBuffer()
  /// An action's code as it was uploaded, an ELF executable or a zip archive; empty where it was not kept.
  var code = ByteBuffer()
}

/// What a request changes of an entity's details, in memory of its own, so that the request may go. nil stays as it is.
public struct EntityChange: ~Copyable {
  var parameters: ByteBuffer?
  var annotations: ByteBuffer?
  var references: ByteBuffer?
  var exec: ByteBuffer?
  var code: ByteBuffer?
  var isPublished: Bool?

  public init() {}

  /// The change that `put`, parsed from `text`, asks for, but for annotations of actions, which are `ActionAnnotations`.
  @_optimize(size) @inline(never)
  public init(_ put: EntityPut, in text: Span<UInt8>, isAction: Bool = false) throws(EntityError) {
    isPublished = put.isPublished
    parameters = try Self.compact(put.parameters, "parameters", in: text)
    if !isAction { annotations = try Self.compact(put.annotations, "annotations", in: text) }
  }

  /// A parameter array without white space; empty for an empty one, nil for none.
  private static func compact(
    _ list: JSONValue?, _ field: StaticString, in text: Span<UInt8>
  ) throws(EntityError) -> ByteBuffer? {
    guard let list else { return nil }
    var writer = TextWriter()
    list.writeCompact(of: text, into: &writer)
    guard !writer.isBroken else { throw .noMemory }
    return try checked(writer.finish(), field)
  }

  /// `list` where it is not too large; nothing in place of an empty array.
  static func checked(_ list: consuming ByteBuffer, _ field: StaticString) throws(EntityError) -> ByteBuffer {
    guard list.count <= EntityLimits.listBytes else {
      throw .tooLarge(field, bytes: list.count, allowed: EntityLimits.listBytes)
    }
    return list.count > 2 ? list : ByteBuffer()
  }

  /// Sets the full names of what the entity refers to, each ended by a line feed: the package of a binding; the trigger of a rule, then
  /// its action.
  public mutating func setReferences(_ names: consuming ByteBuffer) { references = consume names }

  /// The full names that are to be set; nil where they stay.
  public var newReferences: Span<UInt8>? {
    @_lifetime(borrow self)
    borrowing get {
      switch references {
      case .some(let names): names.span
      case .none: nil
      }
    }
  }

  /// Leaves the parameters as they are.
  public mutating func keepParameters() { parameters = nil }

  /// Makes the action a sequence of the actions that `names` holds, each ended by a line feed.
  public mutating func setSequence(_ names: consuming ByteBuffer) {
    references = consume names
    exec = ByteBuffer()
    code = ByteBuffer()
    // A sequence has none: what it is given goes to its first action.
    parameters = ByteBuffer()
  }

  /// Makes the action a program. `image` and `main` are strings of `text`.
  public mutating func setNative(image: JSONValue?, main: JSONValue?, in text: Span<UInt8>) throws(EntityError) {
    references = ByteBuffer()
    var writer = TextWriter()
    let isUsual = main == nil && (image.map { $0.equals(ExecImage.usual, in: text) } ?? true)
    if !isUsual {
      writer.write("\"image\":")
      if let image { writer.write(image.written(in: text)) } else { writer.write(ExecImage.usualJSON) }
      if let main {
        writer.write(",\"main\":")
        writer.write(main.written(in: text))
      }
    }
    guard !writer.isBroken else { throw .noMemory }
    exec = writer.finish()
  }

  /// Sets what is kept of an action's code: `bytes`, or nothing.
  public mutating func setCode(_ bytes: consuming ByteBuffer) { code = consume bytes }
}

/// The image that OpenWhisk's client names where it is told no other.
enum ExecImage {
  static var usual: StaticString { "openwhisk/dockerskeleton" }
  static var usualJSON: StaticString { "\"openwhisk/dockerskeleton\"" }
}

/// The details of all entities.
struct DetailsStore: ~Copyable {
  private var pool = Pool<EntityDetails>()
  /// Bytes of code that all actions together may keep, and those that they do.
  let codeBudget: Int
  private(set) var codeBytes = 0

  init(codeBudget: Int) { self.codeBudget = codeBudget }

  /// Applies a change to the details `id`, which are made where there are none; false, and nothing changed, where memory is out.
  @_optimize(size) @inline(never)
  mutating func apply(_ change: consuming EntityChange, to id: inout DetailsID) -> Bool {
    if id == .none {
      let isEmpty = (change.parameters?.isEmpty ?? true) && (change.annotations?.isEmpty ?? true)
        && (change.references?.isEmpty ?? true) && (change.exec?.isEmpty ?? true) && (change.code?.isEmpty ?? true)
      if isEmpty { return true }
      guard let index = pool.insert(EntityDetails()) else { return false }
      id = DetailsID(index: UInt32(truncatingIfNeeded: index))
    }
    let index = Int(id.index)
    if let parameters = change.parameters.take() { pool[index].parameters = parameters }
    if let annotations = change.annotations.take() { pool[index].annotations = annotations }
    if let references = change.references.take() { pool[index].references = references }
    if let exec = change.exec.take() { pool[index].exec = exec }
    if let code = change.code.take() {
      codeBytes &-= pool[index].code.count
      // What others were allowed meanwhile counts.
      let fits = code.count <= codeBudget &- codeBytes
      pool[index].code = fits ? code : ByteBuffer()
      codeBytes &+= pool[index].code.count
    }
    return true
  }

  /// Whether `bytes` of code may be kept in place of that of `id`.
  func hasRoom(for bytes: Int, replacing id: DetailsID) -> Bool {
    bytes <= codeBudget &- codeBytes &+ (id == .none ? 0 : pool[Int(id.index)].code.count)
  }

  /// Gives the memory of all code back; false where there is none.
  @_optimize(size) @inline(never)
  mutating func dropCode() -> Bool {
    guard codeBytes > 0 else { return false }
    for index in 0..<pool.places where pool.contains(index) { pool[index].code.release() }
    codeBytes = 0
    return true
  }

  /// Gives the details of a removed entity back.
  mutating func remove(_ id: DetailsID) {
    guard id != .none, pool.contains(Int(id.index)) else { return }
    codeBytes &-= pool.take(Int(id.index)).code.count
  }

  /// One text of the details `id`; empty where there are none.
  @_lifetime(borrow self)
  func text(_ part: EntityText, of id: DetailsID) -> Span<UInt8> {
    guard pool.contains(Int(id.index)) else { return Span() }
    switch part {
    case .parameters: return pool[Int(id.index)].parameters.span
    case .annotations: return pool[Int(id.index)].annotations.span
    case .references: return pool[Int(id.index)].references.span
    case .exec: return pool[Int(id.index)].exec.span
    case .code: return pool[Int(id.index)].code.span
    }
  }
}

/// A text of an entity's details.
enum EntityText: UInt8 {
  case parameters, annotations, references, exec, code
}
