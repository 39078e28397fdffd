/* Gives back its input: an ordinary C program on musl, nothing of it made for Swiftlet. */

#include <stdio.h>
#include <unistd.h>

static char buffer[65536];

int main(void) {
    for (;;) {
        ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
        if (count < 0) {
            perror("read");
            return 1;
        }
        if (count == 0) return 0;
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(STDOUT_FILENO, buffer + done, (size_t)(count - done));
            if (written < 0) {
                perror("write");
                return 1;
            }
            done += written;
        }
    }
}
