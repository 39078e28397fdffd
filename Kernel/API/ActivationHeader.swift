import Base
import Records

extension ActivationID {
  /// The header that tells a client which activation its request was.
  func writeHeader(into writer: inout TextWriter) {
    writer.write("x-openwhisk-activation-id: ")
    write(into: &writer)
    writer.write("\r\n")
  }
}
