public import HTTP

/// A request that is answered with an error that a fixed text explains.
public enum APIError: UInt8, Error, Sendable, BitwiseCopyable {
  case unauthorized, forbidden, notFound, methodNotAllowed, methodNotImplemented
  case badName, badTimeout, badMemory, badPublic, badOverwrite
  case badCGI, badEnvironment, badOutput, badLogs, badPath
  case badPayload, reservedParameters
  case badLoop, badBlocking, badResult, badWait
  case unknownMedia, alreadyExists, otherCollection
  case badForce, badCode, badExec, noExec, codeNotKept, damagedUpload
  case emptySequence, longSequence, cyclicSequence, missingComponent
  case reservedPackage, notOnBinding, missingBound, boundBinding, notPackage, packageIsNoBinding
  case incompleteRule, missingTrigger
  case bodyTooLarge, bodyMemory, outOfMemory, tooManyActions, queueFull
  case headTimeout, bodyTimeout

  public var status: HTTPStatus {
    switch self {
    case .unauthorized: .unauthorized
    case .forbidden: .forbidden
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .methodNotImplemented: .notImplemented
    case .badName, .badTimeout, .badMemory, .badPublic, .badOverwrite: .badRequest
    case .badCGI, .badEnvironment, .badOutput, .badLogs, .badPath: .badRequest
    case .badPayload, .reservedParameters: .badRequest
    case .badLoop, .badBlocking, .badResult, .badWait: .badRequest
    case .badForce, .badCode, .badExec, .noExec, .codeNotKept, .damagedUpload: .badRequest
    case .emptySequence, .longSequence, .cyclicSequence, .missingComponent: .badRequest
    case .reservedPackage, .notOnBinding, .missingBound, .boundBinding, .incompleteRule: .badRequest
    case .missingTrigger: .notFound
    case .unknownMedia: .unsupportedMediaType
    case .alreadyExists, .otherCollection, .notPackage, .packageIsNoBinding: .conflict
    case .bodyTooLarge: .contentTooLarge
    case .bodyMemory, .outOfMemory, .queueFull: .serviceUnavailable
    case .tooManyActions: .insufficientStorage
    case .headTimeout, .bodyTimeout: .requestTimeout
    }
  }

  /// OpenWhisk's words where it has some; needs no JSON escapes.
  public var text: StaticString {
    switch self {
    case .unauthorized: "The supplied authentication is invalid."
    case .forbidden: "The supplied authentication is not authorized to access this resource."
    case .notFound: "The requested resource does not exist."
    case .methodNotAllowed: "HTTP method not allowed; the Allow header lists those that are."
    case .methodNotImplemented: "The request method is not supported."
    case .badName: "The name of the entity contains illegal characters or is too long; letters, digits, _ and, inside it, @ . - and space are allowed."
    case .badTimeout: "The parameter timeout must be a number of milliseconds from 100 to 300000."
    case .badMemory: "The parameter memory must be a number of megabytes from 1 to 512."
    case .badPublic: "The parameter public must be true or false."
    case .badOverwrite: "The parameter overwrite must be true or false."
    case .badCGI: "The parameter cgi must be true or false."
    case .badEnvironment: "The parameter env must be true or false."
    case .badOutput: "The parameter output must be a number of bytes from 1 to 16777216."
    case .badLogs: "The parameter logs must be a number of bytes from 0 to 1048576."
    case .badPath: "The path holds a malformed escape or a zero byte."
    case .badLoop: "The parameter loop must be true or false."
    case .badPayload: "The request content was malformed: parameters must be a JSON object."
    case .reservedParameters: "Request defines parameters that are not allowed (e.g., reserved properties)."
    case .badBlocking: "The parameter blocking must be true or false."
    case .badResult: "The parameter result must be true or false."
    case .badWait: "The parameter timeout must be a number of milliseconds from 1 to 60000."
    case .unknownMedia: "An action is uploaded as application/json, or as application/octet-stream: send the ELF executable, or a zip archive with it, with curl -T FILE."
    case .alreadyExists: "resource already exists"
    case .otherCollection: "Resource by this name exists but is not in this collection."
    case .badForce: "The parameter force must be true or false."
    case .badCode: "The parameter code must be true or false."
    case .badExec: "The request content was malformed: exec.code is not base64."
    case .noExec: "exec undefined"
    case .codeNotKept: "The action's code was not kept, so that it cannot be started in another way: upload it again."
    case .damagedUpload: "exec.code is an executable that was sent as text, in which bytes are lost: zip it first, with cp FILE exec && zip a.zip exec, and upload a.zip."
    case .emptySequence: "No component specified for the sequence."
    case .longSequence: "Too many actions in the sequence."
    case .cyclicSequence: "Sequence may not refer to itself."
    case .missingComponent: "Sequence component does not exist."
    case .reservedPackage: "Package name 'default' is reserved."
    case .notOnBinding: "Operation not permitted on package binding."
    case .missingBound: "Binding references a package that does not exist."
    case .boundBinding: "Cannot bind to another package binding."
    case .notPackage: "Cannot bind to a resource that is not a package."
    case .packageIsNoBinding: "Resource is a package and cannot be converted into a binding."
    case .incompleteRule: "rule requires a valid trigger and a valid action"
    case .missingTrigger: "Only rules with existing triggers can be activated"
    case .bodyTooLarge: "The request body is larger than this server accepts."
    case .bodyMemory: "There is no memory for the request body now; try again later."
    case .outOfMemory: "There is no memory for this request now; try again later."
    case .tooManyActions: "The most entities of this kind that there can be are; delete some."
    case .queueFull: "Too many requests are waiting; try again later."
    case .headTimeout: "The request head did not arrive in time."
    case .bodyTimeout: "The request body did not arrive in time."
    }
  }
}
