; Ways between user mode and the kernel: traps, system calls, entering an action and leaving it.
; Out of scope: deciding anything. Every entry calls one Swift function, with the frame and the running action's state, whose answer is
; whether to go on.

%include "percpu.inc"

extern handle_user_trap, handle_kernel_trap, handle_syscall

section .text.trap progbits alloc exec nowrite align=16
bits 64

%macro PUSH_GENERAL 0
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro POP_GENERAL 0
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
%endmacro

; One stub a vector, each leaving vector and error code on the stack (AMD64 manual, volume 2, table 8-1).
%assign vector 0
%rep 48
stub_%+vector:
    %if vector != 8 && vector != 10 && vector != 11 && vector != 12 && vector != 13 && vector != 14 && vector != 17 && vector != 21 && vector != 29 && vector != 30
    push 0
    %endif
    push vector
    jmp trap_common
    %assign vector vector + 1
%endrep

; The local APIC's spurious vector: nothing is pending, and no EOI is due.
global trap_spurious
trap_spurious:
    iretq

; Stack: r15 … rax, vector, error code, rip, cs, rflags, rsp, ss.
trap_common:
    PUSH_GENERAL
    mov rdi, rsp
    push 2                                  ; AC, DF, NT and TF off, whatever they were
    popfq
    test byte [rdi + 18 * 8], 3             ; the CS that was interrupted
    jz .kernel
    cmp byte [rdi + 15 * 8], 2              ; NMI, double fault and machine check have stacks of their own and end the kernel
    je .kernel
    cmp byte [rdi + 15 * 8], 8
    je .kernel
    cmp byte [rdi + 15 * 8], 18
    je .kernel
    swapgs
    mov rsi, [gs:CORE_RUN]
    xor ebp, ebp
    call handle_user_trap
    test al, al
    jz leave_user
    swapgs
    POP_GENERAL
    add rsp, 16
    iretq
.kernel:
    call handle_kernel_trap
    POP_GENERAL
    add rsp, 16
    iretq

; SYSCALL: RCX holds the return address, R11 the flags; IA32_FMASK has cleared IF, DF, TF, NT, AC and IOPL.
global syscall_entry
align 16
syscall_entry:
    swapgs
.kernel_gs:
    mov [gs:CORE_USER_RSP], rsp
    mov rsp, [gs:CORE_KERNEL_RSP]
    sub rsp, 8                              ; ten words below keep the stack aligned to 16
    push qword [gs:CORE_USER_RSP]
    push r11
    push rcx
    push rax
    push r9
    push r8
    push r10
    push rdx
    push rsi
    push rdi
    mov rdi, rsp
    mov rsi, [gs:CORE_RUN]
    call handle_syscall
    test al, al
    jz leave_user
    pop rdi
    pop rsi
    pop rdx
    pop r10
    pop r8
    pop r9
    pop rax
    pop rcx
    pop r11
    pop rsp
    swapgs
    o64 sysret

; The entry while an action in loop mode initialises: notes the registers that calls keep, for the snapshot.
global syscall_entry_keeping
align 16
syscall_entry_keeping:
    swapgs
    mov [gs:CORE_KEPT], rbx
    mov [gs:CORE_KEPT + 8], rbp
    mov [gs:CORE_KEPT + 16], r12
    mov [gs:CORE_KEPT + 24], r13
    mov [gs:CORE_KEPT + 32], r14
    mov [gs:CORE_KEPT + 40], r15
    jmp syscall_entry.kernel_gs

; void enter_user(uint64_t rip, uint64_t rsp)
; Saves the kernel's place; leave_user returns from here. Nothing of the kernel is left in a register: RCX and R11
; hold the entry address and the flags, which SYSRET takes from there.
global enter_user
align 16
enter_user:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [gs:CORE_KERNEL_RSP], rsp
    mov [gs:CORE_TSS_RSP0], rsp
    mov rcx, rdi
    mov rsp, rsi
    mov r11d, 0x202                         ; IF, and the bit that is always one
    swapgs
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    xor ebx, ebx
    xor edx, edx
    xor esi, esi
    xor edi, edi
    xor ebp, ebp
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    xor r12d, r12d
    xor r13d, r13d
    xor r14d, r14d
    xor r15d, r15d
    o64 sysret

; void resume_user(const struct user_state *state)
; As enter_user, with every register from `state`.
global resume_user
align 16
resume_user:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [gs:CORE_KERNEL_RSP], rsp
    mov [gs:CORE_TSS_RSP0], rsp
    swapgs
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov ecx, 0xC0000100                     ; IA32_FS_BASE, which loading FS may have cleared
    mov eax, [rdi + 128]
    mov edx, [rdi + 132]
    wrmsr
    mov rbx, [rdi]
    mov rbp, [rdi + 8]
    mov r12, [rdi + 16]
    mov r13, [rdi + 24]
    mov r14, [rdi + 32]
    mov r15, [rdi + 40]
    mov rsi, [rdi + 56]
    mov rdx, [rdi + 64]
    mov r10, [rdi + 72]
    mov r8, [rdi + 80]
    mov r9, [rdi + 88]
    mov rax, [rdi + 96]
    mov rcx, [rdi + 104]
    mov r11, [rdi + 112]
    mov rsp, [rdi + 120]
    mov rdi, [rdi + 48]
    o64 sysret

; Returns from enter_user and resume_user, on the kernel's stack as it was then; GS is the kernel's already.
leave_user:
    mov rsp, [gs:CORE_KERNEL_RSP]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

section .rodata progbits alloc noexec nowrite align=8
global trap_stubs
trap_stubs:
%assign vector 0
%rep 48
    dq stub_%+vector
    %assign vector vector + 1
%endrep

section .bss progbits alloc noexec write nobits align=64
global boot_core
boot_core: resb CORE_SIZE
