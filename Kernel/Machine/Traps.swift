// What the trap entries call (Boot/trap.asm).

import CBoot

/// A trap in the kernel, or one that must not be taken on an action's account: an interrupt that ends a halt, or a bug.
@c(handle_kernel_trap)
public func handleKernelTrap(_ frame: UnsafeMutablePointer<trap_frame>) {
  // SAFETY: the entry built the frame on its stack.
  switch unsafe frame.pointee.vector {
  case UInt64(Vector.timer): Interrupts.timerWentOff()
  case UInt64(Vector.network): Interrupts.acknowledgeNetwork()
  default: unsafe panic(frame.pointee)
  }
}
