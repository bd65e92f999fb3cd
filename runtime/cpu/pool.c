/* SPDX-License-Identifier: MIT
 *
 * pool.c - the largest value or the mean of windows, sixteen channels at a
 * time.  Additions are in the order of ops/pool.c. */
#include "runtime/cpu/cpu.h"
#include "runtime/cpu/vec.h"

/* Pixels of dst that are worth a task. */
#define TASK_PIXELS 64u

/* The pixels of the source that an output sees. */
typedef struct window {
    const float *src; /* the first one's first channel */
    size_t row;       /* floats of a row of the map */
    uint32_t rows, columns, channels;
} window;

/* An op cut into tasks of `rows` rows of dst. */
typedef struct pool_job {
    const cedm_pool *op;
    uint32_t rows, strips;
} pool_job;

/* The part of a window that lies on an axis of `size` pixels. */
static uint32_t cut(const cedm_pool *op, uint32_t o, uint32_t size,
                    uint32_t *first)
{
    uint32_t from = o * op->stride, end = from + op->kernel;

    if (op->kernel == 0) {
        *first = 0;
        return size;
    }
    *first = from > op->pad ? from - op->pad : 0;
    end = end > op->pad ? end - op->pad : 0;
    return (end < size ? end : size) - *first;
}

/* Sixteen channels, or the last n of them. */
CEDM_INLINE v16 load(const float *p, uint32_t n)
{
    return n < 16 ? v16_load_part(p, n) : v16_load(p);
}

CEDM_INLINE v16 largest(const window *w, uint32_t c, uint32_t n)
{
    const float *row = w->src + c;
    v16 value = load(row, n);

    for (uint32_t y = 0; y < w->rows; y++, row += w->row) {
        for (uint32_t x = 0; x < w->columns; x++) {
            value = v16_larger(value, load(row + x * w->channels, n));
        }
    }
    return value;
}

CEDM_INLINE v16 mean(const window *w, uint32_t c, uint32_t n)
{
    const float *row = w->src + c;
    v16 sum = v16_set(0.0f);

    for (uint32_t y = 0; y < w->rows; y++, row += w->row) {
        for (uint32_t x = 0; x < w->columns; x++) {
            sum = v16_add(sum, load(row + x * w->channels, n));
        }
    }
    return v16_mul(sum, v16_set(1.0f / ((float)w->rows * (float)w->columns)));
}

CEDM_INLINE v16 pooled(const cedm_pool *op, const window *w, uint32_t c,
                       uint32_t n)
{
    return op->mode == CEDM_POOL_MAX ? largest(w, c, n) : mean(w, c, n);
}

static void pool_pixel(const cedm_pool *op, const window *w, float *dst)
{
    uint32_t c = 0;

    for (; c + 16 <= op->channels; c += 16) {
        v16_store(dst + c, pooled(op, w, c, 16));
    }
    if (c < op->channels) {
        uint32_t n = op->channels - c;

        v16_store_part(dst + c, pooled(op, w, c, n), n);
    }
}

static void pool_row(const cedm_pool *op, const float *src, uint32_t y,
                     float *dst)
{
    size_t stride = cedm_dst_stride(op->dst_stride, op->channels);
    window w = {.row = (size_t)op->in_width * op->channels,
                .channels = op->channels};
    uint32_t first;

    w.rows = cut(op, y, op->in_height, &first);
    src += first * w.row;
    dst += y * op->width * stride + op->dst_index;
    for (uint32_t x = 0; x < op->width; x++, dst += stride) {
        w.columns = cut(op, x, op->in_width, &first);
        w.src = src + (size_t)first * op->channels;
        pool_pixel(op, &w, dst);
    }
}

static void pool_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const pool_job *job = call->op;
    const cedm_pool *op = job->op;
    uint32_t image = index / job->strips;
    uint32_t y = index % job->strips * job->rows;
    uint32_t end = op->height - y < job->rows ? op->height : y + job->rows;
    size_t map = (size_t)op->height * op->width *
                 cedm_dst_stride(op->dst_stride, op->channels);
    const float *src =
        cedm_at(exec, op->src,
                (size_t)op->in_height * op->in_width * op->channels, image);
    float *dst = cedm_at(exec, op->dst, map, image);

    (void)worker;
    for (; y < end; y++) {
        pool_row(op, src, y, dst);
    }
}

void CEDM_ISA_NAME(pool)(void *ctx, const cedm_pool *op)
{
    const cedm_exec *exec = ctx;
    pool_job job = {.op = op, .rows = cedm_ceil_div(TASK_PIXELS, op->width)};

    job.strips = cedm_ceil_div(op->height, job.rows);
    cedm_run_tasks(exec, pool_task, &job, exec->n * job.strips);
}
