// Errors of requests that create, change or remove entities, and the replies that they are.

import API
import Actions
import Archive
import Base
import Bytes
import Entities
import HTTP

/// Why an entity was not created, changed or removed.
enum PutError: Error {
  case request(APIError)
  /// The body is at fault.
  case body(EntityError)
  case image(ImageError)
  case zip(ZipError)
  case install(InstallError)
  case table(EntityTableError)
  /// What a rule names is not there.
  case missingTrigger, missingAction
  /// Actions that are in the package.
  case notEmpty(Int)

  /// What `parse` makes of a body.
  static func body<Value: ~Copyable>(_ parse: () throws(EntityError) -> Value) throws(PutError) -> Value {
    do throws(EntityError) { return try parse() } catch { throw .body(error) }
  }

  /// The reply. `text` is the text that the body is in; `references` are a rule's.
  @_optimize(size) @inline(never)
  func reply(_ id: borrowing RequestID, text: Span<UInt8> = Span(), references: Span<UInt8> = Span()) -> Reply {
    var writer = TextWriter()
    var status = HTTPStatus.badRequest
    switch self {
    case .request(let error): return Reply(error, id: id)
    case .body(.noMemory), .zip(.outOfMemory): return Reply(.outOfMemory, id: id)
    case .body(let error):
      if error.isTooLarge { status = .contentTooLarge }
      error.write(text, into: &writer)
    case .image(let error): writer.write { (buffer: inout ByteBuffer) in error.describe(into: &buffer) }
    case .zip(let error): writer.write { (buffer: inout ByteBuffer) in error.describe(name: "exec", into: &buffer) }
    case .install(let error):
      if error != .memoryLimitTooSmall { status = .insufficientStorage }
      writer.write(error.text)
    case .table(let error):
      if error != .illegalName { status = .insufficientStorage }
      writer.write(error.text)
    case .missingTrigger: Self.write("trigger", QualifiedName.next(in: references, from: 0), references, into: &writer)
    case .missingAction:
      let trigger = QualifiedName.next(in: references, from: 0)
      Self.write("action", QualifiedName.next(in: references, from: (trigger?.upperBound ?? 0) &+ 1), references, into: &writer)
    case .notEmpty(let count):
      status = .conflict
      writer.write("Package not empty (contains ")
      writer.write(decimal: UInt64(max(0, count)))
      writer.write(count == 1 ? " entity" : " entities")
      writer.write("). Set force param or delete package contents.")
    }
    return writer.isBroken ? Reply(.outOfMemory, id: id) : Reply(status, error: writer.buffer, id: id)
  }

  private static func write(_ kind: StaticString, _ name: Range<Int>?, _ references: Span<UInt8>, into writer: inout TextWriter) {
    writer.write(kind)
    writer.write(" /")
    if let name { writer.write(references.extracting(name)) }
    writer.write(" does not exist")
  }
}
