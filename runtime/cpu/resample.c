/* SPDX-License-Identifier: MIT
 *
 * resample.c - resampling with any separable filter: the taps of the
 * source's rows are added up in scratch, then the taps along that row, in
 * ascending order both. */
#include "runtime/cpu/stage.h"
#include "runtime/cpu/vec.h"

/* Floats of dst that are worth a task. */
#define TASK_FLOATS 4096u

/* An op cut into tasks of `rows` rows of dst. */
typedef struct resample_job {
    const cedm_resample *op;
    uint32_t rows, strips;
} resample_job;

/* dst += f * src */
static void add_scaled(float *dst, const float *src, float f, size_t n)
{
    const v16 factor = v16_set(f);

    for (; n >= 16; n -= 16, dst += 16, src += 16) {
        v16_store(dst, v16_fma(factor, v16_load(src), v16_load(dst)));
    }
    if (n != 0) {
        v16 sum =
            v16_fma(factor, v16_load_part(src, n), v16_load_part(dst, n));

        v16_store_part(dst, sum, n);
    }
}

/* row = taps of act(src) down the columns for row y of dst. */
static void filter_columns(const cedm_resample *op, const float *filter,
                           const float *src, const float *a, uint32_t y,
                           float *row)
{
    size_t channels = op->channels, n = op->in_width * channels;

    memset(row, 0, n * sizeof *row);
    for (uint32_t i = 0; i < op->taps; i++) {
        const float *from;
        uint32_t at;

        if (!cedm_source_of(op, y, i, op->in_height, &at)) {
            continue;
        }
        from = src + at * n;
        if (op->act != CEDM_ACT_NONE) {
            CEDM_ISA_NAME(stage)
            (row + n, channels, from, op->in_width, channels, a, a + channels,
             op->act);
            from = row + n;
        }
        add_scaled(row, from, filter[i], n);
    }
}

static void filter_row(const cedm_resample *op, const float *filter,
                       const float *row, float *dst)
{
    size_t channels = op->channels;

    memset(dst, 0, op->width * channels * sizeof *dst);
    for (uint32_t x = 0; x < op->width; x++, dst += channels) {
        for (uint32_t i = 0; i < op->taps; i++) {
            uint32_t at;

            if (cedm_source_of(op, x, i, op->in_width, &at)) {
                add_scaled(dst, row + at * channels, filter[i], channels);
            }
        }
    }
}

static void resample_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const resample_job *job = call->op;
    const cedm_exec *exec = call->exec;
    const cedm_resample *op = job->op;
    uint32_t image = index / job->strips;
    uint32_t first = index % job->strips * job->rows;
    uint32_t end =
        op->height - first < job->rows ? op->height : first + job->rows;
    size_t channels = op->channels, n = op->width * channels;
    const float *src = cedm_at(
        exec, op->src, op->in_height * op->in_width * channels, image);
    float *dst = cedm_at(exec, op->dst, op->height * n, image);
    float *row = cedm_scratch(exec, worker);
    const float *a = NULL;
    float filter[CEDM_MAX_TAPS];

    if (op->act != CEDM_ACT_NONE) {
        a = cedm_at(exec, op->coeff, 2 * channels, image);
    }
    for (uint32_t i = 0; i < op->taps; i++) {
        float gain = op->mode == CEDM_RESAMPLE_UP ? 2.0f : 1.0f;

        filter[i] = gain * exec->data[op->filter + i];
    }
    for (uint32_t y = first; y < end; y++) {
        filter_columns(op, filter, src, a, y, row);
        filter_row(op, filter, row, dst + y * n);
    }
}

void CEDM_ISA_NAME(resample)(void *ctx, const cedm_resample *op)
{
    const cedm_exec *exec = ctx;
    uint32_t rows = TASK_FLOATS / (op->width * op->channels);
    resample_job job = {.op = op};

    job.rows = rows > 1 ? rows : 1;
    job.strips = cedm_ceil_div(op->height, job.rows);
    cedm_run_tasks(exec, resample_task, &job, exec->n * job.strips);
}
