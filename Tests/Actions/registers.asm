; Prints what the registers hold at entry, and leaves marks in all of them for the next invocation to find.
;
; Expected: all general registers but rsp 0 (rcx and r11 may instead hold the entry address and the flags, where SYSRET
; takes them from; they are then shown as 0), rflags 0x202 (Linux shows the same), the x87 control word 0x37f, no x87 register in use,
; mxcsr 0x1f80, all vector registers 0. One line per register, "NAME 0123456789abcdef"; then xmm0 to xmm15 in order, 32 digits each,
; and ymmh, the OR of the upper halves where the system has enabled AVX. The last line is "clean" or "not clean". Exit status 0.

default rel
bits 64

%define MARK 0x5ec7e75ec7e75ec7

section .text._start exec

global _start:function
_start:
        mov     [saved + 0 * 8], rax
        mov     [saved + 1 * 8], rbx
        mov     [saved + 2 * 8], rcx
        mov     [saved + 3 * 8], rdx
        mov     [saved + 4 * 8], rsi
        mov     [saved + 5 * 8], rdi
        mov     [saved + 6 * 8], rbp
        mov     [saved + 7 * 8], r8
        mov     [saved + 8 * 8], r9
        mov     [saved + 9 * 8], r10
        mov     [saved + 10 * 8], r11
        mov     [saved + 11 * 8], r12
        mov     [saved + 12 * 8], r13
        mov     [saved + 13 * 8], r14
        mov     [saved + 14 * 8], r15
        pushfq
        pop     qword [saved + 15 * 8]
        mov     [saved + 16 * 8], rsp
        fxsave64 [state]
        lea     rax, [_start]
        cmp     [saved + 2 * 8], rax
        jne     .no_sysret
        mov     rax, [saved + 15 * 8]
        cmp     [saved + 10 * 8], rax
        jne     .no_sysret
        mov     qword [saved + 2 * 8], 0
        mov     qword [saved + 10 * 8], 0
.no_sysret:

        ; AVX: CPUID says whether the system has enabled it, XGETBV what of it.
        mov     eax, 1
        xor     ecx, ecx
        cpuid
        bt      ecx, 27                   ; OSXSAVE
        jnc     .print
        xor     ecx, ecx
        xgetbv
        and     eax, 6
        cmp     eax, 6
        jne     .print
        mov     eax, 4                    ; the upper halves
        xor     edx, edx
        xsave64 [extended]
        test    byte [extended + 512], 4  ; XSTATE_BV: clear where they are in their initial state
        jz      .print
        lea     rsi, [extended + 576]
        mov     ecx, 32
.or:    mov     rax, [rsi]
        or      [upper], rax
        add     rsi, 8
        dec     ecx
        jnz     .or

.print: lea     rdi, [text]
        xor     r12d, r12d                ; OR of all that has to be 0
        xor     ebx, ebx
.general:
        lea     rsi, [names]
        mov     eax, [rsi + rbx * 4]
        call    name
        lea     rsi, [saved]
        mov     rax, [rsi + rbx * 8]
        cmp     ebx, 15
        jae     .show
        or      r12, rax
.show:  call    number
        mov     byte [rdi], 10
        inc     rdi
        inc     ebx
        cmp     ebx, 17
        jb      .general

        mov     rax, [saved + 15 * 8]
        xor     rax, 0x202
        and     rax, ~0x44                ; the arithmetic flags ZF and PF tell nothing
        or      r12, rax

        mov     eax, 'fcw '
        call    name
        movzx   eax, word [state]
        call    with_end
        xor     eax, 0x37f
        or      r12, rax
        mov     eax, 'ftw '
        call    name
        movzx   eax, byte [state + 4]
        or      r12, rax
        call    with_end
        mov     eax, 'mxcs'
        call    name
        mov     eax, [state + 24]
        call    with_end
        xor     eax, 0x1f80
        or      r12, rax

        xor     ebx, ebx
.vector:
        mov     eax, 'xmm '
        call    name
        lea     rsi, [state + 160]
        mov     rcx, rbx
        shl     rcx, 4
        add     rsi, rcx
        mov     rax, [rsi + 8]
        or      r12, rax
        call    number
        mov     rax, [rsi]
        or      r12, rax
        call    with_end
        inc     ebx
        cmp     ebx, 16
        jb      .vector

        mov     eax, 'ymmh'
        call    name
        mov     rax, [upper]
        or      r12, rax
        call    with_end

        test    r12, r12
        jz      .clean
        mov     dword [rdi], 'not '
        add     rdi, 4
.clean: mov     rax, `clean\n\0\0`
        mov     [rdi], rax
        add     rdi, 6

        mov     rdx, rdi
        lea     rsi, [text]
        sub     rdx, rsi
        mov     edi, 1
        mov     eax, 1                    ; write
        syscall

        ; Marks, for whoever comes next.
        mov     rbx, MARK
        movq    xmm0, rbx
        punpcklqdq xmm0, xmm0
%assign i 1
%rep 15
        movaps  xmm %+ i, xmm0
%assign i i + 1
%endrep
        mov     dword [state], 0x7f80     ; round to zero
        ldmxcsr [state]
        mov     word [state], 0x0f7f
        fldcw   [state]
        fldpi
        fldpi
        mov     rdx, rbx
        mov     rsi, rbx
        mov     rbp, rbx
        mov     r8, rbx
        mov     r9, rbx
        mov     r10, rbx
        mov     r12, rbx
        mov     r13, rbx
        mov     r14, rbx
        mov     r15, rbx
        xor     edi, edi
        mov     eax, 231                  ; exit_group
        std
        syscall
        ud2

; The four characters in eax and a space, to rdi.
name:   mov     [rdi], eax
        mov     byte [rdi + 4], ' '
        add     rdi, 5
        ret

with_end:
        call    number
        mov     byte [rdi], 10
        inc     rdi
        ret

; rax as 16 hexadecimal digits, to rdi. Keeps rax.
number: mov     ecx, 16
.digit: rol     rax, 4
        mov     edx, eax
        and     edx, 15
        add     edx, '0'
        cmp     edx, '9'
        jbe     .put
        add     edx, 'a' - '0' - 10
.put:   mov     [rdi], dl
        inc     rdi
        dec     ecx
        jnz     .digit
        ret

section .rodata.names alloc

names:  db      "rax rbx rcx rdx rsi rdi rbp r8  r9  r10 r11 r12 r13 r14 r15 rfl rsp "

section .bss.registers nobits alloc write align=64

extended:
        resb    4096
state:  resb    512
saved:  resq    17
upper:  resq    1
text:   resb    2048
