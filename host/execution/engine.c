/* SPDX-License-Identifier: MIT
 *
 * engine.c - a model, a backend, threads and memory: a network that runs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/engine.h"
#include "host/execution/processors.h"
#include "host/execution/region.h"

static const struct {
    const char *name;
    uint32_t bit;
} isas[] = {
#define ISA_ROW(name, bit) {#name, bit},
    CEDM_ISA_LIST(ISA_ROW)
#undef ISA_ROW
};

/* The bits of one name of a list; false if it is unknown. */
static bool isa_bit(const char *name, size_t length, uint32_t *mask)
{
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        if (strlen(isas[i].name) == length &&
            memcmp(isas[i].name, name, length) == 0) {
            *mask |= isas[i].bit;
            return true;
        }
    }
    return false;
}

/* A list may end with `portable`, which is what is left when no set of the
 * list is available. */
static bool choose_backend(host_engine *e, const char *list, host_failure *f)
{
    if (list == NULL) {
        e->backend = cedm_backend_cpu(CEDM_ISA_ALL);
        return true;
    }
    uint32_t mask = 0;
    bool portable = false;
    for (const char *p = list;; p++) {
        size_t length = strcspn(p, ",");
        if (length == strlen("portable") &&
            memcmp(p, "portable", length) == 0) {
            portable = true;
        } else if (!isa_bit(p, length, &mask)) {
            return host_bad_usage(f, "--isa: wanted portable%s, got '%s'",
#define ISA_NAME(name, bit) " or " #name
                                  CEDM_ISA_LIST(ISA_NAME),
#undef ISA_NAME
                                  list);
        }
        p += length;
        if (*p == '\0') {
            break;
        }
    }
    if ((mask & cedm_isa_available()) == 0 && !portable) {
        return host_fail(
            f, "--isa %s: this processor or build has none of them", list);
    }
    e->backend = cedm_backend_cpu(mask);
    return true;
}

static bool take(void **region, uint64_t bytes, const char *what,
                 host_failure *f)
{
    *region = bytes == 0 ? NULL : host_region_new(bytes);
    return bytes == 0 || *region != NULL ||
           host_fail(f,
                     "no memory for %s, %" PRIu64 " bytes; use a smaller "
                     "--batch",
                     what, bytes);
}

static bool start(host_engine *e, host_failure *f)
{
    const cedm_model *code = e->model->code;
    e->weights_bytes = cedm_weights_bytes(code, e->backend);
    e->arena_bytes = cedm_arena_bytes(code, e->batch, e->threads);
    if (!take(&e->weights, e->weights_bytes, "prepared weights", f) ||
        !take(&e->arena, e->arena_bytes, "the arena", f)) {
        return false;
    }
    e->pool = host_pool_open(e->threads, host_processors(), f);
    if (e->pool == NULL) {
        return false;
    }
    cedm_net_config config = cedm_net_config_default();
    config.backend = e->backend;
    config.weights = e->weights;
    config.weights_bytes = (size_t)e->weights_bytes;
    config.arena = e->arena;
    config.arena_bytes = (size_t)e->arena_bytes;
    config.batch = e->batch;
    config.workers = e->threads;
    config.parallel_for = host_pool_for;
    config.pool = e->pool;
    cedm_status status = cedm_prepare(&e->model->blob, &config, e->weights,
                                      (size_t)e->weights_bytes);
    if (status == CEDM_OK) {
        status = cedm_net_init(&e->net, &e->model->blob, &config);
    }
    return status == CEDM_OK ||
           host_fail(f, "%s: %s", e->model->label, cedm_status_text(status));
}

bool host_engine_open(host_engine *e, const host_model *m,
                      const host_engine_config *config, host_failure *f)
{
    memset(e, 0, sizeof *e);
    e->model = m;
    e->batch = config->batch;
    e->threads = config->threads > 0 ? config->threads : host_processors();
    if (choose_backend(e, config->isa, f) && start(e, f)) {
        return true;
    }
    host_engine_close(e);
    return false;
}

void host_engine_close(host_engine *e)
{
    host_pool_close(e->pool);
    free(e->weights);
    free(e->arena);
    memset(e, 0, sizeof *e);
}

void host_engine_print(const host_engine *e, FILE *stream)
{
    fprintf(stream,
            "%s on %s: blob %zu + weights %" PRIu64 " + arena %" PRIu64
            " bytes (batch %u, %u threads)\n",
            e->model->code->name, e->backend->name, e->model->blob_bytes,
            e->weights_bytes, e->arena_bytes, e->batch, e->threads);
}
