/* SPDX-License-Identifier: MIT
 *
 * temi.h - clustering by self-distillation among neighbours, TEMI [TEMI].
 *
 * A batch is pairs: a row x and a partner x', drawn from x's nearest
 * neighbours.  Heads come twice, as student and as teacher, the moving
 * average of the student; q_s and q_t are the softmax of their logits over a
 * temperature.  In a step, for every head i of H:
 *
 *   p[c]    <- 0.9 p[c] + 0.1 mean of q_t(c) over both views of the batch
 *   w(x,x') = sum_c q_t(c|x) q_t(c|x')
 *   l(x,x') = -w ln sum_c (q_s(c|x) q_t(c|x'))^beta / p[c]
 *   loss    = mean over the batch of (l(x,x') + l(x',x)) / 2
 *
 * with the new p, w averaged over heads.  The mean loss of the heads is
 * lowered by AdamW [ADAMW]; p, w and q_t count as constants.  The teacher
 * that had the lowest loss in the last epoch assigns.
 *
 *     good = cluster_temi_open(&t, &rows, neighbours, &options, &workers, f);
 *     while (good && cluster_temi_step(&t)) {
 *     }
 *     cluster_head_assign(&t.layout, cluster_temi_teacher(&t, t.best), ...)
 *
 * All between two steps is in `state`: whoever saves it goes on with the
 * same bits.
 *
 * Ranks share the heads, shares.h, and all call all of this.  Each knows the
 * parameters of its own heads, and of others' after cluster_temi_know. */
#ifndef CEDM_CLUSTER_TEMI_H
#define CEDM_CLUSTER_TEMI_H

#include "cluster/heads.h"

/* X(word): the loss, of which temi is the above.
 *   pmi   w = 1
 *   wmi   w of the head itself
 *   scan  -ln sum_c q_s q_t + 5 sum_c m[c] ln m[c], m being the mean of q_s
 *         over a view of the batch [SCAN]; p is kept, but not used */
#define CLUSTER_LOSS_LIST(X) X(temi) X(pmi) X(wmi) X(scan)

typedef enum cluster_loss {
#define CLUSTER_LOSS_ENUM(word) CLUSTER_LOSS_##word,
    CLUSTER_LOSS_LIST(CLUSTER_LOSS_ENUM)
#undef CLUSTER_LOSS_ENUM
} cluster_loss;

typedef struct cluster_temi_options {
    cluster_head_shape shape; /* width: of the rows */
    uint32_t heads;           /* 1..1024 */
    uint32_t batch;           /* pairs, 1..rows, at most 65536 */
    uint32_t epochs;          /* of rows / batch steps each */
    uint32_t neighbours;      /* partners of a row, 1.. */
    cluster_loss loss;
    double beta;                   /* above 0 */
    bool positive;                 /* a row's ln sum counts as 0 below 0 */
    double temperature;            /* of the student */
    double teacher_temperature[2]; /* from, to */
    uint32_t teacher_epochs;       /* until it is reached */
    double rate[2];                /* highest and last, for a batch of 256 */
    uint32_t warmup;               /* epochs until the highest */
    double decay;                  /* of weights */
    double momentum[2];            /* of the teacher, first and last */
    uint32_t frozen;               /* epochs in which the last layer rests */
    uint32_t seed;
} cluster_temi_options;

/* TEMI's: hidden 512, bottleneck 256, 16 heads, batch 1024, 100 epochs, 50
 * neighbours, beta 0.6, temperatures 0.1, rate 1e-4 from start to end after
 * 20 epochs, decay 1e-4, momentum 0.996, 1 epoch frozen; width and clusters
 * to be set. */
cluster_temi_options cluster_temi_options_default(void);

/* Heads are arrays of layout.floats, one after the other. */
typedef struct cluster_temi_state {
    float *student, *teacher;
    float *m, *v;     /* of AdamW */
    double *marginal; /* p, [heads][clusters] */
    double *loss;     /* [heads]: summed over the epoch's steps */
    uint64_t step;    /* done */
    uint64_t updates, last_updates; /* of the body, of the last layer */
} cluster_temi_state;

/* Arrays of a step (private); M is 2 * batch. */
typedef struct cluster_temi_arrays {
    float *x, *turned_x;      /* [M][width], [width][M] */
    float *directions;        /* [student, teacher][heads] and factors */
    float *turned_directions; /* [heads], packed the other way */
    float *turned_w2;         /* [heads] */
    float *teacher_q, *teacher_log; /* [heads][M][clusters] */
    float *overlaps;                /* [heads][batch], whose mean is w */
    float *weights;                 /* w: [batch] */
    float *inverse;   /* [heads][clusters]: 1 / p, or 1 for SCAN */
    float *q, *log_q; /* [M][clusters]: of the student's head */
    double *mean;     /* [2][clusters]: of q over a view, for SCAN */
    cluster_head_states states;            /* [M] */
    float *turned_after, *turned_normal;   /* [hidden][M], [bottleneck][M] */
    float *d_logits, *d_normal, *d_hidden; /* panels of M rows */
    float *grads;                          /* [heads] */
    double *row_loss;                      /* [heads][M] */
    uint32_t *pairs;                       /* [M]: rows of the features */
    unsigned char *scratch;                /* [workers] */
    size_t scratch_step;
} cluster_temi_arrays;

typedef struct cluster_temi {
    cluster_temi_options options;
    cluster_head_layout layout;
    cluster_rows rows;
    const uint32_t *neighbours; /* [rows][options.neighbours] */
    const cluster_workers *workers;
    cluster_temi_state state; /* public */
    uint64_t steps_per_epoch; /* public */
    double *head_loss;        /* public: [heads], of the last step */
    double *epoch_loss;       /* public: [heads], of the last whole epoch */
    uint32_t best;            /* public: the head with the lowest of them */
    cluster_temi_arrays arrays;
} cluster_temi;

/* The rows have passed cluster_rows_check; all that is given must outlive t.
 * Fails if there are more ranks than heads.
 * neighbours may be NULL if only cluster_temi_batch is called.  The state is
 * that of the start.  Memory: about heads * (20 bytes a parameter + 8 bytes a
 * row of the batch and cluster). */
bool cluster_temi_open(cluster_temi *t, const cluster_rows *rows,
                       const uint32_t *neighbours,
                       const cluster_temi_options *options,
                       const cluster_workers *workers, host_failure *f);
void cluster_temi_close(cluster_temi *t); /* also a zeroed one */

/* One step with a batch that is drawn: rows shuffled anew every epoch, those
 * that do not fill a batch left out.  False after the last. */
bool cluster_temi_step(cluster_temi *t);

/* One step with a given batch: rows and their partners, [batch] each. */
void cluster_temi_batch(cluster_temi *t, const uint32_t *rows,
                        const uint32_t *partners);

/* Makes `state` known to all ranks. */
void cluster_temi_know(cluster_temi *t);

/* The state of rank 0 becomes everybody's: it has read one. */
void cluster_temi_share(cluster_temi *t);

const float *cluster_temi_teacher(const cluster_temi *t, uint32_t head);

/* ---- schedules (temi_schedule.c) ---------------------------------------- */

/* From 0 to base over `warmup` steps, both included, then by half a cosine
 * from base towards last, which step `steps` would reach. */
double cluster_schedule(double base, double last, uint64_t warmup,
                        uint64_t steps, uint64_t step);

/* What step number `step` takes. */
typedef struct cluster_temi_rates {
    double rate, momentum, teacher_temperature;
    bool frozen; /* the last layer */
} cluster_temi_rates;

cluster_temi_rates cluster_temi_rates_at(const cluster_temi_options *o,
                                         uint64_t steps_per_epoch,
                                         uint64_t step);

#endif
