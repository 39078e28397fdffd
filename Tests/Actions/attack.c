// One attack on the kernel or on a neighbour, picked by the first word of the input; a second word is its argument.
//
// Each attack first writes its name to stderr. Where the action is still there after it, it prints "survived" (and what it got) on stdout
// and exits with 0. Expected on Swiftlet, the kernel and all other actions being as before:
//
//   null-read null-write            page fault at address 0
//   read ADDR, write ADDR, jump ADDR
//                                   page fault at ADDR; general protection fault where ADDR is not canonical
//   read-next-slot read-previous-slot write-next-slot
//                                   page fault
//   read-kernel write-kernel jump-kernel
//                                   page fault (address 1 MiB, where the kernel is)
//   write-text exec-data exec-stack page fault
//   noncanonical-jump               general protection fault
//   ud2 divide int3 debug-trap      invalid opcode, divide error, breakpoint, debug exception
//   int N                           general protection fault (3: breakpoint, 4: overflow)
//   int80 sysenter                  general protection fault or invalid opcode; never a system call
//   hlt cli sti cr0 cr3 cr4 dr7 rdmsr wrmsr in out out-exit lgdt lidt ltr invlpg clts wbinvd swapgs-instruction xsetbv
//                                   general protection fault (xsetbv, swapgs: or invalid opcode)
//   sgdt                            general protection fault where the CPU has UMIP, else survived
//   load-segment SELECTOR           general protection fault for a selector that is not ring 3's data or null, else survived
//   far-return SELECTOR, iret SELECTOR
//                                   general protection fault for a selector that is not ring 3's 64-bit code
//   gs-base                         survived, or invalid opcode: system calls with a kernel address in the GS base
//   flag-df flag-ac flag-nt         survived: system calls with that flag set; it is still set afterwards
//   flag-tf                         debug exception
//   iopl                            general protection fault, as popf does not change IOPL in ring 3
//   stack-overflow                  page fault below the stack, or the memory limit
//   loop spin-syscalls              the time limit
//   output-flood                    the output limit
//   log-flood                       survived; the log is cut
//   memory-hog brk-hog              the memory limit, or survived with the number of bytes got (the machine has less than the limit: its
//                                   memory is out)
//   small-hog                       the same, by pieces of 64 KiB
//   exit N                          exit status N & 255
//   unknown-syscall N               survived -38
//   syscalls                        survived: numbers 500 to 1500 and some absurd ones, each -38
//   rdtsc cpuid                     survived
//   rdpmc                           general protection fault
//   monitor vmcall rdfsbase         invalid opcode or general protection fault
//   smsw sidt str sldt              as sgdt
//   tlb-unmap tlb-none tlb-protect  page fault: a page that was used, then unmapped or its rights taken, is used again
//   tlb-remap                       survived 0: unmapped and mapped again at the same address, a page holds zeros
//   tlb-keep                        survived 0: the same for a page of the image, whose pristine content is shown again
//   tlb-twice                       survived 0: more pages than are kept ready, given back and touched again in another order
//   tlb-churn                       survived 0: one page is touched and given back 50,000 times
//   rcx-noncanonical                survived: system calls with absurd RCX and R11, which are the return address and flags
//   rsp-noncanonical rsp-kernel     survived: system calls and a page fault with such a stack pointer
//   push-noncanonical push-kernel   stack fault or general protection fault; page fault
//   edge-run                        page fault: runs off the end of the last page that can be mapped
//   edge-system-call                survived: no page can be both written and run
//   fault-flags                     survived: page faults with AC, DF and NT set
//   where                           survived, and the address of its image
//   leave-secrets                   survived: a mark in 2 MiB of mappings and the heap, in the stack and in all general registers
//   find-secrets                    survived 0: the number of marks found in 2 MiB of fresh mappings, heap and stack
//   anything else                   exit status 2
//
// Under Linux the same attacks end by a signal, but for int80 and what Linux allows.

#include "freestanding.h"

#define MARK 0x5ec7e75ec7e75ec7ull
enum { SYS_madvise = 28, MADV_DONTNEED = 4 };

static u8 input[128];
static volatile u8 code_in_data[16] = {0x0b};  // 0xc3, ret, when it is called
static volatile u64 sink;

static void survived(u64 value) {
    print("survived ");
    print_hex(value);
    print("\n");
    leave(0);
}

static void jump(u64 address) { ((void (*)(void))address)(); }

/// Uses the stack until it ends. Its result depends on each frame, so that none is optimised away.
__attribute__((noinline)) static u64 descend(u64 depth) {
    volatile u8 frame[4096];
    frame[0] = (u8)depth;
    frame[4095] = (u8)(depth >> 8);
    u64 below = depth == ~0ull ? 0 : descend(depth + 1);
    return below + frame[0] + frame[4095];
}

static void hog(int by_brk, u64 step) {
    u64 total = 0;
    u64 end = (u64)call3(SYS_brk, 0, 0, 0);
    for (;;) {
        i64 block;
        if (by_brk) {
            block = call3(SYS_brk, end + step, 0, 0) == (i64)(end + step) ? (i64)end : -ENOMEM;
            end += step;
        } else {
            block = map_pages(step);
        }
        if (block < 0) survived(total);
        for (u64 offset = 0; offset < step; offset += 4096) *(volatile u8 *)(block + (i64)offset) = 1;
        total += step;
    }
}

static void flood(int descriptor, u64 blocks) {
    static u8 block[65536];
    for (u64 i = 0; i < sizeof block; i++) block[i] = (u8)(i % 64 == 63 ? '\n' : 'x');
    for (u64 i = 0; i < blocks; i++) call3(SYS_write, (u64)descriptor, (u64)block, sizeof block);
}

/// Makes system calls with `flag` set in RFLAGS, and gives RFLAGS as they are after the last one.
static u64 with_flag(u64 flag) {
    u64 flags;
    for (int i = 0; i < 1000; i++) {
        i64 result = SYS_getpid;
        __asm__ volatile("leaq -128(%%rsp), %%rsp\n pushfq\n orq %[flag], (%%rsp)\n popfq\n syscall\n"
                         "pushfq\n popq %[flags]\n pushq $0x202\n popfq\n leaq 128(%%rsp), %%rsp\n"
                         : "+a"(result), [flags] "=&r"(flags)
                         : [flag] "r"(flag)
                         : "rcx", "r11", "memory", "cc");
    }
    return flags;
}

static void privileged(const char *name) {
    static u8 descriptor[16];
    u64 zero = 0;
    (void)zero;
    if (equal(name, "hlt")) __asm__ volatile("hlt");
    if (equal(name, "cli")) __asm__ volatile("cli");
    if (equal(name, "sti")) __asm__ volatile("sti");
    if (equal(name, "cr0")) __asm__ volatile("movq %0, %%cr0" : : "r"(zero));
    if (equal(name, "cr3")) __asm__ volatile("movq %0, %%cr3" : : "r"(zero));
    if (equal(name, "cr4")) __asm__ volatile("movq %0, %%cr4" : : "r"(zero));
    if (equal(name, "dr7")) __asm__ volatile("movq %0, %%dr7" : : "r"(zero));
    if (equal(name, "rdmsr")) __asm__ volatile("rdmsr" : : "c"(0xc0000082) : "rax", "rdx");
    if (equal(name, "wrmsr")) __asm__ volatile("wrmsr" : : "c"(0xc0000082), "a"(0), "d"(0));
    if (equal(name, "in")) __asm__ volatile("inb $0x60, %%al" : : : "rax");
    if (equal(name, "out")) __asm__ volatile("outb %%al, %%dx" : : "a"('!'), "d"(0x3f8));
    if (equal(name, "out-exit")) __asm__ volatile("outb %%al, %%dx" : : "a"(1), "d"(0xf4));
    if (equal(name, "lgdt")) __asm__ volatile("lgdt %0" : : "m"(descriptor));
    if (equal(name, "lidt")) __asm__ volatile("lidt %0" : : "m"(descriptor));
    if (equal(name, "ltr")) __asm__ volatile("ltr %%ax" : : "a"(0x28));
    if (equal(name, "sgdt")) __asm__ volatile("sgdt %0" : "=m"(descriptor));
    if (equal(name, "invlpg")) __asm__ volatile("invlpg (%0)" : : "r"(descriptor));
    if (equal(name, "rdtsc")) __asm__ volatile("rdtsc" : : : "rax", "rdx");
    if (equal(name, "cpuid")) __asm__ volatile("cpuid" : : "a"(0) : "rbx", "rcx", "rdx");
    if (equal(name, "rdpmc")) __asm__ volatile("rdpmc" : : "c"(0) : "rax", "rdx");
    if (equal(name, "monitor")) __asm__ volatile("monitor" : : "a"(descriptor), "c"(0), "d"(0));
    if (equal(name, "vmcall")) __asm__ volatile("vmcall");
    if (equal(name, "rdfsbase")) __asm__ volatile("rdfsbase %%rax" : : : "rax");
    if (equal(name, "smsw")) __asm__ volatile("smsw %%ax" : : : "rax");
    if (equal(name, "sidt")) __asm__ volatile("sidt %0" : "=m"(descriptor));
    if (equal(name, "str")) __asm__ volatile("str %%ax" : : : "rax");
    if (equal(name, "sldt")) __asm__ volatile("sldt %%ax" : : : "rax");
    if (equal(name, "clts")) __asm__ volatile("clts");
    if (equal(name, "wbinvd")) __asm__ volatile("wbinvd");
    if (equal(name, "swapgs-instruction")) __asm__ volatile("swapgs");
    if (equal(name, "xsetbv")) __asm__ volatile("xsetbv" : : "c"(0), "a"(1), "d"(0));
}

static void segments(const char *name, u64 selector) {
    if (equal(name, "load-segment")) {
        __asm__ volatile("movl %k0, %%ds\n movl %k0, %%es" : : "r"(selector));
        if (selector > 3) __asm__ volatile("movl %k0, %%ss" : : "r"(selector));
        survived(selector);
    }
    if (equal(name, "far-return")) {
        __asm__ volatile("pushq %0\n leaq 1f(%%rip), %%rax\n pushq %%rax\n lretq\n 1:" : : "r"(selector) : "rax", "memory");
        survived(selector);
    }
    if (equal(name, "iret")) {
        __asm__ volatile("movq %%rsp, %%rcx\n movl %%ss, %%eax\n pushq %%rax\n pushq %%rcx\n pushq $0x202\n pushq %0\n"
                         "leaq 1f(%%rip), %%rax\n pushq %%rax\n iretq\n 1:" : : "r"(selector) : "rax", "rcx", "memory");
        survived(selector);
    }
    if (equal(name, "gs-base")) {
        __asm__ volatile("wrgsbase %0" : : "r"(0x100000ull));
        for (int i = 0; i < 1000; i++) call3(SYS_getpid, 0, 0, 0);
        survived(0);
    }
}

/// `int N` has its number in the instruction, so there is one of each: N times 4 bytes from `interrupts` on.
__asm__(".section .text.interrupts,\"ax\",@progbits\n"
        "interrupts: .set number, 0\n"
        ".rept 256\n .byte 0xcd, number, 0xc3, 0xc3\n .set number, number + 1\n .endr\n"
        ".text\n");
extern const u8 interrupts[] __attribute__((visibility("hidden")));

static void interrupt(u64 vector) {
    __asm__ volatile("call *%0" : : "r"(interrupts + (vector & 255) * 4), "a"(SYS_getpid) : "rcx", "rdx", "r11", "memory");
}

static void memory(const char *name, u64 address) {
    u64 slot = 1ull << 30, here = (u64)__ehdr_start;
    if (equal(name, "null-read")) sink = *(volatile u8 *)0;
    if (equal(name, "null-write")) *(volatile u8 *)0 = 1;
    if (equal(name, "read")) survived(*(volatile u8 *)address);
    if (equal(name, "write")) *(volatile u8 *)address = 0xa5;
    if (equal(name, "jump")) jump(address);
    if (equal(name, "read-next-slot")) survived(*(volatile u8 *)(here + slot));
    if (equal(name, "read-previous-slot")) survived(*(volatile u8 *)(here - slot));
    if (equal(name, "write-next-slot")) *(volatile u8 *)(here + slot) = 0xa5;
    if (equal(name, "read-kernel")) survived(*(volatile u8 *)0x100000);
    if (equal(name, "write-kernel")) *(volatile u8 *)0x100000 = 0xa5;
    if (equal(name, "jump-kernel")) jump(0x100000);
    if (equal(name, "write-text")) *(volatile u8 *)(u64)&program = 0x90;
    if (equal(name, "exec-data")) {
        code_in_data[0] = 0xc3;
        jump((u64)code_in_data);
    }
    if (equal(name, "exec-stack")) {
        volatile u8 code[16] = {0xc3};
        jump((u64)code);
    }
    if (equal(name, "noncanonical-jump")) jump(0x800000000000);
    if (equal(name, "stack-overflow")) survived(descend(0));
    if (equal(name, "memory-hog")) hog(0, 1 << 20);
    if (equal(name, "brk-hog")) hog(1, 1 << 20);
    if (equal(name, "small-hog")) hog(0, 1 << 16);
}

static void others(const char *name, u64 argument) {
    if (equal(name, "ud2")) __asm__ volatile("ud2");
    if (equal(name, "divide")) __asm__ volatile("xorl %%ecx, %%ecx\n divl %%ecx" : : "a"(1), "d"(0) : "rcx");
    if (equal(name, "int3")) __asm__ volatile("int3");
    if (equal(name, "debug-trap")) __asm__ volatile(".byte 0xf1");
    if (equal(name, "int80")) __asm__ volatile("int $0x80" : : "a"(20) : "memory");
    if (equal(name, "sysenter")) __asm__ volatile("sysenter" : : "a"(20) : "rcx", "rdx", "memory");
    if (equal(name, "flag-df")) survived(with_flag(1 << 10));
    if (equal(name, "flag-ac")) survived(with_flag(1 << 18));
    if (equal(name, "flag-nt")) survived(with_flag(1 << 14));
    if (equal(name, "flag-tf")) survived(with_flag(1 << 8));
    if (equal(name, "iopl")) {
        __asm__ volatile("pushfq\n orq $0x3000, (%%rsp)\n popfq\n outb %%al, $0x80" : : : "memory", "cc");
    }
    if (equal(name, "loop")) for (;;) sink++;
    if (equal(name, "spin-syscalls")) for (;;) call3(SYS_clock_gettime, 1, (u64)input, 0);
    if (equal(name, "output-flood")) flood(1, ~0ull);
    if (equal(name, "log-flood")) flood(2, 64);
    if (equal(name, "exit")) leave((int)argument);
    if (equal(name, "unknown-syscall")) {
        print("survived ");
        print_number(call3((i64)argument, 0, 0, 0));
        print("\n");
        leave(0);
    }
    if (equal(name, "syscalls")) {
        for (i64 call = 500; call < 1500; call++)
            if (call3(call, 0, 0, 0) != -ENOSYS) survived((u64)call);
        if (call3(-1, 0, 0, 0) != -ENOSYS) survived(~0ull);
        if (call3(INT32_MAX, 0, 0, 0) != -ENOSYS) survived(INT32_MAX);
    }
}

/// Uses mappings after they have changed: a translation that outlived its page table entry would let it.
static void stale(const char *name) {
    static volatile u64 image[512] = {7};
    if (name[0] != 't' || name[1] != 'l' || name[2] != 'b') return;
    volatile u64 *page = (volatile u64 *)map_pages(4096);
    *page = MARK;
    if (equal(name, "tlb-unmap")) call3(SYS_munmap, (u64)page, 4096, 0), survived(*page);
    if (equal(name, "tlb-none")) call3(SYS_mprotect, (u64)page, 4096, PROT_NONE), survived(*page);
    if (equal(name, "tlb-protect")) call3(SYS_mprotect, (u64)page, 4096, PROT_READ), *page = 1;
    if (equal(name, "tlb-remap")) {
        u64 found = 0;
        for (int i = 0; i < 100; i++) {
            call3(SYS_munmap, (u64)page, 4096, 0);
            map((u64)page, 4096, PROT_READ | PROT_WRITE, MAP_FIXED);
            found |= *page;
            *page = MARK;
        }
        survived(found);
    }
    if (equal(name, "tlb-churn")) {
        u64 found = 0;
        for (int i = 0; i < 50000; i++) {
            *page = MARK;
            call3(SYS_madvise, (u64)page, 4096, MADV_DONTNEED);
            found |= *page;
        }
        survived(found);
    }
    if (equal(name, "tlb-twice")) {
        u64 end = ((u64)&page & ~4095ull) - (64 << 10), size = 1 << 20;
        for (u64 at = end - size; at < end; at += 4096) *(volatile u64 *)at = MARK;
        if (call3(SYS_madvise, end - size, size, MADV_DONTNEED) != 0) survived(~0ull);
        u64 found = 0;
        for (u64 at = end; at > end - size;) {
            at -= 4096;
            found |= *(volatile u64 *)at;
            *(volatile u64 *)at = MARK;
        }
        survived(found);
    }
    if (equal(name, "tlb-keep")) {
        u64 found = image[0] ^ 7;
        for (int i = 0; i < 512; i++) image[i] = MARK;
        survived(found);
    }
}

/// Enters the kernel with stack pointers, return addresses and flags that no compiler makes.
static void entries(const char *name) {
    u64 wild = 0;
    if (equal(name, "rsp-noncanonical") || equal(name, "push-noncanonical")) wild = 0x900000000000;
    if (equal(name, "rsp-kernel") || equal(name, "push-kernel")) wild = 0x108000;
    if (wild && name[0] == 'p') __asm__ volatile("movq %0, %%rsp\n pushq %%rax" : : "r"(wild) : "memory");
    if (wild) {
        for (int i = 0; i < 100; i++) {
            i64 result = SYS_getpid;
            u8 *page = (u8 *)map_pages(4096);
            __asm__ volatile("movq %%rsp, %%r12\n movq %[wild], %%rsp\n syscall\n movb $1, (%[page])\n movq %%r12, %%rsp\n"
                             : "+a"(result) : [wild] "r"(wild), [page] "r"(page) : "rcx", "r11", "r12", "memory");
            call3(SYS_munmap, (u64)page, 4096, 0);
        }
        survived(0);
    }
    if (equal(name, "rcx-noncanonical")) {
        i64 result = SYS_getpid;
        u64 address = 0x800000000000, flags = ~0ull;
        __asm__ volatile("movq %1, %%rcx\n movq %2, %%r11\n syscall" : "+a"(result) : "r"(address), "r"(flags)
                         : "rcx", "r11", "memory");
        survived(0);
    }
    u64 last = ((u64)__ehdr_start & ~0x3fffffffull) + 0x40000000 - 0x10000 - 4096;
    if (equal(name, "edge-run")) {
        map(last, 4096, PROT_READ | PROT_EXEC, MAP_FIXED);
        static u8 target[16];
        // Two bytes of zeros add AL to the byte that RAX names.
        __asm__ volatile("jmp *%0" : : "r"(last + 4094), "a"(target) : "memory");
    }
    if (equal(name, "edge-system-call")) {
        map(last, 4096, PROT_READ | PROT_WRITE, MAP_FIXED);
        *(volatile u8 *)(last + 4094) = 0x0f;
        *(volatile u8 *)(last + 4095) = 0x05;
        if (call3(SYS_mprotect, last, 4096, PROT_READ | PROT_EXEC) == 0) jump(last + 4094);
        survived(0);
    }
    if (equal(name, "fault-flags")) {
        for (int i = 0; i < 64; i++) {
            u8 *page = (u8 *)map_pages(4096);
            __asm__ volatile("leaq -128(%%rsp), %%rsp\n pushfq\n orq $0x44400, (%%rsp)\n popfq\n movb $1, (%0)\n"
                             "pushq $0x202\n popfq\n leaq 128(%%rsp), %%rsp\n" : : "r"(page) : "memory", "cc");
        }
        survived(0);
    }
    if (equal(name, "where")) survived((u64)__ehdr_start);
}

/// Fills, or looks through, memory that the kernel gives out.
static void secrets(const char *name) {
    int leaves = equal(name, "leave-secrets");
    if (!leaves && !equal(name, "find-secrets")) return;
    u64 size = 1 << 20, found = 0;
    u64 heap = (u64)call3(SYS_brk, 0, 0, 0);
    u64 *areas[2] = {(u64 *)map_pages(size), (u64 *)heap};
    if (call3(SYS_brk, heap + size, 0, 0) != (i64)(heap + size)) survived(~0ull);
    volatile u64 on_stack[8192];
    for (u64 area = 0; area < 3; area++) {
        volatile u64 *words = area < 2 ? areas[area] : on_stack;
        u64 count = area < 2 ? size / 8 : 8192;
        for (u64 i = 0; i < count; i++) {
            if (leaves) words[i] = MARK;
            // Nothing but zeros is expected in what was never written; the stack may hold this invocation's own.
            else if (area < 2 ? words[i] != 0 : words[i] == MARK) found++;
        }
    }
    if (leaves) {
        __asm__ volatile("movq %0, %%rbx\n movq %0, %%r8\n movq %0, %%r12\n movq %0, %%r15" : : "r"(MARK)
                         : "rbx", "r8", "r12", "r15");
    }
    survived(found);
}

int program(const u64 *stack) {
    (void)stack;
    u64 count = 0;
    while (count < sizeof input - 1) {
        i64 got = call3(SYS_read, 0, (u64)input + count, sizeof input - 1 - count);
        if (got <= 0) break;
        count += (u64)got;
    }
    char *name = (char *)input, *argument = name;
    while (*argument > ' ') argument++;
    if (*argument) *argument++ = 0;
    while (*argument == ' ' || *argument == '\n') argument++;

    print_to(2, "attack ");
    print_to(2, name);
    print_to(2, "\n");
    u64 value = number(argument);
    memory(name, value);
    privileged(name);
    segments(name, value);
    if (equal(name, "int")) interrupt(value);
    others(name, value);
    stale(name);
    entries(name);
    secrets(name);

    const char *known = " null-write write write-next-slot write-kernel jump jump-kernel write-text exec-data exec-stack "
                        "noncanonical-jump null-read ud2 divide int3 debug-trap int int80 sysenter hlt cli sti cr0 cr3 cr4 dr7 rdmsr "
                        "wrmsr in out out-exit lgdt lidt ltr sgdt invlpg clts wbinvd swapgs-instruction xsetbv iopl log-flood syscalls "
                        "rdtsc cpuid rdpmc monitor vmcall rdfsbase smsw sidt str sldt tlb-protect push-noncanonical push-kernel ";
    for (const char *at = known; *at; at++) {
        u64 i = 0;
        while (name[i] && at[1 + i] == name[i]) i++;
        if (*at == ' ' && i > 0 && !name[i] && at[1 + i] == ' ') survived(sink);
    }
    print_to(2, "there is no such attack\n");
    return 2;
}
