// The SDK's system calls and the data that start.asm lays out, for Swift to import.
// Linux's numbers and registers (docs/abi.md): number in RAX, arguments in RDI, RSI, RDX, R10, R8, R9; RCX and R11 are lost;
// the result is in RAX, where -4095...-1 is an error number negated.
// Out of scope: errno, cancellation, restarting. Input.swift and Output.swift deal with short counts and EINTR.

#ifndef CSWIFTLET_H
#define CSWIFTLET_H

#include <stddef.h>
#include <stdint.h>

#define SWIFTLET_CALL static inline __attribute__((always_inline)) long

SWIFTLET_CALL swiftlet_call3(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

SWIFTLET_CALL swiftlet_call6(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

SWIFTLET_CALL swiftlet_read(int descriptor, void *buffer, size_t count) {
    return swiftlet_call3(0, descriptor, (long)buffer, (long)count);
}

SWIFTLET_CALL swiftlet_write(int descriptor, const void *buffer, size_t count) {
    return swiftlet_call3(1, descriptor, (long)buffer, (long)count);
}

/// Anonymous private pages, readable and writable, wherever the system likes.
SWIFTLET_CALL swiftlet_map(size_t count) {
    return swiftlet_call6(9, 0, (long)count, 3 /* PROT_READ|PROT_WRITE */, 0x22 /* MAP_PRIVATE|MAP_ANONYMOUS */, -1, 0);
}

SWIFTLET_CALL swiftlet_unmap(void *start, size_t count) {
    return swiftlet_call3(11, (long)start, (long)count, 0);
}

struct swiftlet_timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

/// `clock`: 0 CLOCK_REALTIME, 1 CLOCK_MONOTONIC.
SWIFTLET_CALL swiftlet_clock(int clock, struct swiftlet_timespec *time) {
    return swiftlet_call3(228, clock, (long)time, 0);
}

SWIFTLET_CALL swiftlet_random(void *buffer, size_t count) {
    return swiftlet_call3(318, (long)buffer, (long)count, 0);
}

static inline __attribute__((always_inline, noreturn)) void swiftlet_exit_group(int status) {
    swiftlet_call3(231, status, 0, 0);
    __builtin_trap();
}

/// What the SDK keeps for the whole run. It shares its page with the start of the transfer buffer, so that a small action dirties
/// that one page only.
struct swiftlet_state {
    /// Where the stack pointer was at entry: argc, argv, NULL, envp, NULL, auxv (System V ABI, AMD64, §3.4.1).
    const uint64_t *initial_stack;
    /// Writes out what `print` holds back; NULL where nothing was printed, and then none of it is linked in.
    void (*flush_print)(void);
    /// 1 while `Input.forEachChunk` lends the transfer buffer.
    uint64_t buffer_lent;
};

#define SWIFTLET_BUFFER_SIZE 65536
#define SWIFTLET_ARENA_SIZE 65536

extern struct swiftlet_state swiftlet_state __attribute__((visibility("hidden")));
extern uint8_t swiftlet_buffer[SWIFTLET_BUFFER_SIZE] __attribute__((visibility("hidden")));
extern uint8_t swiftlet_arena[SWIFTLET_ARENA_SIZE] __attribute__((visibility("hidden")));

static inline __attribute__((always_inline, returns_nonnull)) struct swiftlet_state *_Nonnull swiftlet_get_state(void) {
    return &swiftlet_state;
}

static inline __attribute__((always_inline, returns_nonnull)) uint8_t *_Nonnull swiftlet_get_buffer(void) {
    return swiftlet_buffer;
}

static inline __attribute__((always_inline, returns_nonnull)) uint8_t *_Nonnull swiftlet_get_arena(void) {
    return swiftlet_arena;
}

#endif
