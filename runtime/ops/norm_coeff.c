/* SPDX-License-Identifier: MIT
 *
 * norm_coeff.c - group normalisation as one pair of numbers per channel.
 *
 * Each producer left mean and M2 per channel and partial map.  A group's are
 * merged in the order of channels, then partials, in double precision, by
 * the update of [CHAN]: no sum of squares is ever formed, so a mean far
 * above the deviation costs nothing. */
#include "runtime/ops/moments.h"
#include "runtime/ops/ops.h"

/* Ranges of groups that an image is cut into, where images are few. */
static uint32_t parts_of(const cedm_exec *exec, const cedm_norm_coeff *op)
{
    uint32_t wanted = cedm_ceil_div(2 * exec->workers, exec->n);

    return exec->workers == 1 ? 1 : wanted < op->groups ? wanted : op->groups;
}

static void norm_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_norm_coeff *op = call->op;
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t size = channels / op->groups, parts = parts_of(exec, op);
    uint32_t image = index / parts, part = index % parts;
    uint32_t end = (part + 1) * op->groups / parts * size;
    uint32_t partials = cedm_ceil_div(op->height, op->stat_rows);
    const float *gamma = exec->data + op->gamma;
    const float *beta = exec->data + op->beta;
    const float *stats[2] = {NULL, NULL}, *adaptive = NULL;
    float *dst = cedm_at(exec, op->dst, 2 * (size_t)channels, image);

    (void)worker;
    for (int s = 0; s < 2; s++) {
        if (op->channels[s] != 0) {
            size_t elements = 2 * (size_t)partials * op->channels[s];

            stats[s] = cedm_at(exec, op->stats[s], elements, image);
        }
    }
    if (op->adaptive_src != CEDM_NONE) {
        adaptive =
            cedm_at(exec, op->adaptive_src, op->adaptive_stride, image) +
            op->adaptive_index;
    }
    for (uint32_t first = part * op->groups / parts * size; first < end;
         first += size) {
        cedm_moments group = {0, 0, 0};
        double inverse;

        for (uint32_t c = first; c < first + size; c++) {
            int s = c >= op->channels[0];

            cedm_moments_channel(&group, op->height, op->width, op->stat_rows,
                                 stats[s], op->channels[s],
                                 s ? c - op->channels[0] : c);
        }
        inverse =
            1.0 / __builtin_sqrt(group.m2 / group.count + (double)op->eps);
        for (uint32_t c = first; c < first + size; c++) {
            double a = (double)gamma[c] * inverse;
            double b = (double)beta[c] - group.mean * a;

            if (adaptive != NULL) {
                double scale = 1.0 + (double)adaptive[c];

                a *= scale;
                b = b * scale + (double)adaptive[channels + c];
            }
            dst[c] = (float)a;
            dst[channels + c] = (float)b;
        }
    }
}

void cedm_op_norm_coeff(void *ctx, const cedm_norm_coeff *op)
{
    const cedm_exec *exec = ctx;

    cedm_run_tasks(exec, norm_task, op, exec->n * parts_of(exec, op));
}

void cedm_size_norm_coeff(void *ctx, const cedm_norm_coeff *op)
{
    (void)ctx;
    (void)op;
}
