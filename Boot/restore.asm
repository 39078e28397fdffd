; Copying and zeroing a page through vector registers, for restoring an instance after its invocation: 32 bytes at a time
; where AVX is enabled, else 16.
; Out of scope: any use while an action is on its way: its vector registers are overwritten here. SSE2 is there on every
; 64-bit CPU.

section .text.restore progbits alloc exec nowrite align=16
default rel
bits 64

; void restore_page(uint64_t to, uint64_t from)
global restore_page
align 16
restore_page:
    cmp byte [restore_wide], 0
    jne .wide
    mov ecx, 4096 / 128
.next:
%assign i 0
%rep 8
    movdqa xmm%+i, [rsi + i * 16]
    %assign i i + 1
%endrep
%assign i 0
%rep 8
    movdqa [rdi + i * 16], xmm%+i
    %assign i i + 1
%endrep
    sub rsi, -128
    sub rdi, -128
    dec ecx
    jnz .next
    ret
.wide:
    mov ecx, 4096 / 512
.next_wide:
%assign i 0
%rep 16
    vmovdqa ymm%+i, [rsi + i * 32]
    %assign i i + 1
%endrep
%assign i 0
%rep 16
    vmovdqa [rdi + i * 32], ymm%+i
    %assign i i + 1
%endrep
    add rsi, 512
    add rdi, 512
    dec ecx
    jnz .next_wide
    ret

; void restore_zeros(uint64_t to)
global restore_zeros
align 16
restore_zeros:
    cmp byte [restore_wide], 0
    jne .wide
    mov ecx, 4096 / 256
    pxor xmm0, xmm0
.next:
%assign i 0
%rep 16
    movdqa [rdi + i * 16], xmm0
    %assign i i + 1
%endrep
    add rdi, 256
    dec ecx
    jnz .next
    ret
.wide:
    vpxor xmm0, xmm0, xmm0                  ; clears all of ymm0
%assign i 0
%rep 4096 / 32
    vmovdqa [rdi + i * 32], ymm0
    %assign i i + 1
%endrep
    ret

section .bss nobits alloc noexec write align=8
; Whether AVX is enabled; set once, at boot.
global restore_wide
restore_wide: resb 1
