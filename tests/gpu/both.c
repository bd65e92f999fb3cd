/* SPDX-License-Identifier: MIT
 *
 * both.c - opens the two nets, and counts what was found of them. */
#include "tests/gpu/both.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

/* ---- findings ----------------------------------------------------------- */

const char *both_precision(enum cedm_cuda_precision precision)
{
    static const char *const names[CEDM_CUDA_PRECISIONS] = {
        [CEDM_CUDA_FP16] = "fp16",
        [CEDM_CUDA_BF16] = "bf16",
        [CEDM_CUDA_FP32] = "fp32",
    };

    return names[precision];
}

void both_expect(const both *b, int good, const char *what, double got,
                 double wanted)
{
    printf("%s %s  %s: %.3g, wanted at most %.3g\n",
           good ? "ok    " : "FAILED", both_precision(b->config.precision),
           what, got, wanted);
    fflush(stdout);
    passed += good;
    failed += !good;
}

int both_summary(void)
{
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}

void both_need(cedm_status status, const char *what)
{
    if (status < CEDM_OK) {
        fprintf(stderr, "gpu_check: %s: %s\n", what,
                cedm_status_text(status));
        failed++;
        exit(both_summary());
    }
}

/* ---- nets --------------------------------------------------------------- */

void *both_memory(size_t bytes)
{
    void *p = aligned_alloc(256, (bytes + 255) / 256 * 256);

    if (p == NULL) {
        both_need(CEDM_E_NULL, "host memory");
    }
    memset(p, 0, bytes);
    return p;
}

void both_open_host(both *b, const cedm_model *model, unsigned char *blob,
                    size_t size)
{
    cedm_net_config config = cedm_net_config_default();

    both_need(cedm_bind(&b->blob, model, blob, size), "cedm_bind");
    b->data = blob + ((const unsigned char *)b->blob.data - blob);
    config.batch = b->config.batch;
    config.weights_bytes = (size_t)cedm_weights_bytes(model, config.backend);
    if (config.weights_bytes > 0) { /* of a blob of 16 bits */
        void *weights = both_memory(config.weights_bytes);

        both_need(
            cedm_prepare(&b->blob, &config, weights, config.weights_bytes),
            "cedm_prepare");
        config.weights = weights;
    }
    config.arena_bytes = (size_t)cedm_arena_bytes(model, config.batch, 1);
    config.arena = both_memory(config.arena_bytes);
    both_need(cedm_net_init(&b->host, &b->blob, &config), "cedm_net_init");
}

void both_take(both *b)
{
    cedm_cuda_config *c = &b->config;

    both_need(cedm_cuda_measure(b->blob.model, c, &c->sizes), "measure");
    both_need(cedm_cuda_allocate(0, c->sizes.weights, &c->weights),
              "allocate");
    both_need(cedm_cuda_allocate(0, c->sizes.arena, &c->arena), "allocate");
    both_need(cedm_cuda_allocate_pinned(c->sizes.staging, &c->staging),
              "pinned");
    c->context = both_memory((size_t)c->sizes.context);
}

void both_free(both *b)
{
    cedm_cuda_release(0, b->config.weights);
    cedm_cuda_release(0, b->config.arena);
    cedm_cuda_release_pinned(b->config.staging);
    free(b->config.context);
}

void both_open_device(both *b)
{
    cedm_status status;

    b->config.fault = &b->fault;
    status = cedm_cuda_open(&b->net, &b->blob, &b->config);
    if (status == CEDM_E_CUDA) {
        fprintf(stderr, "gpu_check: %s: %s\n", b->fault.call, b->fault.text);
    }
    both_need(status, "cedm_cuda_open");
}
