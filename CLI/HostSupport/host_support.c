#define _GNU_SOURCE
#include "host_support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs in the child between vfork and exec: only system calls, and nothing written but `failure`.
static void become(const char *path, char **arguments, int parent, int input, int output, int error, volatile int *failure) {
  if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && dup2(input, 0) == 0 &&
      dup2(output, 1) == 1 && dup2(error, 2) == 2) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(path, arguments);
  }
  *failure = errno ? errno : ESRCH;
  _exit(127);
}

static void close_pair(int pair[2]) {
  if (pair[0] >= 0) close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
}

struct host_child host_process_spawn(const char *path, const char *arguments, size_t argument_count) {
  struct host_child child = {.pid = -ENOMEM, .output = -1, .error = -1};
  char **vector = calloc(argument_count + 1, sizeof *vector);
  if (!vector) return child;
  for (size_t index = 0; index < argument_count; index++) {
    vector[index] = (char *)arguments;
    arguments += strlen(arguments) + 1;
  }
  int output[2] = {-1, -1}, error[2] = {-1, -1};
  int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input < 0 || pipe2(output, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) {
    child.pid = -errno;
    close_pair(output);
    close_pair(error);
  } else {
    volatile int failure = 0;
    int parent = getpid();
    // A handler of this process must not run in the child, which shares its memory until exec.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) become(path, vector, parent, input, output[1], error[1], &failure);
    int vfork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(output[1]);
    close(error[1]);
    if (pid > 0 && failure == 0) {
      child = (struct host_child){.pid = pid, .output = output[0], .error = error[0]};
    } else {
      child.pid = pid > 0 ? -failure : -vfork_error;
      if (pid > 0) waitpid(pid, NULL, 0);
      close(output[0]);
      close(error[0]);
    }
  }
  if (input >= 0) close(input);
  free(vector);
  return child;
}

int host_process_wait(int pid) {
  int status = 0;
  pid_t result;
  do result = waitpid(pid, &status, 0);
  while (result < 0 && errno == EINTR);
  if (result < 0) return -errno;
  return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

void host_process_end(int pid, int force) { kill(pid, force ? SIGKILL : SIGTERM); }

static sigset_t stop_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

void host_signals_hold(void) {
  sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int host_signals_next(void) {
  sigset_t set = stop_signals();
  int number = 0;
  return sigwait(&set, &number) == 0 ? number : SIGTERM;
}

void host_close(int descriptor) { close(descriptor); }

static struct sockaddr_in loopback(uint16_t port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int host_tcp_listen(uint16_t port) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  // As QEMU does: connections of an earlier run in TIME_WAIT are no hindrance, a listener is.
  int on = 1;
  struct sockaddr_in address = loopback(port);
  if ((port != 0 && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
      bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 || listen(descriptor, 16) != 0) {
    int error = errno;
    close(descriptor);
    return -error;
  }
  return descriptor;
}

int host_local_port(int descriptor) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  return getsockname(descriptor, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : -errno;
}

int host_set_timeout(int descriptor, int timeout_ms) {
  struct timeval time = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
  return setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0 ? 0 : -errno;
}

int host_tcp_connect(uint16_t port, int timeout_ms) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  struct timeval time = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
  int on = 1;
  struct sockaddr_in address = loopback(port);
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) != 0 ||
      setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) != 0 ||
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    int error = errno == EINPROGRESS ? EAGAIN : errno;
    close(descriptor);
    return -error;
  }
  return descriptor;
}

static int unix_address(const char *path, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
  strcpy(address->sun_path, path);
  return 0;
}

int host_datagram_bind(const char *path, int timeout_ms) {
  struct sockaddr_un address;
  int result = unix_address(path, &address);
  if (result != 0) return result;
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    result = -errno;
  } else {
    result = host_set_timeout(descriptor, timeout_ms);
  }
  if (result != 0) close(descriptor);
  return result == 0 ? descriptor : result;
}

int host_datagram_send(int descriptor, const char *path, const void *bytes, size_t count) {
  struct sockaddr_un address;
  int result = unix_address(path, &address);
  if (result != 0) return result;
  ssize_t sent = sendto(descriptor, bytes, count, 0, (struct sockaddr *)&address, sizeof address);
  return sent < 0 ? -errno : (int)sent;
}

int host_send(int descriptor, const void *bytes, size_t count) {
  ssize_t sent;
  do sent = send(descriptor, bytes, count, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : (int)sent;
}

int host_receive(int descriptor, void *bytes, size_t count) {
  ssize_t received;
  do received = read(descriptor, bytes, count);
  while (received < 0 && errno == EINTR);
  return received < 0 ? -errno : (int)received;
}

int host_shutdown_send(int descriptor) { return shutdown(descriptor, SHUT_WR) == 0 ? 0 : -errno; }

int host_reset_on_close(int descriptor) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0 ? 0 : -errno;
}
