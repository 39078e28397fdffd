// Shows that each invocation starts from the pristine image: writes marks wherever it can, and says which it found at its start.
//
// Expected of every invocation: "pristine", exit status 0. Otherwise "dirty:" and where.
// Input "fault" makes it end by ud2 after marking, instead of by exit; "loop" by the time limit.

#include "freestanding.h"

#define MARK 0x5ec7e75ec7e75ec7ull

static volatile u64 data[512] = {1};
static volatile u64 zeroed[4096];
static int dirty;

static void found(const char *place) {
    print(dirty ? " " : "dirty: ");
    print(place);
    dirty = 1;
}

static int all_zero(const volatile u64 *words, u64 count) {
    for (u64 i = 0; i < count; i++)
        if (words[i]) return 0;
    return 1;
}

static void fill(volatile u64 *words, u64 count) {
    for (u64 i = 0; i < count; i++) words[i] = MARK;
}

/// The stack that no call has reached in this invocation. 256 KiB below this frame.
__attribute__((noinline)) static void stack_below(void) {
    volatile u64 words[32768];
    for (u64 i = 32768; i-- > 0;)
        if (words[i] == MARK) {
            found("stack");
            break;
        }
    fill(words, 32768);
}

int program(const u64 *stack) {
    (void)stack;
    char input[8] = {0};
    call3(SYS_read, 0, (u64)input, 5);

    if (data[0] != 1 || !all_zero(data + 1, 511)) found("data");
    if (!all_zero(zeroed, 4096)) found("bss");
    fill(data, 512);
    fill(zeroed, 4096);

    u64 heap = (u64)call3(SYS_brk, 0, 0, 0);
    if ((u64)call3(SYS_brk, heap + 65536, 0, 0) == heap + 65536) {
        if (!all_zero((u64 *)heap, 8192)) found("heap");
        fill((u64 *)heap, 8192);
        // Given back and taken again, it has to be zero even within one invocation.
        call3(SYS_brk, heap, 0, 0);
        call3(SYS_brk, heap + 65536, 0, 0);
        if (!all_zero((u64 *)((heap + 4095) & ~4095ull), 7168)) found("heap-again");
        fill((u64 *)heap, 8192);
    } else {
        found("no-brk");
    }

    for (int i = 0; i < 4; i++) {
        i64 block = map_pages(65536);
        if (block < 0) {
            found("no-mmap");
            break;
        }
        if (!all_zero((u64 *)block, 8192)) found(i ? "mmap-again" : "mmap");
        fill((u64 *)block, 8192);
        if (i & 1) call3(SYS_munmap, (u64)block, 65536, 0);
    }
    stack_below();

    print(dirty ? "\n" : "pristine\n");
    if (equal(input, "fault")) __asm__ volatile("ud2");
    if (equal(input, "loop")) for (;;) data[0]++;
    return 0;
}
