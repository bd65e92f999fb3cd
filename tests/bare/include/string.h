/* SPDX-License-Identifier: MIT
 *
 * string.h - for a target without a C library: all that the runtime may use
 * of it. */
#ifndef CEDM_TESTS_BARE_STRING_H
#define CEDM_TESTS_BARE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
