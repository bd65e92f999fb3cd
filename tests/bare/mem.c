/* SPDX-License-Identifier: MIT
 *
 * mem.c - the four functions that the runtime and compilers may call.  Built
 * with -fno-tree-loop-distribute-patterns, or these loops would become calls
 * to themselves. */
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    unsigned char *a = to;
    const unsigned char *b = from;

    for (size_t i = 0; i < n; i++) {
        a[i] = b[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    unsigned char *a = to;
    const unsigned char *b = from;

    if (a <= b) {
        return memcpy(to, from, n);
    }
    for (size_t i = n; i > 0; i--) {
        a[i - 1] = b[i - 1];
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    unsigned char *a = to;

    for (size_t i = 0; i < n; i++) {
        a[i] = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}
