// `bench-server`: HTTP/1.1 with a process for each request, written as well as one thread can: epoll, posix_spawn (which is
// vfork), pipes, keep-alive, no shell, nothing allocated for a request.
//
//   bench-server --port N [--address A] -- PROGRAM [ARGUMENT …]   a process for each request: the body is its standard input, what
//                                                                it writes to standard output is the answer. `{}` in an argument
//                                                                becomes a number of its own for each
//   bench-server --port N --warm                                 gives the body back itself, with no process
//   bench-server --spawn N [--body BYTES] -- PROGRAM …           no HTTP: starts the program N times, one after the other, and prints
//                                                                how long each took, from before posix_spawn until it was waited for
//
// The answer is complete where standard output ends; what the process did besides, and its status, does not matter. Any path and method will do.

import CLinux
import Glibc

@main
struct ServerCommand {
  static func main() {
    let options = Options(CommandLine.arguments.dropFirst(), flags: ["warm"])
    signal(SIGPIPE, SIG_IGN)
    raise_file_limit()
    let program = options.has("warm") ? nil : Program(options.rest)
    if options.has("spawn"), let program {
      measureSpawns(program, options)
      return
    }
    var server = Server(
      address: socketAddress(options.text("address", "0.0.0.0"), UInt16(options.integer("port", 80))), program: program)
    server.run()
  }

  private static func measureSpawns(_ program: Program, _ options: Options) {
    let body = [UInt8](repeating: 120, count: options.integer("body", 64))
    var histogram = Histogram()
    for _ in 0..<options.integer("spawn", 1000) {
      let start = now()
      let run = program.start(input: body.withUnsafeBufferPointer { $0 })
      var answer = [UInt8](repeating: 0, count: body.count + 1)
      var count = 0
      while true {
        let more = read(run.output, &answer[count], answer.count - count)
        if more <= 0 { break }
        count += more
      }
      close(run.output)
      waitpid(run.process, nil, 0)
      histogram.record(now() - start)
      if Array(answer[..<count]) != body { fail("the answer is another") }
    }
    print("p50=\(histogram.value(at: 0.5)) p99=\(histogram.value(at: 0.99)) mean=\(Int(histogram.mean))")
  }
}
