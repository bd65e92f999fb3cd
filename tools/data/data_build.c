/* SPDX-License-Identifier: MIT
 *
 * data_build.c - from a collection of photographs to the zip file of a data
 * set.
 *
 * Blocks of images are read, decoded, resized and encoded by all threads, then
 * written in their order.  Whether any image has colours is not known before
 * the last; a data set begins grey if its first image is, and begins again at
 * the first image that needs RGB. */
#include <stdlib.h>
#include <string.h>

#include "host/files/png_stored.h"
#include "host/files/zip_writer.h"
#include "tools/data/data_build.h"
#include "tools/data/data_json.h"

/* Images of a block for each thread: what takes longest is waited for once a
 * block. */
#define BLOCK_PER_THREAD 8u

typedef struct slot {
    unsigned char *png; /* NULL: it failed, or has colours */
    size_t size;
    data_counts counts; /* of this image */
    bool has_colours;   /* where grey was wanted */
    failure f;
} slot;

typedef struct builder {
    host_collection *source;
    const data_options *options;
    uint32_t size, channels; /* of all images; size 0: not known yet */
    slot *slots;             /* [block] */
    host_resizer *resizers;  /* [threads] */
    size_t first;            /* image of slot 0 */
} builder;

/* ---- one image ------------------------------------------------------------ */

static bool is_power_of_two(uint32_t n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

/* Without a resolution: the first image's size is that of all. */
static bool check_size(const builder *b, const host_image *image,
                       const char *where, failure *f)
{
    if (image->width == b->size && image->height == b->size) {
        return true;
    }
    return failed(f, "%s: wanted %u x %u pixels as in the first image, got "
                     "%u x %u; give --resolution", where, b->size, b->size,
                  image->width, image->height);
}

static bool convert(const builder *b, slot *s, host_image *image)
{
    uint32_t colours = image->channels >= 3 ? 3 : 1;

    s->has_colours = colours > b->channels;
    s->counts.coloured = colours < b->channels;
    s->counts.flattened = image->channels % 2 == 0;
    return s->has_colours ||
           host_image_convert(image, b->channels, &s->f);
}

static bool encode(builder *b, slot *s, const host_image *image,
                   const char *where, uint32_t worker)
{
    uint32_t size = b->size;
    uint8_t *pixels = malloc((size_t)size * size * b->channels);
    bool good;

    if (pixels == NULL) {
        return failed(&s->f, "%s: out of memory", where);
    }
    s->counts.resized = image->width != size || image->height != size;
    s->counts.enlarged = image->width < size || image->height < size;
    good = host_resize_square(&b->resizers[worker], pixels, size, image,
                              b->options->fit, where, &s->f);
    if (good) {
        s->png = host_png_store(pixels, size, size, b->channels, &s->size,
                                &s->f);
    }
    free(pixels);
    return s->png != NULL;
}

static bool read_image(builder *b, size_t index, host_image *image,
                       char where[1024], failure *f)
{
    size_t entry = data_image_entry(b->source, index), size;
    unsigned char *bytes = host_collection_read(b->source, entry, &size, f);
    bool good;

    host_collection_where(b->source, entry, where, 1024);
    good = bytes != NULL && host_image_decode(image, bytes, size, where, f);
    free(bytes);
    return good;
}

static void make_image(void *arg, uint32_t index, uint32_t worker)
{
    builder *b = arg;
    slot *s = &b->slots[index];
    host_image image = {0};
    char where[1024];
    bool good = read_image(b, b->first + index, &image, where, &s->f) &&
                (b->options->resolution != 0 ||
                 check_size(b, &image, where, &s->f)) &&
                convert(b, s, &image);

    if (good && !s->has_colours) {
        (void)encode(b, s, &image, where, worker);
    }
    host_image_free(&image);
}

/* ---- all of them ---------------------------------------------------------- */

static void add_counts(data_counts *to, const data_counts *from)
{
    to->images++;
    to->coloured += from->coloured;
    to->flattened += from->flattened;
    to->resized += from->resized;
    to->enlarged += from->enlarged;
}

static void clear_slots(builder *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(b->slots[i].png);
        b->slots[i] = (slot){.f = FAILURE_UNSAID};
    }
}

/* Writes the images of a block that are good, up to the first that is not. */
static bool write_block(builder *b, size_t count, host_zip_writer *zip,
                        data_counts *counts, failure *f)
{
    for (size_t i = 0; i < count; i++) {
        const slot *s = &b->slots[i];
        char name[DATA_NAME_BYTES];

        if (s->png == NULL) {
            b->channels = s->has_colours ? 3 : b->channels;
            *f = s->f;
            return false;
        }
        data_name(b->first + i, name);
        if (!host_zip_add(zip, name, s->png, s->size)) {
            return false;
        }
        add_counts(counts, &s->counts);
    }
    return true;
}

static bool write_images(builder *b, host_zip_writer *zip,
                         data_counts *counts, failure *f)
{
    const data_options *o = b->options;
    size_t images = data_image_count(b->source);
    size_t block = (size_t)o->threads * BLOCK_PER_THREAD;
    progress shown;
    bool good = true;

    progress_begin(&shown, o->progress, images, 1);
    for (b->first = 0; good && b->first < images; b->first += block) {
        size_t left = images - b->first, n = left < block ? left : block;

        pool_for(o->pool, make_image, b, (uint32_t)n);
        good = write_block(b, n, zip, counts, f);
        clear_slots(b, n);
        progress_show(&shown, b->first + n, 0, 0);
        if (good && *o->interrupted) {
            f->code = EXIT_INTERRUPTED;
            good = false;
        }
    }
    progress_end(&shown);
    return good;
}

static bool write_labels(host_zip_writer *zip, const data_labels *labels,
                         failure *f)
{
    char *json = data_json(labels);
    bool good = json != NULL ? host_zip_add(zip, DATA_LABELS_JSON, json,
                                            strlen(json))
                             : failed(f, "out of memory for the labels");

    free(json);
    return good;
}

static bool write_all(builder *b, const data_labels *labels,
                      data_counts *counts, failure *f)
{
    host_zip_writer zip;

    *counts = (data_counts){.size = b->size, .channels = b->channels};
    if (!host_zip_begin(&zip, b->options->out, f)) {
        return false;
    }
    if (!write_images(b, &zip, counts, f) || !write_labels(&zip, labels, f)) {
        host_zip_abort(&zip);
        return false;
    }
    return host_zip_end(&zip);
}

/* The first image says how large all are, and what they are before colours
 * are met. */
static bool look_at_first(builder *b, failure *f)
{
    host_image image = {0};
    char where[1024];

    if (!read_image(b, 0, &image, where, f)) {
        return false;
    }
    b->channels = image.channels >= 3 ? 3 : 1;
    b->size = b->options->resolution;
    if (b->size == 0) {
        b->size = image.width;
        if (image.width != image.height || !is_power_of_two(b->size)) {
            host_image_free(&image);
            return failed(f, "%s: wanted square images of a power of two, "
                             "got %u x %u; give --resolution", where,
                          image.width, image.height);
        }
    }
    host_image_free(&image);
    return true;
}

static bool build(builder *b, const data_labels *labels, data_counts *counts,
                  failure *f)
{
    uint32_t channels;
    bool good;

    if (!look_at_first(b, f)) {
        return false;
    }
    do {
        channels = b->channels;
        good = write_all(b, labels, counts, f);
    } while (!good && b->channels != channels);
    return good;
}

bool data_build(host_collection *source, const data_labels *labels,
                const data_options *options, data_counts *counts, failure *f)
{
    builder b = {.source = source, .options = options};
    size_t block = (size_t)options->threads * BLOCK_PER_THREAD;
    bool good;

    b.slots = calloc(block, sizeof *b.slots);
    b.resizers = calloc(options->threads, sizeof *b.resizers);
    if (b.slots == NULL || b.resizers == NULL) {
        good = failed(f, "out of memory for %zu images", block);
    } else {
        clear_slots(&b, block);
        good = build(&b, labels, counts, f);
    }
    for (uint32_t i = 0; b.resizers != NULL && i < options->threads; i++) {
        host_resizer_free(&b.resizers[i]);
    }
    free(b.slots);
    free(b.resizers);
    return good;
}
