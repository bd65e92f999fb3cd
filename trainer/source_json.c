/* SPDX-License-Identifier: MIT
 *
 * source_json.c - hashes of what a run learns from. */
#include "trainer/source_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/training.h"

/* Little-endian int64, as the file had them; a rank says less: all ids may be
 * others and have the same ranks. */
static bool hash_ids(const host_clusters *c, char hex[65])
{
    unsigned char *bytes;

    if (c->of_image == NULL) {
        memcpy(hex, "none", 5);
        return true;
    }
    bytes = malloc(c->count * 8 + 1);
    for (uint64_t i = 0; bytes != NULL && i < c->count; i++) {
        uint64_t id = (uint64_t)c->ids[c->of_image[i]];

        for (unsigned k = 0; k < 8; k++) {
            bytes[8 * i + k] = (unsigned char)(id >> (8 * k));
        }
    }
    if (bytes != NULL) {
        cg_sha256(bytes, c->count * 8, hex);
    }
    free(bytes);
    return bytes != NULL;
}

char *train_data_json(const host_dataset *d, const host_clusters *clusters)
{
    char pixels[65], ids[65], text[320];

    if (!hash_ids(clusters, ids)) {
        return NULL;
    }
    cg_sha256(d->pixels, d->count * d->size * d->size * d->channels, pixels);
    (void)snprintf(text, sizeof text,
                   "{\"images\":%" PRIu64 ",\"resolution\":%" PRIu32
                   ",\"channels\":%" PRIu32
                   ",\"pixels\":\"%s\",\"ids\":\"%s\"}",
                   d->count, d->size, d->channels, pixels, ids);
    return strdup(text);
}
