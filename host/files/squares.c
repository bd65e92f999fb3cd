/* SPDX-License-Identifier: MIT
 *
 * squares.c - the images of a collection as squares of one size and kind. */
#include <stdlib.h>
#include <string.h>

#include "host/files/squares.h"
#include "runtime/tasks.h"

/* Images of a block for each thread: the slowest is waited for once a
 * block. */
#define BLOCK_PER_WORKER 8u

/* Bytes of a block; large squares come in smaller blocks. */
#define BLOCK_BYTES ((size_t)64 << 20)

#define WHERE 1024

typedef struct host_squares_slot {
    bool good;
    uint32_t
        channels; /* that this image needs all to have, or those in use */
    host_squares_counts counts; /* of this image */
    host_failure f;
} slot;

/* ---- one image --------------------------------------------------------- */

static bool read_image(host_squares *s, size_t index, host_image *image,
                       char where[WHERE], host_failure *f)
{
    size_t entry = index + (index >= s->skip), size;
    unsigned char *bytes = host_collection_read(s->images, entry, &size, f);
    bool good;

    host_collection_where(s->images, entry, where, WHERE);
    good = bytes != NULL && host_image_decode(image, bytes, size, where, f);
    free(bytes);
    return good;
}

static bool is_power_of_two(uint32_t n)
{
    return (n & (n - 1)) == 0;
}

/* Without a resolution the first image decides. */
static bool check_size(const host_squares *s, const host_image *image,
                       const char *where, host_failure *f)
{
    if (s->options.resolution != 0 ||
        (image->width == s->size && image->height == s->size)) {
        return true;
    }
    return host_fail(f,
                     "%s: wanted %u x %u pixels as in the first image, got "
                     "%u x %u; give --resolution",
                     where, s->size, s->size, image->width, image->height);
}

static bool has_colours(uint32_t channels)
{
    return channels >= 3;
}

static bool has_alpha(uint32_t channels)
{
    return channels % 2 == 0;
}

/* The kind of all images up to one of `channels`. */
static uint32_t common_kind(const host_squares *s, uint32_t channels)
{
    bool colours = has_colours(s->channels) || has_colours(channels);
    bool alpha = has_alpha(s->channels) && has_alpha(channels);

    return (colours ? 3u : 1u) + (alpha ? 1u : 0u);
}

static void count(const host_squares *s, const host_image *image,
                  host_squares_counts *c)
{
    host_fit_count(image, s->size, s->options.fit, &c->fit);
    c->coloured += has_colours(s->channels) && !has_colours(image->channels);
    c->flattened += !has_alpha(s->channels) && has_alpha(image->channels);
}

static size_t image_bytes(const host_squares *s)
{
    return (size_t)s->size * s->size * s->channels;
}

static bool make_square(host_squares *s, slot *t, uint32_t index,
                        uint32_t worker, host_image *image)
{
    char where[WHERE];

    if (!read_image(s, s->first + index, image, where, &t->f) ||
        !check_size(s, image, where, &t->f)) {
        return false;
    }
    t->channels = common_kind(s, image->channels);
    if (t->channels != s->channels) {
        return true; /* to be made again, in another kind */
    }
    count(s, image, &t->counts);
    return host_image_convert(image, s->channels, &t->f) &&
           host_resize_square(&s->resizers[worker],
                              s->pixels + index * image_bytes(s), s->size,
                              image, s->options.fit, where, &t->f);
}

static void square_task(void *arg, uint32_t index, uint32_t worker)
{
    host_squares *s = arg;
    slot *t = &s->slots[index];
    host_image image = {0};

    *t = (slot){.channels = s->channels, .f = HOST_FAILURE_UNSAID};
    t->good = make_square(s, t, index, worker, &image);
    host_image_free(&image);
}

/* ---- blocks ------------------------------------------------------------ */

static void add_counts(host_squares_counts *to,
                       const host_squares_counts *from)
{
    to->fit.resized += from->fit.resized;
    to->fit.enlarged += from->fit.enlarged;
    to->fit.bordered += from->fit.bordered;
    to->coloured += from->coloured;
    to->flattened += from->flattened;
}

/* Memory of a block in the kind of now. */
static bool allocate_block(host_squares *s, host_failure *f)
{
    size_t most = BLOCK_BYTES / image_bytes(s);

    free(s->pixels);
    s->block = (size_t)s->options.workers * BLOCK_PER_WORKER;
    s->block = s->block < most ? s->block : most > 0 ? most : 1;
    s->pixels = malloc(s->block * image_bytes(s));
    return s->pixels != NULL ||
           host_fail(f, "out of memory for %zu images of %u x %u pixels",
                     s->block, s->size, s->size);
}

/* Earlier images count what they would have in the new kind. */
static bool change_kind(host_squares *s, uint32_t channels, host_failure *f)
{
    if (!has_colours(s->channels) && has_colours(channels)) {
        s->counts.coloured += s->next;
    }
    if (has_alpha(s->channels) && !has_alpha(channels)) {
        s->counts.flattened += s->next;
    }
    s->channels = channels;
    return allocate_block(s, f);
}

/* Counts the images that are ready, up to the first that failed or is of
 * another kind. */
static bool take_block(host_squares *s, size_t n, host_failure *f)
{
    for (s->count = 0; s->count < n; s->count++) {
        const slot *t = &s->slots[s->count];

        if (!t->good) {
            *f = t->f;
            return false;
        }
        if (t->channels != s->channels) {
            break;
        }
        add_counts(&s->counts, &t->counts);
    }
    s->next = s->first + s->count;
    return true;
}

bool host_squares_next(host_squares *s, host_failure *f)
{
    do {
        size_t left = s->total - s->next;
        size_t n = left < s->block ? left : s->block;

        s->first = s->next;
        cedm_for_each(s->options.parallel_for, s->options.pool, square_task,
                      s, (uint32_t)n);
        if (!take_block(s, n, f)) {
            return false;
        }
        if (s->count == 0 && !change_kind(s, s->slots[0].channels, f)) {
            return false;
        }
    } while (s->count == 0);
    return true;
}

/* ---- beginning --------------------------------------------------------- */

/* The first image says how large all are, and what they are before others
 * are met. */
static bool look_at_first(host_squares *s, host_failure *f)
{
    host_image image = {0};
    char where[WHERE];
    bool good = read_image(s, 0, &image, where, f);

    s->size =
        s->options.resolution != 0 ? s->options.resolution : image.width;
    s->channels = image.channels;
    if (!s->options.alpha) {
        s->channels = has_colours(image.channels) ? 3 : 1;
    }
    if (good && s->options.resolution == 0 &&
        (image.width != image.height || !is_power_of_two(image.width))) {
        good = host_fail(f,
                         "%s: wanted square images of a power of two, got "
                         "%u x %u; give --resolution",
                         where, image.width, image.height);
    }
    host_image_free(&image);
    return good;
}

bool host_squares_open(host_squares *s, host_collection *images, size_t skip,
                       const host_squares_options *options, host_failure *f)
{
    size_t block = (size_t)options->workers * BLOCK_PER_WORKER;

    *s = (host_squares){.images = images,
                        .options = *options,
                        .skip = skip,
                        .total = images->count - (skip < images->count)};
    s->slots = malloc(block * sizeof *s->slots);
    s->resizers = calloc(options->workers, sizeof *s->resizers);
    if (s->slots == NULL || s->resizers == NULL) {
        host_squares_close(s);
        return host_fail(f, "out of memory for %zu images", block);
    }
    if (!look_at_first(s, f) || !allocate_block(s, f)) {
        host_squares_close(s);
        return false;
    }
    return true;
}

void host_squares_seek(host_squares *s, size_t next)
{
    s->next = next;
    s->count = 0;
}

void host_squares_rewind(host_squares *s)
{
    host_squares_seek(s, 0);
    s->counts = (host_squares_counts){0};
}

void host_squares_close(host_squares *s)
{
    for (uint32_t i = 0; s->resizers != NULL && i < s->options.workers; i++) {
        host_resizer_free(&s->resizers[i]);
    }
    free(s->resizers);
    free(s->slots);
    free(s->pixels);
    *s = (host_squares){0};
}
