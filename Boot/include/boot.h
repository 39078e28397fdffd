// Everything that assembly, the linker script and single instructions give to Swift, in one place.
// Declarations and inline instructions only; the code is in Boot/*.asm.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SWIFT_NAME(name) __attribute__((swift_name(#name)))
#define INLINE static inline __attribute__((always_inline))

// --- Addresses that the linker script and the assembly define ------------------------------------------------

#define ADDRESS_OF(symbol, name) \
  extern uint8_t symbol[];       \
  INLINE uint64_t address_of_##symbol(void) SWIFT_NAME(name) { return (uint64_t)symbol; }

ADDRESS_OF(text_start, textStart())
ADDRESS_OF(text_end, textEnd())
ADDRESS_OF(kernel_end, kernelEnd())
ADDRESS_OF(symbol_table_start, symbolTableStart())
ADDRESS_OF(symbol_table_end, symbolTableEnd())
ADDRESS_OF(page_tag, pageTag())
ADDRESS_OF(page_policy, pagePolicy())
ADDRESS_OF(page_packed, pagePacked())
ADDRESS_OF(page_end, pageEnd())
ADDRESS_OF(kernel_stack_bottom, kernelStackBottom())
ADDRESS_OF(kernel_stack_top, kernelStackTop())
ADDRESS_OF(syscall_entry, syscallEntry())
ADDRESS_OF(syscall_entry_keeping, syscallEntryKeeping())
ADDRESS_OF(trap_spurious, trapSpurious())
ADDRESS_OF(trap_gdt, globalDescriptorTable())

// --- The state of one core (trap.asm addresses it through GS; keep in step with percpu.inc) ----------------

struct __attribute__((packed)) task_state_segment {
  uint32_t reserved0;
  uint64_t rsp0, rsp1, rsp2;
  uint64_t reserved1;
  uint64_t ist[7];
  uint64_t reserved2;
  uint16_t reserved3;
  uint16_t io_map_base;
};

/// Registers that a system call keeps, as syscall_entry_keeping found them.
struct kept_registers { uint64_t rbx, rbp, r12, r13, r14, r15; };

struct core_state {
  uint64_t self;           // 0: address of this structure
  uint64_t user_rsp;       // 8: scratch of the system call entry
  uint64_t kernel_rsp;     // 16: where kernel entries from user mode begin their stack
  void *run;               // 24: the running action's state, given to the handlers
  uint32_t padding;        // 32: puts rsp0 of the segment at a multiple of eight
  struct task_state_segment tss;  // 36
  struct kept_registers kept;     // 144
};

extern struct core_state boot_core;
/// Gives the first core's state its own address, which GS-relative code reads; returns that address.
INLINE uint64_t initialise_boot_core(void) SWIFT_NAME(initialiseBootCore()) {
  boot_core.self = (uint64_t)&boot_core;
  boot_core.tss.io_map_base = sizeof(struct task_state_segment);
  return boot_core.self;
}

// --- Frames that the entries build on the kernel's stack (trap.asm) ------------------------------------------

struct trap_frame {
  uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
  uint64_t vector, error_code;
  uint64_t rip, cs, rflags, rsp, ss;
};

struct syscall_frame {
  uint64_t rdi, rsi, rdx, r10, r8, r9;  // arguments, in order
  uint64_t number;                     // RAX; the result on the way out
  uint64_t rip, rflags, rsp;
};

/// All of user mode's state but for x87, SSE and what XSAVE covers.
struct user_state {
  struct kept_registers kept;
  struct syscall_frame frame;
  uint64_t fs_base;
};

/// Enters user mode with `state`; returns as `enter_user` does.
void resume_user(const struct user_state *state) SWIFT_NAME(resumeUser(_:));

/// Enters user mode at `rip` with stack `rsp` and all other general registers clean; returns when a handler
/// answers that the action has ended.
void enter_user(uint64_t rip, uint64_t rsp) SWIFT_NAME(enterUser(instructionPointer:stackPointer:));

extern const uint64_t trap_stubs[48];
INLINE uint64_t trap_stub(uint32_t vector) SWIFT_NAME(trapStub(_:)) { return trap_stubs[vector]; }
INLINE struct core_state *this_core(void) SWIFT_NAME(thisCore()) {
  struct core_state *core;
  __asm__("mov %%gs:0, %0" : "=r"(core));
  return core;
}

struct descriptor_pointer { uint16_t limit; uint64_t base; } __attribute__((packed));

INLINE void load_idt(uint64_t base, uint16_t limit) SWIFT_NAME(loadIDT(base:limit:)) {
  struct descriptor_pointer pointer = {limit, base};
  __asm__ volatile("lidt %0" : : "m"(pointer));
}
INLINE void load_task_register(uint16_t selector) SWIFT_NAME(loadTaskRegister(_:)) {
  __asm__ volatile("ltr %0" : : "r"(selector));
}

// --- Instructions -----------------------------------------------------------------------------------------

INLINE void out8(uint16_t port, uint8_t value) SWIFT_NAME(out8(port:_:)) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
INLINE uint8_t in8(uint16_t port) SWIFT_NAME(in8(port:)) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
INLINE uint64_t read_msr(uint32_t msr) SWIFT_NAME(readMSR(_:)) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return ((uint64_t)high << 32) | low;
}
INLINE void write_msr(uint32_t msr, uint64_t value) SWIFT_NAME(writeMSR(_:_:)) {
  __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

INLINE uint64_t read_tsc(void) SWIFT_NAME(readTSC()) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return ((uint64_t)high << 32) | low;
}

/// The upper 64 of the product's 96 lower bits: `ticks` times the binary fraction of 32 bits `scale`.
INLINE uint64_t scale_ticks(uint64_t ticks, uint64_t scale) SWIFT_NAME(scaleTicks(_:by:)) {
  __asm__("mulq %1\n\tshrdq $32, %%rdx, %0" : "+a"(ticks) : "r"(scale) : "rdx", "cc");
  return ticks;
}

struct cpuid_result { uint32_t eax, ebx, ecx, edx; };
INLINE struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf) SWIFT_NAME(cpuid(_:_:)) {
  struct cpuid_result r;
  __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
  return r;
}

INLINE uint64_t read_cr0(void) SWIFT_NAME(readCR0()) { uint64_t v; __asm__ volatile("mov %%cr0, %0" : "=r"(v)); return v; }
INLINE uint64_t read_cr2(void) SWIFT_NAME(readCR2()) { uint64_t v; __asm__ volatile("mov %%cr2, %0" : "=r"(v)); return v; }
INLINE uint64_t read_cr3(void) SWIFT_NAME(readCR3()) { uint64_t v; __asm__ volatile("mov %%cr3, %0" : "=r"(v)); return v; }
INLINE uint64_t read_cr4(void) SWIFT_NAME(readCR4()) { uint64_t v; __asm__ volatile("mov %%cr4, %0" : "=r"(v)); return v; }
INLINE void write_cr0(uint64_t v) SWIFT_NAME(writeCR0(_:)) { __asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory"); }
INLINE void write_cr3(uint64_t v) SWIFT_NAME(writeCR3(_:)) { __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory"); }
INLINE void write_cr4(uint64_t v) SWIFT_NAME(writeCR4(_:)) { __asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory"); }
INLINE void write_xcr0(uint64_t v) SWIFT_NAME(writeXCR0(_:)) {
  __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}
INLINE void invalidate_page(uint64_t address) SWIFT_NAME(invalidatePage(_:)) {
  __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/// Loads x87, SSE and every enabled extended state; what the area's header leaves out becomes initial.
INLINE void xrstor(const void *area) SWIFT_NAME(xrstor(_:)) {
  __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(0xffffffffu), "d"(0xffffffffu) : "memory");
}
INLINE void fxrstor(const void *area) SWIFT_NAME(fxrstor(_:)) {
  __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}
INLINE void xsave(void *area) SWIFT_NAME(xsave(_:)) {
  __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(0xffffffffu), "d"(0xffffffffu) : "memory");
}
INLINE void fxsave(void *area) SWIFT_NAME(fxsave(_:)) {
  __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}
INLINE int read_random(uint64_t *value) SWIFT_NAME(readRandom(_:)) {
  unsigned char ok;
  __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok) : : "cc");
  return ok;
}

/// Waits for an interrupt, opening the window only for the wait: one that is already pending ends it at once
/// (STI takes effect after the next instruction).
INLINE void halt_with_interrupts(void) SWIFT_NAME(haltWithInterrupts()) {
  __asm__ volatile("sti; hlt; cli" : : : "memory");
}
INLINE void halt_for_ever(void) SWIFT_NAME(haltForever()) { for (;;) __asm__ volatile("cli; hlt"); }
INLINE void pause_hint(void) SWIFT_NAME(pauseHint()) { __asm__ volatile("pause"); }
INLINE uint64_t read_frame_pointer(void) SWIFT_NAME(readFramePointer()) {
  uint64_t v;
  __asm__ volatile("mov %%rbp, %0" : "=r"(v));
  return v;
}

// --- Volatile access and page-sized copies --------------------------------------------------------------------

INLINE uint32_t volatile_load32(uint64_t address) SWIFT_NAME(volatileLoad32(_:)) { return *(volatile uint32_t *)address; }
INLINE void volatile_store32(uint64_t address, uint32_t v) SWIFT_NAME(volatileStore32(_:_:)) { *(volatile uint32_t *)address = v; }

/// Copies one 4096-byte page.
INLINE void copy_page(uint64_t to, uint64_t from) SWIFT_NAME(copyPage(to:from:)) {
  uint64_t count = 512;
  __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}
/// Zeroes one 4096-byte page.
INLINE void zero_page(uint64_t to) SWIFT_NAME(zeroPage(_:)) {
  uint64_t count = 512;
  __asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0) : "memory");
}

/// The same, 16 or 32 bytes at a time (restore.asm). They use vector registers, which hold the action's
/// values while one is on its way: for restoring only, when none is, and the next is given a clean state.
void restore_page(uint64_t to, uint64_t from) SWIFT_NAME(restorePage(to:from:));
void restore_zeros(uint64_t to) SWIFT_NAME(restoreZeros(to:));
extern uint8_t restore_wide;
INLINE void set_restore_wide(int enabled) SWIFT_NAME(setRestoreWide(_:)) { restore_wide = enabled != 0; }

/// AES-128, where the CPU has its instructions (aes.asm). The same holds for its use of vector registers.
struct aes_block { uint64_t low, high; };
void aes_set_key(uint64_t low, uint64_t high) SWIFT_NAME(setAESKey(_:_:));
struct aes_block aes_encrypt(uint64_t low, uint64_t high) SWIFT_NAME(encryptAES(_:_:));
