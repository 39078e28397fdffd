/* Reads numbers, and whatever else, and prints what a statistician asks first: an ordinary C program on glibc that uses
 * growing memory, sorting, floating point and clocks. Words that are no numbers are counted. */

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *must(void *memory) {
    if (memory == NULL) {
        fputs("statistics: memory is out\n", stderr);
        exit(1);
    }
    return memory;
}

/* All of standard input, with a zero byte behind it. */
static char *read_all(size_t *length) {
    size_t room = 65536, count = 0, part;
    char *text = must(malloc(room));
    while ((part = fread(text + count, 1, room - count - 1, stdin)) > 0) {
        count += part;
        if (count == room - 1) text = must(realloc(text, room *= 2));
    }
    text[count] = 0;
    *length = count;
    return text;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(const double *sorted, size_t count, double part) {
    double place = part * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 == count) return sorted[below];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

int main(void) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);

    size_t length;
    char *text = read_all(&length);
    double *values = must(malloc((length / 2 + 1) * sizeof *values));
    size_t count = 0, others = 0;
    for (size_t at = 0; at < length;) {
        if (isspace((unsigned char)text[at]) || text[at] == 0) {
            at++;
            continue;
        }
        char *stop;
        double value = strtod(text + at, &stop);
        size_t word = strcspn(text + at, " \t\n\v\f\r");
        if (stop == text + at + word && isfinite(value)) values[count++] = value;
        else others++;
        at += word;
    }
    printf("bytes     %zu\nnumbers   %zu\nothers    %zu\n", length, count, others);
    if (count > 0) {
        qsort(values, count, sizeof *values, ascending);
        double sum = 0, squares = 0;
        for (size_t i = 0; i < count; i++) sum += values[i];
        double mean = sum / (double)count;
        for (size_t i = 0; i < count; i++) squares += (values[i] - mean) * (values[i] - mean);
        printf("least     %.6g\nquartile  %.6g\nmedian    %.6g\nquartile  %.6g\ngreatest  %.6g\n", values[0],
            quantile(values, count, 0.25), quantile(values, count, 0.5), quantile(values, count, 0.75), values[count - 1]);
        printf("mean      %.6f\ndeviation %.6f\n", mean, sqrt(squares / (double)count));
    }

    clock_gettime(CLOCK_MONOTONIC, &end);
    time_t now = time(NULL);
    char date[32];
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", gmtime(&now));
    long microseconds = (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000;
    fprintf(stderr, "%s: %zu numbers in %ld us\n", date, count, microseconds);
    free(values);
    free(text);
    return fflush(stdout) == 0 ? 0 : 1;
}
