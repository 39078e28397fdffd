// The memory hammer: memory calls, faults and system calls into fresh pages, in an order by chance, against a model of what each page must
// hold and which calls must fail (hammer-model.h).
//
// The input: 64 bytes of decimal numbers with blanks between and after them: a seed, a count of steps, how it ends (`enum ending`), a count
// of pages; then so many pages of words that count up from the seed's mark, and one word more. The program marks what it writes with its
// seed in the upper half of each word: what leaks into another invocation tells where it is from. In loop mode it takes steps before its
// first read, too.
//
// Expected: an output of words, which the program has added up as its model has them, then "ok", their sum and their count; or the end that
// was asked for. What is not as it has to be is told on the log, with its address and value, and the exit status is 1.
// With no steps it leaves its memory alone, so that pages which are kept ready for it are given back some time.

#include "hammer-model.h"

enum { SYS_fstat = 5, SYS_mremap = 25, SYS_madvise = 28, SYS_sysinfo = 99 };
enum { EEXIST = 17, ENODEV = 19, MADV_WILLNEED = 3, MADV_DONTNEED = 4, MADV_FREE = 8, MAP_FIXED_NOREPLACE = 0x100000 };
enum ending { EXITS, EXITS_WITH_STATUS, FAULTS_READING, FAULTS_WRITING, IS_ILLEGAL, EXCEEDS_MEMORY, EXCEEDS_OUTPUT, EXCEEDS_TIME, EXCEEDS_STACK };
enum { HEADER = 64, MOST_OUTPUT = 16 };

static u8 header[HEADER + 1];
/// The next word of the input, and how many bytes of it are left; pages of output, and the sum of their words.
static u64 next_input, output_pages, output_sum;
static i64 input_left;
static u64 marks;
static int is_initialising;

/// What a page is filled with next: the seed, then a number that no other page of this invocation has, and room to count the words.
static u64 next_mark(void) { return (u64)seed << 32 | (++marks << 9 & 0x7fffffff); }

/// Some pages: few, or many, or a whole area.
static struct run pick(void) {
    struct run run = {.area = &areas[below(AREAS)]};
    uint32_t all = run.area->count, most = below(4) ? 8 : 64;
    run.first = run.area->first;
    run.count = all;
    if (below(8) == 0) return run;
    run.count = 1 + below(most < all ? most : all);
    run.first += below(all - run.count + 1);
    return run;
}

static void fill(struct page *page, u64 address) {
    volatile u64 *words = (volatile u64 *)address;
    u64 mark = next_mark();
    touch(page, 1);
    for (int i = 0; i < WORDS_A_PAGE; i++) words[i] = mark + (u64)i;
    set(page, SERIES, mark);
}

/// Writes all pages, the lower or the upper first.
static void write_pages(struct run run) {
    if (!has_room(run.count)) return;
    int is_descending = below(2);
    for (uint32_t i = 0; i < run.count; i++) {
        uint32_t index = run.first + (is_descending ? run.count - 1 - i : i);
        if (is_writable(&pages[index])) fill(&pages[index], address_of(run.area, index));
    }
}

/// Reads a page that may be read; the kernel must refuse to do what the program may not, which is tried now and then.
static void check_page(struct page *page, u64 address) {
    if (is_readable(page)) compare(page, address, 0, 0);
    if (is_writable(page) || below(4)) return;
    if (!is_readable(page)) succeeded("write from a page without rights", address, call3(SYS_write, 1, address, 8), -EFAULT);
    if (!is_initialising && input_left > 0) succeeded("read to a page without rights", address, call3(SYS_read, 0, address, 8), -EFAULT);
}

static void check_pages(struct run run) {
    if (!has_room(run.count)) return;
    for (uint32_t i = 0; i < run.count; i++) check_page(&pages[run.first + i], address_of(run.area, run.first + i));
}

static void advise(struct run run) {
    static const u8 kinds[4] = {MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_WILLNEED};
    u64 advice = kinds[below(4)], address = run_address(run);
    i64 result = call3(SYS_madvise, address, run.count * PAGE, advice);
    if (!succeeded("madvise", address, result, all_have(run, MAPPED) ? 0 : -ENOMEM) || advice == MADV_WILLNEED) return;
    // MADV_FREE leaves as it is what has anonymous pages of the snapshot.
    if (advice == MADV_FREE && has_snapshot(run)) return;
    give_back(run);
}

static void unmap(struct run run) {
    if (!succeeded("munmap", run_address(run), call3(SYS_munmap, run_address(run), run.count * PAGE, 0), 0)) return;
    renew(run, 0, 0);
    mark_split(run);
}

static int is_written_and_run(int protection) { return (protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC); }

/// Mostly what can be used.
static int pick_protection(void) { return below(3) ? PROT_READ | PROT_WRITE : (int)below(8); }

static void protect(struct run run) {
    int protection = pick_protection();
    i64 wanted = 0;
    if (!all_have(run, MAPPED)) wanted = -ENOMEM;
    else if (is_written_and_run(protection) || ((protection & PROT_EXEC) && any_has(run, WAS_WRITABLE))) wanted = -EACCES;
    i64 result = call3(SYS_mprotect, run_address(run), run.count * PAGE, (u64)protection);
    if (!succeeded("mprotect", run_address(run), result, wanted)) return;
    mark_split(run);
    for (uint32_t i = 0; i < run.count; i++) {
        pages[run.first + i].protection = (u8)protection;
        if (protection & PROT_WRITE) pages[run.first + i].flags |= WAS_WRITABLE;
    }
}

static void note_mapping(struct run run, int protection) {
    renew(run, protection & PROT_WRITE ? MAPPED | WAS_WRITABLE : MAPPED, protection);
    mark_split(run);
}

static void map_fixed(struct run run) {
    int protection = pick_protection(), flag = below(4) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    i64 wanted = (i64)run_address(run);
    if (is_written_and_run(protection)) wanted = -EACCES;
    else if (flag != MAP_FIXED && any_has(run, MAPPED)) wanted = -EEXIST;
    if (succeeded("mmap", run_address(run), map(run_address(run), run.count * PAGE, protection, flag), wanted)) note_mapping(run, protection);
}

/// The highest pages above the stack that are free; none where the program has taken them all.
static struct run find_gap(uint32_t count) {
    const struct area *area = &areas[TOP];
    for (uint32_t end = area->count; end >= count; end--) {
        struct run run = {area, area->first + end - count, count};
        if (!any_has(run, MAPPED)) return run;
    }
    return (struct run){0};
}

static void map_anywhere(void) {
    struct run run = find_gap(1 + below(16));
    if (run.count == 0) return;
    int protection = pick_protection();
    i64 wanted = is_written_and_run(protection) ? -EACCES : (i64)run_address(run);
    // A hint has no effect.
    if (succeeded("mmap", run_address(run), map(below(2) ? slot : 0, run.count * PAGE, protection, 0), wanted)) note_mapping(run, protection);
}

static uint32_t heap_page(u64 end) { return areas[HEAP].first + (uint32_t)((end - heap_start + PAGE - 1) / PAGE); }

static void move_break(void) {
    u64 wanted = heap_start + below(HEAP_PAGES * PAGE + 1);
    uint32_t old = heap_page(heap_end), new = heap_page(wanted);
    struct run grown = {&areas[HEAP], old, new > old ? new - old : 0}, freed = {&areas[HEAP], new, new < old ? old - new : 0};
    int can = !any_has(grown, MAPPED);
    u64 end = (u64)call3(SYS_brk, wanted, 0, 0);
    if (end != wanted && end == heap_end && region_bound() > 125) return;
    if (end != (can ? wanted : heap_end)) fail("brk", wanted, end, can ? wanted : heap_end);
    if (!can) return;
    heap_end = end;
    if (grown.count) renew(grown, MAPPED | WAS_WRITABLE, PROT_READ | PROT_WRITE);
    if (freed.count) renew(freed, 0, 0);
}

/// Reads pages of the input, or its last word: that is written over at once.
static void read_input(struct run run) {
    if (is_initialising || input_left == 0 || !has_room(run.count)) return;
    if (run.count > 4) run.count = 4;
    i64 good = reach(run, 1) * (i64)PAGE;
    i64 wanted = good == 0 ? -EFAULT : good < input_left ? good : input_left;
    if (!succeeded("read", run_address(run), call3(SYS_read, 0, run_address(run), run.count * PAGE), wanted)) return;
    for (uint32_t i = run.first; wanted > 0; i++, wanted -= PAGE) {
        u64 address = address_of(run.area, i);
        touch(&pages[i], 1);
        set(&pages[i], SERIES, next_input);
        if (wanted < (i64)PAGE) fill(&pages[i], address);
        else if (below(2)) check_page(&pages[i], address);
        next_input += WORDS_A_PAGE;
        input_left -= wanted < (i64)PAGE ? wanted : (i64)PAGE;
    }
}

static void write_output(struct run run) {
    if (is_initialising || output_pages >= MOST_OUTPUT || !has_room(run.count)) return;
    if (run.count > 4) run.count = 4;
    uint32_t good = reach(run, 0);
    if (!succeeded("write", run_address(run), call3(SYS_write, 1, run_address(run), run.count * PAGE), good ? good * (i64)PAGE : -EFAULT)) return;
    for (uint32_t i = 0; i < good; i++) {
        u64 address = address_of(run.area, run.first + i);
        compare(&pages[run.first + i], address, 0, 0);
        output_sum = hash_page((const volatile u64 *)address, output_sum);
    }
    output_pages += good;
}

/// Has the kernel write whole pages.
static void randomize(struct run run) {
    if (run.count > 4) run.count = 4;
    if (!has_room(run.count)) return;
    uint32_t good = reach(run, 1);
    i64 result = call3(SYS_getrandom, run_address(run), run.count * PAGE, 0);
    if (!succeeded("getrandom", run_address(run), result, good ? good * (i64)PAGE : -EFAULT)) return;
    for (uint32_t i = 0; i < good; i++) take_over(&pages[run.first + i], address_of(run.area, run.first + i), 0, WORDS_A_PAGE);
}

/// Has the kernel write a part of a page.
static void randomize_part(struct run run) {
    if (!has_room(1)) return;
    uint32_t start = below(WORDS_A_PAGE), count = 1 + below(WORDS_A_PAGE - start);
    u64 address = run_address(run);
    int good = is_writable(&pages[run.first]);
    i64 result = call3(SYS_getrandom, address + start * 8, count * 8, 0);
    if (succeeded("getrandom", address, result, good ? (i64)count * 8 : -EFAULT)) take_over(&pages[run.first], address, start, start + count);
}

/// Has the kernel write 144 bytes around a page's end: all or none.
static void stat_across(struct run run) {
    if (run.count < 2 || !has_room(2)) return;
    run.count = 2;
    u64 address = run_address(run);
    int good = reach(run, 1) == 2;
    if (!succeeded("fstat", address, call3(SYS_fstat, 1, address + PAGE - 72, 0), good ? 0 : -EFAULT)) return;
    take_over(&pages[run.first], address, WORDS_A_PAGE - 9, WORDS_A_PAGE);
    take_over(&pages[run.first + 1], address + PAGE, 0, 9);
}

/// Calls that must fail, and change nothing.
static void misuse(struct run run) {
    u64 address = run_address(run), size = run.count * PAGE;
    const int private = MAP_PRIVATE | MAP_ANONYMOUS;
    switch (below(9)) {
    case 0: succeeded("odd munmap", address, call3(SYS_munmap, address + 8, size, 0), -EINVAL); break;
    case 1: succeeded("empty munmap", address, call3(SYS_munmap, address, 0, 0), -EINVAL); break;
    case 2: succeeded("odd mprotect", address, call3(SYS_mprotect, address + 8, size, PROT_READ), -EINVAL); break;
    case 3: succeeded("empty mmap", address, map(address, 0, PROT_READ, MAP_FIXED), -EINVAL); break;
    case 4: succeeded("odd mmap", address, map(address + 8, size, PROT_READ, MAP_FIXED), -EINVAL); break;
    case 5: succeeded("mmap elsewhere", address, map(address + (1 << 30), size, PROT_READ, MAP_FIXED), -ENOMEM); break;
    case 6: succeeded("mmap of a pipe", address, call6(SYS_mmap, address, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, 1, 0), -ENODEV); break;
    case 7:
        succeeded("mremap", address, call6(SYS_mremap, address, size, size + PAGE, private, 0, 0), all_have(run, MAPPED) ? -ENOMEM : -EFAULT);
        break;
    default: succeeded("brk below", address, call3(SYS_brk, heap_start - 1, 0, 0), (i64)heap_end);
    }
}

static void take_step(void) {
    struct run run = pick();
    uint32_t chance = below(100);
    step++;
    if (chance < 24) write_pages(run);
    else if (chance < 40) check_pages(run);
    else if (chance < 54) advise(run);
    else if (chance < 58) unmap(run);
    else if (chance < 67) map_fixed(run);
    else if (chance < 71) map_anywhere();
    else if (chance < 79) protect(run);
    else if (chance < 83) move_break();
    else if (chance < 86) read_input(run);
    else if (chance < 89) write_output(run);
    else if (chance < 92) randomize(run);
    else if (chance < 95) randomize_part(run);
    else if (chance < 97) stat_across(run);
    else misuse(run);
}

/// Looks at all pages, or at what is linked, or at none: what is only read is kept ready as well.
static void check_some(void) {
    uint32_t chance = below(4);
    for (int a = 0; a < AREAS && chance > 0; a++)
        if (chance > 1 || a <= CONSTANTS) check_pages((struct run){&areas[a], areas[a].first, areas[a].count});
}

/// Does what one of its pages does not allow.
static _Noreturn void violate(int writing) {
    u64 address = slot;
    for (int i = 0; i < 64; i++) {
        struct run run = pick();
        if (writing ? is_writable(&pages[run.first]) : is_readable(&pages[run.first])) continue;
        address = run_address(run);
        break;
    }
    if (writing) *(volatile u64 *)address = next_mark();
    fail("an access that is not allowed was", address, *(volatile u64 *)address, 0);
}

/// Takes memory for as long as there is some, and marks it.
static _Noreturn void exceed_memory(void) {
    for (;;) {
        i64 block = map_pages(16 * PAGE);
        if (block < 0) fail("mmap for ever", 0, (u64)block, 0);
        for (u64 at = 0; at < 16 * PAGE; at += 8) ((volatile u64 *)block)[at / 8] = (u64)seed << 32;
    }
}

/// As deep as the stack goes: what the hammer itself did to it is in the way at the latest.
__attribute__((noinline)) static u64 exceed_stack(u64 depth) {
    volatile u64 frame[512];
    frame[depth & 511] = (u64)seed << 32 | depth;
    return (depth == ~0ull ? 0 : exceed_stack(depth + 1)) + frame[depth & 511];
}

static void end(enum ending ending) {
    switch (ending) {
    case EXITS: return;
    case EXITS_WITH_STATUS: leave(3);
    case FAULTS_READING: violate(0);
    case FAULTS_WRITING: violate(1);
    case IS_ILLEGAL: __asm__ volatile("ud2");
    case EXCEEDS_MEMORY: exceed_memory();
    case EXCEEDS_OUTPUT: for (;;) call3(SYS_write, 1, (u64)pages, sizeof pages);
    case EXCEEDS_TIME: for (;;) marks++;
    case EXCEEDS_STACK: leave((int)exceed_stack(0));
    }
}

static const char *next_number(const char *text, u64 *value) {
    *value = number(text);
    while (*text > ' ') text++;
    while (*text == ' ') text++;
    return text;
}

static u64 memory_limit(void) {
    u64 information[14];
    call3(SYS_sysinfo, (u64)information, 0, 0);
    return information[4] / PAGE;
}

/// In loop mode: the state that invocations begin with is by chance, too. Half of the memory is theirs.
static void initialise(const char *name) {
    is_initialising = 1;
    limit = memory_limit() / 2;
    for (; *name; name++) state = state * 31 + (u8)*name;
    for (int i = 0; i < 100; i++) take_step();
    take_snapshot();
    is_initialising = 0;
}

int program(const u64 *stack) {
    u64 information[18];
    set_up_model();
    int is_loop = call3(SYS_fstat, 3, (u64)information, 0) == 0;
    if (is_loop) initialise((const char *)stack[1]);
    if (call3(SYS_read, 0, (u64)header, HEADER) != HEADER) return 2;
    u64 values[4];
    const char *text = (const char *)header;
    for (int i = 0; i < 4; i++) text = next_number(text, &values[i]);
    seed = (uint32_t)values[0];
    step = 0;
    next_input = (u64)seed << 32 | 0x80000000;
    input_left = (i64)(values[3] * PAGE + 8);
    state = values[0];
    limit = memory_limit();
    if (values[1]) check_some();
    for (u64 i = 0; i < values[1]; i++) take_step();
    if (values[1]) check_some();
    end((enum ending)values[2]);
    print("ok ");
    print_hex(output_sum);
    print(" ");
    print_number((i64)(output_pages * WORDS_A_PAGE));
    print("\n");
    return 0;
}
