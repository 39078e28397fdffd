// What can be wrong with a deflate stream.

/// Why a deflate stream cannot be unpacked. The first fault found is the one reported.
public enum InflateError: UInt8, Error, Sendable {
  case truncated
  case badBlockType
  case badStoredLength
  case tooManySymbols
  case badCodeLengthCode
  case badRepeat
  case noEndOfBlock
  case badLiteralCode
  case badDistanceCode
  case badSymbol
  case distanceTooFar
  case outputLimit
  case tooManyBlocks
  case outOfMemory

  /// What is wrong.
  public var text: StaticString {
    switch self {
    case .truncated: "the compressed data ends too early"
    case .badBlockType: "the compressed data has a block of no known type"
    case .badStoredLength: "the compressed data has a stored block whose length and its complement do not agree"
    case .tooManySymbols: "the compressed data has a block with more literal or distance codes than there are"
    case .badCodeLengthCode: "the compressed data has a block whose code of code lengths is incomplete or over-subscribed"
    case .badRepeat: "the compressed data has a block that repeats a code length where there is none before, or too often"
    case .noEndOfBlock: "the compressed data has a block without an end"
    case .badLiteralCode: "the compressed data has a block whose literal code is incomplete or over-subscribed"
    case .badDistanceCode: "the compressed data has a block whose distance code is incomplete or over-subscribed"
    case .badSymbol: "the compressed data uses a code that stands for nothing"
    case .distanceTooFar: "the compressed data refers to bytes before the beginning"
    case .outputLimit: "the compressed data unpacks to more than it may"
    case .tooManyBlocks: "the compressed data is cut into too many tiny blocks"
    case .outOfMemory: "memory is out"
    }
  }
}
