// What the host side needs of POSIX and Linux that Swift cannot call itself (vfork, prctl) or only with pointers to C structures.
//
// Every function that can fail returns a negative errno. Descriptors are opened close-on-exec. Out of scope: policy; nothing
// here retries, logs or knows of QEMU.

#ifndef SWIFTLET_HOST_SUPPORT_H
#define SWIFTLET_HOST_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#define HOST_NAME(name) __attribute__((swift_name(name)))

/// A child process and the reading ends of its standard output and standard error, which the caller owns.
struct host_child {
  int pid;  // negative errno where nothing was started
  int output;
  int error;
};

/// Starts `path` with `argument_count` arguments (argv[0] among them), each ended by a NUL byte in `arguments`, with /dev/null as
/// standard input, no signal blocked or ignored, and a process group of its own. The child is killed when the *thread* that called this
/// ends, however it ends: call it on a thread that outlives the child.
struct host_child host_process_spawn(const char *path, const char *arguments, size_t argument_count)
    HOST_NAME("hostSpawn(_:_:_:)");

/// Waits for a child. Returns its exit status, or 256 plus the signal that ended it.
int host_process_wait(int pid) HOST_NAME("hostWait(_:)");

/// Holds back SIGINT, SIGTERM and SIGHUP in this thread and those it starts from now on: none is lost, `host_signals_next` takes them.
void host_signals_hold(void) HOST_NAME("hostHoldSignals()");

/// Waits for one of the signals held back; returns its number.
int host_signals_next(void) HOST_NAME("hostNextSignal()");

/// A TCP socket listening on 127.0.0.1:`port`; port 0 takes one that is free.
int host_tcp_listen(uint16_t port) HOST_NAME("hostListen(_:)");

/// The port that a listening socket has.
int host_local_port(int descriptor) HOST_NAME("hostLocalPort(_:)");

/// A TCP socket connected to 127.0.0.1:`port`, with both timeouts set and Nagle's algorithm off.
int host_tcp_connect(uint16_t port, int timeout_ms) HOST_NAME("hostConnect(_:_:)");

/// A UNIX datagram socket bound to `path` with a receive timeout.
int host_datagram_bind(const char *path, int timeout_ms) HOST_NAME("hostBindDatagram(_:_:)");

/// Sends one datagram to the socket at `path`.
int host_datagram_send(int descriptor, const char *path, const void *bytes, size_t count)
    HOST_NAME("hostSendDatagram(_:_:_:_:)");

/// Sends some of `bytes`; returns how many. -EAGAIN means that the timeout passed.
int host_send(int descriptor, const void *bytes, size_t count) HOST_NAME("hostSend(_:_:_:)");

/// Reads what there is, at most `count` bytes, from a pipe or socket; 0 at its end. -EAGAIN means that the timeout passed.
int host_receive(int descriptor, void *bytes, size_t count) HOST_NAME("hostReceive(_:_:_:)");

/// Closes a descriptor.
void host_close(int descriptor) HOST_NAME("hostClose(_:)");

/// Asks a process to end (SIGTERM) or, where `force` is not 0, kills it.
void host_process_end(int pid, int force) HOST_NAME("hostEnd(_:_:)");

/// Sets the receive timeout of a socket.
int host_set_timeout(int descriptor, int timeout_ms) HOST_NAME("hostSetTimeout(_:_:)");

/// Ends the sending direction of a connection.
int host_shutdown_send(int descriptor) HOST_NAME("hostShutdownSend(_:)");

/// Makes the close of a TCP socket send RST instead of FIN.
int host_reset_on_close(int descriptor) HOST_NAME("hostResetOnClose(_:)");

#endif
