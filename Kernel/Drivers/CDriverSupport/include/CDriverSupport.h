// What drivers need that Swift has no word for: volatile access to device registers, ordered access to memory that
// a device reads and writes at the same time, and port I/O. All inline, no library behind it.
//
// Every function takes an address as a number, since that is what devices are told too; the caller vouches that
// the address is mapped and is a device's register or memory it owns.
#pragma once
#include <stdint.h>

#define SWIFT_NAMED(name) __attribute__((swift_name(name)))
#define SWIFTLET_INLINE static inline __attribute__((always_inline, swift_attr("unsafe")))

// Device registers: exactly one access of exactly this width, in program order among themselves.
SWIFT_NAMED("registerRead8(_:)")
SWIFTLET_INLINE uint8_t swiftlet_register_read8(uintptr_t address) { return *(volatile uint8_t *)address; }

SWIFT_NAMED("registerRead16(_:)")
SWIFTLET_INLINE uint16_t swiftlet_register_read16(uintptr_t address) { return *(volatile uint16_t *)address; }

SWIFT_NAMED("registerRead32(_:)")
SWIFTLET_INLINE uint32_t swiftlet_register_read32(uintptr_t address) { return *(volatile uint32_t *)address; }

SWIFT_NAMED("registerWrite8(_:_:)")
SWIFTLET_INLINE void swiftlet_register_write8(uintptr_t address, uint8_t value) {
  *(volatile uint8_t *)address = value;
}

SWIFT_NAMED("registerWrite16(_:_:)")
SWIFTLET_INLINE void swiftlet_register_write16(uintptr_t address, uint16_t value) {
  *(volatile uint16_t *)address = value;
}

SWIFT_NAMED("registerWrite32(_:_:)")
SWIFTLET_INLINE void swiftlet_register_write32(uintptr_t address, uint32_t value) {
  *(volatile uint32_t *)address = value;
}

// Memory shared with a device. Acquire: what the device wrote before is seen after. Release: what was written before
// is seen by the device first. The fence orders a store before a later load, which x86 does not do by itself.
SWIFT_NAMED("sharedLoadAcquire16(_:)")
SWIFTLET_INLINE uint16_t swiftlet_shared_load16(uintptr_t address) { return __atomic_load_n((uint16_t *)address, __ATOMIC_ACQUIRE); }

SWIFT_NAMED("sharedLoad32(_:)")
SWIFTLET_INLINE uint32_t swiftlet_shared_load32(uintptr_t address) { return __atomic_load_n((uint32_t *)address, __ATOMIC_RELAXED); }

SWIFT_NAMED("sharedStoreRelease16(_:_:)")
SWIFTLET_INLINE void swiftlet_shared_store16(uintptr_t address, uint16_t value) {
  __atomic_store_n((uint16_t *)address, value, __ATOMIC_RELEASE);
}

SWIFT_NAMED("sharedStore32(_:_:)")
SWIFTLET_INLINE void swiftlet_shared_store32(uintptr_t address, uint32_t value) {
  __atomic_store_n((uint32_t *)address, value, __ATOMIC_RELAXED);
}

SWIFT_NAMED("sharedStore64(_:_:)")
SWIFTLET_INLINE void swiftlet_shared_store64(uintptr_t address, uint64_t value) {
  __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELAXED);
}

// MFENCE itself: the compiler's fence without SSE is a locked OR, which QEMU's TCG performs with no fence on the host where
// there is one virtual CPU, while the device is another thread of the host: wishes to be notified were missed for good.
SWIFT_NAMED("sharedFence()")
static inline __attribute__((always_inline)) void swiftlet_shared_fence(void) { __asm__ volatile("mfence" : : : "memory"); }

// Port I/O (ring 0 only).
SWIFT_NAMED("portRead32(_:)")
SWIFTLET_INLINE uint32_t swiftlet_port_read32(uint16_t port) {
  uint32_t value;
  __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}

SWIFT_NAMED("portWrite32(_:_:)")
SWIFTLET_INLINE void swiftlet_port_write32(uint16_t port, uint32_t value) {
  __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}
