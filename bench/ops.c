/* SPDX-License-Identifier: MIT
 *
 * ops.c - time of every op in the shapes that networks spend theirs on, on
 * one thread, beside the multiply-adds that the processor can do at all.
 *
 *     build/bench/ops [BACKEND]     default: every backend there is here
 *
 * G/s counts 1e9 operations a second, a multiply-add as two and an
 * up-sampling convolution in full; for embed, norm_coeff, resample and exp
 * it counts elements.  peak is a fraction of what an unrolled loop of FMAs in
 * the backend's registers reaches, measured before its ops (and again after,
 * to show how steady the machine is).  Times are of the thread; rates are of
 * medians. */
#include <stdbool.h>
#include <stdint.h>

#include "bench/bench.h"
#include "cedm.h"
#include "runtime/fmath.h"

#define CLOCK CLOCK_THREAD_CPUTIME_ID

/* ---- what the processor can do ---------------------------------------- */

#if defined __x86_64__
#include <immintrin.h>

#define CHAINS 12 /* latency 4 x 2 units, and some */
#define FMA_LOOPS 200000

/* clang-format off */
#define FMA_LOOP(bits, isa, vector)                                          \
    __attribute__((target(isa))) static void fma_loop_##bits(void *sink)     \
    {                                                                        \
        vector a = _mm##bits##_set1_ps(0.999f), sum[CHAINS];                 \
        vector b = _mm##bits##_set1_ps(1e-3f);                               \
                                                                             \
        for (int i = 0; i < CHAINS; i++) {                                   \
            sum[i] = _mm##bits##_set1_ps((float)i);                          \
        }                                                                    \
        for (int k = 0; k < FMA_LOOPS; k++) {                                \
            _Pragma("GCC unroll 12")                                         \
            for (int i = 0; i < CHAINS; i++) {                               \
                sum[i] = _mm##bits##_fmadd_ps(sum[i], a, b);                 \
            }                                                                \
        }                                                                    \
        for (int i = 1; i < CHAINS; i++) {                                   \
            sum[0] = _mm##bits##_add_ps(sum[0], sum[i]);                     \
        }                                                                    \
        _mm##bits##_storeu_ps(sink, sum[0]);                                 \
    }
/* clang-format on */
FMA_LOOP(256, "avx2,fma", __m256)
FMA_LOOP(512, "avx512f", __m512)
#undef FMA_LOOP

/* Of the registers of a backend; 0 if it is not known. */
static double fma_peak(const char *backend)
{
    float sink[16];
    bool wide = strncmp(backend, "avx512", 6) == 0;

    if (!wide && strcmp(backend, "avx2") != 0) {
        return 0.0;
    }
    return (wide ? 32.0 : 16.0) * CHAINS * FMA_LOOPS /
           bench_run(CLOCK, wide ? fma_loop_512 : fma_loop_256, sink).min;
}
#else
static double fma_peak(const char *backend)
{
    (void)backend;
    return 0.0;
}
#endif

/* ---- shapes ------------------------------------------------------------ */

typedef union any_op {
#define ANY_OP(name) cedm_##name name;
    CEDM_GRAPH_OPS(ANY_OP)
#undef ANY_OP
} any_op;

typedef void call_fn(const cedm_ops *ops, void *ctx, const void *op);

#define CALL(name)                                                           \
    static void call_##name(const cedm_ops *ops, void *ctx, const void *op)  \
    {                                                                        \
        ops->name(ctx, op);                                                  \
    }
CEDM_GRAPH_OPS(CALL)

enum with { EMB = 1, RESIDUAL = 2, STATS = 4 };

typedef struct shape {
    const char *op, *text;
    call_fn *call;
    any_op u;
    unsigned with;
    double work; /* FLOP, or elements */
} shape;

/* clang-format off */
#define CONV(text, h, w, k, c0, c1, out, extra, f, ...)                      \
    {"conv", text, call_conv, {.conv = {.height = h, .width = w,             \
        .in_height = h / f, .in_width = w / f, .kernel = {k, k},             \
        .pad = {k / 2, k / 2}, .stride = 1, .cin = {c0, c1}, .cout = out,    \
        .stat_rows = 4,                                                      \
        .scale = 0.7f, __VA_ARGS__}}, extra,                                 \
        2.0 * h * w * k * k * (c0 + c1) * out}
#define SILU .act = CEDM_ACT_SILU
#define AFFINE .act = CEDM_ACT_AFFINE
#define F4 SILU, .algorithm = CEDM_CONV_WINOGRAD4
#define F2 SILU, .algorithm = CEDM_CONV_WINOGRAD2

static const shape shapes[] = {
    CONV("256 to 256 @32", 32, 32, 3, 256, 0, 256, EMB | STATS, 1, SILU),
    CONV("512 to 256 @32", 32, 32, 3, 256, 256, 256, EMB | STATS, 1, SILU),
    CONV("384 to 256 @32", 32, 32, 3, 256, 128, 256, EMB | STATS, 1, SILU),
    CONV("128 to 128 @32", 32, 32, 3, 128, 0, 128, EMB | STATS, 1, SILU),
    CONV("256 to 256 @16", 16, 16, 3, 256, 0, 256, RESIDUAL | STATS, 1,
         SILU),
    CONV("512 to 256 @16", 16, 16, 3, 256, 256, 256, EMB | STATS, 1, SILU),
    CONV("256 to 256 @8", 8, 8, 3, 256, 0, 256, RESIDUAL | STATS, 1, SILU),
    CONV("256 to 256 @32 F4", 32, 32, 3, 256, 0, 256, EMB | STATS, 1, F4),
    CONV("512 to 256 @32 F4", 32, 32, 3, 256, 256, 256, EMB | STATS, 1, F4),
    CONV("384 to 256 @32 F4", 32, 32, 3, 256, 128, 256, EMB | STATS, 1, F4),
    CONV("128 to 128 @32 F4", 32, 32, 3, 128, 0, 128, EMB | STATS, 1, F4),
    CONV("256 to 256 @16 F4", 16, 16, 3, 256, 0, 256, RESIDUAL | STATS, 1,
         F4),
    CONV("512 to 256 @16 F4", 16, 16, 3, 256, 256, 256, EMB | STATS, 1, F4),
    CONV("256 to 256 @8 F4", 8, 8, 3, 256, 0, 256, RESIDUAL | STATS, 1, F4),
    CONV("256 to 256 @32 F2", 32, 32, 3, 256, 0, 256, EMB | STATS, 1, F2),
    CONV("256 to 256 @16 F2", 16, 16, 3, 256, 0, 256, RESIDUAL | STATS, 1,
         F2),
    CONV("256 to 256 @8 F2", 8, 8, 3, 256, 0, 256, RESIDUAL | STATS, 1, F2),
    CONV("256 to 256 @16 up", 32, 32, 3, 256, 0, 256, EMB | STATS, 2, SILU),
    CONV("256 to 256 @16 up F4", 32, 32, 3, 256, 0, 256, EMB | STATS, 2, F4),
    CONV("3 to 128 @32", 32, 32, 3, 3, 0, 128, STATS, 1, .up = 0),
    CONV("256 to 3 @32", 32, 32, 3, 256, 0, 3, 0, 1, SILU),
    CONV("1x1 256 to 768 @16", 16, 16, 1, 256, 0, 768, 0, 1, AFFINE),
    CONV("1x1 256 to 256 @16", 16, 16, 1, 256, 0, 256, RESIDUAL | STATS, 1,
         .up = 0),
    CONV("1x1 384 to 1536 of 197, gelu", 197, 1, 1, 384, 0, 1536, 0, 1,
         .post = CEDM_POST_GELU),
    CONV("1x1 1536 to 384 of 197", 197, 1, 1, 1536, 0, 384, RESIDUAL, 1,
         .up = 0),
    {"embed", "256 of 10 clusters", call_embed,
        {.embed = {.channels = 256, .label_dim = 10, .label_scale = 1.0f}},
        0, 256},
    {"attention", "256 tokens of 256", call_attention,
        {.attention = {.tokens = 256, .channels = 256, .heads = 1}}, 0,
        4.0 * 256 * 256 * 256},
    {"attention", "64 tokens of 256", call_attention,
        {.attention = {.tokens = 64, .channels = 256, .heads = 1}}, 0,
        4.0 * 64 * 64 * 256},
    {"linear", "512 to 9216", call_linear,
        {.linear = {.in = 512, .out = 9216}}, 0, 2.0 * 512 * 9216},
    {"norm_coeff", "512 @32", call_norm_coeff,
        {.norm_coeff = {.height = 32, .width = 32, .channels = {256, 256},
        .groups = 32, .stat_rows = 4, .eps = 1e-6f}}, 0, 512 * 8},
    {"resample", "pool 256 @32", call_resample,
        {.resample = {.mode = CEDM_RESAMPLE_DOWN, .height = 16, .width = 16,
        .in_height = 32, .in_width = 32, .channels = 256, .taps = 2, SILU}},
        0, 32 * 32 * 256},
    {"resample", "silu alone, 256 @32", call_resample,
        {.resample = {.mode = CEDM_RESAMPLE_SAME, .height = 32, .width = 32,
        .in_height = 32, .in_width = 32, .channels = 256, .taps = 1, SILU}},
        0, 32 * 32 * 256},
    {"attention", "197 tokens, 6 heads of 64", call_attention,
        {.attention = {.tokens = 197, .channels = 384, .heads = 6}}, 0,
        4.0 * 197 * 197 * 384},
    {"preprocess", "32 to 224, 8 bits", call_preprocess,
        {.preprocess = {.height = 224, .width = 224, .in_height = 32,
        .in_width = 32, .channels = 3, .taps = {5, 5}, .fixed = 1}}, 0,
        224 * 224 * 3},
    {"tokens", "197 of 384", call_tokens,
        {.tokens = {.tokens = 197, .first = 1, .channels = 384}}, 0,
        197 * 384},
    {"layer_norm", "197 of 384", call_layer_norm,
        {.layer_norm = {.tokens = 197, .channels = 384, .eps = 1e-6f}}, 0,
        197 * 384},
    {"gate", "257 of 1024", call_gate,
        {.gate = {.tokens = 257, .channels = 1024}}, 0, 257 * 1024},
    {"pool", "3x3 mean of 288 @35", call_pool,
        {.pool = {.mode = CEDM_POOL_MEAN, .height = 35, .width = 35,
        .in_height = 35, .in_width = 35, .channels = 288, .kernel = 3,
        .stride = 1, .pad = 1}}, 0, 35 * 35 * 288},
};
/* clang-format on */

/* ---- memory ------------------------------------------------------------ */

/* A few tensors, one after the other; everything is in the f32 segment. */
typedef struct bed {
    const cedm_backend *backend;
    const shape *shape;
    any_op op;
    cedm_exec exec;
    float *memory, *data;
    size_t used, data_used;
} bed;

#define MEMORY (1u << 23) /* floats: the largest shape takes 3/4 */

/* Values that look like activations: speed may depend on them. */
static void fill(float *to, size_t n, float deviation)
{
    uint32_t state = 1;

    for (size_t i = 0; i < n; i++) {
        float sum = -2.0f;

        for (int k = 0; k < 4; k++) {
            state = state * 1664525u + 1013904223u;
            sum += (float)(state >> 8) * 0x1p-24f;
        }
        to[i] = sum * deviation * 1.7f;
    }
}

static void *checked(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "ops: out of memory\n");
        exit(1);
    }
    return memory;
}

static float *allocate(size_t floats)
{
    size_t bytes = (size_t)CEDM_ALIGN_UP(floats * sizeof(float));

    return checked(aligned_alloc(CEDM_ALIGN, bytes));
}

static cedm_ref tensor(bed *b, size_t elements)
{
    size_t at = b->used;

    b->used +=
        (elements + CEDM_REF_ALIGN - 1) / CEDM_REF_ALIGN * CEDM_REF_ALIGN;
    if (b->used > MEMORY) {
        fprintf(stderr, "ops: MEMORY is too small\n");
        exit(1);
    }
    return CEDM_REF_F32 | (cedm_ref)at;
}

static cedm_ref tensor_if(bed *b, unsigned wanted, size_t elements)
{
    return wanted ? tensor(b, elements) : CEDM_NONE;
}

/* Weights are scaled to keep activations as they are. */
static cedm_weight weight(bed *b, size_t rows, size_t columns)
{
    size_t at = b->data_used;

    b->data_used += (rows * columns + 15) / 16 * 16;
    fill(b->data + at, rows * columns, 1.7f / (float)columns);
    return (cedm_weight)at;
}

static void place_conv(bed *b, cedm_conv *op)
{
    size_t in = (size_t)op->in_height * op->in_width;
    size_t out = (size_t)op->height * op->width * op->cout;
    size_t cin = (size_t)op->cin[0] + op->cin[1];
    size_t partials = (op->height + op->stat_rows - 1) / op->stat_rows;
    unsigned with = b->shape->with;

    op->up = op->height != op->in_height;
    op->src[0] = tensor(b, in * op->cin[0]);
    op->src[1] = tensor_if(b, op->cin[1], in * op->cin[1]);
    op->coeff = tensor_if(b, op->act, 2 * cin);
    op->skip_src[0] = op->skip_src[1] = CEDM_NONE;
    op->emb_stride = op->cout;
    op->emb_src = tensor_if(b, with & EMB, op->cout);
    op->residual = tensor_if(b, with & RESIDUAL, out);
    op->dst = tensor(b, out);
    op->stats = tensor_if(b, with & STATS, partials * 2 * op->cout);
    op->weight = weight(b, op->cout, op->kernel[0] * op->kernel[1] * cin);
    op->bias = weight(b, op->cout, 1);
    op->skip_weight = op->skip_bias = CEDM_NONE;
}

static void place_embed(bed *b, cedm_embed *op)
{
    op->features = tensor(b, op->channels);
    op->dst = tensor(b, op->channels);
    op->weight = weight(b, op->label_dim, op->channels);
    op->bias = weight(b, 1, op->channels);
}

static void place_attention(bed *b, cedm_attention *op)
{
    size_t map = (size_t)op->tokens * op->channels;

    op->src = tensor(b, 3 * map);
    op->dst = tensor(b, map);
}

static void place_linear(bed *b, cedm_linear *op)
{
    op->src = tensor(b, op->in);
    op->dst = tensor(b, op->out);
    op->weight = weight(b, op->out, op->in);
    op->bias = weight(b, op->out, 1);
}

static void place_norm_coeff(bed *b, cedm_norm_coeff *op)
{
    size_t partials = (op->height + op->stat_rows - 1) / op->stat_rows;
    size_t channels = op->channels[0] + op->channels[1];

    for (int k = 0; k < 2; k++) {
        op->stats[k] =
            tensor_if(b, op->channels[k], partials * 2 * op->channels[k]);
    }
    op->adaptive_src = CEDM_NONE;
    op->dst = tensor(b, 2 * channels);
    op->gamma = weight(b, channels, 1);
    op->beta = weight(b, channels, 1);
}

static void place_resample(bed *b, cedm_resample *op)
{
    op->src = tensor(b, (size_t)op->in_height * op->in_width * op->channels);
    op->coeff = tensor(b, 2 * (size_t)op->channels);
    op->dst = tensor(b, (size_t)op->height * op->width * op->channels);
    op->filter = weight(b, CEDM_MAX_TAPS, 1);
}

static void place_preprocess(bed *b, cedm_preprocess *op)
{
    op->src = tensor(b, (size_t)op->in_height * op->in_width * op->channels);
    op->dst = tensor(b, (size_t)op->height * op->width * op->channels);
    op->down = weight(b, op->height, 1 + op->taps[0]);
    op->across = weight(b, op->width, 1 + op->taps[1]);
    op->normal = weight(b, 2, op->channels);
}

static void place_tokens(bed *b, cedm_tokens *op)
{
    op->src = tensor(b, (size_t)(op->tokens - op->first) * op->channels);
    op->dst = tensor(b, (size_t)op->tokens * op->channels);
    op->table = weight(b, op->tokens, op->channels);
}

static void place_layer_norm(bed *b, cedm_layer_norm *op)
{
    op->src = tensor(b, (size_t)op->tokens * op->channels);
    op->dst = tensor(b, (size_t)op->tokens * op->channels);
    op->gamma = weight(b, 1, op->channels);
    op->beta = weight(b, 1, op->channels);
}

static void place_gate(bed *b, cedm_gate *op)
{
    op->src = tensor(b, 2 * (size_t)op->tokens * op->channels);
    op->dst = tensor(b, (size_t)op->tokens * op->channels);
}

static void place_pool(bed *b, cedm_pool *op)
{
    op->src = tensor(b, (size_t)op->in_height * op->in_width * op->channels);
    op->dst = tensor(b, (size_t)op->height * op->width * op->channels);
}

/* By the list: an op without a function here does not compile. */
static void place(bed *b)
{
    bool found = false;

#define PLACE(name)                                                          \
    if (strcmp(b->shape->op, #name) == 0) {                                  \
        place_##name(b, &b->op.name);                                        \
        found = true;                                                        \
    }
    CEDM_GRAPH_OPS(PLACE)
#undef PLACE
    if (!found) {
        fprintf(stderr, "ops: there is no op '%s'\n", b->shape->op);
        exit(1);
    }
}

/* ---- a row of the table ------------------------------------------------ */

static void run(void *arg)
{
    bed *b = arg;

    b->shape->call(b->backend->run, &b->exec, &b->op);
}

static void print_row(const char *backend, const char *op, const char *text,
                      bench_times t, double work, double peak)
{
    printf("%-9s, %-10s, %-20s, %11.0f, %11.0f, %8.3f, ", backend, op, text,
           t.median * 1e9, t.min * 1e9, work / t.median * 1e-9);
    if (peak > 0) {
        printf("%6.3f\n", work / t.median / peak);
    } else {
        printf("%6s\n", "-");
    }
    fflush(stdout);
}

/* The op's weights are prepared as a model of one op would have them. */
static void bench_shape(const cedm_backend *backend, const shape *s,
                        float *memory, double peak)
{
    bed b = {.backend = backend, .shape = s, .op = s->u, .memory = memory};
    cedm_sizes sizes = {CEDM_ALIGN, 0};
    cedm_prepare_ctx prepare = {.used = CEDM_ALIGN};
    int multiplies = s->call == call_conv || s->call == call_attention ||
                     s->call == call_linear;
    const int32_t cluster = 1;

    b.data = allocate(MEMORY);
    place(&b);
    fill(memory, b.used, 1.0f);
    s->call(backend->sizes, &sizes, &b.op);
    b.exec = (cedm_exec){
        .data = b.data,
        .f32 = memory,
        .cluster = &cluster,
        .batch = 1,
        .n = 1,
        .workers = 1,
        .scratch_stride = (size_t)CEDM_ALIGN_UP(sizes.scratch),
    };
    prepare.data = b.data;
    prepare.weights = (void *)allocate(sizes.weights / sizeof(float));
    b.exec.weights = prepare.weights;
    b.exec.scratch = (void *)allocate(sizes.scratch / sizeof(float) + 16);
    if (backend->prepare != NULL) {
        s->call(backend->prepare, &prepare, &b.op);
    }
    print_row(backend->name, s->op, s->text, bench_run(CLOCK, run, &b),
              s->work, multiplies ? peak : 0);
    free(b.data);
    free(prepare.weights);
    free(b.exec.scratch);
}

static void bench_backend(const cedm_backend *backend, float *memory)
{
    double peak = fma_peak(backend->name);

    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        bench_shape(backend, &shapes[k], memory, peak);
    }
    if (peak > 0) {
        printf("# %s: FMA peak %.1f G/s on one thread, afterwards %.1f\n",
               backend->name, peak * 1e-9, fma_peak(backend->name) * 1e-9);
    }
}

#define EXPS 4096

static void exp_loop(void *arg)
{
    float *x = arg;

    for (int i = 0; i < EXPS; i++) {
        x[EXPS + i] = cedm_expf(x[i]);
    }
}

int main(int argc, char **argv)
{
#define BACKEND(name, bit) cedm_backend_cpu(bit),
    const cedm_backend *backends[] = {CEDM_ISA_LIST(BACKEND)
                                          cedm_backend_portable()};
#undef BACKEND
    size_t count = sizeof backends / sizeof backends[0];
    float *memory = allocate(MEMORY);

    bench_print_machine();
    printf("%-9s, %-10s, %-20s, %11s, %11s, %8s, %6s\n", "backend", "op",
           "shape", "median ns", "min ns", "G/s", "peak");
    for (size_t i = 0; i < count; i++) {
        if ((i + 1 < count && backends[i] == backends[count - 1]) ||
            (argc > 1 && strcmp(argv[1], backends[i]->name) != 0)) {
            continue; /* not here, or not wanted */
        }
        bench_backend(backends[i], memory);
    }
    fill(memory, EXPS, 10.0f);
    print_row("any", "exp", "cedm_expf", bench_run(CLOCK, exp_loop, memory),
              EXPS, 0);
    free(memory);
    return 0;
}
