/* SPDX-License-Identifier: MIT
 *
 * session.c - memory of the device around one op.
 *
 * A stage asks a backend to run the op; the backend here is this file.  It
 * converts the activations, packs weights, runs the kernel for the whole
 * batch, checks that nothing but the outputs was written, and has the
 * portable backend do the same. */
#include "tests/cuda/session.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cuda/test_device.h"

static session *current;
static const char *current_what;

/* ---- numbers ----------------------------------------------------------- */

static float from_bf16(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Nearest, ties to even; NaNs stay NaNs. */
static uint16_t to_bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) {
        return (uint16_t)(bits >> 16 | 1u);
    }
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static void *narrowed(const float *x, size_t n,
                      enum cedm_cuda_precision precision)
{
    size_t bytes = n * cedm_cuda_act_bytes(precision);
    void *memory = aligned_alloc(256, (bytes + 511) / 256 * 256);
    uint16_t *half = memory;

    assert_non_null(memory);
    if (precision == CEDM_CUDA_FP32) {
        memcpy(memory, x, bytes);
        return memory;
    }
    for (size_t i = 0; i < n; i++) {
        half[i] = precision == CEDM_CUDA_FP16 ? cedm_half_from_float(x[i])
                                              : to_bf16(x[i]);
    }
    return memory;
}

static float *widened(const void *memory, size_t n,
                      enum cedm_cuda_precision precision)
{
    float *x = malloc((n + 1) * sizeof *x);
    const uint16_t *half = memory;

    assert_non_null(x);
    if (precision == CEDM_CUDA_FP32) {
        memcpy(x, memory, n * sizeof *x);
        return x;
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = precision == CEDM_CUDA_FP16 ? cedm_half_to_float(half[i])
                                           : from_bf16(half[i]);
    }
    return x;
}

static void *copy_of(const void *memory, size_t bytes)
{
    void *copy = aligned_alloc(256, (bytes + 511) / 256 * 256);

    assert_non_null(copy);
    memcpy(copy, memory, bytes);
    return copy;
}

/* ---- one op ------------------------------------------------------------ */

/* The stage that an exec is part of. */
static stage *stage_of(cedm_exec *exec)
{
    void *memory = (unsigned char *)exec - offsetof(stage, exec);

    return memory;
}

/* What may have been written is as before; then nothing else may differ. */
static void check_rest(const session *x, const void *is, const void *was,
                       size_t elements, size_t element, bool f32)
{
    unsigned char *rest = copy_of(is, elements * element);

    for (int k = 0; k < x->output_count; k++) {
        const session_output *o = &x->outputs[k];
        size_t at = (size_t)x->batch * CEDM_REF_OFFSET(o->ref) * element;

        if (CEDM_REF_IS_F32(o->ref) == f32) {
            memcpy(rest + at, (const unsigned char *)was + at,
                   x->batch * o->elements * element);
        }
    }
    for (size_t i = 0; i < elements * element; i++) {
        if (rest[i] != ((const unsigned char *)was)[i]) {
            fail_msg("%s: element %zu of %s is no output, but was written",
                     current_what, i / element, f32 ? "f32" : "act");
        }
    }
    free(rest);
}

static void copy_back(const session *x, stage *s)
{
    for (int k = 0; k < x->output_count; k++) {
        const session_output *o = &x->outputs[k];
        size_t at = (size_t)x->batch * CEDM_REF_OFFSET(o->ref);
        bool f32 = CEDM_REF_IS_F32(o->ref);

        memcpy(s->segment[f32] + at, (f32 ? x->f32 : x->act) + at,
               s->exec.n * o->elements * sizeof(float));
    }
}

/* The portable backend on copies of the device's inputs. */
static void want(session *x, const stage *s, stage_call *call, const void *op)
{
    size_t scratch;
    cedm_exec exec = s->exec;
    cedm_sizes sizes = {0, 0};

    call(cedm_backend_portable()->sizes, &sizes, op);
    scratch = (size_t)CEDM_ALIGN_UP(sizes.scratch) + CEDM_ALIGN;
    exec.scratch = aligned_alloc(CEDM_ALIGN, scratch);
    exec.scratch_stride = scratch;
    exec.act = x->wanted[0];
    exec.f32 = x->wanted[1];
    exec.workers = 1;
    exec.parallel_for = NULL;
    call(cedm_backend_portable()->run, &exec, op);
    free(exec.scratch);
}

typedef int launch(const cedm_cuda_exec *exec, const void *op);

/* What lies on the device, and its size on the host. */
typedef struct device_memory {
    cedm_cuda_exec exec;
    void *act, *f32, *clusters, *others, *shares, *overflow, *weights,
        *workspace;
    size_t act_bytes, f32_bytes;
} device_memory;

static void *on_device(const void *from, size_t bytes)
{
    void *memory = device_take(bytes);

    device_put(memory, from, bytes);
    return memory;
}

static void pack(device_memory *m, const cedm_exec *exec, stage_call *call,
                 const void *op, enum cedm_cuda_precision precision,
                 uint32_t *index)
{
    cedm_cuda_packing packing = {
        .precision = precision, .dtype = CEDM_DTYPE_F32, .data = exec->data};

    call(&cedm_cuda_pack, &packing, op);
    packing.weights = aligned_alloc(256, (size_t)packing.used + 256);
    assert_non_null(packing.weights);
    packing.used = 0;
    packing.index = index;
    call(&cedm_cuda_pack, &packing, op);
    m->weights = on_device(packing.weights, (size_t)packing.used);
    free(packing.weights);
}

static void device_memory_open(device_memory *m, const session *x,
                               const cedm_exec *exec, const void *act)
{
    const session_setting *setting = &x->setting;
    /* An image or two of what dst may lie over. */
    size_t workspace = setting->product
                           ? CEDM_CUDA_WORKSPACE_BYTES
                           : x->outputs[0].elements * 2 * sizeof(float);
    const uint32_t zeros[STAGE_IMAGES] = {0};

    m->act = on_device(act, m->act_bytes);
    m->f32 = on_device(exec->f32, m->f32_bytes);
    m->clusters = on_device(exec->cluster, exec->n * sizeof(int32_t));
    m->others = on_device(exec->other, exec->n * sizeof(int32_t));
    m->shares = on_device(exec->share, exec->n * sizeof(float));
    assert_true(exec->batch <= STAGE_IMAGES);
    m->overflow = on_device(zeros, exec->batch * sizeof zeros[0]);
    m->workspace = device_take(workspace);
    m->exec = (cedm_cuda_exec){
        .precision = setting->precision,
        .batch = exec->batch,
        .arch = device_arch(),
        .encode_tensor = setting->warpgroups ? device_encode_tensor() : NULL,
        .multiprocessors = setting->multiprocessors,
        .act = m->act,
        .f32 = m->f32,
        .cluster = m->clusters,
        .other = m->others,
        .share = m->shares,
        .overflow = m->overflow,
        .weights = m->weights,
        .workspace = m->workspace,
        .workspace_bytes = workspace,
    };
}

static void device_memory_close(device_memory *m)
{
    device_give(m->act);
    device_give(m->f32);
    device_give(m->clusters);
    device_give(m->others);
    device_give(m->shares);
    device_give(m->overflow);
    device_give(m->weights);
    device_give(m->workspace);
}

static int launch_some(device_memory *m, const session *x, stage_call *call,
                       const void *op, launch *kernel)
{
    int code;

    if (x->setting.product) {
        return device_run(&m->exec, call, op);
    }
    code = kernel(&m->exec, op);
    return code == 0 && x->setting.finish
               ? cedm_cuda_conv_finish(&m->exec, op)
               : code;
}

static void launch_all(device_memory *m, const session *x, stage_call *call,
                       const void *op, launch *kernel)
{
    int code = launch_some(m, x, call, op, kernel);

    if (code != 0) {
        fail_msg("%s: %s", current_what, device_text(code));
    }
}

/* What the device makes of inputs, which are `before` in its type. */
static void run_on_device(session *x, cedm_exec *exec, stage_call *call,
                          const void *op, launch *kernel, const void *before)
{
    stage *s = stage_of(exec);
    enum cedm_cuda_precision precision = x->setting.precision;
    size_t act = (size_t)exec->batch * s->elements[0];
    size_t f32 = (size_t)exec->batch * s->elements[1];
    uint32_t index[1] = {0};
    device_memory m = {.act_bytes = act * cedm_cuda_act_bytes(precision),
                       .f32_bytes = f32 * sizeof(float)};
    void *after;

    pack(&m, exec, call, op, precision, index);
    device_memory_open(&m, x, exec, before);
    m.exec.index = index;
    launch_all(&m, x, call, op, kernel);
    after = copy_of(before, m.act_bytes);
    x->f32 = copy_of(exec->f32, m.f32_bytes);
    x->overflow = calloc(x->batch, sizeof *x->overflow);
    device_get(after, m.act, m.act_bytes);
    device_get(x->f32, m.f32, m.f32_bytes);
    device_get(x->overflow, m.overflow, x->batch * sizeof *x->overflow);
    x->act = widened(after, act, precision);
    check_rest(x, after, before, act, cedm_cuda_act_bytes(precision), false);
    check_rest(x, x->f32, exec->f32, f32, sizeof(float), true);
    copy_back(x, s);
    free(after);
    device_memory_close(&m);
}

static void run_op(cedm_exec *exec, stage_call *call, const void *op,
                   uint32_t id, launch *kernel)
{
    session *x = current;
    stage *s = stage_of(exec);
    enum cedm_cuda_precision precision = x->setting.precision;
    size_t act = (size_t)exec->batch * s->elements[0];
    size_t f32 = (size_t)exec->batch * s->elements[1];
    void *before = narrowed(exec->act, act, precision);

    assert_int_equal(id, 0);
    x->batch = exec->batch;
    x->n = exec->n;
    if (!x->setting.again && x->setting.sums == NULL) {
        x->wanted[0] = widened(before, act, precision);
        x->wanted[1] = copy_of(exec->f32, f32 * sizeof(float));
        want(x, s, call, op);
    }
    if (!x->setting.only_wanted) {
        run_on_device(x, exec, call, op, kernel, before);
    }
    free(before);
}

#define RUN(name)                                                            \
    static int launch_##name(const cedm_cuda_exec *exec, const void *op)     \
    {                                                                        \
        return cedm_cuda_##name(exec, op);                                   \
    }                                                                        \
    static void call_##name(const cedm_ops *ops, void *ctx, const void *op)  \
    {                                                                        \
        ops->name(ctx, op);                                                  \
    }                                                                        \
    static void run_##name(void *ctx, const cedm_##name *op)                 \
    {                                                                        \
        run_op(ctx, call_##name, op, op->id, launch_##name);                 \
    }

CEDM_GRAPH_OPS(RUN)
#undef RUN

static void no_sizes(const cedm_ops *ops, void *ctx, const void *op)
{
    (void)ops;
    (void)ctx;
    (void)op;
}

#define NONE(name)                                                           \
    static void none_##name(void *ctx, const cedm_##name *op)                \
    {                                                                        \
        no_sizes(NULL, ctx, op);                                             \
    }
CEDM_GRAPH_OPS(NONE)
#undef NONE

#define RUN(name) .name = run_##name,
#define NONE(name) .name = none_##name,
static const cedm_ops run_table = {CEDM_GRAPH_OPS(RUN)};
static const cedm_ops sizes_table = {CEDM_GRAPH_OPS(NONE)};
#undef RUN
#undef NONE

void session_run(session *x, const session_setting *setting, stage *s,
                 const stage_setting *images, const op_class *class,
                 const any_op *op, const char *what)
{
    const cedm_backend backend = {
        .name = "device", .run = &run_table, .sizes = &sizes_table};

    *x = (session){.setting = *setting};
    current = x;
    current_what = what;
    for (uint32_t i = 0; i < s->tensor_count; i++) {
        const stage_tensor *tensor = &s->tensors[i];

        if (tensor->fill.output || tensor->written_over) {
            x->outputs[x->output_count++] =
                (session_output){tensor->ref, tensor->elements};
        }
    }
    device_order(setting->backwards);
    stage_run(s, images, &backend, class->call, op, what);
    device_order(false);
}

void session_close(session *x)
{
    free(x->act);
    free(x->f32);
    free(x->wanted[0]);
    free(x->wanted[1]);
    free(x->overflow);
}

const float *session_got(const session *x, int k, uint32_t image)
{
    const session_output *o = &x->outputs[k];

    return (CEDM_REF_IS_F32(o->ref) ? x->f32 : x->act) +
           (size_t)x->batch * CEDM_REF_OFFSET(o->ref) + image * o->elements;
}

const float *session_wanted(const session *x, int k, uint32_t image)
{
    const session_output *o = &x->outputs[k];

    return x->wanted[CEDM_REF_IS_F32(o->ref)] +
           (size_t)x->batch * CEDM_REF_OFFSET(o->ref) + image * o->elements;
}
