// Loop mode: initialises everything that a snapshot is to hold, and at each invocation says what of it is not as it was left.
//
// argv[0] chooses: "…-exit" exits before its first read, "…-fault" faults, "…-spin" never gets there, "…-hog" takes more memory than
// there is, "…-readv" reads by readv, all others by read. The input chooses how an invocation ends and where it answers: "exit",
// "round" (fd 3, and reads on as if for the next request), "end" (fd 1, half of it between reads at the end), "fault", "spin", "three"
// (fd 3), "both" (fd 3, then fd 1, and reads on), "late" (fd 1, then fd 3), "status". The answer is "pristine 0x<random number>
// 0x<nanoseconds>", or "dirty:" and what.

#include "freestanding.h"

#define MARK 0x5ec7e75ec7e75ec7ull
enum { SYS_poll = 7, SYS_madvise = 28, MADV_DONTNEED = 4, ARCH_SET_FS = 0x1002 };

static volatile u64 counter = 41;
static volatile u64 data[1024] = {1};
static volatile u64 zeroed[8192];
static volatile u64 untouched[8192];
static volatile u64 thread[8];
static volatile u64 *heap, *block, *constant, *hidden, *goner;
static int dirty;
static char answer[512];
static u64 used;
static u64 seen[32];
static u8 input[64];

/// Reads fd 0 with marks in every register that a system call keeps, and stores what they hold afterwards: rbx, rbp, r12 to r15, r8,
/// r9, r10, rflags, mxcsr, xmm0, xmm15 (two words each), st0. `vector` as readv's where `number` is 19.
i64 marked_read(u64 number, u64 buffer, u64 count, u64 *found);
__asm__(".intel_syntax noprefix\n"
        ".text\n"
        "marked_read:\n"
        "  push rbx; push rbp; push r12; push r13; push r14; push r15; push rcx\n"
        "  mov rax, rdi\n"
        "  xor edi, edi\n"
        "  movabs rbx, 0x5ec7e75ec7e75ec7\n"
        "  lea rbp, [rbx + 1]; lea r12, [rbx + 2]; lea r13, [rbx + 3]; lea r14, [rbx + 4]; lea r15, [rbx + 5]\n"
        "  lea r8, [rbx + 6]; lea r9, [rbx + 7]; lea r10, [rbx + 8]\n"
        "  movq xmm0, rbx; punpcklqdq xmm0, xmm0; movq xmm15, rbp; punpcklqdq xmm15, xmm15\n"
        "  push 0x3f80; ldmxcsr [rsp]; add rsp, 8\n"
        "  fninit; fldpi\n"
        "  std\n"
        "  syscall\n"
        "  pushfq; pop r11; cld\n"
        "  mov rcx, [rsp]\n"
        "  mov [rcx], rbx; mov [rcx + 8], rbp; mov [rcx + 16], r12; mov [rcx + 24], r13; mov [rcx + 32], r14; mov [rcx + 40], r15\n"
        "  mov [rcx + 48], r8; mov [rcx + 56], r9; mov [rcx + 64], r10; mov [rcx + 72], r11\n"
        "  stmxcsr [rcx + 80]\n"
        "  movups [rcx + 88], xmm0; movups [rcx + 104], xmm15\n"
        "  fstp qword ptr [rcx + 120]\n"
        "  mov [rcx + 128], rsi; mov [rcx + 136], rdx\n"
        "  push 0x1f80; ldmxcsr [rsp]; add rsp, 8\n"
        "  pop rcx; pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx\n"
        "  ret\n"
        ".att_syntax\n");

/// The upper half of ymm7 where the system has enabled AVX.
static int has_avx(void) {
    uint32_t a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (!(c >> 27 & 1)) return 0;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & 6) == 6;
}
static void set_upper(u64 value) {
    u64 words[4] = {value, value, value, value};
    __asm__ volatile("vmovups %0, %%ymm7" : : "m"(words));
}
static u64 upper(void) {
    u64 words[4];
    __asm__ volatile("vmovups %%ymm7, %0" : "=m"(words));
    return words[3];
}

static void say(const char *text) {
    while (*text && used < sizeof answer) answer[used++] = *text++;
}
static void say_hex(u64 value) {
    say("0x");
    for (int i = 60; i >= 0; i -= 4) answer[used++] = "0123456789abcdef"[value >> i & 15];
}
static void found(const char *place) {
    say(dirty ? " " : "dirty: ");
    say(place);
    dirty = 1;
}
static int all(const volatile u64 *words, u64 count, u64 value) {
    for (u64 i = 0; i < count; i++)
        if (words[i] != value) return 0;
    return 1;
}
static void fill(volatile u64 *words, u64 count, u64 value) {
    for (u64 i = 0; i < count; i++) words[i] = value;
}
static int ends_with(const char *text, const char *end) {
    u64 a = length(text), b = length(end);
    return a >= b && equal(text + a - b, end);
}

/// 256 KiB of the stack below this frame: each time it is called it must hold what the last call before the snapshot left, or zeros.
__attribute__((noinline)) static void stack_below(int is_check, u64 value) {
    volatile u64 words[32768];
    if (is_check && words[100] != MARK + 50) found("stack");
    if (is_check && words[30000] != MARK + 50) found("stack-end");
    fill(words, 32768, value);
}

static void initialise(void) {
    if (counter != 41) found("counter-at-start");
    counter -= 40;
    fill(data + 512, 512, MARK + 10);
    fill(zeroed, 4096, MARK + 11);
    heap = (u64 *)call3(SYS_brk, 0, 0, 0);
    call3(SYS_brk, (u64)heap + 65536, 0, 0);
    fill(heap, 2048, MARK + 12);
    block = (u64 *)map_pages(1 << 20);
    for (u64 page = 0; page < 256; page += 2) block[page * 512] = MARK + page;
    constant = (u64 *)map_pages(16384);
    fill(constant, 2048, MARK + 13);
    call3(SYS_mprotect, (u64)constant, 16384, PROT_READ);
    hidden = (u64 *)map_pages(4096);
    hidden[0] = MARK + 14;
    call3(SYS_mprotect, (u64)hidden, 4096, PROT_NONE);
    goner = (u64 *)map_pages(65536);
    fill(goner, 8192, MARK + 15);
    thread[0] = MARK + 16;
    call3(SYS_arch_prctl, ARCH_SET_FS, (u64)thread, 0);
    stack_below(0, MARK + 50);
    print("said on fd 1 before the snapshot\n");
    print_to(2, "said on fd 2 before the snapshot\n");
    print_to(3, "said on fd 3 before the snapshot\n");
    if (has_avx()) set_upper(MARK + 17);
}

static void check_registers(const u64 *r) {
    static const char *const no = "registers";
    for (u64 i = 0; i < 6; i++)
        if (r[i] != MARK + i) found(no);
    for (u64 i = 6; i < 9; i++)
        if (r[i] != MARK + i) found("arguments");
    if (!(r[9] >> 10 & 1)) found("flags");
    if ((uint32_t)r[10] != 0x3f80) found("mxcsr");
    if (r[11] != MARK || r[12] != MARK || r[13] != MARK + 1 || r[14] != MARK + 1) found("xmm");
    if (r[15] != 0x400921fb54442d18ull) found("x87");
}

static void check_memory(void) {
    if (counter != 1) found("counter");
    if (data[0] != 1 || !all(data + 1, 511, 0) || !all(data + 512, 512, MARK + 10)) found("data");
    if (!all(zeroed, 4096, MARK + 11) || !all(zeroed + 4096, 4096, 0) || !all(untouched, 8192, 0)) found("bss");
    if (!all(heap, 2048, MARK + 12) || !all(heap + 2048, 6144, 0)) found("heap");
    if ((u64)call3(SYS_brk, 0, 0, 0) != (u64)heap + 65536) found("heap-end");
    for (u64 page = 0; page < 256; page++)
        if (block[page * 512] != (page & 1 ? 0 : MARK + page) || block[page * 512 + 511]) {
            found("mmap");
            break;
        }
    if (!all(constant, 2048, MARK + 13)) found("constant");
    if (!all(goner, 8192, MARK + 15)) found("goner");
    u64 base;
    __asm__ volatile("movq %%fs:0, %0" : "=r"(base));
    if (base != MARK + 16) found("fs");
    u64 pipe[2];
    (void)pipe;
    if (call3(SYS_read, 0, (u64)hidden, 1) == 1) found("hidden");
    stack_below(1, MARK + 60);
}

/// Spoils all that can be spoilt.
static void spoil(void) {
    counter += 100;
    fill(data, 1024, 7);
    fill(zeroed, 8192, 7);
    fill(untouched, 8192, 7);
    fill(heap, 8192, 7);
    call3(SYS_brk, (u64)heap + 131072, 0, 0);
    if (!all(heap + 8192, 8192, 0)) found("new-heap");
    fill(heap + 8192, 8192, 7);
    fill(block, 131072, 7);
    call3(SYS_mprotect, (u64)block + 65536, 8192, PROT_READ);
    call3(SYS_mprotect, (u64)constant, 16384, PROT_READ | PROT_WRITE);
    fill(constant, 2048, 7);
    call3(SYS_mprotect, (u64)hidden, 4096, PROT_READ | PROT_WRITE);
    if (hidden[0] != MARK + 14) found("hidden-content");
    hidden[0] = 7;
    call3(SYS_munmap, (u64)goner, 32768, 0);
    if (map((u64)goner, 16384, PROT_READ | PROT_WRITE, MAP_FIXED) != (i64)(u64)goner) found("fixed");
    if (!all(goner, 2048, 0)) found("mapped-anew");
    fill(goner, 2048, 7);
    call3(SYS_madvise, (u64)(goner + 4096), 16384, MADV_DONTNEED);
    if (!all(goner + 4096, 2048, 0) || !all(goner + 6144, 2048, MARK + 15)) found("dontneed");
    fill(goner + 4096, 4096, 7);
    i64 extra = map_pages(262144);
    if (extra < 0 || !all((u64 *)extra, 32768, 0)) found("new-mmap");
    else fill((u64 *)extra, 32768, 7);
    call3(SYS_arch_prctl, ARCH_SET_FS, (u64)data, 0);
    __asm__ volatile("fninit; fldz; fldz; fldz; pxor %%xmm0, %%xmm0; pxor %%xmm15, %%xmm15" : : : "xmm0", "xmm15");
    if (has_avx()) set_upper(7);
}

int program(const u64 *stack) {
    const char *name = (const char *)stack[1];
    initialise();
    if (ends_with(name, "-exit")) return 0;
    if (ends_with(name, "-fault")) __asm__ volatile("ud2");
    if (ends_with(name, "-spin")) for (;;) data[0]++;
    if (ends_with(name, "-hog")) for (;;) ((volatile u64 *)map_pages(1 << 20))[0] = 1, fill((u64 *)map_pages(65536), 8192, 1);
    u64 polled[1] = {(u64)1 << 32};
    call3(SYS_poll, (u64)polled, 1, 0);

    u64 vector[2] = {(u64)input, sizeof input - 1};
    int is_vector = ends_with(name, "-readv");
    i64 count = is_vector ? marked_read(SYS_readv, (u64)vector, 1, seen) : marked_read(SYS_read, (u64)input, sizeof input - 1, seen);
    int avx_differs = has_avx() && upper() != MARK + 17;
    if (count < 0) return 9;
    check_registers(seen);
    if (avx_differs) found("avx");
    check_memory();
    spoil();

    u64 numbers[4];
    call3(SYS_getrandom, (u64)numbers, 8, 0);
    call3(SYS_clock_gettime, 1, (u64)(numbers + 1), 0);
    if (!dirty) say("pristine ");
    say_hex(numbers[0]);
    say(" ");
    say_hex(numbers[1] * 1000000000 + numbers[2]);
    say("\n");
    answer[used] = 0;

    const char *command = (const char *)input;
    if (equal(command, "three") || equal(command, "both") || equal(command, "round")) print_to(3, answer);
    else print(answer);
    if (equal(command, "both")) print("fd 1 wins\n");
    if (equal(command, "late")) print_to(3, "lost\n");
    if (equal(command, "fault")) __asm__ volatile("ud2");
    if (equal(command, "spin")) for (;;) data[0]++;
    if (equal(command, "status")) return 7;
    int goes_round = equal(command, "round"), reads_on = equal(command, "end") || equal(command, "both");
    if (!goes_round && !reads_on) return 0;
    // The first of these reads tells the end. In a program that has answered on fd 3 and goes round, the second ends the invocation.
    for (int i = 0; i < 3; i++)
        if (call3(SYS_read, 0, (u64)seen, sizeof seen) != 0) return 4;
    print("and the rest\n");
    return goes_round ? 3 : 0;
}
