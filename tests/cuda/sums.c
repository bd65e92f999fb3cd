/* SPDX-License-Identifier: MIT
 *
 * sums.c - sums of elements, and a file of them: for each case 120 bytes of a
 * name, the number of floats in 8, and the floats, as this machine has
 * them. */
#include "tests/cuda/sums.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct head {
    char name[120];
    uint64_t count;
} head;

static unsigned char *file_bytes;
static size_t file_size;
static FILE *made;

static _Noreturn void stop(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

/* ---- sums -------------------------------------------------------------- */

double sums_rms(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i] * (double)x[i];
    }
    return sqrt(sum / (double)n);
}

size_t sums_count(size_t n)
{
    return (n + SUMS_OF - 1) / SUMS_OF;
}

/* Knuth's multiplicative hash: neither columns nor rows have one sign. */
static double sign_of(size_t e)
{
    return (uint32_t)e * UINT32_C(2654435761) >> 31 != 0 ? -1 : 1;
}

double sums_one(const float *x, size_t n, size_t k)
{
    size_t end = (k + 1) * SUMS_OF < n ? (k + 1) * SUMS_OF : n;
    double sum = 0;

    for (size_t e = k * SUMS_OF; e < end; e++) {
        sum += sign_of(e) * (double)x[e];
    }
    return sum;
}

/* ---- the file ---------------------------------------------------------- */

void sums_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
        (size = ftell(file)) <= 0) {
        stop(path, "cannot be read");
    }
    rewind(file);
    file_size = (size_t)size;
    file_bytes = malloc(file_size);
    if (file_bytes == NULL ||
        fread(file_bytes, 1, file_size, file) != file_size) {
        stop(path, "cannot be read");
    }
    fclose(file);
}

const float *sums_find(const char *name)
{
    for (size_t at = 0; at + sizeof(head) <= file_size;) {
        head h;

        memcpy(&h, file_bytes + at, sizeof h);
        at += sizeof h;
        if (h.count > (file_size - at) / sizeof(float)) {
            stop(name, "the file of sums is cut short");
        }
        if (strncmp(h.name, name, sizeof h.name) == 0) {
            return (const float *)(const void *)(file_bytes + at);
        }
        at += h.count * sizeof(float);
    }
    return NULL;
}

void sums_begin(const char *path)
{
    made = fopen(path, "wb");
    if (made == NULL) {
        stop(path, "cannot be written");
    }
}

void sums_add(const char *name, const float *values, size_t count)
{
    head h = {.count = count};

    snprintf(h.name, sizeof h.name, "%s", name);
    if (fwrite(&h, sizeof h, 1, made) != 1 ||
        fwrite(values, sizeof *values, count, made) != count) {
        stop(name, "its sums cannot be written");
    }
}

void sums_end(void)
{
    if (fclose(made) != 0) {
        stop("sums", "cannot be written");
    }
}
