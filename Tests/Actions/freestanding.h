// What the freestanding test programs share: entry, system calls, printing. No C library, no relocations (so no tables of pointers in
// static data). memcpy and memset come from Userland/SDK/memory.asm.
// Each program defines `int program(const u64 *stack)`; `stack` is the initial stack (argc, argv, NULL, envp, NULL, auxv), and the
// result is the exit status.

#ifndef FREESTANDING_H
#define FREESTANDING_H

#include <stdint.h>

typedef uint64_t u64;
typedef int64_t i64;
typedef uint8_t u8;

int program(const u64 *stack);

__asm__(".section .text._start,\"ax\",@progbits\n"
        ".globl _start\n"
        "_start: xorl %ebp, %ebp\n"
        "  movq %rsp, %rdi\n"
        "  andq $-16, %rsp\n"
        "  call program\n"
        "  movl %eax, %edi\n"
        "  movl $231, %eax\n"
        "  syscall\n"
        "  ud2\n"
        ".text\n");

enum {
    SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_mprotect = 10, SYS_munmap = 11, SYS_brk = 12, SYS_ioctl = 16,
    SYS_readv = 19, SYS_writev = 20, SYS_getpid = 39, SYS_exit = 60, SYS_arch_prctl = 158, SYS_set_tid_address = 218,
    SYS_clock_gettime = 228, SYS_exit_group = 231, SYS_getrandom = 318,
};
enum { EBADF = 9, ENOMEM = 12, EACCES = 13, EFAULT = 14, EINVAL = 22, ENOTTY = 25, ENOSYS = 38 };
enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4 };
enum { MAP_PRIVATE = 2, MAP_FIXED = 16, MAP_ANONYMOUS = 32 };

static inline i64 call6(i64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    i64 result;
    register u64 r10 __asm__("r10") = d;
    register u64 r8 __asm__("r8") = e;
    register u64 r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline i64 call3(i64 number, u64 a, u64 b, u64 c) { return call6(number, a, b, c, 0, 0, 0); }

static inline i64 map(u64 address, u64 size, int protection, int flags) {
    return call6(SYS_mmap, address, size, (u64)protection, (u64)(MAP_PRIVATE | MAP_ANONYMOUS | flags), (u64)-1, 0);
}

static inline i64 map_pages(u64 size) { return map(0, size, PROT_READ | PROT_WRITE, 0); }

static inline _Noreturn void leave(int status) {
    for (;;) call3(SYS_exit_group, (u64)status, 0, 0);
}

static inline u64 length(const char *text) {
    u64 count = 0;
    while (text[count]) count++;
    return count;
}

static inline int equal(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static inline void print_to(int descriptor, const char *text) { call3(SYS_write, (u64)descriptor, (u64)text, length(text)); }

static inline void print(const char *text) { print_to(1, text); }

static inline void print_hex_to(int descriptor, u64 value) {
    char digits[19] = "0x";
    for (int i = 0; i < 16; i++) digits[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    digits[18] = 0;
    print_to(descriptor, digits);
}

static inline void print_hex(u64 value) { print_hex_to(1, value); }

static inline void print_number(i64 value) {
    char digits[24];
    int position = 23;
    u64 rest = value < 0 ? 0 - (u64)value : (u64)value;
    digits[position] = 0;
    do digits[--position] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0) digits[--position] = '-';
    print(digits + position);
}

/// Decimal, or hexadecimal after "0x"; stops at the first other character.
static inline u64 number(const char *text) {
    u64 base = 10, value = 0;
    if (text[0] == '0' && text[1] == 'x') base = 16, text += 2;
    for (;; text++) {
        u64 digit = *text >= '0' && *text <= '9' ? (u64)(*text - '0') : *text >= 'a' && *text <= 'f' ? (u64)(*text - 'a' + 10) : 99;
        if (digit >= base) return value;
        value = value * base + digit;
    }
}

/// The first byte of the image: the linker's.
extern const u8 __ehdr_start[] __attribute__((visibility("hidden")));

/// Swiftlet bases images 2 MiB into a slot of 1 GiB; Linux bases them at random.
static inline int on_swiftlet(void) { return ((u64)__ehdr_start & 0x3fffffff) == 0x200000; }

#endif
