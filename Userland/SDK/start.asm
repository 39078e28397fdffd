; Entry of an action on the SDK, and the data it shares with Swift (CSwiftlet.h).
; The image is a static PIE, so it relocates itself: Linux maps it as it is. Swiftlet has relocated it at deployment; therefore a
; word that is right already is not written, which would dirty its page at each invocation.
; Out of scope: constructors, thread-local storage, IRELATIVE (Embedded Swift makes none of them).

default rel
bits 64

DT_RELA           equ 7
DT_RELASZ         equ 8
R_X86_64_RELATIVE equ 8
RELA_SIZE         equ 24                  ; offset, info, addend

extern _DYNAMIC, __ehdr_start             ; the linker's
extern main                               ; what Swift's @main becomes
extern swiftlet_exit                      ; Process.swift

section .text._start exec

global _start:function
_start:
        xor     ebp, ebp                  ; ends the chain of frames
        mov     rbx, rsp
        lea     rsi, [_DYNAMIC]
        xor     ecx, ecx                  ; bytes of relocations
        jmp     .tag
.skip:  add     rsi, 16
.tag:   mov     rax, [rsi]
        cmp     rax, DT_RELASZ
        ja      .skip
        mov     rdx, [rsi + 8]
        cmove   rcx, rdx
        cmp     eax, DT_RELA
        cmove   rdi, rdx
        test    eax, eax                  ; DT_NULL
        jnz     .skip
        test    rcx, rcx
        jz      .relocated

        lea     r8, [__ehdr_start]        ; the address the image was moved to
        add     rdi, r8
        add     rcx, rdi                  ; end of the table
.next:  cmp     dword [rdi + 8], R_X86_64_RELATIVE
        jne     .refuse
        mov     rax, [rdi]
        mov     rdx, [rdi + 16]
        add     rdx, r8
        cmp     [r8 + rax], rdx
        je      .right
        mov     [r8 + rax], rdx
.right: add     rdi, RELA_SIZE
        cmp     rdi, rcx
        jb      .next

.relocated:
        mov     [swiftlet_state], rbx     ; .initial_stack
        mov     rdi, [rbx]                ; argc
        lea     rsi, [rbx + 8]            ; argv
        and     rsp, -16
        call    main
        mov     edi, eax
        call    swiftlet_exit
.refuse:
        ud2                               ; a relocation the linker should have refused

section .bss.swiftlet nobits alloc write align=4096

global swiftlet_state:data hidden
swiftlet_state:
        resb    64

global swiftlet_buffer:data hidden
swiftlet_buffer:
        resb    65536

section .bss.swiftlet_arena nobits alloc write align=16

global swiftlet_arena:data hidden
swiftlet_arena:
        resb    65536
