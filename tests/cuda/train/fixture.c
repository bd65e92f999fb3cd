/* SPDX-License-Identifier: MIT
 *
 * fixture.c - memory of a device around one training op. */
#include "tests/cuda/train/fixture.h"

#include <stdio.h>

#include "trainer/purposes.h"

#define ELEMENTS (1u << 16) /* an image of a segment */

const char *const precision_names[CEDM_CUDA_PRECISIONS] = {"fp16", "bf16",
                                                           "fp32"};

/* ---- numbers ------------------------------------------------------------ */

float random_normal_float(void)
{
    static uint32_t draws;
    host_random_key key = {.seed = 5, .purpose = TRAIN_DRAW_INIT};
    double z[2];

    host_random_normal(&key, draws++, z);
    return (float)z[0];
}

uint16_t narrow(float x, enum cedm_cuda_precision precision)
{
    uint32_t bits;

    if (precision == CEDM_CUDA_FP16) {
        return cedm_half_from_float(x);
    }
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

float widen(uint16_t x, enum cedm_cuda_precision precision)
{
    uint32_t bits = (uint32_t)x << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return precision == CEDM_CUDA_FP16 ? cedm_half_to_float(x) : value;
}

double unit(const fixture *x, bool f32)
{
    static const double units[CEDM_CUDA_PRECISIONS] = {0x1p-11, 0x1p-8,
                                                       0x1p-24};

    return f32 ? 0x1p-24 : units[x->precision];
}

/* ---- memory ------------------------------------------------------------- */

static float *floats(size_t count)
{
    float *x = aligned_alloc(256, (count * sizeof *x + 511) / 256 * 256);

    assert_non_null(x);
    memset(x, 0, count * sizeof *x);
    return x;
}

static float *copy_of(const float *from, size_t count)
{
    float *x = floats(count);

    memcpy(x, from, count * sizeof *x);
    return x;
}

void fixture_open(fixture *x, enum cedm_cuda_precision precision,
                  uint32_t multiprocessors, const char *what)
{
    *x =
        (fixture){.precision = precision, .multiprocessors = multiprocessors};
    (void)snprintf(x->what, sizeof x->what, "%s %s, %u multiprocessors",
                   precision_names[precision], what, multiprocessors);
    for (int s = 0; s < 2; s++) {
        x->segment[s] = floats((size_t)ELEMENTS * BATCH);
    }
    x->data = floats(WEIGHTS);
    x->grads = floats(WEIGHTS);
    for (uint32_t i = 0; i < WEIGHTS; i++) {
        x->data[i] = i < 4096 ? random_normal_float() : 0.0f;
        x->grads[i] = 0.25f;
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        x->images[i] = 0x123456789ull + 7 * i;
        x->cluster[i] = (int32_t)i - 1;
    }
}

void fixture_close(fixture *x)
{
    free(x->segment[0]);
    free(x->segment[1]);
    free(x->data);
    free(x->grads);
}

float *tensor_at(fixture *x, cedm_ref ref)
{
    return x->segment[CEDM_REF_IS_F32(ref)] +
           (size_t)BATCH * CEDM_REF_OFFSET(ref);
}

cedm_ref tensor(fixture *x, bool f32, uint32_t elements)
{
    cedm_ref ref = x->used[f32] | (f32 ? CEDM_REF_F32 : 0u);
    float *at = tensor_at(x, ref);

    x->used[f32] +=
        (elements + CEDM_REF_ALIGN - 1) / CEDM_REF_ALIGN * CEDM_REF_ALIGN;
    assert_true(x->used[f32] <= ELEMENTS);
    for (uint32_t i = 0; i < elements * BATCH; i++) {
        at[i] = random_normal_float();
        if (!f32 && x->precision != CEDM_CUDA_FP32) {
            at[i] = widen(narrow(at[i], x->precision), x->precision);
        }
    }
    return ref;
}

void expect(fixture *x, output o)
{
    assert_true(x->output_count < OUTPUTS);
    o.f32 =
        o.grads || CEDM_REF_IS_F32(o.ref) || x->precision == CEDM_CUDA_FP32;
    x->outputs[x->output_count++] = o;
}

/* ---- running ------------------------------------------------------------ */

/* What an op left: segments, gradients, and the flags of a device. */
typedef struct result {
    float *segment[2], *grads;
    uint32_t overflow[BATCH];
} result;

static void close_result(result *r)
{
    free(r->segment[0]);
    free(r->segment[1]);
    free(r->grads);
}

static void make_absolute(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = fabsf(x[i]);
    }
}

/* A switch over all kinds. */
static void call_plain(train_exec *exec, const cg_training_op *op,
                       cedm_sizes *sizes)
{
    switch (op->kind) {
#define CALL(name)                                                           \
    case CG_TRAINING_##name:                                                 \
        if (sizes != NULL) {                                                 \
            train_size_##name(sizes, &op->u.name);                           \
        } else {                                                             \
            train_op_##name(exec, &op->u.name);                              \
        }                                                                    \
        break;
        CG_TRAINING_OPS(CALL)
#undef CALL
    case CG_TRAINING_COUNT: break;
    }
}

static result run_plain(const fixture *x, const cg_training_op *op,
                        bool absolute)
{
    result r = {{copy_of(x->segment[0], (size_t)ELEMENTS * BATCH),
                 copy_of(x->segment[1], (size_t)ELEMENTS * BATCH)},
                copy_of(x->grads, WEIGHTS),
                {0}};
    cedm_sizes sizes = {0, 0};
    train_exec exec = {.base = {.data = x->data,
                                .act = r.segment[0],
                                .f32 = r.segment[1],
                                .cluster = x->cluster,
                                .batch = BATCH,
                                .n = BATCH,
                                .workers = 1},
                       .grads = r.grads,
                       .dropout = 0.3f,
                       .seed = 9,
                       .step = 17,
                       .images = x->images};

    if (absolute) {
        make_absolute(r.segment[0], (size_t)ELEMENTS * BATCH);
        make_absolute(r.segment[1], (size_t)ELEMENTS * BATCH);
    }
    call_plain(NULL, op, &sizes);
    exec.base.scratch_stride = (size_t)CEDM_ALIGN_UP(sizes.scratch) + 64;
    exec.base.scratch = aligned_alloc(64, exec.base.scratch_stride);
    assert_non_null(exec.base.scratch);
    call_plain(&exec, op, NULL);
    free(exec.base.scratch);
    return r;
}

static void *to_device(const void *from, size_t bytes)
{
    void *memory = device_take(bytes);

    device_put(memory, from, bytes);
    return memory;
}

/* An activation segment in the precision's type, and back. */
static void *narrowed(const fixture *x)
{
    size_t count = (size_t)ELEMENTS * BATCH;
    uint16_t *half = malloc(count * sizeof *half);
    void *memory;

    assert_non_null(half);
    for (size_t i = 0; i < count && x->precision != CEDM_CUDA_FP32; i++) {
        half[i] = narrow(x->segment[0][i], x->precision);
    }
    memory = x->precision == CEDM_CUDA_FP32
                 ? to_device(x->segment[0], count * sizeof(float))
                 : to_device(half, count * sizeof *half);
    free(half);
    return memory;
}

static void widened(const fixture *x, const void *memory, float *to)
{
    size_t count = (size_t)ELEMENTS * BATCH;
    uint16_t *half = malloc(count * sizeof *half);

    assert_non_null(half);
    if (x->precision == CEDM_CUDA_FP32) {
        device_get(to, memory, count * sizeof *to);
    } else {
        device_get(half, memory, count * sizeof *half);
        for (size_t i = 0; i < count; i++) {
            to[i] = widen(half[i], x->precision);
        }
    }
    free(half);
}

/* One for all runs, large and never read before it is written. */
static void *workspace_of(size_t bytes)
{
    static void *memory;
    static size_t size;

    if (size < bytes) {
        device_give(memory);
        memory = device_take(bytes);
        size = bytes;
    }
    return memory;
}

static result run_device(const fixture *x, const cg_training_op *op,
                         bool backwards)
{
    static const uint32_t step = 17, zero[BATCH];
    size_t bytes = (size_t)ELEMENTS * BATCH * sizeof(float);
    size_t workspace = (size_t)train_cuda_workspace(op, x->precision, BATCH);
    result r = {
        {floats((size_t)ELEMENTS * BATCH), floats((size_t)ELEMENTS * BATCH)},
        floats(WEIGHTS),
        {0}};
    void *steps = to_device(&step, sizeof step);
    void *images = to_device(x->images, sizeof x->images);
    void *cluster = to_device(x->cluster, sizeof x->cluster);
    train_cuda_exec exec = {
        .dropout = 0.3f, .seed = 9, .step = steps, .images = images};
    const char *name;

    workspace = workspace < CEDM_CUDA_WORKSPACE_BYTES
                    ? CEDM_CUDA_WORKSPACE_BYTES
                    : workspace;
    exec.base = (cedm_cuda_exec){.precision = x->precision,
                                 .batch = BATCH,
                                 .arch = device_arch(),
                                 .multiprocessors = x->multiprocessors,
                                 .act = narrowed(x),
                                 .f32 = to_device(x->segment[1], bytes),
                                 .cluster = cluster,
                                 .overflow = to_device(zero, sizeof zero),
                                 .workspace = workspace_of(workspace),
                                 .workspace_bytes = workspace};
    exec.data = to_device(x->data, WEIGHTS * sizeof(float));
    exec.grads = to_device(x->grads, WEIGHTS * sizeof(float));
    device_order(backwards);
    assert_int_equal(train_cuda_run_training(&exec, op, &name), 0);
    device_order(false);
    widened(x, exec.base.act, r.segment[0]);
    device_get(r.segment[1], exec.base.f32, bytes);
    device_get(r.grads, exec.grads, WEIGHTS * sizeof(float));
    device_get(r.overflow, exec.base.overflow, sizeof r.overflow);
    device_give(exec.base.act);
    device_give(exec.base.f32);
    device_give(exec.base.overflow);
    device_give(exec.data);
    device_give(exec.grads);
    device_give(steps);
    device_give(images);
    device_give(cluster);
    return r;
}

/* ---- comparing ---------------------------------------------------------- */

static float *output_at(const result *r, const output *o, uint32_t *count)
{
    *count = o->grads ? o->elements : o->elements * BATCH;
    return o->grads ? r->grads + o->ref
                    : r->segment[CEDM_REF_IS_F32(o->ref)] +
                          (size_t)BATCH * CEDM_REF_OFFSET(o->ref);
}

static void same_bits(const fixture *x, const char *where, const float *a,
                      const float *b, size_t count, const char *why)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0) {
            fail_msg("%s: element %zu of %s: %.9g, but %.9g %s", x->what, i,
                     where, (double)a[i], (double)b[i], why);
        }
    }
}

static void check_values(const fixture *x, int k, const result *got,
                         const result *wanted, const result *terms)
{
    const output *o = &x->outputs[k];
    uint32_t count;
    const float *g = output_at(got, o, &count);
    const float *w = output_at(wanted, o, &count);
    const float *t = x->linear ? output_at(terms, o, &count) : NULL;
    double sum = 0.0, rms;
    bool half = x->precision == CEDM_CUDA_FP16 && !o->f32;

    for (uint32_t i = 0; i < count; i++) {
        sum += (double)w[i] * (double)w[i];
    }
    rms = sqrt(sum / count);
    for (uint32_t i = 0; i < count; i++) {
        double bound = o->store * fabs((double)w[i]) + o->level * rms +
                       (t == NULL ? 0.0 : o->terms * (double)t[i]) +
                       (half ? 0x1p-25 : 0.0); /* numbers below the normal */

        if (!(fabs((double)g[i] - (double)w[i]) <= bound)) {
            fail_msg("%s: output %d, element %u: got %.9g, wanted %.9g, "
                     "difference %.3g above %.3g",
                     x->what, k, i, (double)g[i], (double)w[i],
                     fabs((double)g[i] - (double)w[i]), bound);
        }
    }
}

/* What is no output is as it was. */
static void check_rest(const fixture *x, const result *r)
{
    result rest = {{copy_of(r->segment[0], (size_t)ELEMENTS * BATCH),
                    copy_of(r->segment[1], (size_t)ELEMENTS * BATCH)},
                   copy_of(r->grads, WEIGHTS),
                   {0}};
    result before = {{x->segment[0], x->segment[1]}, x->grads, {0}};

    for (int k = 0; k < x->output_count; k++) {
        uint32_t count;
        float *to = output_at(&rest, &x->outputs[k], &count);

        memcpy(to, output_at(&before, &x->outputs[k], &count),
               count * sizeof *to);
    }
    same_bits(x, "act", rest.segment[0], before.segment[0],
              (size_t)ELEMENTS * BATCH, "before the op");
    same_bits(x, "f32", rest.segment[1], before.segment[1],
              (size_t)ELEMENTS * BATCH, "before the op");
    same_bits(x, "the gradient", rest.grads, before.grads, WEIGHTS,
              "before the op");
    close_result(&rest);
}

void fixture_check(fixture *x, const cg_training_op *op)
{
    result wanted = run_plain(x, op, false), terms = {{NULL}, NULL, {0}};
    result got = run_device(x, op, false), again = run_device(x, op, true);

    if (x->linear) {
        terms = run_plain(x, op, true);
    }
    same_bits(x, "act", got.segment[0], again.segment[0],
              (size_t)ELEMENTS * BATCH, "in the other order");
    same_bits(x, "f32", got.segment[1], again.segment[1],
              (size_t)ELEMENTS * BATCH, "in the other order");
    same_bits(x, "the gradient", got.grads, again.grads, WEIGHTS,
              "in the other order");
    check_rest(x, &got);
    for (int k = 0; k < x->output_count; k++) {
        check_values(x, k, &got, &wanted, &terms);
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        assert_int_equal(got.overflow[i], 0);
    }
    close_result(&wanted);
    close_result(&terms);
    close_result(&got);
    close_result(&again);
}
