/* SPDX-License-Identifier: MIT
 *
 * wrap_memory.c - memory that runs out, and a count of what is taken. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/wrap.h"

/* Counts a block that was given. */
static void *given(void *block)
{
    if (block != NULL && faults != NULL) {
        faults->live++;
    }
    return block;
}

DECLARE(void *, malloc, size_t size)
{
    if (fault_now(FAULT_MEMORY, "malloc", ENOMEM)) {
        return NULL;
    }
    return given(__real_malloc(size));
}

DECLARE(void *, calloc, size_t count, size_t size)
{
    if (fault_now(FAULT_MEMORY, "calloc", ENOMEM)) {
        return NULL;
    }
    return given(__real_calloc(count, size));
}

DECLARE(void *, aligned_alloc, size_t alignment, size_t size)
{
    if (fault_now(FAULT_MEMORY, "aligned_alloc", ENOMEM)) {
        return NULL;
    }
    return given(__real_aligned_alloc(alignment, size));
}

DECLARE(char *, strdup, const char *text)
{
    if (fault_now(FAULT_MEMORY, "strdup", ENOMEM)) {
        return NULL;
    }
    return given(__real_strdup(text));
}

DECLARE(void *, realloc, void *block, size_t size)
{
    if (fault_now(FAULT_MEMORY, "realloc", ENOMEM)) {
        return NULL;
    }
    return block == NULL ? given(__real_realloc(NULL, size))
                         : __real_realloc(block, size);
}

DECLARE(void, free, void *block)
{
    if (block != NULL && faults != NULL) {
        faults->live--;
    }
    __real_free(block);
}

static void *hook_malloc(size_t size)
{
    return malloc(size);
}

static void hook_free(void *block)
{
    free(block);
}

void fault_wrap_json(void)
{
    cJSON_Hooks hooks = {hook_malloc, hook_free};
    cJSON_InitHooks(&hooks);
}
