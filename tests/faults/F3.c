/* SPDX-License-Identifier: MIT
 *
 * F3.c - says what cedm_net_init thinks of prepared weights: of none, of a
 * region that is too short, of those for the portable backend, of the right
 * ones. */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "cedm.h"
#include "m.h"

static alignas(CEDM_ALIGN) unsigned char blob_bytes[M_BLOB_BYTES];
static alignas(CEDM_ALIGN) unsigned char weights[M_WEIGHTS_BYTES];
static alignas(CEDM_ALIGN) unsigned char arena[M_ARENA_BYTES(1, 1)];

static void say(const char *what, const cedm_blob *blob,
                const cedm_net_config *config)
{
    static cedm_net net;
    printf("%s %d; ", what, cedm_net_init(&net, blob, config));
}

int main(void)
{
    cedm_blob blob;
    cedm_net_config config = cedm_net_config_default();
    FILE *file = fopen("m.cedm", "rb");
    if (file == NULL ||
        fread(blob_bytes, 1, sizeof blob_bytes, file) != sizeof blob_bytes ||
        cedm_bind(&blob, &cedm_m_model, blob_bytes, sizeof blob_bytes) !=
            CEDM_OK) {
        return 1;
    }
    fclose(file);
    config.weights = weights;
    config.weights_bytes = sizeof weights;
    config.arena = arena;
    config.arena_bytes = sizeof arena;
    say("none", &blob, &config);
    if (cedm_prepare(&blob, &config, weights, sizeof weights) != CEDM_OK) {
        return 1;
    }
    config.backend = cedm_backend_cpu(CEDM_ISA_ALL);
    if (config.backend != cedm_backend_portable()) {
        say("portable's", &blob, &config);
    }
    if (cedm_prepare(&blob, &config, weights, sizeof weights) != CEDM_OK) {
        return 1;
    }
    config.weights_bytes = 64;
    say("short", &blob, &config);
    config.weights_bytes = sizeof weights;
    say("right", &blob, &config);
    return 0;
}
