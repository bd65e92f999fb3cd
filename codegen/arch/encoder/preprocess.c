/* SPDX-License-Identifier: MIT
 *
 * preprocess.c - tables of places and weights, one row an output. */
#include "codegen/arch/encoder/preprocess.h"

#include <math.h>
#include <string.h>

#include "runtime/resize_weights.h"

#define CHANNELS 3u

/* ---- sizes -------------------------------------------------------------- */

void cg_preprocess_fit(cg_preprocess *p, uint32_t side, uint32_t window)
{
    bool tall = p->image[1] <= p->image[0];
    uint32_t longer = tall ? 0 : 1;

    memcpy(p->resized, p->image, sizeof p->resized);
    if (side > 0) {
        p->resized[1 - longer] = side;
        p->resized[longer] = (uint32_t)((double)side * p->image[longer] /
                                        p->image[1 - longer]);
    }
    window = window > 0 ? window : side;
    for (int axis = 0; axis < 2; axis++) {
        p->window[axis] = window > 0 ? window : p->resized[axis];
    }
}

bool cg_preprocess_fits(const cg_preprocess *p)
{
    for (int axis = 0; axis < 2; axis++) {
        if (p->window[axis] < 1 || p->window[axis] > p->resized[axis] ||
            p->image[axis] < 1 || p->image[axis] > CEDM_RESIZE_MOST ||
            p->resized[axis] > CEDM_RESIZE_MOST) {
            return false;
        }
    }
    return true;
}

/* ---- one axis ----------------------------------------------------------- */

typedef struct axis {
    uint32_t in, resized, from, out; /* out of resized, from `from` on */
    uint32_t taps;
} axis;

/* Whether values stay of 8 bits. */
static bool is_fixed(enum cg_filter filter)
{
    return filter == CG_FILTER_BICUBIC || filter == CG_FILTER_BILINEAR;
}

static uint32_t kernel_of(enum cg_filter filter)
{
    return filter == CG_FILTER_BILINEAR ? CEDM_RESIZE_BILINEAR
                                        : CEDM_RESIZE_BICUBIC;
}

static bool is_two_taps(enum cg_filter filter)
{
    return filter == CG_FILTER_TF1 || filter == CG_FILTER_PYTORCH_FID;
}

static uint32_t taps_of(enum cg_filter filter, const axis *a)
{
    if (a->in == a->resized || a->in == 1) {
        return 1;
    }
    return is_two_taps(filter)
               ? 2
               : cedm_resize_most_taps(kernel_of(filter), a->in, a->resized);
}

/* Two neighbours of a place without a filter; see runtime/resize.h. */
static uint32_t weigh_two(enum cg_filter filter, const axis *a, uint32_t o,
                          uint32_t *first, double *weights)
{
    double scale = (double)a->in / (double)a->resized;
    double at = filter == CG_FILTER_TF1 ? o * scale : (o + 0.5) * scale - 0.5;
    at = fmax(at, 0.0);
    *first = (uint32_t)at;
    if (*first + 1 >= a->in) {
        *first = a->in - 1;
        weights[0] = 1.0;
        return 1;
    }
    weights[0] = 1.0 - (at - *first);
    weights[1] = at - *first;
    return 2;
}

/* The weights of output o: how many, and where they begin. */
static uint32_t weigh(enum cg_filter filter, const axis *a, uint32_t o,
                      uint32_t *first, double *weights)
{
    if (a->taps == 1) {
        *first = a->in == 1 ? 0 : o;
        weights[0] = 1.0;
        return 1;
    }
    return is_two_taps(filter)
               ? weigh_two(filter, a, o, first, weights)
               : cedm_resize_weigh(kernel_of(filter), a->in, a->resized, o,
                                   first, weights);
}

/* Pillow rounds weights to multiples of 2^-22, halves away from 0. */
static float stored(bool fixed, double weight)
{
    return (
        float)(fixed ? trunc(weight * 4194304.0 + (weight < 0.0 ? -0.5 : 0.5))
                     : weight);
}

/* A row: first, then the weights, shifted so that all taps lie inside. */
static void fill_row(enum cg_filter filter, const axis *a, uint32_t o,
                     double *weights, float *row)
{
    uint32_t first = 0;
    uint32_t count = weigh(filter, a, a->from + o, &first, weights);
    uint32_t begin = first + a->taps <= a->in ? first : a->in - a->taps;

    memset(row, 0, (1 + a->taps) * sizeof *row);
    row[0] = (float)begin;
    for (uint32_t i = 0; i < count; i++) {
        row[1 + first - begin + i] = stored(is_fixed(filter), weights[i]);
    }
}

/* ---- tables as tensors of the blob -------------------------------------- */

static int exact_param(cg_graph *graph, const char *name, const float *values,
                       uint32_t elements)
{
    cg_part part = {.values = values, .elements = elements};
    int param = cg_param_add(graph, name, &part, 1);

    if (!graph->failed) {
        graph->params[param].exact = true;
    }
    return param;
}

static int table(cg_graph *graph, const char *name, const axis *a,
                 enum cg_filter filter)
{
    uint32_t row = 1 + a->taps;
    float *values =
        cg_take(graph->memory, (size_t)a->out * row, sizeof *values);
    double *weights =
        cg_take(graph->memory, (size_t)a->taps + 4, sizeof *weights);

    if (values == NULL || weights == NULL) {
        graph->failed = true;
        return 0;
    }
    for (uint32_t o = 0; o < a->out; o++) {
        fill_row(filter, a, o, weights, values + (size_t)o * row);
    }
    return exact_param(graph, name, values, a->out * row);
}

static int normal(cg_graph *graph, const cg_preprocess *p)
{
    float *values = cg_take(graph->memory, 2 * CHANNELS, sizeof *values);

    if (values == NULL) {
        graph->failed = true;
        return 0;
    }
    for (uint32_t c = 0; c < CHANNELS; c++) {
        values[c] = (float)p->scale[c];
        values[CHANNELS + c] = (float)p->shift[c];
    }
    return exact_param(graph, "preprocess.normal", values, 2 * CHANNELS);
}

/* Python's round((resized - window) / 2): halves to even. */
static uint32_t middle(uint32_t resized, uint32_t window)
{
    return (uint32_t)nearbyint((resized - window) / 2.0);
}

static axis axis_of(const cg_preprocess *p, int i)
{
    axis a = {.in = p->image[i],
              .resized = p->resized[i],
              .from = middle(p->resized[i], p->window[i]),
              .out = p->window[i]};

    a.taps = taps_of(p->filter, &a);
    return a;
}

int cg_preprocess_add(cg_graph *graph, const cg_preprocess *p)
{
    cg_node image = {.in = {CG_NO_NODE, CG_NO_NODE},
                     .height = p->image[0],
                     .width = p->image[1],
                     .channels = CHANNELS,
                     .module = "image",
                     .weight = -1,
                     .bias = -1};
    axis down = axis_of(p, 0), across = axis_of(p, 1);
    cg_node node = image;

    node.in[0] = cg_input_add(graph, CEDM_INPUT_IMAGE, "image", &image);
    node.kind = CG_PREPROCESS;
    node.module = "preprocess";
    node.height = p->window[0];
    node.width = p->window[1];
    node.kernel[0] = down.taps;
    node.kernel[1] = across.taps;
    node.fixed = is_fixed(p->filter);
    node.weight = table(graph, "preprocess.down", &down, p->filter);
    node.bias = table(graph, "preprocess.across", &across, p->filter);
    node.normal = normal(graph, p);
    return cg_node_add(graph, &node);
}
