/* SPDX-License-Identifier: MIT
 *
 * op_trial.c - runs a case, and compares. */
#include "tests/cuda/op_trial.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cuda/sums.h"

static const struct {
    const char *name;
    double u; /* float's covers its sums, too */
} precisions[CEDM_CUDA_PRECISIONS] = {
    [CEDM_CUDA_FP16] = {"fp16", 0x1p-11},
    [CEDM_CUDA_BF16] = {"bf16", 0x1p-8},
    [CEDM_CUDA_FP32] = {"fp32", 0x1p-20},
};

const char *precision_name(enum cedm_cuda_precision precision)
{
    return precisions[precision].name;
}

void trial_start(trial *r, const subject *t, stage_setting images,
                 session_setting device)
{
    memset(r, 0, sizeof *r);
    r->op = t->c->op;
    t->class->place(&r->s, t->c, &r->op);
    device.precision = t->precision;
    snprintf(r->what, sizeof r->what, "%s %s, %s, %u multiprocessors%s",
             precisions[t->precision].name, t->class->name, t->c->name,
             device.multiprocessors, device.warpgroups ? ", warpgroups" : "");
    images.workers = 1;
    session_run(&r->x, &device, &r->s, &images, t->class, &r->op, r->what);
}

void trial_finish(trial *r)
{
    session_close(&r->x);
    stage_close(&r->s);
}

/* ---- values ------------------------------------------------------------ */

/* Embeddings, coefficients and layers that touch floats are not rounded.  An
 * error of a score is a relative one of its exponential, and scores grow as
 * the square of their inputs: of 256 channels both sides may be 0.76 of the
 * bound of others away from what float64 gives. */
static double unit_of(const subject *t, const trial *r)
{
    bool f32 = CEDM_REF_IS_F32(r->x.outputs[0].ref) ||
               t->precision == CEDM_CUDA_FP32;
    bool scores = t->class->place == place_attention;

    return precisions[f32 ? CEDM_CUDA_FP32 : t->precision].u *
           (!f32 || !scores          ? 1.0
            : t->c->deviation > 1.0f ? 16.0
                                     : 2.0);
}

/* What was found of the numbers of a case. */
typedef struct findings {
    size_t count, wrong;
    double worst; /* 1: the bound */
    char first[96];
} findings;

static void find(findings *f, uint32_t image, size_t e, const char *unit,
                 double got, double wanted, double bound)
{
    double part = fabs(got - wanted) / fmax(bound, DBL_MIN);

    part = isnan(part) ? HUGE_VAL : part;
    f->count++;
    f->worst = fmax(f->worst, part);
    if (part <= 1) {
        return;
    }
    if (f->wrong++ == 0) {
        snprintf(f->first, sizeof f->first,
                 "image %u, %s %zu: got %.9g, wanted %.9g", image, unit, e,
                 got, wanted);
    }
}

static void find_elements(findings *f, const subject *t, const trial *r,
                          uint32_t image)
{
    size_t n = r->x.outputs[0].elements;
    const float *got = session_got(&r->x, 0, image);
    const float *wanted = session_wanted(&r->x, 0, image);
    double rms = sums_rms(wanted, n), u = unit_of(t, r);
    bool fp16 = u == precisions[CEDM_CUDA_FP16].u;

    for (size_t e = 0; e < n; e++) {
        double g = (double)got[e], w = (double)wanted[e];

        if (!(fp16 && fabs(w) > 65520.0 && isinf(g))) {
            find(f, image, e, "element", g, w, u * (8 * rms + 2 * fabs(w)));
        }
    }
}

/* Errors of neighbours are independent: their sum grows as the root of their
 * number.  Values are at most a few times the root mean square, so that 2 of
 * it stand for 2 of a value. */
static void find_sums(findings *f, const subject *t, const trial *r,
                      uint32_t image)
{
    size_t n = r->x.outputs[0].elements, sums = sums_count(n);
    const float *wanted = r->x.setting.sums + image * (1 + sums);
    const float *got = session_got(&r->x, 0, image);
    double bound = unit_of(t, r) * 10 * (double)wanted[0] * sqrt(SUMS_OF);

    for (size_t k = 0; k < sums; k++) {
        find(f, image, k, "sum", sums_one(got, n, k), (double)wanted[1 + k],
             bound);
    }
}

double check_values(const subject *t, const trial *r)
{
    findings f = {0};

    for (uint32_t image = 0; image < r->x.n; image++) {
        if (r->x.setting.sums != NULL) {
            find_sums(&f, t, r, image);
        } else {
            find_elements(&f, t, r, image);
        }
    }
    if (f.wrong > 0) {
        fail_msg("%s: %s; %zu of %zu are wrong, the worst by %.3g times what "
                 "is allowed",
                 r->what, f.first, f.wrong, f.count, f.worst);
    }
    return f.worst;
}

/* ---- statistics, flags, bits ------------------------------------------- */

/* One channel of one partial, of the map that was written. */
static void check_partial(const trial *r, uint32_t image, uint32_t p,
                          uint32_t c)
{
    const cedm_conv *op = &r->op.conv;
    uint32_t row = p * op->stat_rows, left = op->height - row;
    size_t pixels =
        (size_t)(left < op->stat_rows ? left : op->stat_rows) * op->width;
    const float *map =
        session_got(&r->x, 0, image) + (size_t)row * op->width * op->cout + c;
    const float *stats =
        session_got(&r->x, 1, image) + (size_t)p * 2 * op->cout + c;
    double sum = 0, m2 = 0, largest = 0, mean;

    for (size_t i = 0; i < pixels; i++) {
        sum += (double)map[i * op->cout];
        largest = fmax(largest, fabs((double)map[i * op->cout]));
    }
    mean = sum / (double)pixels;
    for (size_t i = 0; i < pixels; i++) {
        double d = (double)map[i * op->cout] - mean;

        m2 += d * d;
    }
    if (!(fabs((double)stats[0] - mean) <= 0x1p-20 * largest) ||
        !(fabs((double)stats[op->cout] - m2) <=
          0x1p-18 * m2 + (double)pixels * pow(largest * 0x1p-20, 2))) {
        fail_msg("%s: image %u, partial %u, channel %u: got mean %.9g, M2 "
                 "%.9g, wanted %.9g, %.9g",
                 r->what, image, p, c, (double)stats[0],
                 (double)stats[op->cout], mean, m2);
    }
}

void check_stats(const trial *r, uint32_t image)
{
    const cedm_conv *op = &r->op.conv;

    if (r->x.output_count < 2) {
        return;
    }
    for (uint32_t p = 0; p * op->stat_rows < op->height; p++) {
        for (uint32_t c = 0; c < op->cout; c++) {
            check_partial(r, image, p, c);
        }
    }
}

void check_flag(const trial *r, uint32_t image)
{
    const float *got = session_got(&r->x, 0, image);
    bool f32 = CEDM_REF_IS_F32(r->x.outputs[0].ref) ||
               r->x.setting.precision == CEDM_CUDA_FP32;
    bool finite = true;

    for (size_t e = 0; e < r->x.outputs[0].elements; e++) {
        finite = finite && isfinite(got[e]);
    }
    if (r->x.overflow[image] != (f32 || finite ? 0 : CEDM_CUDA_OVERFLOW)) {
        fail_msg("%s: image %u is %s, its flag %u", r->what, image,
                 finite ? "finite" : "not finite", r->x.overflow[image]);
    }
}

void check_nan(const trial *r)
{
    const float *got = session_got(&r->x, 0, 0);
    size_t e = 0;

    while (e < r->x.outputs[0].elements && !isnan(got[e])) {
        e++;
    }
    if (e == r->x.outputs[0].elements) {
        fail_msg("%s: a NaN got lost", r->what);
    }
}

void check_same_bits(const trial *is, const trial *was, uint32_t from,
                     uint32_t shift, const char *why)
{
    for (int k = 0; k < is->x.output_count; k++) {
        for (uint32_t i = from; i < is->x.n; i++) {
            const float *a = session_got(&is->x, k, i);
            const float *b = session_got(&was->x, k, i + shift);

            for (size_t e = 0; e < is->x.outputs[k].elements; e++) {
                if (memcmp(&a[e], &b[e], sizeof a[e]) != 0) {
                    fail_msg("%s: output %d, image %u, element %zu: %.9g, "
                             "but %.9g %s",
                             is->what, k, i + shift, e, (double)b[e],
                             (double)a[e], why);
                }
            }
        }
    }
}
