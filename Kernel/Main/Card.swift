// Finds the network card and routes its interrupt.

import Drivers
import Machine
import Settings

/// The started card. Panics where there is none: a kernel that nobody can reach serves nothing.
@_optimize(size)
func attachCard(_ machine: borrowing Machine, _ settings: borrowing KernelSettings) -> AttachedCard {
  let identifier = UInt8(truncatingIfNeeded: machine.apic.identifier)
  var places = CardPlaces(message: InterruptMessage(vector: Vector.network, localAPIC: identifier))
  for index in 0..<settings.deviceCount {
    let device = settings.device(index)
    places.add(VirtioMMIOSlot(address: device.address, length: device.length, interrupt: device.interrupt))
  }
  // Two rings of 2 KiB buffers: half a megabyte each where there is memory for it.
  let ringSize: UInt16 = MemoryUse.current.framesTotal >= 8192 ? 256 : 128
  do throws(VirtioError) {
    return try places.attach(ringSize: ringSize, pages: DevicePages())
  } catch {
    let console = SerialConsole()
    console.write("swiftlet: no network card: ")
    console.write(error.explanation)
    console.write("\n")
    panic("no usable virtio network card")
  }
}
