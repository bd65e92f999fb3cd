/* SPDX-License-Identifier: MIT
 *
 * data_build.c - from a collection of photographs to the zip file of a data
 * set.
 *
 * Blocks of images are made and encoded by all threads, then written in their
 * order.  A data set begins grey if its first image is, and begins again at
 * the first image that has colours. */
#include <stdlib.h>
#include <string.h>

#include "host/files/png_stored.h"
#include "host/files/zip_writer.h"
#include "tools/data/data_build.h"
#include "tools/data/data_json.h"

typedef struct encoded {
    unsigned char *png; /* NULL: out of memory */
    size_t size;
} encoded;

typedef struct builder {
    const data_options *options;
    host_squares squares;
    encoded *files; /* [squares.block] */
    host_zip_writer zip;
    host_failure *f;
} builder;

static void encode_task(void *arg, uint32_t index, uint32_t worker)
{
    builder *b = arg;
    const host_squares *s = &b->squares;
    size_t bytes = (size_t)s->size * s->size * s->channels;
    host_failure unsaid;

    (void)worker;
    b->files[index].png =
        host_png_store(s->pixels + index * bytes, s->size, s->size,
                       s->channels, &b->files[index].size, &unsaid);
}

static bool write_file(builder *b, size_t index)
{
    const encoded *file = &b->files[index];
    char name[DATA_NAME_BYTES];

    if (file->png == NULL) {
        return host_fail(b->f, "out of memory for images of %u x %u pixels",
                         b->squares.size, b->squares.size);
    }
    data_name(b->squares.first + index, name);
    return host_zip_add(&b->zip, name, file->png, file->size);
}

static bool write_block(builder *b)
{
    size_t count = b->squares.count;
    bool good = true;

    b->files = calloc(count, sizeof *b->files);
    if (b->files == NULL) {
        return host_fail(b->f, "out of memory for %zu images", count);
    }
    host_pool_for(b->options->pool, encode_task, b, (uint32_t)count);
    for (size_t i = 0; good && i < count; i++) {
        good = write_file(b, i);
    }
    for (size_t i = 0; i < count; i++) {
        free(b->files[i].png);
    }
    free(b->files);
    return good;
}

/* Stops, with *again, where the kind of the images changes. */
static bool write_images(builder *b, bool *again)
{
    host_squares *s = &b->squares;
    uint32_t channels = s->channels;
    host_progress shown;
    bool good = true;

    *again = false;
    host_progress_begin(&shown, b->options->progress, s->total, 1);
    while (good && !*again && host_squares_left(s)) {
        good = host_squares_next(s, b->f);
        *again = good && s->channels != channels;
        good = good && (*again || write_block(b));
        host_progress_show(&shown, s->next, 0, 0);
        if (good && *b->options->interrupted) {
            b->f->code = HOST_EXIT_INTERRUPTED;
            good = false;
        }
    }
    host_progress_end(&shown);
    return good;
}

static bool write_labels(builder *b, const data_labels *labels)
{
    char *json = data_json(labels);
    bool good =
        json != NULL
            ? host_zip_add(&b->zip, DATA_LABELS_JSON, json, strlen(json))
            : host_fail(b->f, "out of memory for the labels");

    free(json);
    return good;
}

static bool write_all(builder *b, const data_labels *labels, bool *again)
{
    *again = false;
    if (!host_zip_begin(&b->zip, b->options->out, b->f)) {
        return false;
    }
    if (!write_images(b, again) || *again || !write_labels(b, labels)) {
        host_zip_abort(&b->zip);
        return *again;
    }
    return host_zip_end(&b->zip);
}

bool data_build(host_collection *source, const data_labels *labels,
                const data_options *o, data_results *results, host_failure *f)
{
    host_squares_options squares = {.resolution = o->resolution,
                                    .fit = o->fit,
                                    .workers = o->threads,
                                    .parallel_for = host_pool_for,
                                    .pool = o->pool};
    builder b = {.options = o, .f = f};
    bool again = false, good;

    if (!host_squares_open(&b.squares, source,
                           host_collection_find(source, DATA_LABELS_JSON),
                           &squares, f)) {
        return false;
    }
    do {
        host_squares_rewind(&b.squares);
        good = write_all(&b, labels, &again);
    } while (good && again);
    *results = (data_results){b.squares.total, b.squares.size,
                              b.squares.channels, b.squares.counts};
    host_squares_close(&b.squares);
    return good;
}
