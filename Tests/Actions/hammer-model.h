// What the memory hammer believes of its pages: which are mapped, how, and what each holds.
//
// It knows seven areas of its slot, each a run of pages that nothing else uses: part of .data, of the constants and of .bss, part of the
// stack, the beginning of the heap, all that lies above the stack (where mmap looks first), and a window where only MAP_FIXED comes.
// docs/abi.md is what it is written from. Out of scope: the calls themselves (hammer.c).

#ifndef HAMMER_MODEL_H
#define HAMMER_MODEL_H

#include "freestanding.h"

#define PAGE 4096ull
#define WORDS_A_PAGE 512

enum { DATA, CONSTANTS, ZEROED, STACK, HEAP, TOP, WINDOW, AREAS };
enum { DATA_PAGES = 16, CONSTANT_PAGES = 4, ZEROED_PAGES = 96, STACK_PAGES = 96, HEAP_PAGES = 48, TOP_PAGES = 240, WINDOW_PAGES = 64 };
enum { PAGES = DATA_PAGES + CONSTANT_PAGES + ZEROED_PAGES + STACK_PAGES + HEAP_PAGES + TOP_PAGES + WINDOW_PAGES };

/// What a page holds: zeros; the words `value`, `value` + 1 and so on; anything whose hash is `value`.
enum kind { ZERO, SERIES, HASHED };
enum {
    MAPPED = 1,
    WAS_WRITABLE = 2,
    /// It is the image's: given back it is what it was at entry, not zeros.
    IMAGE = 4,
    /// It may be one of the snapshot's.
    SNAPSHOT = 8,
    /// A template page belongs there: only a write makes it private.
    BACKED = 16,
    PRIVATE = 32,
    /// A region of the image begins here, for good: such are not joined again.
    SPLIT = 64,
};

struct page {
    u64 value, first_value;
    /// What it holds, and what it did at entry.
    u8 kind, first_kind;
    u8 protection, flags;
};

struct area {
    u64 start;
    uint32_t first, count;
};

/// Pages `first` and following of `pages`, all of one area.
struct run {
    const struct area *area;
    uint32_t first, count;
};

// The linked pages are words that count up from LINKED, those of the data first.
#define LINKED 0x11ced00000000ull
__asm__(".pushsection .data.hammer,\"aw\",@progbits\n.balign 4096\nhammer_data:\n.set word, 0x11ced00000000\n"
        ".rept 16 * 512\n.quad word\n.set word, word + 1\n.endr\n.popsection\n"
        ".pushsection .rodata.hammer,\"a\",@progbits\n.balign 4096\nhammer_constants:\n"
        ".rept 4 * 512\n.quad word\n.set word, word + 1\n.endr\n.popsection\n");
extern u8 hammer_data[] __attribute__((visibility("hidden"))), hammer_constants[] __attribute__((visibility("hidden")));
static u8 hammer_zeroed[ZEROED_PAGES * PAGE] __attribute__((aligned(4096)));

static struct page pages[PAGES];
static struct area areas[AREAS];
static u64 slot, heap_start, heap_end;
static uint32_t seed, step;
/// Private pages, those of the template and what the program itself needs; and the most that there may be.
static u64 privates, others = 56, limit;
static u64 state;

/// SplitMix64.
static u64 random_bits(void) {
    u64 z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
static uint32_t below(uint32_t bound) { return (uint32_t)(random_bits() >> 32) % bound; }

static void tell(const char *name, u64 value) {
    print_to(2, name);
    print_hex_to(2, value);
}

/// Reports what is not as it has to be, on the log: the output of what fails is not shown.
static _Noreturn void fail(const char *what, u64 address, u64 found, u64 wanted) {
    print_to(2, "hammer: ");
    print_to(2, what);
    tell(" at ", address);
    tell(": found ", found);
    tell(", wanted ", wanted);
    tell("; seed ", seed);
    tell(" step ", step);
    tell(" slot ", slot);
    print_to(2, "\n");
    leave(1);
}

static u64 address_of(const struct area *area, uint32_t index) { return area->start + (index - area->first) * PAGE; }
static u64 run_address(struct run run) { return address_of(run.area, run.first); }
static int is_readable(const struct page *page) { return (page->flags & MAPPED) && page->protection != PROT_NONE; }
static int is_writable(const struct page *page) { return (page->flags & MAPPED) && (page->protection & PROT_WRITE); }

/// How many pages of `run` from its first on are all readable, or writable.
static uint32_t reach(struct run run, int writing) {
    uint32_t count = 0;
    while (count < run.count && (writing ? is_writable(&pages[run.first + count]) : is_readable(&pages[run.first + count]))) count++;
    return count;
}
/// Whether all pages of `run` have one of `flags`; whether any has.
static int all_have(struct run run, int flags) {
    for (uint32_t i = 0; i < run.count; i++)
        if (!(pages[run.first + i].flags & flags)) return 0;
    return 1;
}
static int any_has(struct run run, int flags) {
    for (uint32_t i = 0; i < run.count; i++)
        if (pages[run.first + i].flags & flags) return 1;
    return 0;
}

/// Whether some page of `run` is anonymous and may be one of the snapshot's.
static int has_snapshot(struct run run) {
    for (uint32_t i = 0; i < run.count; i++)
        if ((pages[run.first + i].flags & (SNAPSHOT | IMAGE)) == SNAPSHOT) return 1;
    return 0;
}

/// Whether `count` more private pages are within the limit for certain.
static int has_room(u64 count) { return others + privates + count <= limit; }

/// Notes an access by the program or for it.
static void touch(struct page *page, int writing) {
    if (page->flags & PRIVATE || (page->flags & BACKED && !writing)) return;
    page->flags |= PRIVATE;
    privates++;
}
static void release(struct page *page) {
    if (page->flags & PRIVATE) privates--;
    page->flags &= ~PRIVATE;
}
static void set(struct page *page, enum kind kind, u64 value) {
    page->kind = (u8)kind;
    page->value = value;
}

/// Makes the pages of `run` anonymous ones of zeros, or unmapped where `flags` is 0.
static void renew(struct run run, int flags, int protection) {
    for (uint32_t i = 0; i < run.count; i++) {
        release(&pages[run.first + i]);
        pages[run.first + i] = (struct page){.flags = (u8)flags, .protection = (u8)protection};
    }
}

static void mark_split(struct run run) {
    pages[run.first].flags |= SPLIT;
    uint32_t end = run.first + run.count;
    if (end < run.area->first + run.area->count) pages[end].flags |= SPLIT;
}

/// The most regions that there may be. Within 3 of 128 calls that need one fail.
static uint32_t region_bound(void) {
    uint32_t count = 12;
    for (int a = 0; a < AREAS; a++) {
        for (uint32_t i = areas[a].first; i < areas[a].first + areas[a].count; i++) {
            const struct page *page = &pages[i], *last = i > areas[a].first ? page - 1 : 0;
            const int same = MAPPED | WAS_WRITABLE | IMAGE | SNAPSHOT;
            if (!(page->flags & MAPPED)) continue;
            count += !last || (page->flags & IMAGE && page->flags & SPLIT) || page->protection != last->protection ||
                     ((page->flags ^ last->flags) & same);
        }
    }
    return count;
}

/// Whether a call did what it has to. A table of regions that is full is the one excuse: then nothing was done.
static int succeeded(const char *what, u64 address, i64 result, i64 wanted) {
    if (result == wanted) return result >= 0;
    if (result == -ENOMEM && region_bound() > 125) return 0;
    fail(what, address, (u64)result, (u64)wanted);
}

static u64 hash(u64 sum, u64 word) {
    sum = (sum ^ word) * 0x100000001b3;
    return sum ^ sum >> 29;
}
static u64 hash_page(const volatile u64 *words, u64 sum) {
    for (int i = 0; i < WORDS_A_PAGE; i++) sum = hash(sum, words[i]);
    return sum;
}

/// Holds the words of `page` at `address`, which is readable, against what is believed, those from `start` to `end` left out.
static void compare(struct page *page, u64 address, uint32_t start, uint32_t end) {
    const volatile u64 *words = (const volatile u64 *)address;
    touch(page, 0);
    if (page->kind == HASHED) {
        if (start < end) return;
        u64 sum = hash_page(words, 0);
        if (sum != page->value) fail("page of bytes at random", address, words[0], page->value);
        return;
    }
    u64 first = page->kind == ZERO ? 0 : page->value, step_by = page->kind == ZERO ? 0 : 1;
    for (uint32_t i = 0; i < WORDS_A_PAGE; i++)
        if (words[i] != first + i * step_by && (i < start || i >= end)) fail("word", address + i * 8, words[i], first + i * step_by);
}

/// Notes what the kernel has written to the words from `start` to `end`.
static void take_over(struct page *page, u64 address, uint32_t start, uint32_t end) {
    touch(page, 1);
    compare(page, address, start, end);
    set(page, HASHED, hash_page((const volatile u64 *)address, 0));
}

static void add_area(int a, u64 start, uint32_t count, struct page page) {
    uint32_t first = a ? areas[a - 1].first + areas[a - 1].count : 0;
    areas[a] = (struct area){start, first, count};
    for (uint32_t i = 0; i < count; i++) {
        pages[first + i] = page;
        if (page.kind == SERIES) page.value = page.first_value += WORDS_A_PAGE;
    }
}

/// What there is at entry.
static void set_up_model(void) {
    slot = (u64)__ehdr_start & ~0x3fffffffull;
    heap_start = heap_end = (u64)call3(SYS_brk, 0, 0, 0);
    const struct page none = {0}, stack = {.protection = 3, .flags = MAPPED | WAS_WRITABLE};
    struct page image = {.protection = 3, .flags = MAPPED | WAS_WRITABLE | IMAGE};
    struct page linked = {LINKED, LINKED, SERIES, SERIES, 3, MAPPED | WAS_WRITABLE | IMAGE | BACKED};
    add_area(DATA, (u64)hammer_data, DATA_PAGES, linked);
    linked = (struct page){LINKED + 512 * 16, LINKED + 512 * 16, SERIES, SERIES, 5, MAPPED | IMAGE | BACKED};
    add_area(CONSTANTS, (u64)hammer_constants, CONSTANT_PAGES, linked);
    add_area(ZEROED, (u64)hammer_zeroed, ZEROED_PAGES, image);
    add_area(STACK, slot + (1019ull << 20), STACK_PAGES, stack);
    add_area(HEAP, heap_start, HEAP_PAGES, none);
    add_area(TOP, slot + (1023ull << 20), TOP_PAGES, none);
    add_area(WINDOW, slot + (700ull << 20) - 16 * PAGE, WINDOW_PAGES, none);
}

/// All is the snapshot's now.
static void take_snapshot(void) {
    others += privates + 16;
    privates = 0;
    for (uint32_t i = 0; i < PAGES; i++) {
        if (pages[i].flags & PRIVATE) pages[i].flags |= BACKED;
        pages[i].flags &= ~PRIVATE;
        if (pages[i].flags & MAPPED) pages[i].flags |= SNAPSHOT;
        pages[i].first_kind = pages[i].kind;
        pages[i].first_value = pages[i].value;
    }
}

/// `run` was given back.
static void give_back(struct run run) {
    for (uint32_t i = 0; i < run.count; i++) {
        struct page *page = &pages[run.first + i];
        release(page);
        if (page->flags & IMAGE) {
            set(page, page->first_kind, page->first_value);
        } else {
            page->flags &= ~(SNAPSHOT | BACKED);
            set(page, ZERO, 0);
        }
    }
}

#endif
