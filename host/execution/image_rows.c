/* SPDX-License-Identifier: MIT
 *
 * image_rows.c - features of all images of a data set, row by row. */
#include "host/execution/image_rows.h"

#include <stdlib.h>

#include "host/execution/pool.h"
#include "host/files/data_hash.h"

bool host_image_rows_open(host_image_rows *x,
                          const host_image_features_config *config,
                          const char *data, host_failure *f)
{
    host_image_features *s = &x->source;
    *x = (host_image_rows){.data = data};
    if (!host_image_features_open(s, config, f)) {
        return false;
    }
    x->from = (host_dataset_source){
        data,          s->size,        s->engine.threads,
        host_pool_for, s->engine.pool, true};
    if (!host_image_stream_open(&x->images, &x->from, s->channels, f)) {
        return false;
    }
    x->batch =
        calloc(s->engine.batch, (size_t)s->size * s->size * s->channels);
    x->features = calloc(s->engine.batch, s->width * sizeof *x->features);
    return (x->batch != NULL && x->features != NULL) ||
           host_fail(f, "out of memory for a batch of %u images",
                     s->engine.batch);
}

void host_image_rows_close(host_image_rows *x)
{
    host_growing_close(&x->rows);
    free(x->recipe);
    free(x->batch);
    free(x->features);
    host_image_stream_close(&x->images);
    host_image_features_close(&x->source);
}

/* All that decides the bytes of the rows. */
static bool write_recipe(host_image_rows *x, host_failure *f)
{
    char hex[HOST_DATA_HASH];
    if (!host_data_hash(x->data, hex, f)) {
        return false;
    }
    const int shape[2] = {(int)x->images.total, (int)x->source.width};
    cJSON *root = cJSON_CreateObject();
    bool good =
        cJSON_AddItemToObject(root, "encoder",
                              host_image_features_describe(&x->source)) &&
        cJSON_AddItemToObject(root, "shape", cJSON_CreateIntArray(shape, 2));
    cJSON *data = cJSON_AddObjectToObject(root, "data");
    good = good && cJSON_AddStringToObject(data, "sha256", hex) != NULL;
    x->recipe = good ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    return x->recipe != NULL ||
           host_fail(f, "out of memory for what is known of the features");
}

bool host_image_rows_begin(host_image_rows *x, const char *path,
                           const host_shard *shard, host_failure *f)
{
    const host_growing_shape shape = {x->images.total, x->source.width};
    if (!write_recipe(x, f) ||
        !host_growing_open(&x->rows, path, x->recipe, shard, &shape, f)) {
        return false;
    }
    host_image_stream_seek(&x->images, x->rows.first + x->rows.done);
    return true;
}

bool host_image_rows_next(host_image_rows *x, host_failure *f)
{
    host_growing *rows = &x->rows;
    uint64_t left = rows->count - rows->done;
    uint32_t batch = x->source.engine.batch;
    uint32_t n = left < batch ? (uint32_t)left : batch;
    return host_image_stream_read(&x->images, x->batch, n, f) &&
           host_image_features_of(&x->source, x->batch,
                                  rows->first + rows->done, n, x->features,
                                  f) &&
           host_growing_put(rows, x->features, n, f);
}
