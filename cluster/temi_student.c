/* SPDX-License-Identifier: MIT
 *
 * temi_student.c - one head of the student: its probabilities, the losses of
 * its rows, and the way back through its layers.
 *
 * With r[c] = (q_s(c|x) q_t(c|x'))^beta / p[c] and S their sum, the loss of a
 * row is -w ln S, whose derivative by the student's logit k is
 *
 *   -w beta / temperature * (r[k] / S - q_s(k|x)). */
#include <math.h>

#include "cluster/temi_parts.h"
#include "runtime/fmath.h"

/* Weight of SCAN's entropy. */
#define ENTROPY 5.0

/* Below this a mean counts as this. */
#define RAREST 1e-30

typedef struct student {
    cluster_temi *t;
    uint32_t head;
    double entropy[2]; /* of SCAN's views */
} student;

static void forward_task(void *arg, uint32_t index, uint32_t worker)
{
    const student *s = arg;
    cluster_temi *t = s->t;
    const cluster_head_layout *l = &t->layout;
    const uint32_t first = index * CLUSTER_TEMI_ROWS;
    const uint32_t n = cluster_temi_block(t, index);

    (void)worker;
    cluster_head_forward(l, t->state.student + s->head * l->floats,
                         cluster_temi_directions(t, false, s->head),
                         t->workers->kernels, t->arrays.x, first, n,
                         &t->arrays.states);
    for (uint32_t row = first; row < first + n; row++) {
        const size_t at = (size_t)row * l->clusters;

        t->workers->kernels->softmax(t->arrays.states.logits + at,
                                     (float)(1.0 / t->options.temperature),
                                     l->clusters / CLUSTER_PANEL,
                                     t->arrays.q + at, t->arrays.log_q + at);
    }
}

/* The logarithm of the mean of q over each view; rows in order. */
static void mean_task(void *arg, uint32_t index, uint32_t worker)
{
    const student *s = arg;
    const cluster_temi *t = s->t;
    const uint32_t batch = t->options.batch, clusters = t->layout.clusters;
    const float *q = t->arrays.q + (size_t)index * CLUSTER_PANEL;

    (void)worker;
    for (uint32_t view = 0; view < 2; view++) {
        double *mean =
            t->arrays.mean + view * clusters + (size_t)index * CLUSTER_PANEL;

        for (uint32_t i = 0; i < CLUSTER_PANEL; i++) {
            mean[i] = 0.0;
        }
        for (uint32_t b = 0; b < batch; b++, q += clusters) {
            for (uint32_t i = 0; i < CLUSTER_PANEL; i++) {
                mean[i] += (double)q[i];
            }
        }
        for (uint32_t i = 0; i < CLUSTER_PANEL; i++) {
            mean[i] = mean[i] / batch;
        }
    }
}

/* sum_c m[c] ln m[c] of both views; m becomes its logarithm. */
static void set_entropies(student *s)
{
    const uint32_t clusters = s->t->layout.clusters;

    for (uint32_t view = 0; view < 2; view++) {
        double *mean = s->t->arrays.mean + view * clusters;

        s->entropy[view] = 0.0;
        for (uint32_t c = 0; c < clusters; c++) {
            const double m = mean[c];

            mean[c] = cedm_log(fmax(m, RAREST));
            s->entropy[view] += m * mean[c];
        }
    }
}

/* ---- losses ------------------------------------------------------------- */

/* How much a pair counts. */
static float weight_of(const cluster_temi *t, uint32_t head, uint32_t pair)
{
    const uint32_t batch = t->options.batch, clusters = t->layout.clusters;
    const float *q =
        t->arrays.teacher_q + (size_t)head * 2 * batch * clusters;

    switch (t->options.loss) {
    case CLUSTER_LOSS_temi: return t->arrays.weights[pair];
    case CLUSTER_LOSS_wmi:
        return t->workers->kernels->overlap(
            q + (size_t)pair * clusters,
            q + (size_t)(batch + pair) * clusters, clusters / CLUSTER_PANEL);
    case CLUSTER_LOSS_pmi:
    case CLUSTER_LOSS_scan:
    default: return 1.0f;
    }
}

/* The entropy of a view [SCAN]: its loss goes to one row of it; its
 * derivative by logit k, 5 / temperature * q[k] (ln m[k] - sum_c q[c] ln m[c]),
 * is added to d. */
static double add_entropy(const student *s, uint32_t row, double factor,
                          float *d)
{
    const cluster_temi *t = s->t;
    const uint32_t batch = t->options.batch, clusters = t->layout.clusters;
    const double *log_mean = t->arrays.mean + row / batch * clusters;
    const float *q = t->arrays.q + (size_t)row * clusters;
    double sum = 0.0;

    for (uint32_t c = 0; c < clusters; c++) {
        sum += (double)q[c] * log_mean[c];
    }
    for (uint32_t c = 0; c < clusters; c++) {
        d[c] += (float)(factor * (double)q[c] * (log_mean[c] - sum));
    }
    /* The mean of two views, as a part of the mean over 2 * batch rows. */
    return row % batch == 0 ? ENTROPY * batch * s->entropy[row / batch] : 0.0;
}

/* The loss of a row, and its derivative by the logits in d. */
static double lose(const student *s, uint32_t row, float *d)
{
    const cluster_temi *t = s->t;
    const uint32_t head = s->head;
    const cluster_temi_options *o = &t->options;
    const uint32_t batch = o->batch, clusters = t->layout.clusters;
    const bool scan = o->loss == CLUSTER_LOSS_scan;
    const float beta = scan ? 1.0f : (float)o->beta;
    const uint32_t other = row < batch ? row + batch : row - batch;
    const float weight = weight_of(t, head, row % batch);
    const float *q = t->arrays.q + (size_t)row * clusters;
    const float *inverse = t->arrays.inverse + (size_t)head * clusters;
    const float sum = t->workers->kernels->mutual(
        t->arrays.log_q + (size_t)row * clusters,
        t->arrays.teacher_log + ((size_t)head * 2 * batch + other) * clusters,
        beta, inverse, clusters / CLUSTER_PANEL, d);
    const double logarithm = cedm_log((double)sum);
    const bool counts = !o->positive || logarithm > 0.0;
    const double share = 1.0 / (o->temperature * 2.0 * batch * o->heads);
    const float factor =
        counts ? (float)(-(double)(weight * beta) * share) : 0.0f;
    double loss = counts ? -(double)weight * logarithm : 0.0;

    for (uint32_t c = 0; c < clusters; c++) {
        d[c] = factor * (d[c] / sum - q[c]);
    }
    if (scan) {
        loss += add_entropy(s, row, ENTROPY * share, d);
    }
    return loss;
}

/* ---- backwards ---------------------------------------------------------- */

/* out[rows][columns] = a[rows][inner] b, panels of M rows each. */
static void multiply_back(const cluster_temi *t, const float *a,
                          uint32_t inner, const float *b, uint32_t columns,
                          float *out, uint32_t first, uint32_t n)
{
    const size_t at = (size_t)first * CLUSTER_PANEL;
    const size_t panel = t->arrays.states.stride * CLUSTER_PANEL;
    const cluster_product product = {
        .a = a + at,
        .a_row = CLUSTER_PANEL,
        .a_run = panel,
        .runs = inner / CLUSTER_PANEL,
        .length = CLUSTER_PANEL,
        .b = b,
        .panels = columns / CLUSTER_PANEL,
        .out = out + at,
        .out_row = CLUSTER_PANEL,
        .out_panel = panel,
    };

    t->workers->kernels->multiply(&product, n);
}

/* n = z / |z|: the derivative by z is (d - n (n.d)) / |z|. */
static void through_length(const cluster_temi *t, uint32_t row)
{
    const size_t panel = t->arrays.states.stride * CLUSTER_PANEL;
    const uint32_t panels = t->layout.bottleneck / CLUSTER_PANEL;
    const float *n = t->arrays.states.normal + (size_t)row * CLUSTER_PANEL;
    float *d = t->arrays.d_normal + (size_t)row * CLUSTER_PANEL;
    const float length = t->arrays.states.length[row];
    float sums[CLUSTER_PANEL] = {0}, dot = 0.0f;

    for (uint32_t p = 0; p < panels; p++) {
        for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
            sums[c] += n[p * panel + c] * d[p * panel + c];
        }
    }
    for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
        dot += sums[c];
    }
    for (uint32_t p = 0; p < panels; p++) {
        for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
            d[p * panel + c] =
                (d[p * panel + c] - n[p * panel + c] * dot) / length;
        }
    }
}

static void backward_task(void *arg, uint32_t index, uint32_t worker)
{
    const student *s = arg;
    cluster_temi *t = s->t;
    const cluster_head_layout *l = &t->layout;
    cluster_temi_arrays *a = &t->arrays;
    const size_t panel = a->states.stride * CLUSTER_PANEL;
    const uint32_t first = index * CLUSTER_TEMI_ROWS;
    const uint32_t n = cluster_temi_block(t, index);
    void *scratch = a->scratch + worker * a->scratch_step;
    float *d = scratch;

    for (uint32_t row = first; row < first + n; row++) {
        a->row_loss[s->head * a->states.stride + row] = lose(s, row, d);
        for (uint32_t c = 0; c < l->clusters; c++) {
            a->d_logits[c / CLUSTER_PANEL * panel + c % CLUSTER_PANEL +
                        (size_t)row * CLUSTER_PANEL] = d[c];
        }
    }
    multiply_back(t, a->d_logits, l->clusters,
                  a->turned_directions +
                      s->head * l->tensors[CLUSTER_HEAD_v].floats,
                  l->bottleneck, a->d_normal, first, n);
    for (uint32_t row = first; row < first + n; row++) {
        through_length(t, row);
    }
    multiply_back(t, a->d_normal, l->bottleneck,
                  a->turned_w2 + s->head * l->tensors[CLUSTER_HEAD_w2].floats,
                  l->hidden, a->d_hidden, first, n);
    for (uint32_t p = 0; p < l->hidden / CLUSTER_PANEL; p++) {
        const size_t at = p * panel + (size_t)first * CLUSTER_PANEL;

        t->workers->kernels->gelu_grad(a->states.before + at,
                                       a->d_hidden + at,
                                       (size_t)n * CLUSTER_PANEL);
    }
}

void cluster_temi_student(cluster_temi *t, uint32_t head)
{
    student s = {.t = t, .head = head};

    cluster_run(t->workers, forward_task, &s, cluster_temi_blocks(t));
    if (t->options.loss == CLUSTER_LOSS_scan) {
        cluster_run(t->workers, mean_task, &s,
                    t->layout.clusters / CLUSTER_PANEL);
        set_entropies(&s);
    }
    cluster_run(t->workers, backward_task, &s, cluster_temi_blocks(t));
}
