// A CGI program for the system tests. What it answers is the first word of its input, or, where that is empty, of QUERY_STRING:
//
//   env         Content-Type: text/plain, then the environment, one variable a line, and the arguments, each behind "argv "
//   found       Status: 302 Found, Location and a header of its own
//   teapot      Status: 418 I'm a teapot, with the input as its body
//   broken      no header
//   anything else: the input, as text/plain
//
// Deployed without cgi=true its output is all body, headers included.

#include "freestanding.h"

static u8 input[65536];

int program(const u64 *stack) {
    u64 count = 0;
    while (count < sizeof input - 1) {
        i64 got = call3(SYS_read, 0, (u64)input + count, sizeof input - 1 - count);
        if (got <= 0) break;
        count += (u64)got;
    }
    u64 arguments = stack[0];
    const u64 *environment = stack + arguments + 2;
    const char *word = (const char *)input;
    if (!count) {
        for (const u64 *variable = environment; *variable; variable++) {
            const char *name = (const char *)*variable, *wanted = "QUERY_STRING=";
            while (*wanted && *name == *wanted) name++, wanted++;
            if (!*wanted) word = name;
        }
    }
    if (equal(word, "env")) {
        print("Content-Type: text/plain\n\n");
        for (const u64 *variable = environment; *variable; variable++) {
            print((const char *)*variable);
            print("\n");
        }
        for (u64 i = 0; i < arguments; i++) {
            print("argv ");
            print((const char *)stack[1 + i]);
            print("\n");
        }
        return 0;
    }
    if (equal(word, "found")) {
        print("Status: 302 Found\r\nLocation: /function/other?x\r\nX-Own: yes\r\nConnection: close\r\n\r\n");
        return 0;
    }
    if (equal(word, "teapot")) print("Status: 418 I'm a teapot\nContent-Type: text/plain\n\n");
    else if (!equal(word, "broken")) print("Content-Type: text/plain\n\n");
    print((const char *)input);
    return 0;
}
