/* Gives back its input: an ordinary C program on glibc, through buffered streams. */

#include <stdio.h>

static char buffer[65536];

int main(void) {
    size_t count;
    while ((count = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
        if (fwrite(buffer, 1, count, stdout) != count) break;
    }
    if (ferror(stdin) || fflush(stdout) != 0) {
        perror("echo");
        return 1;
    }
    return 0;
}
