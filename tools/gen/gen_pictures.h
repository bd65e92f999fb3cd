/* SPDX-License-Identifier: MIT
 *
 * gen_pictures.h - pictures that a run is given, as the model has images. */
#ifndef CEDM_TOOLS_GEN_GEN_PICTURES_H
#define CEDM_TOOLS_GEN_GEN_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cli/failure.h"
#include "host/files/fit.h"

#define GEN_HASH_BYTES 65u /* SHA-256 in hexadecimal, and a zero */

typedef struct gen_pictures {
    uint32_t side, channels;
    host_fit fit;
    size_t count;
    uint8_t *pixels;                /* [count][side][side][channels] */
    char (*hashes)[GEN_HASH_BYTES]; /* of each one's pixels */
} gen_pictures;

/* Those of a file, or of a folder or zip archive in the order of their names,
 * fitted to the side and the channels that a model has.  On error *p needs no
 * close. */
bool gen_pictures_read(gen_pictures *p, const char *path, uint32_t side,
                       uint32_t channels, host_fit fit, host_failure *f);

/* One grey picture of that size, of --mask. */
bool gen_pictures_read_mask(gen_pictures *p, const char *path, uint32_t side,
                            host_failure *f);

void gen_pictures_free(gen_pictures *p); /* harmless if zeroed */

static inline size_t gen_pictures_bytes(const gen_pictures *p)
{
    return (size_t)p->side * p->side * p->channels;
}

static inline const uint8_t *gen_pictures_at(const gen_pictures *p, size_t i)
{
    return p->pixels + i * gen_pictures_bytes(p);
}

/* The index of a picture; count if there is none of that hash. */
size_t gen_pictures_find(const gen_pictures *p, const char *hash);

#endif
