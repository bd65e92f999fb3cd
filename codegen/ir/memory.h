/* SPDX-License-Identifier: MIT
 *
 * memory.h - a region that is filled piece by piece and released at once. */
#ifndef CEDM_CODEGEN_MEMORY_H
#define CEDM_CODEGEN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cg_memory cg_memory;

/* NULL when the system has no memory. */
cg_memory *cg_memory_new(void);
void cg_memory_free(cg_memory *memory); /* NULL is allowed */

/* Zeroed bytes, aligned for any type; NULL when the system has no memory or
 * count * size overflows. */
void *cg_take(cg_memory *memory, size_t count, size_t size);

/* Whether a piece could not be given: what was built of the others may look
 * whole, or wrong for another reason. */
bool cg_memory_exhausted(const cg_memory *memory);

/* A formatted string. */
char *cg_format(cg_memory *memory, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
