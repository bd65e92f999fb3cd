/* SPDX-License-Identifier: MIT
 *
 * model_threads_test.c - nets in several threads at once: two contexts of the
 * demo model and one of another model, each drawing the images that it draws
 * alone.  Meant for the thread sanitizer, true without it.
 *
 * The second model is frozen from tests/golden by the build and linked in
 * beside the demo, which shows that two models do not clash. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cedm.h"
#include "weights/fashion.h"
#include "ncsnpp_tiny.h"

#define BATCH 2u
#define STEPS 3u

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

static _Alignas(CEDM_ALIGN) unsigned char tiny_blob[NCSNPP_TINY_BLOB_BYTES];

/* One net with its memory, and what it drew. */
typedef struct context {
    const cedm_backend *backend;
    const cedm_model *model;
    const unsigned char *bytes;
    size_t size;
    uint64_t seed;
    int32_t cluster;
    void *weights, *arena;
    uint8_t *images;
    size_t image_bytes;
    cedm_blob blob;
    cedm_net net;
    cedm_status status;
} context;

static void *aligned(uint64_t size)
{
    void *memory =
        aligned_alloc(CEDM_ALIGN, (size_t)CEDM_ALIGN_UP(size + 1u));

    assert_non_null(memory);
    return memory;
}

static cedm_status prepare(context *c)
{
    uint64_t weights = cedm_weights_bytes(c->model, c->backend);
    uint64_t arena = cedm_arena_bytes(c->model, BATCH, 1);
    cedm_net_config config = cedm_net_config_default();
    cedm_status status = cedm_bind(&c->blob, c->model, c->bytes, c->size);

    if (status != CEDM_OK) {
        return status;
    }
    config.backend = c->backend;
    status = cedm_prepare(&c->blob, &config, c->weights, (size_t)weights);
    if (status != CEDM_OK) {
        return status;
    }
    config.weights = c->weights;
    config.weights_bytes = (size_t)weights;
    config.arena = c->arena;
    config.arena_bytes = (size_t)arena;
    config.batch = BATCH;
    return cedm_net_init(&c->net, &c->blob, &config);
}

/* A thread's life: from bytes to images. */
static void *draw(void *arg)
{
    context *c = arg;
    cedm_sampler_params params = cedm_sampler_params_default();
    uint64_t seeds[BATCH] = {c->seed, c->seed + 1};
    int32_t clusters[BATCH] = {c->cluster, -1};
    cedm_sampler sampler;

    params.steps = STEPS;
    c->status = prepare(c);
    if (c->status == CEDM_OK) {
        c->status = cedm_sample_begin(&sampler, &c->net, &params, seeds,
                                      clusters, BATCH);
    }
    if (c->status == CEDM_OK) {
        do {
            c->status = cedm_sample_step(&sampler);
        } while (c->status == CEDM_MORE);
    }
    if (c->status == CEDM_OK) {
        c->status = cedm_sample_images(&sampler, c->images);
    }
    return NULL;
}

static void open_context(context *c, const cedm_model *model,
                         const unsigned char *bytes, size_t size,
                         uint64_t seed, const cedm_backend *backend)
{
    memset(c, 0, sizeof *c);
    c->backend = backend;
    c->model = model;
    c->bytes = bytes;
    c->size = size;
    c->seed = seed;
    c->cluster = (int32_t)(seed % model->denoiser->label_dim);
    c->weights = aligned(cedm_weights_bytes(model, backend));
    c->arena = aligned(cedm_arena_bytes(model, BATCH, 1));
    c->image_bytes = (size_t)BATCH * model->denoiser->resolution *
                     model->denoiser->resolution * model->denoiser->channels;
    c->images = calloc(c->image_bytes, 1);
    assert_non_null(c->images);
}

static void close_context(context *c)
{
    free(c->weights);
    free(c->arena);
    free(c->images);
}

static void open_all(context all[3], const cedm_backend *backend)
{
    open_context(&all[0], &cedm_fashion_model, cedm_fashion_blob,
                 sizeof cedm_fashion_blob, 5, backend);
    open_context(&all[1], &cedm_fashion_model, cedm_fashion_blob,
                 sizeof cedm_fashion_blob, 11, backend);
    open_context(&all[2], &cedm_ncsnpp_tiny_model, tiny_blob,
                 sizeof tiny_blob, 3, backend);
}

static void same_alone_and_together(const cedm_backend *backend)
{
    context alone[3], together[3];
    pthread_t threads[3];

    open_all(alone, backend);
    open_all(together, backend);
    for (int i = 0; i < 3; i++) {
        draw(&alone[i]);
        assert_int_equal(alone[i].status, CEDM_OK);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, draw, &together[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(together[i].status, CEDM_OK);
        assert_memory_equal(alone[i].images, together[i].images,
                            alone[i].image_bytes);
    }
    /* Different seeds and clusters: the two contexts are not one. */
    assert_memory_not_equal(alone[0].images, alone[1].images,
                            alone[0].image_bytes);
    for (int i = 0; i < 3; i++) {
        close_context(&alone[i]);
        close_context(&together[i]);
    }
}

static void portable_nets_in_threads(void **state)
{
    (void)state;
    same_alone_and_together(cedm_backend_portable());
}

static void fastest_nets_in_threads(void **state)
{
    (void)state;
    same_alone_and_together(cedm_backend_cpu(CEDM_ISA_ALL));
}

static int read_tiny_blob(void **state)
{
    FILE *file = fopen(NCSNPP_TINY_BLOB_PATH, "rb");
    size_t size;

    (void)state;
    if (!file) {
        print_error("cannot open %s\n", NCSNPP_TINY_BLOB_PATH);
        return -1;
    }
    size = fread(tiny_blob, 1, sizeof tiny_blob, file);
    fclose(file);
    return size == sizeof tiny_blob ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(portable_nets_in_threads),
        cmocka_unit_test(fastest_nets_in_threads),
    };

    return cmocka_run_group_tests(tests, read_tiny_blob, NULL);
}
