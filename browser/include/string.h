/* SPDX-License-Identifier: MIT
 *
 * string.h - all of the C library that the runtime may use, for WebAssembly
 * without one. */
#ifndef CEDM_BROWSER_STRING_H
#define CEDM_BROWSER_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif
