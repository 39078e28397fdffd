// Computes and nothing else: half a million rounds of mixing that begin with its input, some 3 million instructions. The benchmarks' heavy action.

#include "freestanding.h"

int program(const u64 *stack) {
    (void)stack;
    u8 input[4096];
    u64 value = 0x9e3779b97f4a7c15u;
    for (;;) {
        i64 count = call3(SYS_read, 0, (u64)input, sizeof input);
        if (count <= 0) break;
        for (i64 index = 0; index < count; index++) value = (value ^ input[index]) * 0x100000001b3u;
    }
    for (int round = 0; round < 500000; round++) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
    }
    print_hex(value);
    print("\n");
    return 0;
}
