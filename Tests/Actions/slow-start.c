// A program that takes long to prepare: tables of a quarter of a million words, made in some 200 million instructions. It answers with how
// often it was prepared, a word of the tables that its input chooses, and the nanoseconds since the invocation began.

#include "freestanding.h"

enum { WORDS = 1 << 18 };
static u64 table[WORDS];
static volatile u64 prepared;

static void prepare(void) {
    prepared++;
    u64 value = 1;
    for (int round = 0; round < 100; round++)
        for (u64 i = 0; i < WORDS; i++) {
            value = value * 6364136223846793005u + 1442695040888963407u;
            table[i] ^= value >> 17;
        }
}

int program(const u64 *stack) {
    (void)stack;
    prepare();
    char input[16] = {0};
    call3(SYS_read, 0, (u64)input, sizeof input - 1);
    u64 *word = &table[number(input) % WORDS];
    print_hex(prepared++);
    print(" ");
    print_hex((*word)++);
    u64 time[2];
    call3(SYS_clock_gettime, 2, (u64)time, 0);  // CLOCK_PROCESS_CPUTIME_ID
    print(" ");
    print_hex(time[0] * 1000000000 + time[1]);
    print("\n");
    return 0;
}
