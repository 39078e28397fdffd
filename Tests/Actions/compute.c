// Computes and nothing else: the sieve of Eratosthenes over 128 KiB, eight times, some 3 million steps through memory. The benchmarks' heavy
// action. Its input, which it does not read, may be anything.

#include "freestanding.h"

enum { LIMIT = 1 << 17 };
static u8 composite[LIMIT];

static u64 sieve(void) {
    u64 count = 0;
    for (u64 index = 0; index < LIMIT; index++) composite[index] = 0;
    for (u64 number = 2; number < LIMIT; number++) {
        if (composite[number]) continue;
        count++;
        for (u64 multiple = number * number; multiple < LIMIT; multiple += number) composite[multiple] = 1;
    }
    return count;
}

int program(const u64 *stack) {
    (void)stack;
    u64 sum = 0;
    for (u64 round = 0; round < 8; round++) {
        sum = sum * 31 + sieve();
        // Each round anew: the compiler may not keep what it knows of the table.
        __asm__ volatile("" ::: "memory");
    }
    print_hex(sum);
    print("\n");
    return 0;
}
