// `swiftlet deploy`: check an executable, send it, say how it is called.

import ArgumentParser
import Foundation
import SwiftletHost

struct Deploy: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Deploy an executable as an action.",
    usage: "swiftlet deploy [file] [options]",
    discussion: """
      FILE is a static position independent executable for Linux, or a zip archive with one named exec. It is checked before it is \
      sent. Without FILE the project in the current folder (see 'swiftlet new') is built and deployed as its swiftlet.json says; \
      options here come first.

      What is left out stays as the last deployment of that action had it. Parameters, and flags together with annotations, are \
      kept or replaced as a whole.

      EXAMPLES
        swiftlet deploy                             the project here
        swiftlet deploy hello --public              anyone may call /function/hello
        swiftlet deploy a.out --name sum --memory 16 --timeout 500
        swiftlet deploy hello -p greeting Hi        a parameter for every call
        swiftlet deploy primes --loop               prepare once, answer often

      EXIT CODES
        0   deployed
        1   the project's compiler found errors
        65  the file cannot run as an action, or the kernel refused it
        66  there is no such file
        69  nothing answers, or a compiler is missing
        73  the action exists, with --no-overwrite
        77  the key is not accepted
        78  swiftlet.json is wrong
      """)

  @Argument(help: "The executable or zip archive (default: the project here).", completion: .file())
  var file: String?

  @Option(help: "The action's name (default: the file's).")
  var name: String?

  @Option(help: ArgumentHelp("The package it goes to, which is made where there is none.", valueName: "name"))
  var package: String?

  @Option(help: ArgumentHelp("The most memory it may use: 1 to 512 (256 at first).", valueName: "MB"))
  var memory: Int?

  @Option(help: ArgumentHelp("The longest it may run: 100 to 300000 (60000 at first).", valueName: "ms"))
  var timeout: Int?

  @Flag(help: "Callable by anyone as /function/NAME.")
  var `public` = false

  @Flag(help: "Callable by anyone as OpenWhisk's web action.")
  var web = false

  @Flag(help: "It gets CGI's and OpenWhisk's variables in its environment.")
  var env = false

  @Flag(help: "As --env, and its output begins with CGI response headers.")
  var cgi = false

  @Flag(help: "It runs to its first read of the input now, and each call goes on from there.")
  var loop = false

  @OptionGroup var parameters: ParameterOptions

  @Option(
    name: .shortAndLong, help: ArgumentHelp("An annotation. May be repeated.", valueName: "name> <value"), transform: PairWords.pair)
  var annotation: [JSON.Member] = []

  @Flag(help: "Fail where there is an action of that name.")
  var noOverwrite = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func validate() throws {
    if let memory, !(1...512).contains(memory) { throw ValidationError("--memory is a number of megabytes from 1 to 512.") }
    if let timeout, !(100...300_000).contains(timeout) {
      throw ValidationError("--timeout is a number of milliseconds from 100 to 300000.")
    }
  }

  func execute() throws(HostError) {
    let client = try api.client()
    let (path, manifest) = try source()
    let image = try ActionFile(reading: path)
    let action = try reference(manifest?.name ?? image.defaultName, manifest?.package)
    let request = settled(over: manifest?.deployment ?? Deployment()).request(for: action, image: image.bytes)

    try makePackage(of: action, by: client)
    let entity = try send(request, action, by: client)
    if output.json { return Terminal.line(entity.pretty) }
    report(action, ActionEntity(entity), image, client.settings)
  }

  /// Makes the package that `action` is to be in, where there is none.
  private func makePackage(of action: ActionReference, by client: APIClient) throws(HostError) {
    guard let package = action.package, action.namespace == "_" else { return }
    let request = APIRequest("PUT", APIRequest.path("packages", package), query: [.init("overwrite", "false")], json: [:])
    do throws(APIError) {
      _ = try client.call(request)
      Terminal.error("Made the package \(package).")
    } catch {
      if case .refused(409, _, _) = error { return }
      throw error.hostError(from: client.settings.endpoint, about: "package '\(package)'")
    }
  }

  private func send(_ request: APIRequest, _ action: ActionReference, by client: APIClient) throws(HostError) -> JSON {
    var progress = UploadProgress(action.description, total: request.body?.count ?? 0)
    defer { progress.end() }
    return try client.json(request, about: action.subject) { progress.update($0) }
  }

  /// The file to send: the one named, or what the project here makes.
  private func source() throws(HostError) -> (path: String, manifest: Manifest?) {
    if let file { return (file, nil) }
    let manifest = try Manifest(in: ".")
    return (try Build.build(manifest, in: ".", verbose: api.verbose > 0).product, manifest)
  }

  private func reference(_ standard: String, _ standardPackage: String?) throws(HostError) -> ActionReference {
    let own = name ?? standard
    return try ActionReference(parsing: (package ?? standardPackage).map { "\($0)/\(own)" } ?? own)
  }

  /// The manifest's wishes with the options' over them.
  func settled(over manifest: Deployment) -> Deployment {
    var deployment = manifest
    deployment.memory = memory ?? manifest.memory
    deployment.timeout = timeout ?? manifest.timeout
    deployment.isPublic = `public` || manifest.isPublic
    deployment.web = web || manifest.web
    deployment.environment = env || manifest.environment
    deployment.cgi = cgi || manifest.cgi
    deployment.loop = loop || manifest.loop
    deployment.overwrites = !noOverwrite
    func joined(_ given: [JSON.Member], _ own: [JSON.Member]) -> [JSON.Member] {
      var object = JSON.object(own)
      for pair in given { object.set(pair.key, to: pair.value) }
      return object.members ?? []
    }
    deployment.parameters = joined(parameters.parameters, manifest.parameters)
    deployment.annotations = joined(annotation, manifest.annotations)
    return deployment
  }

  private func report(_ action: ActionReference, _ entity: ActionEntity?, _ image: ActionFile, _ settings: APISettings) {
    let size = Quantity.size(image.bytes.count)
    Terminal.line("Deployed \(action): \(([size] + (entity.map { [$0.summary] } ?? [])).joined(separator: ", ")).")
    Terminal.line("")
    Terminal.line("  swiftlet invoke \(Shell.quoted(action.description)) -p name Ada")
    if let path = action.functionPath(asynchronous: false) {
      let key = entity?.flags.contains("public") == true ? "" : "-u \(settings.credentials.userAndKey.prefix { $0 != ":" }):KEY "
      Terminal.line("  curl \(key)-d Ada \(Shell.quoted("\(settings.endpoint)\(path)"))")
    }
    if let path = entity?.webPath { Terminal.line("  curl \(Shell.quoted("\(settings.endpoint)\(path).json?name=Ada"))") }
  }
}
