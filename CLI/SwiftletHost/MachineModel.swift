/// The virtual machines that the kernel boots on.
public enum MachineModel: String, CaseIterable, Sendable, CustomStringConvertible {
  /// QEMU's `microvm`: virtio-mmio, no PCI, no firmware to speak of. The fastest to boot.
  case microvm
  /// A PC with PCI Express: virtio-pci, booted by PVH through qboot.
  case q35
  /// The same PC booted from the GRUB ISO by Multiboot2, as a hypervisor with a CD-ROM does.
  case iso

  public var description: String { rawValue }

  /// The file that `make` leaves for this machine, relative to the project's folder.
  public var defaultImage: String { self == .iso ? "build/swiftlet.iso" : "build/swiftlet-kernel.elf" }
}
