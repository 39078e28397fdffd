// Why a file cannot be taken out of a zip, in words that say what to do.

import Base
public import Bytes

/// What is wrong with a zip, or with the one file of it that was asked for. The first fault found is the one reported.
public enum ZipError: Error, Equatable, Sendable {
  case notZip
  case truncated
  case multiDisk
  case zip64
  case directoryOutsideFile
  case badDirectory
  case notFound
  case onlyInFolder
  case duplicate
  case encrypted
  case unsupportedMethod(UInt16)
  case tooLarge
  case badSizes
  case badLocalHeader
  case dataOutsideFile
  case sizeMismatch
  case badChecksum
  case outOfMemory
  case badData(InflateError)

  /// Appends what is wrong and what to do, for an archive in which the executable `name` was looked for; false where memory is out.
  @_optimize(size) @inline(never)
  public func describe(name: StaticString, into buffer: inout ByteBuffer) -> Bool {
    switch self {
    case .notFound:
      return buffer.append("the zip holds no file named ") && buffer.append(name)
        && buffer.append(" at its top: put the executable there with: cp hello ") && buffer.append(name)
        && buffer.append(" && zip a.zip ") && buffer.append(name)
    case .onlyInFolder:
      return buffer.append("the zip holds ") && buffer.append(name)
        && buffer.append(" only inside a folder: put it at the top, with: cd folder && zip -r ../a.zip .")
    case .duplicate:
      return buffer.append("the zip holds more than one file named ") && buffer.append(name) && buffer.append(": make it anew")
    case .unsupportedMethod(let method):
      return buffer.append(text) && buffer.append(decimal: UInt64(method))
    default: return buffer.append(text)
    }
  }

  private var text: StaticString {
    switch self {
    case .notZip: "not a zip (no PK at its start)"
    case .truncated: "the zip has no end record; was it cut on the way?"
    case .multiDisk: "the zip is one part of several; make a single one"
    case .zip64: "the zip is a ZIP64 archive; make it anew from a file, not from a pipe, with no file above 4 GiB"
    case .directoryOutsideFile: "the zip's central directory lies outside the file; was it cut, or was something put before it?"
    case .badDirectory: "the zip's central directory is damaged; make it anew"
    case .notFound, .onlyInFolder, .duplicate: "the zip does not hold one such file"
    case .encrypted: "the executable in the zip is encrypted; make the zip without a password"
    case .unsupportedMethod: "the executable in the zip is not compressed by deflate; make it anew with: zip a.zip FILE. The method is "
    case .tooLarge: "the executable in the zip is larger than may be deployed"
    case .badSizes: "the sizes of the executable that the zip states cannot be right"
    case .badLocalHeader: "the executable's own header in the zip does not agree with the central directory; make the zip anew"
    case .dataOutsideFile: "the executable's data lies outside the zip; was it cut on the way?"
    case .sizeMismatch: "the executable in the zip has another size than the zip states"
    case .badChecksum: "the executable in the zip is damaged: its CRC-32 does not agree"
    case .outOfMemory: "memory is out"
    case .badData(let error): error.text
    }
  }
}
