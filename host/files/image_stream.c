/* SPDX-License-Identifier: MIT
 *
 * image_stream.c - the images of a data set, as many at a time as the caller
 * wants. */
#include <stdlib.h>
#include <string.h>

#include "host/files/image_stream.h"

static bool is_listed(const host_image_stream *s)
{
    return s->load.total > 0;
}

static size_t image_bytes(const host_image_stream *s)
{
    return (size_t)s->size * s->size * s->channels;
}

/* Images of `channels` become those that are wanted. */
static bool convert(host_image_stream *s, host_image *images, host_failure *f)
{
    if (images->channels >= 3 && s->channels < 3) {
        return host_fail(f,
                         "%s: has colours; wanted grey images, for a network "
                         "of grey",
                         s->load.source.path);
    }
    return images->channels == s->channels ||
           host_image_convert(images, s->channels, f);
}

/* All images are there: they are the one block. */
static bool take_all(host_image_stream *s, host_failure *f)
{
    host_dataset *d = &s->data;
    s->total = d->count;
    s->ready = (size_t)d->count;
    s->block = (host_image){d->pixels, (uint32_t)(d->count * d->size),
                            d->size, d->channels};
    d->pixels = NULL;
    return convert(s, &s->block, f);
}

bool host_image_stream_open(host_image_stream *s,
                            const host_dataset_source *source,
                            uint32_t channels, host_failure *f)
{
    *s = (host_image_stream){.channels = channels};
    bool good = host_dataset_begin(&s->load, &s->data, source, f);
    if (good && is_listed(s)) {
        s->total = s->load.total;
    } else {
        good = host_dataset_end(&s->load, good, f) && take_all(s, f);
    }
    s->size = s->data.size;
    if (!good) {
        host_image_stream_close(s);
    }
    return good;
}

void host_image_stream_close(host_image_stream *s)
{
    host_failure ignored;
    if (is_listed(s)) {
        (void)host_dataset_end(&s->load, false, &ignored);
    }
    host_image_free(&s->block);
    host_dataset_close(&s->data);
    *s = (host_image_stream){.total = 0};
}

void host_image_stream_seek(host_image_stream *s, uint64_t next)
{
    if (!is_listed(s)) {
        s->taken = (size_t)next;
        return;
    }
    s->ready = s->taken = 0;
    host_squares_seek(&s->load.squares, (size_t)next);
}

/* The next block of an archive or a folder, copied for its conversion. */
static bool next_block(host_image_stream *s, host_failure *f)
{
    const host_squares *squares = &s->load.squares;
    if (!host_squares_next(&s->load.squares, f)) {
        return false;
    }
    host_image_free(&s->block);
    size_t bytes =
        squares->count * squares->size * squares->size * squares->channels;
    s->block = (host_image){malloc(bytes),
                            (uint32_t)(squares->count * squares->size),
                            squares->size, squares->channels};
    if (s->block.pixels == NULL) {
        return host_fail(f, "%s: out of memory for %zu images",
                         s->load.source.path, squares->count);
    }
    memcpy(s->block.pixels, squares->pixels, bytes);
    s->ready = squares->count;
    s->taken = 0;
    return convert(s, &s->block, f);
}

bool host_image_stream_read(host_image_stream *s, uint8_t *images, uint32_t n,
                            host_failure *f)
{
    size_t bytes = image_bytes(s), left = n;
    while (left > 0) {
        if (s->taken == s->ready && !next_block(s, f)) {
            return false;
        }
        size_t count = s->ready - s->taken;
        count = count < left ? count : left;
        memcpy(images, s->block.pixels + s->taken * bytes, count * bytes);
        images += count * bytes;
        s->taken += count;
        left -= count;
    }
    return true;
}

const char *host_image_stream_name(const host_image_stream *s, uint64_t i)
{
    if (!is_listed(s)) {
        return NULL;
    }
    size_t entry = (size_t)i + (i >= s->load.squares.skip);
    return s->load.files.entries[entry].name;
}
