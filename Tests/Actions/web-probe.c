// A web action for the system tests: what it does is the path behind its name.
//
//   /back       a response of type application/octet-stream whose body is that of the request, both as bytes
//   /crash      a write to address 0
//   /exit       exit status 3, with something on stdout
//   /silent     nothing
//   /inject     two headers of one name, one with CR and LF in it
//   anything else: {"html": "<p>"}
//
// It is no JSON parser: "__ow_path" and "__ow_body" are found as text, which is enough for what the kernel writes.

#include "freestanding.h"

static char input[2 << 20];

/// What follows `mark` in the input; NULL where it is not there.
static char *after(const char *mark) {
    for (char *at = input; *at; at++) {
        const char *wanted = mark;
        char *text = at;
        while (*wanted && *text == *wanted) text++, wanted++;
        if (!*wanted) return text;
    }
    return 0;
}

/// Ends the string that begins at `text`, which has no escapes.
static char *string(char *text) {
    if (!text) return "";
    char *end = text;
    while (*end && *end != '"') end++;
    *end = 0;
    return text;
}

int program(const u64 *stack) {
    (void)stack;
    u64 count = 0;
    while (count < sizeof input - 1) {
        i64 got = call3(SYS_read, 0, (u64)input + count, sizeof input - 1 - count);
        if (got <= 0) break;
        count += (u64)got;
    }
    char *body = after("\"__ow_body\":\"");
    char *path = string(after("\"__ow_path\":\""));
    if (equal(path, "/crash")) *(volatile u8 *)0 = 1;
    if (equal(path, "/exit")) {
        print("secret\n");
        return 3;
    }
    if (equal(path, "/silent")) return 0;
    if (equal(path, "/inject")) {
        print("{\"headers\":{\"Set-Cookie\":[\"a=b\",\"c=d\\r\\nX-Injected: 1\"]},\"body\":\"x\"}\n");
        return 0;
    }
    if (equal(path, "/back")) {
        print("a line of the log\n{\"statusCode\":201,\"headers\":{\"Content-Type\":\"application/octet-stream\"},\"body\":\"");
        print(string(body));
        print("\"}\n");
        return 0;
    }
    print("{\"html\":\"<p>\"}\n");
    return 0;
}
