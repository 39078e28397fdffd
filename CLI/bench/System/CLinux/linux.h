// Linux's calls that the Glibc module does not have, and what Swift cannot say: packed structures and variadic functions.

#ifndef BENCH_LINUX_H
#define BENCH_LINUX_H

#include <fcntl.h>
#include <stdint.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

// Only declared with _GNU_SOURCE.
extern int pipe2(int descriptors[2], int flags);
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);

static inline int poll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int poll_control(int poll, int operation, int file, uint32_t interest, uint64_t data) {
    struct epoll_event event = {.events = interest, .data = {.u64 = data}};
    return epoll_ctl(poll, operation, file, &event);
}

enum { POLL_ROOM = 256 };
typedef struct {
    uint32_t events;
    uint64_t data;
} poll_event;

/// Waits for at most `milliseconds` and fills `events`, of POLL_ROOM.
static inline int poll_wait(int poll, poll_event *events, int milliseconds) {
    struct epoll_event packed[POLL_ROOM];
    int count = epoll_wait(poll, packed, POLL_ROOM, milliseconds);
    for (int index = 0; index < count; index++) events[index] = (poll_event){packed[index].events, packed[index].data.u64};
    return count;
}

static const uint32_t poll_input = EPOLLIN, poll_output = EPOLLOUT, poll_ended = EPOLLHUP | EPOLLERR, poll_edges = EPOLLET;
static const int poll_add = EPOLL_CTL_ADD, poll_change = EPOLL_CTL_MOD, poll_remove = EPOLL_CTL_DEL;

/// As many open files as this process may have.
static inline void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// A pipe whose ends no started program inherits.
static inline int private_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

/// The next connection, which no started program inherits and whose calls do not wait.
static inline int accept_next(int socket) { return accept4(socket, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }

static inline int set_waiting(int file, int waits) { return fcntl(file, F_SETFL, waits ? 0 : O_NONBLOCK); }

/// A timer of the monotonic clock that expires now and then each `period` nanoseconds.
static inline int periodic_timer(uint64_t period) {
    struct itimerspec setting = {{(time_t)(period / 1000000000), (long)(period % 1000000000)}, {0, 1}};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return timer >= 0 && timerfd_settime(timer, 0, &setting, 0) == 0 ? timer : -1;
}

#endif
