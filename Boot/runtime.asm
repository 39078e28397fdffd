; The one C symbol that Swift source cannot define: `free`, which the compiler keeps for its own runtime.

extern kernel_free

section .text.runtime progbits alloc exec nowrite align=16
bits 64

global free
free:
    jmp kernel_free
