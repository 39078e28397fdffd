import HTTP

/// Replies whose body never changes.
public enum Pages {
  /// What `GET /api/v1` says (OpenWhisk's swagger: Info).
  public static var information: StaticString {
    "{\"description\":\"OpenWhisk\",\"api_version\":\"1.0.0\",\"api_version_path\":\"v1\",\"build\":\"swiftlet\",\"buildno\":\"1\",\"swagger_paths\":{\"ui\":\"/docs/\",\"api-docs\":\"/api-docs\"}}"
  }

  /// What `/` says to those who do not ask for HTML.
  public static var root: StaticString {
    """
    Swiftlet: a kernel that runs actions.

    GET    /                                         what the kernel does now, in a browser
    GET    /healthz                                  ok while the kernel serves
    GET    /metrics                                  the same for Prometheus; those of a namespace's actions with its key
    GET    /api/v1                                   about the API (OpenWhisk's)
    GET    /api/v1/namespaces/_/actions              the actions deployed
    PUT    /api/v1/namespaces/_/actions/NAME         deploy the static-PIE ELF that is the body; ?public=true&timeout=MS&memory=MB
                                                     or a zip archive with it, or JSON as OpenWhisk's clients send it
    GET    /api/v1/namespaces/_/actions/NAME         one action
    DELETE /api/v1/namespaces/_/actions/NAME         remove it
    ...    /api/v1/namespaces/_/packages, triggers, rules   the same
    GET    /api/v1/namespaces/_/activations          what ran; …/ID, …/ID/logs and …/ID/result
    any    /function/NAME                            run it: the body is its standard input, its standard output the answer

    All under /api/v1/namespaces need HTTP Basic authentication, and so does /function/NAME unless deployed with public=true.

    """
  }
}
