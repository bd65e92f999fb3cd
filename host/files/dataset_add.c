/* SPDX-License-Identifier: MIT
 *
 * dataset_add.c - training images that come one after another. */
#include <inttypes.h>
#include <stdlib.h>

#include "host/files/dataset.h"

static bool grow(host_dataset *d, host_failure *f)
{
    uint64_t bytes = (uint64_t)d->size * d->size * d->channels;
    uint64_t room = d->count == 0 ? 1 : 2 * d->count;
    uint8_t *more;

    if ((d->count & (d->count - 1)) != 0) {
        return true; /* room is a power of two */
    }
    more = realloc(d->pixels, room * bytes);
    if (more == NULL) {
        return host_fail(f, "out of memory for %" PRIu64 " images", room);
    }
    d->pixels = more;
    return true;
}

static bool check_size(const host_dataset *d, uint32_t resolution,
                       const host_image *image, const char *where,
                       host_failure *f)
{
    uint32_t width = image->width, height = image->height;

    if (resolution != 0 ||
        (d->count > 0 && height == d->size && width == d->size)) {
        return true;
    }
    if (d->count > 0) {
        return host_fail(f,
                         "%s: wanted %ux%u pixels as in the first image, got "
                         "%ux%u; give --resolution",
                         where, d->size, d->size, width, height);
    }
    return (height == width && (width & (width - 1)) == 0) ||
           host_fail(f,
                     "%s: wanted square images of a power of two, got %ux%u; "
                     "give --resolution",
                     where, width, height);
}

bool host_dataset_add(host_dataset_load *l, const char *where,
                      const host_image *image, host_failure *f)
{
    host_dataset *d = l->data;
    uint32_t resolution = l->source.resolution;
    uint8_t *to;

    if (!check_size(d, resolution, image, where, f)) {
        return false;
    }
    if (d->count == 0) {
        d->size = resolution != 0 ? resolution : image->width;
        d->channels = image->channels;
    }
    if (!grow(d, f)) {
        return false;
    }
    to = d->pixels + d->count * d->size * d->size * d->channels;
    d->count++;
    host_fit_count(image, d->size, HOST_FIT_BORDER, &d->counts.fit);
    return host_resize_square(&l->resizer, to, d->size, image,
                              HOST_FIT_BORDER, where, f);
}
