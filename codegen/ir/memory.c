/* SPDX-License-Identifier: MIT
 *
 * memory.c - pieces in a singly linked list; a program has a few thousand of
 * them, so nothing cleverer is needed. */
#include "codegen/ir/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef union piece {
    union piece *next;
    max_align_t align;
} piece;

struct cg_memory {
    piece *pieces;
    bool exhausted;
};

cg_memory *cg_memory_new(void)
{
    return calloc(1, sizeof(cg_memory));
}

void cg_memory_free(cg_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    for (piece *p = memory->pieces; p != NULL;) {
        piece *next = p->next;
        free(p);
        p = next;
    }
    free(memory);
}

void *cg_take(cg_memory *memory, size_t count, size_t size)
{
    bool fits = size == 0 || count <= (SIZE_MAX - sizeof(piece)) / size;
    piece *p = fits ? calloc(1, sizeof(piece) + count * size) : NULL;
    if (p == NULL) {
        memory->exhausted = true;
        return NULL;
    }
    p->next = memory->pieces;
    memory->pieces = p;
    return p + 1;
}

bool cg_memory_exhausted(const cg_memory *memory)
{
    return memory->exhausted;
}

char *cg_format(cg_memory *memory, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : cg_take(memory, (size_t)length + 1, 1);
    if (text != NULL) {
        va_start(args, format);
        (void)vsnprintf(text, (size_t)length + 1, format, args);
        va_end(args);
    }
    return text;
}
