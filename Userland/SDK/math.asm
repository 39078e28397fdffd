; The C library's functions that Swift's floating point and hash tables come down to. Needs SSE4.1, as every CPU that virtualises has.

default rel
bits 64

; double NAME(double), by the rounding mode of ROUNDSD
%macro rounding 2
section .text.%1 exec
global %1:function
%1:     roundsd xmm0, xmm0, %2
        ret
%endmacro

rounding floor, 9                         ; down, no inexact exception
rounding ceil, 10                         ; up
rounding trunc, 11                        ; toward zero
rounding rint, 4                          ; as MXCSR says

section .text.sqrt exec
global sqrt:function
sqrt:   sqrtsd  xmm0, xmm0
        ret
