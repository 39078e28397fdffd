public import API
import Base
import Bytes
import HTTP
public import JSON

/// Why a request is not given to a web action.
public enum WebRequestError: Error, Sendable {
  /// It sets a parameter that is the system's.
  case parametersNotAllowed
  /// An escape in the query or the form is malformed.
  case malformedFields
  /// The body is announced as JSON and is none.
  case malformedBody(JSONFailure)
  case outOfMemory

  /// OpenWhisk's words where it has some.
  @_optimize(size) @inline(never)
  public func reply(_ id: borrowing RequestID) -> Reply {
    switch self {
    case .parametersNotAllowed:
      return Reply(.reservedParameters, id: id)
    case .malformedFields:
      return Reply(.badRequest, error: "The request content was malformed: the query or the form holds a malformed escape.", id: id)
    case .outOfMemory: return Reply(.outOfMemory, id: id)
    case .malformedBody(let failure):
      var text = TextWriter()
      text.write("The request content was malformed: ")
      text.write(failure)
      text.write(".")
      return Reply(.badRequest, error: text.buffer, id: id)
    }
  }
}
