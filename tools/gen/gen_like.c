/* SPDX-License-Identifier: MIT
 *
 * gen_like.c - the clusters that pictures belong to, of --like. */
#include "tools/gen/gen_like.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/assigner.h"
#include "host/execution/image_features.h"
#include "host/files/ids_source.h"
#include "tools/gen/gen_pictures.h"

/* Characters of an id in a list: ten digits and a comma. */
#define ID_MAX 11u

typedef struct work {
    const gen_like *like;
    cluster_assigner assigner;
    host_image_features encoder;
    gen_pictures pictures;
    float *features, *factors; /* [pictures][width], [pictures] */
    int32_t *ids;              /* [pictures] */
} work;

/* Where both say it; ids that were assigned are of other features. */
static bool check_source(const cg_file *file, const host_model *m,
                         host_failure *f)
{
    const char *about = cg_find_metadata(file, "cedm.cluster");
    char source[HOST_IDS_SOURCE_BYTES];
    char *own = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(m->description, "clusters"),
        "source"));
    bool good =
        own == NULL || strstr(own, "\"assign\"") != NULL || about == NULL ||
        !host_ids_source_of(source, about, strlen(about)) ||
        strcmp(source, own) == 0 ||
        host_fail(f,
                  "%s: other clusters than those of model %s; wanted %s, got "
                  "%s",
                  file->path, m->code->name, own, source);
    cJSON_free(own);
    return good;
}

static bool open_assigner(work *w, const host_model *m, host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(w->like->centres, &error);
    bool good = (file != NULL || host_fail(f, "%s", error.text)) &&
                cluster_assigner_open(&w->assigner, file, f) &&
                check_source(file, m, f);
    cg_close(file);
    return good;
}

static bool open_encoder(work *w, const char *isa, uint64_t threads,
                         host_failure *f)
{
    host_image_features_config config = HOST_IMAGE_FEATURES_DEFAULT;
    config.model = w->like->encoder;
    config.engine.isa = isa;
    config.engine.threads = (uint32_t)threads;
    return host_image_features_open(&w->encoder, &config, f) &&
           (w->encoder.width == w->assigner.width ||
            host_fail(f,
                      "%s: clusters of %" PRIu32 " features; wanted the "
                      "encoder they are of, got %s with %" PRIu32,
                      w->like->centres, w->assigner.width, w->like->encoder,
                      w->encoder.width));
}

static bool read_pictures(work *w, host_failure *f)
{
    const host_image_features *e = &w->encoder;
    gen_pictures *p = &w->pictures;
    if (!gen_pictures_read(p, w->like->pictures, e->size, e->channels,
                           HOST_FIT_BORDER, f)) {
        return false;
    }
    w->features = calloc(p->count, e->width * sizeof *w->features);
    w->factors = calloc(p->count, sizeof *w->factors);
    w->ids = calloc(p->count, sizeof *w->ids);
    return (w->features != NULL && w->factors != NULL && w->ids != NULL) ||
           host_fail(f, "%s: out of memory for %zu pictures",
                     w->like->pictures, p->count);
}

static bool embed(work *w, host_failure *f)
{
    host_image_features *e = &w->encoder;
    const gen_pictures *p = &w->pictures;
    bool good = true;
    for (size_t done = 0; good && done < p->count;) {
        size_t left = p->count - done, batch = e->engine.batch;
        uint32_t n = (uint32_t)(left < batch ? left : batch);
        good = host_image_features_of(e, gen_pictures_at(p, done), done, n,
                                      w->features + done * e->width, f);
        done += n;
    }
    return good;
}

static bool assign(work *w, host_failure *f)
{
    const cluster_assigner *a = &w->assigner;
    const cluster_workers workers = {host_pool_for, w->encoder.engine.pool,
                                     w->encoder.engine.threads,
                                     cluster_kernels_for(CEDM_ISA_ALL)};
    cluster_rows rows = {
        .values = w->features, .count = w->pictures.count, .width = a->width};
    if (!cluster_rows_check(&rows, &workers, w->like->pictures, f) ||
        (a->normalize &&
         !cluster_rows_unit(&rows, &workers, w->factors, f))) {
        return false;
    }
    rows.factor = a->normalize ? w->factors : NULL;
    return cluster_assigner_ids(a, &rows, &workers, w->ids, f);
}

static char *list_ids(const work *w, host_failure *f)
{
    size_t count = w->pictures.count;
    char *text = malloc(count * ID_MAX + 1), *end = text;
    if (text == NULL) {
        (void)host_fail(f, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        end += snprintf(end, ID_MAX + 1, "%s%" PRId32, i > 0 ? "," : "",
                        w->ids[i]);
    }
    return text;
}

char *gen_like_ids(const gen_like *like, const host_model *m, const char *isa,
                   uint64_t threads, host_failure *f)
{
    static work w; /* holds a cedm_net, which must not move */
    w = (work){.like = like};
    bool good = open_assigner(&w, m, f) &&
                open_encoder(&w, isa, threads, f) && read_pictures(&w, f) &&
                embed(&w, f) && assign(&w, f);
    char *ids = good ? list_ids(&w, f) : NULL;
    free(w.features);
    free(w.factors);
    free(w.ids);
    gen_pictures_free(&w.pictures);
    host_image_features_close(&w.encoder);
    cluster_assigner_close(&w.assigner);
    return ids;
}
