/* SPDX-License-Identifier: MIT
 *
 * gen_pictures.c - pictures that a run is given, as the model has images. */
#include "tools/gen/gen_pictures.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codegen/codegen.h"
#include "host/files/collection.h"
#include "host/files/output.h"

static bool take(gen_pictures *p, size_t count, const char *path,
                 host_failure *f)
{
    p->pixels = calloc(count, gen_pictures_bytes(p));
    p->hashes = calloc(count, sizeof *p->hashes);
    return (p->pixels != NULL && p->hashes != NULL) ||
           host_fail(f, "%s: out of memory for %zu pictures", path, count);
}

/* Puts a decoded image of the right kind behind those that are there. */
static bool put(gen_pictures *p, host_resizer *r, const host_image *image,
                const char *where, host_failure *f)
{
    size_t bytes = gen_pictures_bytes(p);
    uint8_t *to = p->pixels + p->count * bytes;
    if (!host_resize_square(r, to, p->side, image, p->fit, where, f)) {
        return false;
    }
    cg_sha256(to, bytes, p->hashes[p->count]);
    p->count++;
    return true;
}

static bool add(gen_pictures *p, host_resizer *r, const unsigned char *bytes,
                size_t size, const char *where, host_failure *f)
{
    host_image image;
    if (bytes == NULL || !host_image_decode(&image, bytes, size, where, f)) {
        return false;
    }
    bool good = host_image_convert(&image, p->channels, f) &&
                put(p, r, &image, where, f);
    host_image_free(&image);
    return good;
}

static bool add_collection(gen_pictures *p, host_resizer *r,
                           host_collection *c, host_failure *f)
{
    bool good = c->count > 0
                    ? take(p, c->count, c->path, f)
                    : host_fail(f,
                                "%s: holds no pictures; wanted PNG, JPEG, "
                                "WebP, BMP or GIF",
                                c->path);
    for (size_t i = 0; good && i < c->count; i++) {
        char where[1024];
        size_t size;
        unsigned char *bytes = host_collection_read(c, i, &size, f);
        host_collection_where(c, i, where, sizeof where);
        good = add(p, r, bytes, size, where, f);
        free(bytes);
    }
    return good;
}

static bool add_file(gen_pictures *p, host_resizer *r, const char *path,
                     host_failure *f)
{
    size_t size;
    unsigned char *bytes =
        host_input_file(path, HOST_COLLECTION_MOST_BYTES, &size, f);
    bool good = bytes != NULL && take(p, 1, path, f) &&
                add(p, r, bytes, size, path, f);
    free(bytes);
    return good;
}

/* A folder, or a file that is called as no picture is: an archive. */
static bool is_collection(const char *path)
{
    struct stat s;
    return (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) ||
           !host_image_is_name(path);
}

bool gen_pictures_read(gen_pictures *p, const char *path, uint32_t side,
                       uint32_t channels, host_fit fit, host_failure *f)
{
    *p = (gen_pictures){.side = side, .channels = channels, .fit = fit};
    host_resizer r = {0};
    host_collection c;
    bool good;
    if (is_collection(path)) {
        good = host_collection_open(&c, path, host_image_is_name, f);
        if (good) {
            good = add_collection(p, &r, &c, f);
            host_collection_close(&c);
        }
    } else {
        good = add_file(p, &r, path, f);
    }
    host_resizer_free(&r);
    if (!good) {
        gen_pictures_free(p);
    }
    return good;
}

bool gen_pictures_read_mask(gen_pictures *p, const char *path, uint32_t side,
                            host_failure *f)
{
    *p = (gen_pictures){.side = side, .channels = 1};
    host_resizer r = {0};
    host_image image = {0};
    size_t size;
    unsigned char *bytes =
        host_input_file(path, HOST_COLLECTION_MOST_BYTES, &size, f);
    bool good =
        bytes != NULL && host_image_decode(&image, bytes, size, path, f);
    free(bytes);
    if (good && (image.width != side || image.height != side)) {
        good = host_fail(f,
                         "%s: a mask is as large as the images; "
                         "wanted %u x %u, got %u x %u",
                         path, side, side, image.width, image.height);
    }
    good = good && host_image_convert(&image, 1, f) && take(p, 1, path, f) &&
           put(p, &r, &image, path, f);
    host_image_free(&image);
    host_resizer_free(&r);
    if (!good) {
        gen_pictures_free(p);
    }
    return good;
}

void gen_pictures_free(gen_pictures *p)
{
    free(p->pixels);
    free(p->hashes);
    memset(p, 0, sizeof *p);
}

size_t gen_pictures_find(const gen_pictures *p, const char *hash)
{
    size_t i = 0;
    while (i < p->count && strcmp(p->hashes[i], hash) != 0) {
        i++;
    }
    return i;
}
