/* SPDX-License-Identifier: MIT
 *
 * dataset_files.c - training images from a zip file or a folder. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/dataset.h"

/* The training batches of CIFAR-10 and of CIFAR-100; their test batches have
 * other names. */
static bool is_cifar(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t n = strlen(name);

    return strcmp(name, "train.bin") == 0 ||
           (strncmp(name, "data_batch_", 11) == 0 && n > 4 &&
            strcmp(name + n - 4, ".bin") == 0);
}

/* Labels are no image, but nobody misses them among these. */
static bool is_wanted(const char *name)
{
    return host_image_is_name(name) || is_cifar(name) ||
           strcmp(name, HOST_DATASET_LABELS) == 0;
}

static bool read_batch(host_dataset_load *l, size_t entry, host_failure *f)
{
    char where[1024];
    size_t size;
    unsigned char *bytes = host_collection_read(&l->files, entry, &size, f);
    bool good;

    host_collection_where(&l->files, entry, where, sizeof where);
    good = bytes != NULL && host_dataset_add_cifar(l, where, bytes, size, f);
    free(bytes);
    return good;
}

/* Where there are batches, other images are left out. */
static bool read_batches(host_dataset_load *l, host_failure *f)
{
    bool good = true;

    for (size_t i = 0; good && i < l->files.count; i++) {
        const char *name = l->files.entries[i].name;

        good = is_cifar(name)
                   ? read_batch(l, i, f)
                   : strcmp(name, HOST_DATASET_LABELS) == 0 ||
                         host_collection_count_unwanted(&l->files, name, f);
    }
    return good;
}

static bool has_batches(const host_collection *files)
{
    for (size_t i = 0; i < files->count; i++) {
        if (is_cifar(files->entries[i].name)) {
            return true;
        }
    }
    return false;
}

/* Memory for all images, of which some are there. */
static bool reserve(host_dataset_load *l, host_failure *f)
{
    host_dataset *d = l->data;
    uint64_t bytes = (uint64_t)d->size * d->size * d->channels;
    uint8_t *pixels = realloc(d->pixels, l->total * bytes);

    if (pixels == NULL) {
        return host_fail(f,
                         "%s: out of memory for %" PRIu64
                         " images of %u x %u "
                         "pixels",
                         l->source.path, l->total, d->size, d->size);
    }
    d->pixels = pixels;
    return true;
}

/* As text, which a file with a zero byte ends early. */
static bool read_labels(host_dataset_load *l, size_t entry, host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_collection_read(&l->files, entry, &size, f);
    char *text = bytes != NULL ? malloc(size + 1) : NULL;

    if (text != NULL) {
        memcpy(text, bytes, size);
        text[size] = '\0';
    } else if (bytes != NULL) {
        (void)host_fail(f, "out of memory");
    }
    free(bytes);
    l->data->labels = text;
    return text != NULL;
}

static bool begin_images(host_dataset_load *l, host_failure *f)
{
    const host_dataset_source *from = &l->source;
    size_t labels = host_collection_find(&l->files, HOST_DATASET_LABELS);
    host_squares_options options = {.resolution = from->resolution,
                                    .fit = HOST_FIT_BORDER,
                                    .alpha = !from->opaque,
                                    .workers = from->workers,
                                    .parallel_for = from->parallel_for,
                                    .pool = from->pool};

    if (l->files.count - (labels < l->files.count) == 0) {
        return true;
    }
    if ((labels < l->files.count && !read_labels(l, labels, f)) ||
        !host_squares_open(&l->squares, &l->files, labels, &options, f)) {
        return false;
    }
    l->total = l->squares.total;
    l->data->size = l->squares.size;
    l->data->channels = l->squares.channels;
    return true;
}

bool host_dataset_begin_files(host_dataset_load *l, host_failure *f)
{
    if (!host_collection_open(&l->files, l->source.path, is_wanted, f)) {
        return false;
    }
    return has_batches(&l->files) ? read_batches(l, f) : begin_images(l, f);
}

/* Images that are there already become of the kind that all share. */
static bool change_kind(host_dataset_load *l, host_failure *f)
{
    host_dataset *d = l->data;
    host_image all = {d->pixels, (uint32_t)(d->count * d->size), d->size,
                      d->channels};
    bool good =
        d->count == 0 || host_image_convert(&all, l->squares.channels, f);

    d->pixels = all.pixels;
    d->channels = l->squares.channels;
    return good && reserve(l, f);
}

bool host_dataset_more(host_dataset_load *l, host_failure *f)
{
    const host_squares *s = &l->squares;
    host_dataset *d = l->data;
    uint64_t bytes;

    if (!host_squares_next(&l->squares, f) ||
        (s->channels != d->channels && !change_kind(l, f)) ||
        (d->pixels == NULL && !reserve(l, f))) {
        return false;
    }
    bytes = (uint64_t)d->size * d->size * d->channels;
    memcpy(d->pixels + d->count * bytes, s->pixels, s->count * bytes);
    d->count += s->count;
    d->counts = s->counts;
    return true;
}

bool host_dataset_take_names(host_dataset_load *l, host_failure *f)
{
    host_dataset *d = l->data;
    uint64_t taken = 0;

    if (l->squares.total == 0) {
        return true;
    }
    d->names = calloc(d->count, sizeof *d->names);
    if (d->names == NULL) {
        return host_fail(f, "out of memory");
    }
    for (size_t i = 0; i < l->files.count && taken < d->count; i++) {
        if (i != l->squares.skip) {
            d->names[taken++] = l->files.entries[i].name;
            l->files.entries[i].name = NULL;
        }
    }
    return true;
}
