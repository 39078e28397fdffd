; AES-128 by the processor's instructions (FIPS 197; Intel SDM volume 1, section 12.13): one key, one block at a time.
; Out of scope: any use while an action is on its way: its vector registers are overwritten here; CPUs without the instructions.

section .text.aes progbits alloc exec nowrite align=16
default rel
bits 64

; void aes_set_key(uint64_t low, uint64_t high)
global aes_set_key
align 16
aes_set_key:
    movq xmm0, rdi
    movq xmm1, rsi
    punpcklqdq xmm0, xmm1
    movdqa [aes_round_keys], xmm0
%assign round 1
%assign constant 1
%rep 10
    aeskeygenassist xmm1, xmm0, constant
    pshufd xmm1, xmm1, 0xff
    movdqa xmm2, xmm0
    %rep 3
    pslldq xmm2, 4
    pxor xmm0, xmm2
    %endrep
    pxor xmm0, xmm1
    movdqa [aes_round_keys + round * 16], xmm0
    %assign round round + 1
    %assign constant (constant << 1) ^ ((constant >> 7) * 0x11b)
%endrep
    pxor xmm0, xmm0                         ; what is left must not tell of the key
    pxor xmm1, xmm1
    pxor xmm2, xmm2
    ret

; struct aes_block aes_encrypt(uint64_t low, uint64_t high): the block as two little-endian words, in RAX and RDX.
global aes_encrypt
align 16
aes_encrypt:
    movq xmm0, rdi
    movq xmm1, rsi
    punpcklqdq xmm0, xmm1
    pxor xmm0, [aes_round_keys]
%assign round 1
%rep 9
    aesenc xmm0, [aes_round_keys + round * 16]
    %assign round round + 1
%endrep
    aesenclast xmm0, [aes_round_keys + 160]
    movq rax, xmm0
    psrldq xmm0, 8
    movq rdx, xmm0
    ret

section .bss nobits alloc noexec write align=16
aes_round_keys: resb 11 * 16
