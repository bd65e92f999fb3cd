/* SPDX-License-Identifier: MIT
 *
 * net.c - where the time of a network on a GPU goes, beside what cuBLAS
 * takes for the same products.
 *
 *     build/bench/gpu_net [-a ARCH] [-s] M.so NAME PRECISION STEPS SECONDS
 *                         BATCH...
 *
 * ARCH is the compute capability of the newest kernels that are used, as 80;
 * with -s convolutions leave out the statistics of their maps, in the table
 * alone, to show what these take.
 *
 * `all` is a whole sampler, images on the host included: windows of SECONDS,
 * the median of five.  The other rows are single evaluations, launched op by
 * op with an event after each, so that short ones show the launch: first by
 * kind of op, then by shape.  TFLOP/s counts a multiply-add as two and an
 * enlarging convolution in full.  The last row adds up cuBLAS's times of all
 * shapes that are products; `ratio` is ours over that, or cuBLAS's time over
 * ours in the row of a shape. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/gpu/cublas.h"
#include "bench/gpu/gpu_open.h"
#include "runtime/model_check.h"
#include "bench/work.h"

const char gpu_program[] = "gpu_net";

#define WINDOWS 5
#define EVALUATIONS 9
#define OPS_MAX 1024
#define SHAPES_MAX 128

enum kind {
#define KIND(name) KIND_##name,
    CEDM_GRAPH_OPS(KIND) KINDS
#undef KIND
};

static const char *const kind_names[KINDS] = {
#define NAME(name) #name,
    CEDM_GRAPH_OPS(NAME)
#undef NAME
};

/* One row of the table: ops that do the same work. */
typedef struct row {
    char name[48];
    uint64_t m, n, k; /* of one image; 0: no product */
    double flop, seconds;
    uint32_t calls, kind;
    bool f32; /* not in the net's precision */
} row;

static struct {
    const cedm_cuda_exec *exec;
    cedm_ops run;
    cudaEvent_t events[OPS_MAX + 1];
    uint32_t used;
    row ops[OPS_MAX]; /* in order, of one evaluation */
    double samples[OPS_MAX][EVALUATIONS];
} timed;

/* ---- a table that takes times ------------------------------------------ */

static row row_of_conv(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    uint32_t cin = op->cin[0] + op->cin[1];
    uint32_t skip = op->skip_cin[0] + op->skip_cin[1];
    row r = {.m = (uint64_t)op->height * op->width,
             .n = op->cout,
             .k = (uint64_t)op->kernel[0] * op->kernel[1] * cin + skip,
             .f32 = cedm_cuda_conv_is_f32(exec->precision, op)};

    snprintf(r.name, sizeof r.name, "%ux%u %u+%u to %u @%u%s", op->kernel[0],
             op->kernel[1], cin, skip, op->cout, op->height,
             op->up ? " up" : "");
    return r;
}

static row row_of_linear(const cedm_cuda_exec *exec, const cedm_linear *op)
{
    row r = {.m = 1, .n = op->out, .k = op->in, .f32 = true};

    (void)exec;
    snprintf(r.name, sizeof r.name, "linear %u to %u", op->in, op->out);
    return r;
}

static row row_of_other(const cedm_cuda_exec *exec, const void *op)
{
    (void)exec;
    (void)op;
    return (row){.name = ""};
}

#define ROW_OF(exec, op)                                                     \
    _Generic(op, const cedm_conv *: row_of_conv,                             \
             const cedm_linear *: row_of_linear, default: row_of_other)      \
        (exec, op)

static void record(void)
{
    gpu_cuda("cudaEventRecord",
             cudaEventRecord(timed.events[timed.used], timed.exec->stream));
}

static void without_statistics(void *ctx, const cedm_conv *op)
{
    cedm_conv without = *op;

    without.stats = CEDM_NONE;
    cedm_cuda_run.conv(ctx, &without);
}

#define TIMED(name)                                                          \
    static void timed_##name(void *ctx, const cedm_##name *op)               \
    {                                                                        \
        row *r = &timed.ops[timed.used++];                                   \
                                                                             \
        timed.run.name(ctx, op);                                             \
        record();                                                            \
        *r = ROW_OF(timed.exec, op);                                         \
        r->flop = WORK_OF(op);                                               \
        r->kind = KIND_##name;                                               \
    }
CEDM_GRAPH_OPS(TIMED)
#undef TIMED
#define TIMED(name) .name = timed_##name,
static const cedm_ops timed_ops = {CEDM_GRAPH_OPS(TIMED)};
#undef TIMED

/* ---- an evaluation, op by op ------------------------------------------- */

static void time_ops(gpu_model *m)
{
    cedm_cuda_exec *exec = &m->net->exec;

    timed.exec = exec;
    for (int i = 0; i < EVALUATIONS; i++) {
        timed.used = 0;
        record();
        m->code->graph.eval(&timed_ops, exec);
        if (exec->error != 0) {
            gpu_stop(exec->failed,
                     cudaGetErrorString((cudaError_t)exec->error));
        }
        gpu_cuda("cudaStreamSynchronize",
                 cudaStreamSynchronize(exec->stream));
        for (uint32_t k = 0; k < timed.used; k++) {
            float ms;

            gpu_cuda("cudaEventElapsedTime",
                     cudaEventElapsedTime(&ms, timed.events[k],
                                          timed.events[k + 1]));
            timed.samples[k][i] = (double)ms * 1e-3;
        }
    }
    for (uint32_t k = 0; k < timed.used; k++) {
        timed.ops[k].seconds =
            bench_summary(timed.samples[k], EVALUATIONS).median;
    }
}

/* Adds an op to the row of its name. */
static void join(row *rows, uint32_t *count, const row *op, const char *name)
{
    uint32_t i = 0;

    while (i < *count && strcmp(rows[i].name, name) != 0) {
        i++;
    }
    if (i == SHAPES_MAX) {
        gpu_stop("network", "more shapes than SHAPES_MAX");
    }
    if (i == *count) {
        rows[i] = *op;
        snprintf(rows[i].name, sizeof rows[i].name, "%s", name);
        rows[i].flop = rows[i].seconds = 0;
        rows[i].calls = 0;
        ++*count;
    }
    rows[i].flop += op->flop;
    rows[i].seconds += op->seconds;
    rows[i].calls++;
}

/* ---- the table --------------------------------------------------------- */

static const char *label, *precision_text;
static uint32_t batch;

static void print_row(const row *r, double cublas, double ratio)
{
    double rate = r->flop * batch / r->seconds * 1e-12;

    printf("%-18s, %s, %4" PRIu32 ", %-28s, %5" PRIu32 ", %9.4f, %8.2f, ",
           label, precision_text, batch, r->name, r->calls, r->seconds * 1e3,
           rate);
    if (cublas > 0) {
        printf("%9.4f, %6.3f\n", cublas * 1e3, ratio);
    } else {
        printf("%9s, %6s\n", "-", "-");
    }
}

static double sampler_seconds(gpu_model *m, double window, double *rate)
{
    uint8_t *images = gpu_array((size_t)batch * cedm_pixels(m->code), 1);
    double rates[WINDOWS], evaluations = 2.0 * m->config.params.steps - 1;

    gpu_sample(m, images); /* warms up */
    for (int i = 0; i < WINDOWS; i++) {
        double spent = 0;
        uint32_t runs = 0;

        do {
            spent += gpu_sample(m, images);
            runs++;
        } while (spent < window);
        rates[i] = runs / spent;
    }
    free(images);
    *rate = bench_summary(rates, WINDOWS).median * batch;
    return batch / *rate / evaluations;
}

static double print_shapes(const gpu_model *m)
{
    row shapes[SHAPES_MAX];
    uint32_t count = 0;
    double sum = 0;

    for (uint32_t k = 0; k < timed.used; k++) {
        if (timed.ops[k].m > 0) {
            join(shapes, &count, &timed.ops[k], timed.ops[k].name);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const row *r = &shapes[i];
        double cublas =
            r->calls *
            cublas_seconds(batch * r->m, r->n, r->k,
                           r->f32 ? CEDM_CUDA_FP32 : m->config.precision);

        print_row(r, cublas, cublas / r->seconds);
        sum += cublas;
    }
    return sum;
}

static void print_all(gpu_model *m, double window)
{
    row kinds[SHAPES_MAX], whole = {.name = "all", .calls = 1};
    uint32_t count = 0;
    double rate, cublas;

    time_ops(m);
    for (uint32_t k = 0; k < timed.used; k++) {
        const row *op = &timed.ops[k];

        join(kinds, &count, op, kind_names[op->kind]);
        whole.flop += op->flop;
    }
    whole.seconds = sampler_seconds(m, window, &rate);
    printf("# %s, %s, batch %" PRIu32 ": %.2f images/s in %" PRIu32
           " steps; device bytes: weights %" PRIu64 ", arena %" PRIu64 "\n",
           label, precision_text, batch, rate, m->config.params.steps,
           m->config.sizes.weights, m->config.sizes.arena);
    print_row(&whole, 0, 0);
    for (uint32_t i = 0; i < count; i++) {
        print_row(&kinds[i], 0, 0);
    }
    cublas = print_shapes(m);
    snprintf(whole.name, sizeof whole.name, "all over cuBLAS");
    print_row(&whole, cublas, whole.seconds / cublas);
    fflush(stdout);
}

static uint32_t number(const char *text)
{
    unsigned long n = strtoul(text, NULL, 10);

    if (n == 0 || n > 65536) {
        gpu_stop(text, "wanted 1..65536");
    }
    return (uint32_t)n;
}

/* What may stand before the arguments; false if it cannot be. */
static bool read_options(int argc, char **argv, uint32_t *arch)
{
    int option;

    while ((option = getopt(argc, argv, "a:s")) != -1) {
        switch (option) {
        case 'a': *arch = number(optarg); break;
        case 's': timed.run.conv = without_statistics; break;
        default: return false;
        }
    }
    return argc - optind >= 6;
}

int main(int argc, char **argv)
{
    static gpu_model m;
    uint32_t arch = 0;

    timed.run = cedm_cuda_run;
    if (!read_options(argc, argv, &arch)) {
        fprintf(stderr, "gpu_net: wanted [-a ARCH] [-s] M.so NAME PRECISION "
                        "STEPS SECONDS BATCH...\n");
        return 2;
    }
    argv += optind - 1;
    argc -= optind - 1;
    gpu_load(&m, argv[1]);
    if (m.code->graph.op_count > OPS_MAX) {
        gpu_stop(argv[1], "has more ops than OPS_MAX");
    }
    for (uint32_t i = 0; i <= OPS_MAX; i++) {
        gpu_cuda("cudaEventCreate",
                 cudaEventCreateWithFlags(&timed.events[i], 0));
    }
    label = argv[2];
    precision_text = argv[3];
    printf("# %s, sm_%" PRIu32 ", %" PRIu32 " multiprocessors\n"
           "%-18s, %s, %4s, %-28s, %5s, %9s, %8s, %9s, %6s\n",
           m.device.name, m.device.arch, m.device.multiprocessors, "# model",
           "type", "batch", "what", "calls", "ms", "TFLOP/s", "cuBLAS ms",
           "ratio");
    for (int i = 6; i < argc; i++) {
        batch = number(argv[i]);
        gpu_open(&m, gpu_precision(precision_text), arch, batch,
                 number(argv[4]));
        print_all(&m, strtod(argv[5], NULL));
        gpu_close(&m);
    }
    return 0;
}
