; memcpy, memmove, memset, memcmp, strlen, as the C library's (System V registers).
; Up to 64 bytes everything is loaded before anything is stored, so overlap does not matter; above that, 64 bytes a turn; from
; BIG on, the processor's own string instructions.

default rel
bits 64

BIG     equ 2048

section .text.memcpy exec

; void *memmove(void *to, const void *from, size_t count), and memcpy, which may be the same
global memcpy:function, memmove:function
memcpy:
memmove:
        mov     rax, rdi
        cmp     rdx, 16
        jb      .below16
        cmp     rdx, 32
        ja      .above32
        movups  xmm0, [rsi]
        movups  xmm1, [rsi + rdx - 16]
        movups  [rdi], xmm0
        movups  [rdi + rdx - 16], xmm1
        ret

.below16:
        cmp     edx, 8
        jb      .below8
        mov     rcx, [rsi]
        mov     r8, [rsi + rdx - 8]
        mov     [rdi], rcx
        mov     [rdi + rdx - 8], r8
        ret
.below8:
        cmp     edx, 4
        jb      .below4
        mov     ecx, [rsi]
        mov     r8d, [rsi + rdx - 4]
        mov     [rdi], ecx
        mov     [rdi + rdx - 4], r8d
        ret
.below4:
        cmp     edx, 1
        jb      .done
        movzx   ecx, byte [rsi]
        movzx   r8d, byte [rsi + rdx - 1]
        je      .last
        movzx   r9d, byte [rsi + 1]
        mov     [rdi + 1], r9b
.last:  mov     [rdi], cl
        mov     [rdi + rdx - 1], r8b
.done:  ret

.above32:
        cmp     rdx, 64
        ja      .above64
        movups  xmm0, [rsi]
        movups  xmm1, [rsi + 16]
        movups  xmm2, [rsi + rdx - 32]
        movups  xmm3, [rsi + rdx - 16]
        movups  [rdi], xmm0
        movups  [rdi + 16], xmm1
        movups  [rdi + rdx - 32], xmm2
        movups  [rdi + rdx - 16], xmm3
        ret

.above64:
        mov     rcx, rdi
        sub     rcx, rsi
        cmp     rcx, rdx
        jb      .backward                 ; from < to < from + count
        cmp     rdx, BIG
        jae     .big
        movups  xmm4, [rsi + rdx - 64]    ; the end, before the loop can overwrite it
        movups  xmm5, [rsi + rdx - 48]
        movups  xmm6, [rsi + rdx - 32]
        movups  xmm7, [rsi + rdx - 16]
        lea     r8, [rdi + rdx - 64]      ; where the end goes
.forward:
        movups  xmm0, [rsi]
        movups  xmm1, [rsi + 16]
        movups  xmm2, [rsi + 32]
        movups  xmm3, [rsi + 48]
        movups  [rdi], xmm0
        movups  [rdi + 16], xmm1
        movups  [rdi + 32], xmm2
        movups  [rdi + 48], xmm3
        add     rsi, 64
        add     rdi, 64
        cmp     rdi, r8
        jb      .forward
        movups  [r8], xmm4
        movups  [r8 + 16], xmm5
        movups  [r8 + 32], xmm6
        movups  [r8 + 48], xmm7
        ret

.big:   mov     rcx, rdx
        shr     rcx, 3
        rep movsq
        mov     ecx, edx
        and     ecx, 7
        rep movsb
        ret

.backward:
        movups  xmm4, [rsi]               ; the beginning, likewise
        movups  xmm5, [rsi + 16]
        movups  xmm6, [rsi + 32]
        movups  xmm7, [rsi + 48]
        add     rsi, rdx
        add     rdi, rdx
        lea     r8, [rax + 64]
.down:  movups  xmm0, [rsi - 16]
        movups  xmm1, [rsi - 32]
        movups  xmm2, [rsi - 48]
        movups  xmm3, [rsi - 64]
        movups  [rdi - 16], xmm0
        movups  [rdi - 32], xmm1
        movups  [rdi - 48], xmm2
        movups  [rdi - 64], xmm3
        sub     rsi, 64
        sub     rdi, 64
        cmp     rdi, r8
        ja      .down
        movups  [rax], xmm4
        movups  [rax + 16], xmm5
        movups  [rax + 32], xmm6
        movups  [rax + 48], xmm7
        ret

section .text.memset exec

; void *memset(void *to, int byte, size_t count)
global memset:function
memset:
        mov     r8, rdi
        movzx   eax, sil
        mov     rcx, 0x0101010101010101
        imul    rax, rcx
        cmp     rdx, 16
        jb      .below16
        cmp     rdx, BIG
        jae     .big
        movq    xmm0, rax
        punpcklqdq xmm0, xmm0
        lea     rcx, [rdi + rdx - 16]     ; the last 16, which may overlap the turn before
.turn:  movups  [rdi], xmm0
        add     rdi, 16
        cmp     rdi, rcx
        jb      .turn
        movups  [rcx], xmm0
        mov     rax, r8
        ret

.below16:
        cmp     edx, 8
        jb      .below8
        mov     [rdi], rax
        mov     [rdi + rdx - 8], rax
        mov     rax, r8
        ret
.below8:
        cmp     edx, 4
        jb      .bytes
        mov     [rdi], eax
        mov     [rdi + rdx - 4], eax
        mov     rax, r8
        ret
.big:   mov     rcx, rdx
        shr     rcx, 3
        rep stosq
        and     edx, 7
.bytes: mov     ecx, edx
        rep stosb
        mov     rax, r8
        ret

section .text.memcmp exec

; int memcmp(const void *a, const void *b, size_t count)
global memcmp:function
memcmp:
        xor     eax, eax
.words: cmp     rdx, 8
        jb      .bytes
        mov     rcx, [rdi]
        mov     r8, [rsi]
        add     rdi, 8
        add     rsi, 8
        sub     rdx, 8
        cmp     rcx, r8
        je      .words
        bswap   rcx                       ; the first byte counts most
        bswap   r8
        cmp     rcx, r8
.order: seta    al
        setb    cl
        movzx   ecx, cl
        sub     eax, ecx
        ret
.bytes: test    rdx, rdx
        jz      .equal
        movzx   ecx, byte [rdi]
        movzx   r8d, byte [rsi]
        inc     rdi
        inc     rsi
        dec     rdx
        cmp     ecx, r8d
        je      .bytes
        jmp     .order
.equal: ret

section .text.strlen exec

; size_t strlen(const char *text)
global strlen:function
strlen: lea     rax, [rdi - 1]
.next:  inc     rax
        cmp     byte [rax], 0
        jne     .next
        sub     rax, rdi
        ret

section .text.free exec

extern swiftlet_free                      ; Allocator.swift

global free:function
free:   jmp     swiftlet_free
