// Prints how the program was started, and checks the start-up and memory calls against Linux's behaviour.
//
// Expected: argv, the environment and the auxiliary vector, one a line; then one line for each check that fails, and none of them; then
// "abi-probe: N checks, 0 wrong", exit status 0. "relocated by the loader: yes" on Swiftlet, "no" under Linux: this program has a
// relocation and no code that does it.

#include "freestanding.h"

static u64 checks, wrong;
static const u8 *volatile relocated = __ehdr_start;
static _Thread_local u64 thread_local_word = 0x1234;

static void check(const char *what, int good, i64 result) {
    checks++;
    if (good) return;
    wrong++;
    print("wrong: ");
    print(what);
    print(": ");
    print_number(result);
    print("\n");
}

static void strings(const char *name, const u64 *pointers) {
    for (u64 i = 0; pointers[i]; i++) {
        print(name);
        print_number((i64)i);
        print(" ");
        print((const char *)pointers[i]);
        print("\n");
    }
}

static void start(const u64 *stack) {
    u64 argc = stack[0];
    const u64 *argv = stack + 1, *environment = argv + argc + 1, *auxiliary = environment;
    check("the stack is aligned to 16 at entry", ((u64)stack & 15) == 0, (i64)stack);
    check("argv ends with NULL", argv[argc] == 0, 0);
    strings("argv", argv);
    strings("env", environment);
    while (*auxiliary) auxiliary++;
    u64 seen[64] = {0};
    for (auxiliary++; auxiliary[0]; auxiliary += 2) {
        print("auxv");
        print_number((i64)auxiliary[0]);
        print(" ");
        print_hex(auxiliary[1]);
        print("\n");
        if (auxiliary[0] < 64) seen[auxiliary[0]] = auxiliary[1];
    }
    check("AT_PHDR", seen[3] == (u64)__ehdr_start + 64, (i64)seen[3]);
    check("AT_PHENT", seen[4] == 56, (i64)seen[4]);
    check("AT_PHNUM", seen[5] == *(const uint16_t *)(__ehdr_start + 56), (i64)seen[5]);
    check("AT_PAGESZ", seen[6] == 4096, (i64)seen[6]);
    check("AT_ENTRY", seen[9] == (u64)__ehdr_start + *(const u64 *)(__ehdr_start + 24), (i64)seen[9]);
    check("AT_RANDOM", seen[25] != 0 && (*(const u64 *)seen[25] | *(const u64 *)(seen[25] + 8)) != 0, (i64)seen[25]);
    print("relocated by the loader: ");
    print(relocated == __ehdr_start ? "yes\n" : "no\n");
}

static void descriptors(void) {
    u8 buffer[64];
    i64 result = call3(SYS_set_tid_address, (u64)buffer, 0, 0);
    check("set_tid_address", result > 0, result);
    result = call3(SYS_ioctl, 1, 0x5413 /* TIOCGWINSZ */, (u64)buffer);
    check("ioctl on a stdout that is no terminal", result == -ENOTTY, result);
    result = call3(SYS_clock_gettime, 1, (u64)buffer, 0);
    check("clock_gettime monotonic", result == 0, result);
    result = call3(SYS_clock_gettime, 0, (u64)buffer, 0);
    check("the year is 2024 or later", result == 0 && *(i64 *)buffer > 1704067200, *(i64 *)buffer);
    for (int i = 0; i < 64; i++) buffer[i] = 0;
    result = call3(SYS_getrandom, (u64)buffer, 32, 0);
    check("getrandom", result == 32 && (*(u64 *)buffer | *(u64 *)(buffer + 24)) != 0 && *(u64 *)(buffer + 32) == 0, result);
    result = call3(SYS_getpid, 0, 0, 0);
    check("getpid", result > 0 || result == -ENOSYS, result);
    result = call3(SYS_close, 0, 0, 0);
    check("close of stdin", result == 0, result);
    result = call3(SYS_read, 0, (u64)buffer, 1);
    check("read of a closed descriptor", result == -EBADF, result);
    result = call3(SYS_close, 0, 0, 0);
    check("close of a closed descriptor", result == -EBADF, result);
}

static void heap(void) {
    u64 start = (u64)call3(SYS_brk, 0, 0, 0);
    check("brk(0) is behind the image", start > (u64)__ehdr_start || !on_swiftlet(), (i64)start);
    i64 result = call3(SYS_brk, start + 10000, 0, 0);
    check("brk grows to the byte", (u64)result == start + 10000, result);
    *(volatile u64 *)(start + 9992) = 1;
    result = call3(SYS_brk, start, 0, 0);
    check("brk shrinks", (u64)result == start, result);
    result = call3(SYS_brk, 1, 0, 0);
    check("brk below the heap changes nothing", (u64)result == start, result);
}

static void mappings(void) {
    i64 block = map_pages(5 * 4096);
    check("mmap", block > 0 && (block & 4095) == 0, block);
    volatile u64 *words = (volatile u64 *)block;
    check("mapped memory is zero", words[0] == 0 && words[5 * 512 - 1] == 0, (i64)words[0]);
    words[512] = 7;
    i64 result = call3(SYS_mprotect, (u64)block + 4096, 4096, PROT_READ);
    check("mprotect to read-only", result == 0 && words[512] == 7, result);
    result = call3(SYS_clock_gettime, 1, (u64)block + 4096, 0);
    check("read-only memory is not written by the kernel", result == -EFAULT, result);
    result = call3(SYS_mprotect, (u64)block + 4096, 4096, PROT_READ | PROT_WRITE);
    words[513] = 8;
    check("mprotect back", result == 0 && words[512] == 7 && words[513] == 8, result);
    result = map((u64)block + 4096, 4096, PROT_READ | PROT_WRITE, MAP_FIXED);
    check("mmap fixed replaces", result == block + 4096 && words[512] == 0, result);
    result = call3(SYS_munmap, (u64)block + 8192, 4096, 0);
    check("munmap of the middle", result == 0, result);
    result = call3(SYS_mprotect, (u64)block, 5 * 4096, PROT_READ);
    check("mprotect across a hole", result == -ENOMEM, result);
    result = call3(SYS_munmap, (u64)block, 5 * 4096, 0);
    check("munmap across a hole", result == 0, result);
    result = map(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, 0);
    check("writable and executable memory is refused", !on_swiftlet() || result == -EACCES, result);
    result = call3(SYS_mprotect, (u64)__ehdr_start, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    check("the text cannot become writable", !on_swiftlet() || result == -EACCES, result);
    block = map_pages(4096);
    *(volatile u8 *)block = 0xc3;
    result = call3(SYS_mprotect, (u64)block, 4096, PROT_READ | PROT_EXEC);
    check("written memory can become executable under Linux, not on Swiftlet", result == (on_swiftlet() ? -EACCES : 0), result);
    if (result == 0) ((void (*)(void))block)();
    result = map(0, 4096, PROT_READ | PROT_EXEC, 0);
    check("executable memory", result > 0, result);
    u64 lowest = ~0ull;
    for (int i = 0; i < 100; i++) {
        block = map_pages(1 << 20);
        if (block < 0) break;
        if ((u64)block < lowest) lowest = (u64)block;
        result = call3(SYS_munmap, (u64)block, 1 << 20, 0);
    }
    check("100 times 1 MiB, each given back", block > 0 && result == 0, block);
}

/// Thread-local data by the FS base, as musl sets it up: the block's end is the thread pointer (psABI §3.4.6, variant II).
static void thread_storage(void) {
    static u64 block[8];
    block[3] = 0x1234;
    block[4] = (u64)&block[4];
    i64 result = call3(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, (u64)&block[4], 0);
    check("arch_prctl sets the FS base", result == 0, result);
    u64 self;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(self));
    check("the FS base is in force", self == (u64)&block[4], (i64)self);
    check("thread-local data", *(volatile u64 *)&thread_local_word == 0x1234, (i64)thread_local_word);
    u64 base = 0;
    result = call3(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, (u64)&base, 0);
    check("arch_prctl gets the FS base", result == 0 && base == (u64)&block[4], result);
}

/// Floating point from the start: the default rounding and precision.
static void floating_point(void) {
    volatile double third = 1.0, three = 3.0;
    volatile long double wide = 1.0L;
    third /= three;
    wide /= 3.0L;
    check("double precision", third * 3.0 == 1.0, 0);
    check("x87 extended precision", (double)(wide * 3.0L) == 1.0, 0);
}

int program(const u64 *stack) {
    start(stack);
    heap();
    mappings();
    thread_storage();
    floating_point();
    descriptors();
    print("abi-probe: ");
    print_number((i64)checks);
    print(" checks, ");
    print_number((i64)wrong);
    print(" wrong\n");
    return wrong ? 1 : 0;
}
