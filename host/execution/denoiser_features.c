/* SPDX-License-Identifier: MIT
 *
 * denoiser_features.c - features of images from a network that denoises: a
 * table of ops that calls the backend's up to the one that is asked for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/denoiser_features.h"
#include "host/execution/trace.h"

/* ---- the module's map --------------------------------------------------- */

/* Cells overlap where the side is no multiple of them. */
static uint32_t cell_begin(uint32_t side, uint32_t cell, uint32_t cells)
{
    return (uint32_t)((uint64_t)cell * side / cells);
}

static uint32_t cell_end(uint32_t side, uint32_t cell, uint32_t cells)
{
    return (uint32_t)((((uint64_t)cell + 1) * side + cells - 1) / cells);
}

/* The mean of a channel over a cell, map [height][width][cout]. */
static float cell_mean(const cedm_conv *op, const float *map, uint32_t row,
                       uint32_t column, uint32_t cells)
{
    uint32_t y0 = cell_begin(op->height, row, cells);
    uint32_t y1 = cell_end(op->height, row, cells);
    uint32_t x0 = cell_begin(op->width, column, cells);
    uint32_t x1 = cell_end(op->width, column, cells);
    double sum = 0;
    for (uint32_t y = y0; y < y1; y++) {
        for (uint32_t x = x0; x < x1; x++) {
            sum += (double)map[((size_t)y * op->width + x) * op->cout];
        }
    }
    return (float)(sum / ((double)(y1 - y0) * (x1 - x0)));
}

static void pool_map(const cedm_conv *op, const float *map, uint32_t cells,
                     float *out)
{
    for (uint32_t row = 0; row < cells; row++) {
        for (uint32_t column = 0; column < cells; column++) {
            for (uint32_t c = 0; c < op->cout; c++) {
                *out++ = cell_mean(op, map + c, row, column, cells);
            }
        }
    }
}

/* The network's own output stays defined, though nobody computes it. */
static void clear_output(const host_engine *e)
{
    const cedm_port *port = &e->net.model->graph.outputs[0];
    size_t elements = (size_t)port->height * port->width * port->channels;
    memset(host_engine_tensor(e, port->ref), 0,
           e->net.exec.n * elements * sizeof(float));
}

static void take_map(host_denoiser_features *x)
{
    const cedm_exec *exec = &x->engine->net.exec;
    const cedm_conv *op = x->last;
    size_t elements = (size_t)op->height * op->width * op->cout;
    for (uint32_t i = 0; i < exec->n; i++) {
        pool_map(op, host_engine_tensor(x->engine, op->dst) + i * elements,
                 x->pool, x->out + (size_t)i * x->width);
    }
    clear_output(x->engine);
    x->out = NULL;
}

/* ---- tables of ops ------------------------------------------------------ */

/* Runs what comes up to the module's last op. */
#define RUN_OP(name)                                                         \
    static void run_##name(void *ctx, const cedm_##name *op)                 \
    {                                                                        \
        host_denoiser_features *x = ctx;                                     \
        if (x->out == NULL) {                                                \
            return;                                                          \
        }                                                                    \
        x->ops->name(x->ctx, op);                                            \
        if (op->id == x->last->id) {                                         \
            take_map(x);                                                     \
        }                                                                    \
    }
CEDM_GRAPH_OPS(RUN_OP)

static const cedm_ops run_table = {
#define RUN_ENTRY(name) .name = run_##name,
    CEDM_GRAPH_OPS(RUN_ENTRY)
#undef RUN_ENTRY
};

/* Which op has the number `id`; NULL: none so far. */
typedef struct search {
    uint32_t id;
    host_trace_kind kind;
    const void *found;
} search;

#define SEARCH_OP(name)                                                      \
    static void search_##name(void *ctx, const cedm_##name *op)              \
    {                                                                        \
        search *s = ctx;                                                     \
        if (op->id == s->id) {                                               \
            s->kind = HOST_TRACE_##name;                                     \
            s->found = op;                                                   \
        }                                                                    \
    }
CEDM_GRAPH_OPS(SEARCH_OP)

static const cedm_ops search_table = {
#define SEARCH_ENTRY(name) .name = search_##name,
    CEDM_GRAPH_OPS(SEARCH_ENTRY)
#undef SEARCH_ENTRY
};

/* ---- opening ------------------------------------------------------------ */

static bool name_module(host_denoiser_features *x, const char *module,
                        host_failure *f)
{
    const host_model *m = x->engine->model;
    if (module == NULL) {
        return host_module_after_bottleneck(m, x->module) ||
               host_fail(f, "%s: no block after a bottleneck; name a module",
                         m->label);
    }
    if (strlen(module) >= sizeof x->module) {
        return host_fail(f, "%s: no module '%s'", m->label, module);
    }
    snprintf(x->module, sizeof x->module, "%s", module);
    return true;
}

static bool find_map(host_denoiser_features *x, host_failure *f)
{
    const host_model *m = x->engine->model;
    search s = {0, HOST_TRACE_conv, NULL};
    if (!host_module_last_op(m, x->module, &s.id)) {
        return host_fail(f,
                         "%s: no module '%s'; wanted one such as "
                         "dec.8x8_in1, see the model's .map",
                         m->label, x->module);
    }
    m->code->graph.eval(&search_table, &s);
    x->last = s.kind == HOST_TRACE_conv ? s.found : NULL;
    if (x->last == NULL) {
        return host_fail(f,
                         "%s: module '%s' gives a vector of the noise level; "
                         "wanted one that gives a map",
                         m->label, x->module);
    }
    return (x->pool <= x->last->height && x->pool <= x->last->width) ||
           host_fail(f,
                     "%s: module '%s' gives a map of %ux%u; wanted at most "
                     "that many cells, got %ux%u",
                     m->label, x->module, x->last->height, x->last->width,
                     x->pool, x->pool);
}

static size_t image_elements(const host_engine *e)
{
    const cedm_denoiser *d = e->model->code->denoiser;
    return (size_t)d->resolution * d->resolution * d->channels;
}

bool host_denoiser_features_open(host_denoiser_features *x, host_engine *e,
                                 const host_denoiser_features_config *config,
                                 host_failure *f)
{
    *x = (host_denoiser_features){
        .engine = e, .sigma = config->sigma, .pool = config->pool};
    if (e->model->code->denoiser == NULL) {
        return host_fail(f, "%s: %s", e->model->label,
                         cedm_status_text(CEDM_E_KIND));
    }
    if (!name_module(x, config->module, f) || !find_map(x, f)) {
        return false;
    }
    x->width = x->pool * x->pool * x->last->cout;
    x->maps = calloc(e->batch * (2 * image_elements(e) + 1), sizeof *x->maps);
    if (x->maps == NULL) {
        return host_fail(f, "out of memory for a batch of %u images",
                         e->batch);
    }
    x->ops = e->net.ops;
    x->ctx = e->net.ctx;
    e->net.ops = &run_table;
    e->net.ctx = x;
    return true;
}

void host_denoiser_features_close(host_denoiser_features *x)
{
    if (x->ops != NULL) {
        x->engine->net.ops = x->ops;
        x->engine->net.ctx = x->ctx;
    }
    free(x->maps);
    *x = (host_denoiser_features){.width = 0};
}

/* ---- features ----------------------------------------------------------- */

/* A sampler that begins at sigma has the noise of the seeds, times sigma. */
static cedm_status draw_noise(host_denoiser_features *x,
                              const uint64_t *seeds, uint32_t n)
{
    cedm_sampler_params params = cedm_sampler_params_default();
    cedm_sampler sampler;
    params.solver = CEDM_SOLVER_euler;
    params.discretization = CEDM_DISCRETIZATION_list;
    params.steps = 1;
    params.sigmas = &x->sigma;
    cedm_status status =
        cedm_sample_begin(&sampler, &x->engine->net, &params, seeds, NULL, n);
    if (status == CEDM_OK) {
        memcpy(x->maps, cedm_sample_state(&sampler),
               n * image_elements(x->engine) * sizeof *x->maps);
    }
    return status;
}

/* Until the module's map is there. */
static cedm_status evaluate(host_denoiser_features *x, uint32_t n)
{
    size_t elements = x->engine->batch * image_elements(x->engine);
    cedm_real *denoised = x->maps + elements;
    cedm_real *levels = denoised + elements;
    for (uint32_t i = 0; i < n; i++) {
        levels[i] = (cedm_real)x->sigma;
    }
    return cedm_denoise(&x->engine->net, x->maps, levels, NULL, n, denoised);
}

static bool all_finite(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

bool host_denoiser_features_of(host_denoiser_features *x,
                               const uint8_t *images, const uint64_t *seeds,
                               uint32_t n, float *out, host_failure *f)
{
    cedm_status status = draw_noise(x, seeds, n);
    if (status == CEDM_OK) {
        size_t elements = n * image_elements(x->engine);
        for (size_t i = 0; i < elements; i++) { /* as training has them */
            x->maps[i] += (cedm_real)((float)images[i] / 127.5f - 1.0f);
        }
        x->out = out;
        status = evaluate(x, n);
    }
    if (status != CEDM_OK) {
        return host_fail(f, "%s: sigma %g: %s", x->engine->model->label,
                         x->sigma, cedm_status_text(status));
    }
    return all_finite(out, (size_t)n * x->width) ||
           host_fail(f, "%s: module '%s': %s", x->engine->model->label,
                     x->module, cedm_status_text(CEDM_E_NONFINITE));
}
