// What `GET /metrics` answers.

import API
import Base
import HTTP

extension HTTPServer {
  @_optimize(size) @inline(never)
  mutating func metricsReply(_ bytes: Span<UInt8>) throws(APIError) -> Reply {
    throw .notFound
  }
}
