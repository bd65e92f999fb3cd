/* SPDX-License-Identifier: MIT
 *
 * temi_gradients.c - gradients of one head's parameters: products over the
 * rows of the batch, in order.
 *
 * The gradient of a packed matrix comes packed: its inputs are the rows of
 * the product, turned so that they run along the batch. */
#include <math.h>

#include "cluster/temi_parts.h"

/* Rows of a task's product: whole tiles.  Rows of the batch at a time: with
 * them an eighth of a megabyte stays near. */
#define INPUTS 192u
#define CHUNK 512u

typedef struct gradient {
    cluster_temi *t;
    uint32_t head;
    /* of one matrix */
    const float *inputs;  /* [inner][M] */
    const float *outputs; /* panels of M rows: derivatives */
    uint32_t inner, panels;
    float *grads;
} gradient;

/* ---- turning ------------------------------------------------------------ */

/* One panel [M][16] of a state as 16 rows [M]. */
static void turn(const float *panel, float *out, size_t rows)
{
    for (size_t first = 0; first < rows; first += CLUSTER_PANEL) {
        const size_t end =
            rows - first < CLUSTER_PANEL ? rows : first + CLUSTER_PANEL;

        for (size_t c = 0; c < CLUSTER_PANEL; c++) {
            for (size_t row = first; row < end; row++) {
                out[c * rows + row] = panel[row * CLUSTER_PANEL + c];
            }
        }
    }
}

static void turn_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_temi *t = arg;
    const uint32_t hidden = t->layout.hidden / CLUSTER_PANEL;
    const size_t rows = t->arrays.states.stride;
    const size_t floats = rows * CLUSTER_PANEL;

    (void)worker;
    if (index < hidden) {
        turn(t->arrays.states.after + index * floats,
             t->arrays.turned_after + index * floats, rows);
    } else {
        index -= hidden;
        turn(t->arrays.states.normal + index * floats,
             t->arrays.turned_normal + index * floats, rows);
    }
}

/* ---- products ----------------------------------------------------------- */

static void matrix_task(void *arg, uint32_t index, uint32_t worker)
{
    const gradient *g = arg;
    const uint32_t rows = 2 * g->t->options.batch;
    const uint32_t first = index * INPUTS, left = g->inner - first;
    cluster_product p = {
        .a_row = rows,
        .runs = 1,
        .b_panel = (size_t)rows * CLUSTER_PANEL,
        .panels = g->panels,
        .out = g->grads + (size_t)first * CLUSTER_PANEL,
        .out_row = CLUSTER_PANEL,
        .out_panel = (size_t)g->inner * CLUSTER_PANEL,
    };

    (void)worker;
    for (uint32_t row = 0; row < rows; row += CHUNK) {
        p.length = rows - row < CHUNK ? rows - row : CHUNK;
        p.a = g->inputs + (size_t)first * rows + row;
        p.b = g->outputs + (size_t)row * CLUSTER_PANEL;
        if (row > 0) {
            p.init = p.out;
            p.init_row = p.out_row;
            p.init_panel = p.out_panel;
        }
        g->t->workers->kernels->multiply(&p, left < INPUTS ? left : INPUTS);
    }
}

/* Sums of a panel of derivatives over the rows. */
static void bias_task(void *arg, uint32_t index, uint32_t worker)
{
    const gradient *g = arg;
    const size_t rows = 2 * (size_t)g->t->options.batch;
    const float *d = g->outputs + index * rows * CLUSTER_PANEL;
    double sums[CLUSTER_PANEL] = {0};

    (void)worker;
    for (size_t row = 0; row < rows; row++, d += CLUSTER_PANEL) {
        for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
            sums[c] += (double)d[c];
        }
    }
    for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
        g->grads[index * CLUSTER_PANEL + c] = (float)sums[c];
    }
}

static void matrix(gradient *g, enum cluster_head_tensor tensor,
                   const float *inputs, const float *outputs)
{
    const cluster_head_layout *l = &g->t->layout;
    const cluster_head_place *place = &l->tensors[tensor];

    g->inputs = inputs;
    g->outputs = outputs;
    g->inner = place->inner;
    g->panels = cluster_panels(place->rows);
    g->grads = g->t->arrays.grads + g->head * l->floats + place->at;
    cluster_run(g->t->workers, matrix_task, g,
                (g->inner + INPUTS - 1) / INPUTS);
}

/* outputs are those of the matrix before. */
static void bias(gradient *g, enum cluster_head_tensor tensor)
{
    const cluster_head_layout *l = &g->t->layout;

    g->grads =
        g->t->arrays.grads + g->head * l->floats + l->tensors[tensor].at;
    cluster_run(g->t->workers, bias_task, g, g->panels);
}

/* ---- the last layer ----------------------------------------------------- */

/* From the derivative by g v / |v|, D, in v's place: that by g is D.v / |v|,
 * that by v is g / |v| (D - v (D.v) / |v|^2). */
static void direction_task(void *arg, uint32_t index, uint32_t worker)
{
    const gradient *g = arg;
    const cluster_head_layout *l = &g->t->layout;
    const size_t at = g->head * l->floats;
    const size_t panel = (size_t)l->bottleneck * CLUSTER_PANEL;
    const size_t v_at = at + l->tensors[CLUSTER_HEAD_v].at + index * panel;
    const size_t g_at =
        at + l->tensors[CLUSTER_HEAD_g].at + index * CLUSTER_PANEL;
    const float *factor = cluster_temi_directions(g->t, false, g->head) +
                          l->tensors[CLUSTER_HEAD_v].floats +
                          index * CLUSTER_PANEL;
    const float *v = g->t->state.student + v_at;
    float *d = g->t->arrays.grads + v_at;

    (void)worker;
    for (size_t c = 0; c < CLUSTER_PANEL; c++) {
        double square = 0.0, dot = 0.0;

        for (size_t k = c; k < panel; k += CLUSTER_PANEL) {
            square += (double)v[k] * (double)v[k];
            dot += (double)d[k] * (double)v[k];
        }
        const bool any = square > 0.0;
        const float along = any ? (float)(dot / square) : 0.0f;

        g->t->arrays.grads[g_at + c] =
            any ? (float)(dot / sqrt(square)) : 0.0f;
        for (size_t k = c; k < panel; k += CLUSTER_PANEL) {
            d[k] = factor[c] * (d[k] - v[k] * along);
        }
    }
}

void cluster_temi_gradients(cluster_temi *t, uint32_t head)
{
    const cluster_head_layout *l = &t->layout;
    const cluster_temi_arrays *a = &t->arrays;
    gradient g = {.t = t, .head = head};

    cluster_run(t->workers, turn_task, t,
                (l->hidden + l->bottleneck) / CLUSTER_PANEL);
    matrix(&g, CLUSTER_HEAD_w1, a->turned_x, a->d_hidden);
    bias(&g, CLUSTER_HEAD_b1);
    matrix(&g, CLUSTER_HEAD_w2, a->turned_after, a->d_normal);
    bias(&g, CLUSTER_HEAD_b2);
    matrix(&g, CLUSTER_HEAD_v, a->turned_normal, a->d_logits);
    cluster_run(t->workers, direction_task, &g, g.panels);
}
