/* SPDX-License-Identifier: MIT
 *
 * nomalloc.c - linked into the example, this makes every allocation abort
 * until the images are there.
 *
 * The C library's start-up is over when a constructor of the program runs;
 * from then until cedm_sample_images returns nobody may allocate.  After it
 * stdio may: the example prints its image.
 */
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "cedm.h"

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* Visible, so that the C library calls these too. */
#pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);
#pragma GCC visibility pop

cedm_status __real_cedm_sample_images(const cedm_sampler *sampler,
                                      uint8_t *out);
cedm_status __wrap_cedm_sample_images(const cedm_sampler *sampler,
                                      uint8_t *out);

static int forbidden;

__attribute__((constructor)) static void forbid(void)
{
    forbidden = 1;
}

cedm_status __wrap_cedm_sample_images(const cedm_sampler *sampler,
                                      uint8_t *out)
{
    cedm_status status = __real_cedm_sample_images(sampler, out);
    forbidden = 0;
    return status;
}

static void check(void)
{
    static const char text[] = "nomalloc: an allocation while sampling\n";
    if (forbidden) {
        ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
        _exit(written > 0 ? 99 : 98);
    }
}

void *malloc(size_t size)
{
    check();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    check();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    check();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    check();
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    check();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    check();
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}
