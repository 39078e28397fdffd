import ABI
import Testing

@Suite struct AddressSpaceTests {
  @Test func slotsFillTheLowerHalfButForTheKernelAndTheLastSlot() {
    #expect(AddressSpace.slotBase(0) == AddressSpace.firstSlotBase)
    #expect(AddressSpace.slotBase(AddressSpace.slotCount - 1) + AddressSpace.slotSize == AddressSpace.userLimit)
    #expect(AddressSpace.userLimit + AddressSpace.slotSize == 1 << 47)
    #expect(UInt64(AddressSpace.pagesPerSlot) * AddressSpace.pageSize == AddressSpace.slotSize)
  }

  @Test func userAddresses() {
    #expect(!AddressSpace.isUser(0))
    #expect(!AddressSpace.isUser(AddressSpace.firstSlotBase - 1))
    #expect(AddressSpace.isUser(AddressSpace.firstSlotBase))
    #expect(AddressSpace.isUser(AddressSpace.userLimit - 1))
    #expect(!AddressSpace.isUser(AddressSpace.userLimit))
    #expect(!AddressSpace.isUser(0x8000_0000_0000))
    #expect(!AddressSpace.isUser(.max))
  }

  @Test func writableAndExecutable() {
    #expect(([.write, .execute] as Protection).isWritableAndExecutable)
    #expect(!([.read, .execute] as Protection).isWritableAndExecutable)
    #expect(!([.read, .write] as Protection).isWritableAndExecutable)
  }
}
