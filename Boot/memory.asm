; memcpy, memmove and memset, which compiled code calls, with general registers only: the vector registers may be an action's.
; Up to 32 bytes everything is loaded before anything is stored, in words that may overlap; what is longer goes by the string
; instructions, eight bytes at a time, and a last word that may overlap the one before.
; Out of scope: pages (restore.asm, include/boot.h).

section .text.memory progbits alloc exec nowrite align=16
bits 64

; void *memcpy(void *to, const void *from, size_t count)
global memcpy
align 16
memcpy:
    mov rax, rdi
    cmp rdx, 32
    ja .long
.short:
    cmp edx, 16
    jb .words
    mov rcx, [rsi]
    mov r8, [rsi + 8]
    mov r9, [rsi + rdx - 16]
    mov r10, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + 8], r8
    mov [rdi + rdx - 16], r9
    mov [rdi + rdx - 8], r10
    ret
.words:
    cmp edx, 8
    jb .halves
    mov rcx, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], r8
    ret
.halves:
    cmp edx, 4
    jb .bytes
    mov ecx, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], r8d
    ret
.bytes:
    test edx, edx
    jz .done
    movzx ecx, byte [rsi]
    movzx r8d, byte [rsi + rdx - 1]
    shr edx, 1                              ; 0, 1 or 1: the middle one of three
    movzx r9d, byte [rsi + rdx]
    mov [rdi + rdx], r9b
    adc edx, edx                            ; the count again
    mov [rdi], cl
    mov [rdi + rdx - 1], r8b
.done:
    ret
.long:
    mov r8, [rsi + rdx - 8]                 ; before anything is stored: the ranges may overlap, `to` being the lower
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    mov [rax + rdx - 8], r8
    ret

; void *memmove(void *to, const void *from, size_t count)
global memmove
align 16
memmove:
    mov rax, rdi
    cmp rdx, 32
    jbe memcpy.short
    mov rcx, rdi
    sub rcx, rsi
    cmp rcx, rdx
    jae memcpy.long
    mov r8, [rsi]                           ; from < to < from + count: downwards
    lea rsi, [rsi + rdx - 8]
    lea rdi, [rdi + rdx - 8]
    mov rcx, rdx
    shr rcx, 3
    std
    rep movsq
    cld
    mov [rax], r8
    ret

; void *memset(void *to, int byte, size_t count)
global memset
align 16
memset:
    mov r8, rdi
    movzx eax, sil
    mov rcx, 0x0101010101010101
    imul rax, rcx
    cmp rdx, 8
    jb .few
    mov [rdi + rdx - 8], rax
    mov rcx, rdx
    shr rcx, 3
    rep stosq
    mov rax, r8
    ret
.few:
    mov ecx, edx
    rep stosb
    mov rax, r8
    ret
