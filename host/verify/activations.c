/* SPDX-License-Identifier: MIT
 *
 * activations.c - compares what each module of a network computes with
 * recorded outputs of the reference implementation.
 *
 * A module's output is what its last convolution or linear layer leaves, with
 * three exceptions that fusion brings:
 *  - map_layer1 is recorded before its SiLU, which our op includes;
 *  - aux_norm is never stored: the convolution after it applies a x + b, so
 *    that is done here to the convolution's source;
 *  - an aux convolution adds the running map to its result: it is taken off
 *    again, from a copy, since the result may lie over it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/verify/activations.h"
#include "host/execution/modules.h"
#include "host/execution/trace.h"

typedef struct comparison {
    const host_engine *engine;
    host_activation *list;
    size_t count;
    double *got, *want; /* room for the largest activation */
    float *residual;    /* a copy of it, or NULL if there was none */
    float *copy;
    size_t room;
    const char *wrong_size; /* a module whose record has another size */
} comparison;

/* ---- which op computes a module --------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

/* The module whose convolution follows an aux_norm; as long as the name. */
static const char *reader_of_norm(const char *norm, char *text, size_t size)
{
    snprintf(text, size, "%s", norm);
    char *tail = strrchr(text, '_');
    if (tail != NULL && strcmp(tail, "_norm") == 0) {
        memcpy(tail, "_conv", 5);
    }
    return text;
}

static bool find_op(const host_model *m, host_activation *a)
{
    char text[128];
    a->is_norm = ends_with(a->name, "aux_norm");
    const char *module =
        a->is_norm ? reader_of_norm(a->name, text, sizeof text) : a->name;
    return host_module_last_op(m, module, &a->op);
}

/* ---- values ----------------------------------------------------------- */

static bool size_matches(comparison *c, const host_activation *a,
                         size_t elements)
{
    if (a->elements != elements) {
        c->wrong_size = a->name;
    }
    return a->elements == elements;
}

static void compare(comparison *c, host_activation *a, const double *want)
{
    a->found = host_difference_of(c->got, want, a->elements);
    a->seen = true;
}

static void compare_linear(comparison *c, host_activation *a,
                           const cedm_linear *op)
{
    if (!size_matches(c, a, op->out)) {
        return;
    }
    const float *dst = host_engine_tensor(c->engine, op->dst);
    for (size_t i = 0; i < a->elements; i++) {
        double x = a->values[i];
        c->got[i] = (double)dst[i];
        c->want[i] = op->act == CEDM_ACT_SILU ? x / (1 + exp(-x)) : x;
    }
    compare(c, a, c->want);
}

static void compare_conv(comparison *c, host_activation *a,
                         const cedm_conv *op)
{
    if (!size_matches(c, a, (size_t)op->height * op->width * op->cout)) {
        return;
    }
    const float *dst = host_engine_tensor(c->engine, op->dst);
    for (size_t i = 0; i < a->elements; i++) {
        c->got[i] = (double)dst[i];
        if (c->residual != NULL) {
            c->got[i] =
                c->got[i] / (double)op->scale - (double)c->residual[i];
        }
    }
    compare(c, a, a->values);
}

/* a x + b of a convolution's source, before the convolution runs. */
static void compare_norm(comparison *c, host_activation *a,
                         const cedm_conv *op)
{
    size_t channels = (size_t)op->cin[0] + op->cin[1];
    size_t pixels = (size_t)op->in_height * op->in_width;
    if (!size_matches(c, a, pixels * channels) || op->coeff == CEDM_NONE) {
        return;
    }
    const float *scale = host_engine_tensor(c->engine, op->coeff);
    size_t base = 0; /* first channel of the source */
    for (int s = 0; s < 2 && op->cin[s] > 0; s++) {
        const float *src = host_engine_tensor(c->engine, op->src[s]);
        for (size_t i = 0; i < pixels * op->cin[s]; i++) {
            size_t channel = base + i % op->cin[s];
            c->got[i / op->cin[s] * channels + channel] =
                (double)scale[channel] * (double)src[i] +
                (double)scale[channels + channel];
        }
        base += op->cin[s];
    }
    compare(c, a, a->values);
}

/* ---- hooks ------------------------------------------------------------ */

static void copy_residual(comparison *c, const cedm_conv *op)
{
    const char *module = host_model_op_module(c->engine->model, op->id);
    size_t elements = (size_t)op->height * op->width * op->cout;
    c->residual = NULL;
    if (op->residual != CEDM_NONE && elements <= c->room && module != NULL &&
        (ends_with(module, "aux_residual") || ends_with(module, "aux_skip") ||
         ends_with(module, "aux_conv"))) {
        memcpy(c->copy, host_engine_tensor(c->engine, op->residual),
               elements * sizeof(float));
        c->residual = c->copy;
    }
}

static void before(void *arg, host_trace_kind kind, const void *descriptor)
{
    comparison *c = arg;
    if (kind != HOST_TRACE_conv) {
        return;
    }
    const cedm_conv *op = descriptor;
    copy_residual(c, op);
    for (size_t i = 0; i < c->count; i++) {
        if (c->list[i].op == op->id && c->list[i].is_norm) {
            compare_norm(c, &c->list[i], op);
        }
    }
}

static void after(void *arg, host_trace_kind kind, const void *descriptor)
{
    comparison *c = arg;
    const cedm_conv *conv = descriptor;
    const cedm_linear *linear = descriptor;
    for (size_t i = 0; i < c->count; i++) {
        host_activation *a = &c->list[i];
        if (a->is_norm) {
            continue;
        }
        if (kind == HOST_TRACE_conv && a->op == conv->id) {
            compare_conv(c, a, conv);
        } else if (kind == HOST_TRACE_linear && a->op == linear->id) {
            compare_linear(c, a, linear);
        }
    }
}

/* ---- the run ---------------------------------------------------------- */

static bool run(host_engine *e, comparison *c, const double *x, double sigma,
                int32_t cluster, host_failure *f)
{
    const cedm_model *code = e->model->code;
    size_t pixels = (size_t)code->denoiser->resolution *
                    code->denoiser->resolution * code->denoiser->channels;
    cedm_real *input = malloc(2 * pixels * sizeof *input);
    if (input == NULL) {
        return host_fail(f, "out of memory");
    }
    for (size_t i = 0; i < pixels; i++) {
        input[i] = (cedm_real)x[i];
    }
    host_trace t;
    host_trace_install(&t, &e->net, before, after, c);
    cedm_real level = (cedm_real)sigma;
    cedm_status status =
        cedm_denoise(&e->net, input, &level, &cluster, 1, input + pixels);
    free(input);
    return status == CEDM_OK ||
           host_fail(f, "%s: %s", e->model->label, cedm_status_text(status));
}

static int compare_ops(const void *x, const void *y)
{
    const host_activation *a = x;
    const host_activation *b = y;
    return (a->op > b->op) - (a->op < b->op);
}

bool host_activations_compare(host_engine *e, const double *x, double sigma,
                              int32_t cluster, host_activation *list,
                              size_t count, host_failure *f)
{
    comparison c = {e, list, count, NULL, NULL, NULL, NULL, 0, NULL};
    for (size_t i = 0; i < count; i++) {
        if (!find_op(e->model, &list[i])) {
            return host_fail(f, "%s: no op computes module '%s'",
                             e->model->label, list[i].name);
        }
        c.room = list[i].elements > c.room ? list[i].elements : c.room;
    }
    qsort(list, count, sizeof *list, compare_ops);
    c.got = calloc(c.room + 1, sizeof *c.got);
    c.want = calloc(c.room + 1, sizeof *c.want);
    c.copy = calloc(c.room + 1, sizeof *c.copy);
    bool good = (c.got != NULL && c.want != NULL && c.copy != NULL) ||
                host_fail(f, "out of memory");
    good = good && run(e, &c, x, sigma, cluster, f);
    free(c.got);
    free(c.want);
    free(c.copy);
    return good && (c.wrong_size == NULL ||
                    host_fail(f,
                              "%s: module '%s' has another size in the "
                              "golden file",
                              e->model->label, c.wrong_size));
}
