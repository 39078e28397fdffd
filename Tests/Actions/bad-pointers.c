// Passes bad addresses of every sort to every system call that takes one, and checks the answers against Linux's.
//
// Needs one byte of input at least. Expected, here and under Linux: one line for each call that answers otherwise, and none of them; then
// "bad-pointers: N calls, 0 wrong", exit status 0. The kernel and all other actions are as before.

#include "freestanding.h"

struct vector {
    u64 start, count;
};

static u64 calls, wrong;
static const char *where;

static void expect(const char *call, i64 result, int good) {
    calls++;
    if (good) return;
    wrong++;
    print(call);
    print(" with ");
    print(where);
    print(": ");
    print_number(result);
    print("\n");
}

/// Every call with `size` bytes at `address`, of which the first `good` are in order.
static void probe(const char *name, u64 address, u64 size, u64 good) {
    where = name;
    i64 result = call3(SYS_write, 1, address, size);
    // A write that meets a bad page after good bytes may be short, as to a file, or fail, as to a pipe.
    expect("write", result, result == -EFAULT || (result > 0 && (u64)result <= good));
    struct vector vector = {address, size};
    result = call3(SYS_writev, 1, (u64)&vector, 1);
    expect("writev", result, result == -EFAULT || (result > 0 && (u64)result <= good));
    result = call3(SYS_writev, 2, address + good, 1);
    expect("writev's vector", result, result == -EFAULT);
    result = call3(SYS_readv, 0, address + good, 1);
    expect("readv's vector", result, result == -EFAULT);
    result = call3(SYS_clock_gettime, 0, address + good, 0);
    expect("clock_gettime", result, result == -EFAULT);
    if (good == 0) {
        result = call3(SYS_read, 0, address, size);
        expect("read", result, result == -EFAULT);
        result = call3(SYS_readv, 0, (u64)&vector, 1);
        expect("readv", result, result == -EFAULT);
    }
    result = call3(SYS_getrandom, address, size, 0);
    expect("getrandom", result, result == -EFAULT || (result > 0 && (u64)result <= good));
}

/// Memory calls on addresses that are not the action's: refused, or without effect.
static void probe_memory(const char *name, u64 address) {
    where = name;
    u64 page = address & ~4095ull;
    i64 result = map(page, 4096, PROT_READ | PROT_WRITE, MAP_FIXED);
    expect("mmap fixed", result, result < 0 && result > -4096);
    result = call3(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE);
    expect("mprotect", result, result < 0 && result > -4096);
    result = call3(SYS_munmap, page, 4096, 0);
    expect("munmap", result, result == 0 || (result < 0 && result > -4096));
    u64 before = (u64)call3(SYS_brk, 0, 0, 0);
    result = call3(SYS_brk, address, 0, 0);
    expect("brk", result, (u64)result == before);
}

static void limits(void) {
    u8 bytes[64] = {0};
    where = "good memory";
    struct vector vectors[2] = {{(u64)bytes, 0}, {0, 0}};
    i64 result = call3(SYS_writev, 1, (u64)vectors, 2);
    expect("writev of nothing", result, result == 0);
    result = call3(SYS_writev, 1, (u64)vectors, 1025);
    expect("writev of 1025 parts", result, result == -EINVAL);
    result = call3(SYS_writev, 1, (u64)vectors, (u64)-1);
    expect("writev of -1 parts", result, result == -EINVAL);
    vectors[0].count = 1ull << 63;
    result = call3(SYS_writev, 1, (u64)vectors, 1);
    expect("writev of 2^63 bytes", result, result == -EINVAL);
    result = call3(SYS_write, 1, (u64)bytes, 0);
    expect("write of nothing", result, result == 0);
    result = call3(SYS_write, 77, (u64)bytes, 1);
    expect("write to descriptor 77", result, result == -EBADF);
    result = call3(SYS_read, (u64)-1, (u64)bytes, 1);
    expect("read from descriptor -1", result, result == -EBADF);
    result = call3(SYS_clock_gettime, 99, (u64)bytes, 0);
    expect("clock_gettime of clock 99", result, result == -EINVAL);
    result = call3(SYS_getrandom, (u64)bytes, 1, 0xffff);
    expect("getrandom with odd flags", result, result == -EINVAL);
    result = map(0, 0, PROT_READ, 0);
    expect("mmap of nothing", result, result == -EINVAL);
    result = map(0, (u64)-4096, PROT_READ, 0);
    expect("mmap of all", result, result == -ENOMEM || result == -EINVAL);
    result = map(123, 4096, PROT_READ, MAP_FIXED);
    expect("mmap fixed at 123", result, result == -EINVAL);
    result = call3(SYS_munmap, 123, 4096, 0);
    expect("munmap at 123", result, result == -EINVAL);
    result = call3(SYS_mprotect, 123, 4096, PROT_READ);
    expect("mprotect at 123", result, result == -EINVAL);
    result = call3(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, 1ull << 63, 0);
    expect("arch_prctl with a kernel address", result, result == -1);
    result = call3(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, 0, 0);
    expect("arch_prctl reading to null", result, result == -EFAULT);
}

int program(const u64 *stack) {
    (void)stack;
    u64 here = (u64)__ehdr_start, slot = 1ull << 30;
    u64 pages = (u64)map_pages(8192);
    call3(SYS_munmap, pages + 4096, 4096, 0);
    u64 sealed = (u64)map(0, 4096, PROT_NONE, 0);

    probe("null", 0, 16, 0);
    probe("a small address", 4096, 16, 0);
    probe("the kernel's address", 0x100000, 16, 0);
    probe("a high kernel address", 0xffffffff80000000, 16, 0);
    probe("the next slot", here + slot, 16, 0);
    probe("the previous slot", here - slot, 16, 0);
    probe("unmapped memory", pages + 4096, 16, 0);
    probe("memory without access", sealed, 16, 0);
    probe("the end of mapped memory", pages + 4096 - 8, 16, 8);
    probe("a non-canonical address", 0x800000000000, 16, 0);
    probe("the last canonical address", 0x7ffffffffff8, 16, 0);
    probe("a wrapping range", 0xfffffffffffffff8, 16, 0);
    probe("a range that wraps to good memory", (u64)-4096, here + 8192, 0);
    i64 result = call3(SYS_clock_gettime, 0, here, 0);
    where = "read-only memory";
    expect("clock_gettime", result, result == -EFAULT);
    result = call3(SYS_getrandom, here, 16, 0);
    expect("getrandom", result, result == -EFAULT);
    result = call3(SYS_read, 0, here, 16);
    expect("read", result, result == -EFAULT);

    probe_memory("a high kernel address", 0xffffffff80000000);
    probe_memory("a non-canonical address", 0x800000000000);
    if (on_swiftlet()) {
        probe_memory("null", 0);
        probe_memory("the kernel's address", 0x100000);
        probe_memory("the start of the slots", 1ull << 39);
        probe_memory("the next slot", here + slot);
        probe_memory("the previous slot", here - slot);
        probe_memory("the end of the slot", (here & ~(slot - 1)) + slot - 4096);
    }
    limits();

    // After all that, the input is still there: no failed read took any of it.
    u8 byte;
    where = "good memory";
    result = call3(SYS_read, 0, (u64)&byte, 1);
    expect("read", result, result == 1);

    print("bad-pointers: ");
    print_number((i64)calls);
    print(" calls, ");
    print_number((i64)wrong);
    print(" wrong\n");
    return wrong ? 1 : 0;
}
