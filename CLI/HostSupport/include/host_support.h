// What the host side needs that Swift has no way to say: the steps of a child between vfork, which returns twice, and exec.
// All of it is here, no library behind it. Out of scope: whatever Swift can do before and after.
#pragma once
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// Starts `path` with `arguments` and `environment` (argv and envp, each ended by a null pointer; a null `environment` is this process's own)
/// and the three descriptors as its standard streams, in a process group of its own, no signal blocked or ignored, nothing else open.
/// Returns its number, or a negative errno where nothing was started.
///
/// The child is killed when the *thread* that called this ends, however it ends: call it on a thread that outlives the child, with all
/// signals blocked, since the child shares this process's memory until exec and no handler may run in it. The descriptors are above 2.
__attribute__((swift_name("spawnTiedToThread(_:_:_:input:output:error:)"), noinline, unused))
static int swiftlet_spawn(
    const char *path, char *const *arguments, char *const *environment, int input, int output, int error) {
  volatile int failure = 0;
  const pid_t parent = getpid();
  const pid_t child = vfork();
  if (child == 0) {
    // Only system calls, and nothing written but `failure`. The parent may have died before prctl: then getppid has changed.
    if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && dup2(input, 0) == 0 &&
        dup2(output, 1) == 1 && dup2(error, 2) == 2) {
      struct sigaction standard = {.sa_handler = SIG_DFL};
      for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, NULL);
      closefrom(3);  // Of another library's pipe that stayed open here, the reader would never see the end.
      execve(path, arguments, environment ? environment : __environ);
    }
    failure = errno ? errno : ESRCH;
    _exit(127);
  }
  if (child < 0) return -errno;
  if (failure == 0) return child;
  waitpid(child, NULL, 0);
  return -failure;
}
