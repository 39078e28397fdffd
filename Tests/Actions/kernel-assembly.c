// The kernel's own assembly (Boot/memory.asm, restore.asm, aes.asm), in user mode: copies and fills of every length around those where
// they change their ways, in both directions of overlap; whole pages, by 16 and by 32 bytes; AES-128 against the examples of FIPS 197.
// Prints what is wrong, and how many checks there were.

#include "freestanding.h"

void *kernel_memcpy(void *to, const void *from, u64 count);
void *kernel_memmove(void *to, const void *from, u64 count);
void *kernel_memset(void *to, int byte, u64 count);
void kernel_restore_page(u64 to, u64 from);
void kernel_restore_zeros(u64 to);
extern u8 kernel_restore_wide __attribute__((visibility("hidden")));
struct block { u64 low, high; };
void kernel_aes_set_key(u64 low, u64 high);
struct block kernel_aes_encrypt(u64 low, u64 high);

static u64 checks, wrong;

static void check(int good, const char *what, u64 value) {
    checks++;
    if (good) return;
    wrong++;
    print("wrong: ");
    print(what);
    print(" ");
    print_number((i64)value);
    print("\n");
}

enum { SIZE = 3 * 4096 };
static u8 memory[SIZE] __attribute__((aligned(4096)));
static u8 expected[SIZE];

static void fill(void) {
    for (u64 index = 0; index < SIZE; index++) memory[index] = expected[index] = (u8)(index * 7 ^ index >> 8);
}

static int is_as_expected(void) {
    for (u64 index = 0; index < SIZE; index++)
        if (memory[index] != expected[index]) return 0;
    return 1;
}

static void check_copy(void *(*copy)(void *, const void *, u64), u64 to, u64 from, u64 count, const char *name) {
    fill();
    u8 before[SIZE / 2];
    for (u64 index = 0; index < count; index++) before[index] = memory[from + index];
    for (u64 index = 0; index < count; index++) expected[to + index] = before[index];
    void *result = copy(memory + to, memory + from, count);
    check(result == memory + to && is_as_expected(), name, count);
}

static void check_lengths(u64 count) {
    static const u64 places[][2] = {{0, 0}, {0, 1}, {1, 0}, {0, 3}, {3, 0}, {0, 8}, {8, 0}, {0, 17}, {17, 0}, {64, 5}, {5, 64}};
    for (u64 index = 0; index < sizeof places / sizeof *places; index++)
        check_copy(kernel_memmove, 32 + places[index][0], 32 + places[index][1], count, "memmove");
    check_copy(kernel_memcpy, 33, 6100, count, "memcpy");
    check_copy(kernel_memcpy, 6100, 33, count, "memcpy");
    fill();
    for (u64 index = 0; index < count; index++) expected[45 + index] = 0xa5;
    check(kernel_memset(memory + 45, 0x1a5, count) == memory + 45 && is_as_expected(), "memset", count);
}

static void check_pages(u8 wide) {
    kernel_restore_wide = wide;
    fill();
    for (u64 index = 0; index < 4096; index++) expected[4096 + index] = memory[8192 + index];
    kernel_restore_page((u64)memory + 4096, (u64)memory + 8192);
    check(is_as_expected(), "restore_page", wide);
    for (u64 index = 0; index < 4096; index++) expected[4096 + index] = 0;
    kernel_restore_zeros((u64)memory + 4096);
    check(is_as_expected(), "restore_zeros", wide);
}

static void check_block(u64 key_low, u64 key_high, u64 low, u64 high, u64 wanted_low, u64 wanted_high) {
    kernel_aes_set_key(key_low, key_high);
    struct block block = kernel_aes_encrypt(low, high);
    check(block.low == wanted_low && block.high == wanted_high, "AES", block.low);
    struct block again = kernel_aes_encrypt(low, high);
    check(again.low == wanted_low && again.high == wanted_high, "AES, again", again.low);
}

/// ECX of CPUID leaf 1.
static uint32_t features(void) {
    uint32_t a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return c;
}

/// Whether AVX is there and the system keeps its registers.
static int has_avx(void) {
    if ((features() >> 27 & 3) != 3) return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

int program(const u64 *stack) {
    (void)stack;
    for (u64 count = 0; count <= 80; count++) check_lengths(count);
    static const u64 longer[] = {127, 128, 129, 255, 1000, 2047, 4096, 5001};
    for (u64 index = 0; index < sizeof longer / sizeof *longer; index++) check_lengths(longer[index]);
    check_pages(0);
    if (has_avx()) check_pages(1);
    if (features() >> 25 & 1) {
        // FIPS 197, appendix B and appendix C.1, as little-endian words.
        check_block(0xa6d2ae2816157e2b, 0x3c4fcf098815f7ab, 0x8d305a88a8f64332, 0x340737e0a2983131, 0xfb09dc021d842539, 0x320b6a19978511dc);
        check_block(0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x7766554433221100, 0xffeeddccbbaa9988, 0x30047b6ad8e0c469, 0x5ac5b47080b7cdd8);
    }
    print_number((i64)checks);
    print(" checks, ");
    print_number((i64)wrong);
    print(" wrong\n");
    return wrong != 0;
}
