; Kernel entry: by PVH (QEMU -kernel, Firecracker, Cloud Hypervisor) and by Multiboot2 (GRUB), both in 32-bit
; protected mode with paging off. Builds the first page tables, enters long mode, calls kernel_main.
; Out of scope: traps and system calls (trap.asm).

%include "percpu.inc"

MULTIBOOT2_MAGIC  equ 0xE85250D6
MULTIBOOT2_LOADED equ 0x36D76289

BOOT_PVH          equ 1
BOOT_MULTIBOOT2   equ 2

PAGE_PRESENT      equ 1 << 0
PAGE_WRITABLE     equ 1 << 1
PAGE_LARGE        equ 1 << 7
PAGE_GLOBAL       equ 1 << 8
NX_HIGH           equ 1 << 31               ; bit 63, in the entry's upper half

extern kernel_main
extern kernel_end, text_start, text_end, rodata_start, rodata_end
extern kernel_stack_guard, kernel_stack_bottom, kernel_stack_top

; The first page tables lie in the lowest pages of the kernel's stack, which boot does not reach; the kernel moves them out
; as soon as it can allocate (KernelMap.adopt).
boot_pml4       equ kernel_stack_bottom
boot_pdpt       equ kernel_stack_bottom + 0x1000
boot_directory  equ kernel_stack_bottom + 0x2000
boot_page_table equ kernel_stack_bottom + 0x3000
BOOT_TABLES     equ 4 * 4096

; --- Headers that loaders look for; first in the text segment ------------------------------------------------

section .multiboot2 progbits alloc noexec nowrite align=8
multiboot2_header:
    dd MULTIBOOT2_MAGIC
    dd 0                                    ; i386, 32-bit protected mode
    dd multiboot2_end - multiboot2_header
    dd 0x100000000 - (MULTIBOOT2_MAGIC + (multiboot2_end - multiboot2_header))
    align 8
    dw 3, 0                                 ; entry address tag: not the ELF entry, which is PVH's
    dd 12
    dd multiboot2_entry
    align 8
    dw 0, 0                                 ; end tag
    dd 8
multiboot2_end:

section .note.pvh note alloc noexec nowrite align=4
    dd 4, 8, 18                             ; name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd pvh_entry, 0

; --- 32-bit entry -----------------------------------------------------------------------------------------------

section .text.entry progbits alloc exec nowrite align=16
bits 32

global pvh_entry
pvh_entry:
    mov edi, BOOT_PVH
    jmp start32

multiboot2_entry:
    cmp eax, MULTIBOOT2_LOADED
    jne unsupported
    mov edi, BOOT_MULTIBOOT2

start32:
    cli
    cld
    mov esp, kernel_stack_top
    mov esi, ebx                            ; address of the start information

    mov eax, 0x80000000
    cpuid
    cmp eax, 0x80000001
    jb unsupported
    mov eax, 0x80000001
    cpuid
    bt edx, 29                              ; long mode
    jnc unsupported
    xor ebp, ebp                            ; upper half of an entry that must not be executed
    bt edx, 20                              ; NX
    jnc .no_nx
    mov ebp, NX_HIGH
.no_nx:
    call build_page_tables

    mov eax, cr4
    or eax, (1 << 5) | (1 << 7)             ; PAE, PGE
    mov cr4, eax
    mov eax, boot_pml4
    mov cr3, eax
    mov ecx, 0xC0000080                     ; EFER
    rdmsr
    or eax, 1 << 8                          ; LME
    test ebp, ebp
    jz .no_nxe
    or eax, 1 << 11                         ; NXE
.no_nxe:
    wrmsr
    mov eax, cr0
    and eax, ~((1 << 29) | (1 << 30))       ; caches on (NW, CD clear)
    or eax, (1 << 31) | (1 << 16) | 1       ; PG, WP, PE
    mov cr0, eax
    lgdt [gdt_pointer]
    jmp CODE_SELECTOR:start64

; Maps the first GiB one to one. The first 2 MiB, which hold the kernel, in 4 KiB pages with exact rights: text
; read and execute, read-only data read, the rest read and write; the stack's guard not at all. (Page 0, where firmware
; may have put the start information, is unmapped once that was read.) Clobbers eax, ebx, ecx, edx, and edi and esi but for their values.
build_page_tables:
    push edi
    xor eax, eax
    mov edi, boot_pml4
    mov ecx, BOOT_TABLES / 4
    rep stosd
    pop edi
    mov dword [boot_pml4], boot_pdpt + (PAGE_PRESENT | PAGE_WRITABLE)
    mov dword [boot_pdpt], boot_directory + (PAGE_PRESENT | PAGE_WRITABLE)

    xor ecx, ecx
    mov eax, PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE | PAGE_GLOBAL
.large:
    mov [boot_directory + ecx * 8], eax
    mov [boot_directory + ecx * 8 + 4], ebp
    add eax, 0x200000
    inc ecx
    cmp ecx, 512
    jb .large
    mov dword [boot_directory], boot_page_table + (PAGE_PRESENT | PAGE_WRITABLE)
    mov dword [boot_directory + 4], 0

    xor ecx, ecx
.small:
    mov ebx, ecx
    shl ebx, 12
    mov eax, ebx
    mov edx, ebp
    or eax, PAGE_PRESENT | PAGE_WRITABLE | PAGE_GLOBAL
    cmp ebx, text_start
    jb .store
    cmp ebx, text_end
    jae .after_text
    and eax, ~PAGE_WRITABLE
    xor edx, edx
    jmp .store
.after_text:
    cmp ebx, rodata_end
    jae .after_rodata
    and eax, ~PAGE_WRITABLE
    jmp .store
.after_rodata:
    cmp ebx, kernel_stack_guard
    jne .store
    xor eax, eax
    xor edx, edx
.store:
    mov [boot_page_table + ecx * 8], eax
    mov [boot_page_table + ecx * 8 + 4], edx
    inc ecx
    cmp ecx, 512
    jb .small
    ret

; Says on COM1 what is wrong, and stops.
unsupported:
    mov esi, unsupported_text
.next:
    lodsb
    test al, al
    jz .stop
    mov dx, 0x3F8
    out dx, al
    jmp .next
.stop:
    mov dx, 0xF4                            ; isa-debug-exit, where there is one
    mov al, PANIC_STATUS
    out dx, al
    cli
    hlt
    jmp .stop

; --- 64-bit entry ------------------------------------------------------------------------------------------------

bits 64
start64:
    mov eax, DATA_SELECTOR
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov rsp, kernel_stack_top
    xor ebp, ebp                            ; the end of every backtrace
    push rbp
    push rbp
    mov r8d, edi                            ; arguments: loader, its information, the counter at entry
    rdtsc
    shl rdx, 32
    or rdx, rax
    mov edi, r8d
    mov esi, esi
    call kernel_main
.stop:
    cli
    hlt
    jmp .stop

section .rodata progbits alloc noexec nowrite align=8
unsupported_text:
    db 13, 10, "swiftlet: this CPU has no 64-bit mode, or the loader is not PVH or Multiboot2; use an x86-64 machine", 13, 10, 0
gdt_pointer:
    dw gdt_end - trap_gdt - 1
    dq trap_gdt

section .data progbits alloc noexec write align=16
global trap_gdt
trap_gdt:
    dq 0
    dq 0x00AF9A000000FFFF                   ; 0x08: kernel code, 64-bit
    dq 0x00CF92000000FFFF                   ; 0x10: kernel data
    dq 0x00CFF2000000FFFF                   ; 0x18: user data (SYSRET wants it before user code)
    dq 0x00AFFA000000FFFF                   ; 0x20: user code, 64-bit
    dq 0, 0                                 ; 0x28: task state segment, filled in by the kernel
gdt_end:
