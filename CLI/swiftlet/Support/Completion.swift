// What the shell offers where an action's name is wanted: the names that the kernel knows now.

import ArgumentParser
import SwiftletHost

extension CompletionKind {
  static var actions: CompletionKind {
    .custom { words, _, _ in
      func value(of option: String) -> String? { words.firstIndex(of: option).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil } }
      guard let settings = try? APISettings.current(host: value(of: "--host"), auth: value(of: "--auth")) else { return [] }
      // A shell waits for this: what does not answer at once is not there.
      var request = APIRequest("GET", APIRequest.path("actions"), query: [.init("limit", "200")])
      request.timeout = 500
      let list = try? APIClient(settings).call(request).json()
      return (list?.array ?? []).compactMap { ActionEntity($0)?.name }
    }
  }
}
