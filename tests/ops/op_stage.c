/* SPDX-License-Identifier: MIT
 *
 * op_stage.c - memory with guard bands, fixed inputs and threads for one op.
 *
 * All memory is filled with one NaN.  What is read without having been
 * written then shows in the outputs, what is written where it must not be
 * shows in a comparison with a copy. */
#include "tests/ops/op_stage.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, bytes)                             \
    ((void)(memory), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(memory, bytes)                           \
    ((void)(memory), (void)(bytes))
#endif

#define GUARD_BITS 0x7fc5a5a5u
#define GUARD 32u /* elements between neighbours: one CEDM_REF_ALIGN */
#define GUARD_BYTES CEDM_ALIGN

static void fill_guard(void *memory, size_t bytes)
{
    const uint32_t bits = GUARD_BITS;
    unsigned char *to = memory;

    for (size_t i = 0; i < bytes; i += sizeof bits) {
        memcpy(to + i, &bits, sizeof bits);
    }
}

static void *guarded(size_t bytes)
{
    size_t rounded = (size_t)CEDM_ALIGN_UP(bytes + GUARD_BYTES);
    void *memory = aligned_alloc(CEDM_ALIGN, rounded);

    assert_non_null(memory);
    fill_guard(memory, rounded);
    return memory;
}

static void *copy_of(const void *memory, size_t bytes)
{
    void *copy = guarded(bytes);

    memcpy(copy, memory, bytes);
    return copy;
}

/* ---- inputs ----------------------------------------------------------- */

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Four uniforms of 16 bits less two, by sqrt(3): near enough to normal, and
 * bounded.  Integers, as most of a test's time goes here. */
float stage_normal(uint32_t stream, uint32_t image, uint64_t element)
{
    uint64_t bits = mix(((uint64_t)stream << 32 | image) ^ mix(element));
    int32_t sum = -2 * 0xffff;

    for (int i = 0; i < 4; i++) {
        sum += (int32_t)(bits >> 16 * i & 0xffff);
    }
    return (float)sum * (1.7320508f / 0x10000);
}

/* A row of a preprocess's table; the first output sees the first pixel. */
static float table_value(const stage_fill *f, uint32_t e, float z)
{
    if (e % f->row == 0) {
        return e == 0 ? 0.0f : (float)(e * 2654435761u % (f->most + 1));
    }
    z = f->mean + f->deviation * z;
    return f->deviation > 1.0f ? truncf(z) : z;
}

static void fill_values(float *to, const stage_tensor *t, uint32_t stream,
                        uint32_t image)
{
    const stage_fill *f = &t->fill;

    for (uint32_t e = 0; e < t->elements; e++) {
        float z = stage_normal(stream, image, e);

        if (f->channels != 0 && e / f->channels % 2 == 1) {
            to[e] = f->m2 * (fabsf(z) + 0.1f);
        } else if (f->row != 0) {
            to[e] = table_value(f, e, z);
        } else if (f->bytes) {
            to[e] = truncf(fminf(fmaxf(128.0f + 60.0f * z, 0.0f), 255.0f));
        } else {
            to[e] = f->mean + f->deviation * z;
        }
    }
}

/* ---- places ----------------------------------------------------------- */

static uint32_t round_up(uint64_t elements, uint32_t to)
{
    uint64_t rounded = (elements + to - 1) / to * to;

    assert_true(rounded < CEDM_REF_F32 - 2 * GUARD);
    return (uint32_t)rounded;
}

cedm_ref stage_tensor_add(stage *s, bool f32, uint64_t elements,
                          stage_fill fill)
{
    stage_tensor *t = &s->tensors[s->tensor_count++];
    uint32_t *used = &s->elements[f32];

    assert_true(s->tensor_count <= STAGE_TENSORS);
    if (*used == 0) {
        *used = GUARD;
    }
    *t = (stage_tensor){
        .ref = *used | (f32 ? CEDM_REF_F32 : 0),
        .elements = (uint32_t)elements,
        .fill = fill,
    };
    *used += round_up(elements, CEDM_REF_ALIGN) + GUARD;
    return t->ref;
}

cedm_weight stage_weight_add(stage *s, uint64_t elements, stage_fill fill)
{
    stage_tensor *t = &s->weights[s->weight_count++];

    assert_true(s->weight_count <= STAGE_WEIGHTS);
    *t = (stage_tensor){
        .ref = s->data_elements,
        .elements = (uint32_t)elements,
        .fill = fill,
    };
    s->data_elements += round_up(elements, CEDM_WEIGHT_ALIGN) + GUARD;
    return t->ref;
}

static size_t place(const stage *s, cedm_ref ref, size_t elements,
                    uint32_t image)
{
    return (size_t)s->setting.batch * CEDM_REF_OFFSET(ref) + image * elements;
}

const float *stage_in(const stage *s, cedm_ref ref, size_t elements,
                      uint32_t image)
{
    return s->before[CEDM_REF_IS_F32(ref)] + place(s, ref, elements, image);
}

const float *stage_out(const stage *s, cedm_ref ref, size_t elements,
                       uint32_t image)
{
    return s->segment[CEDM_REF_IS_F32(ref)] + place(s, ref, elements, image);
}

/* ---- threads ---------------------------------------------------------- */

typedef struct stage_pool {
    uint32_t workers;
} stage_pool;

typedef struct stage_crew {
    cedm_task *task;
    void *arg;
    uint32_t count;
    _Atomic uint32_t next;
} stage_crew;

typedef struct stage_hand {
    stage_crew *crew;
    uint32_t worker;
} stage_hand;

static void *work(void *arg)
{
    const stage_hand *hand = arg;
    stage_crew *crew = hand->crew;
    uint32_t index;

    while ((index = atomic_fetch_add(&crew->next, 1)) < crew->count) {
        crew->task(crew->arg, index, hand->worker);
    }
    return NULL;
}

static void on_threads(void *memory, cedm_task *task, void *arg,
                       uint32_t count)
{
    const stage_pool *pool = memory;
    stage_crew crew = {task, arg, count, 0};
    pthread_t threads[8];
    stage_hand hands[8];

    assert_true(pool->workers <= 8);
    for (uint32_t i = 0; i < pool->workers; i++) {
        hands[i] = (stage_hand){&crew, i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &hands[i]),
                         0);
    }
    for (uint32_t i = 0; i < pool->workers; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* The order that an op least expects. */
static void backwards(void *memory, cedm_task *task, void *arg,
                      uint32_t count)
{
    const stage_pool *pool = memory;

    for (uint32_t i = count; i-- > 0;) {
        task(arg, i, i % pool->workers);
    }
}

/* ---- a run ------------------------------------------------------------ */

static void open_memory(stage *s)
{
    size_t batch = s->setting.batch;

    for (int f = 0; f < 2; f++) {
        size_t bytes = batch * s->elements[f] * sizeof(float);

        s->segment[f] = guarded(bytes);
    }
    s->data = guarded(s->data_elements * sizeof(float));
    for (uint32_t i = 0; i < s->weight_count; i++) {
        fill_values(s->data + s->weights[i].ref, &s->weights[i], 100 + i, 0);
    }
    for (uint32_t i = 0; i < s->tensor_count; i++) {
        const stage_tensor *t = &s->tensors[i];

        for (uint32_t n = 0; n < s->setting.n && !t->fill.output; n++) {
            fill_values(s->segment[CEDM_REF_IS_F32(t->ref)] +
                            place(s, t->ref, t->elements, n),
                        t, i, s->setting.first + n);
        }
    }
    if (s->setting.nan) {
        cedm_ref ref = s->tensors[0].ref;

        fill_guard(s->segment[CEDM_REF_IS_F32(ref)] + place(s, ref, 1, 0),
                   sizeof(float));
    }
    for (int f = 0; f < 2; f++) {
        s->before[f] =
            copy_of(s->segment[f], batch * s->elements[f] * sizeof(float));
    }
    s->data_before = copy_of(s->data, s->data_elements * sizeof(float));
}

/* With AddressSanitizer, reading what lies between tensors is an error, too;
 * images that do not take part count as between. */
static void poison(const stage *s, bool on)
{
    for (int f = 0; f < 2; f++) {
        size_t bytes =
            (size_t)s->setting.batch * s->elements[f] * sizeof(float);

        if (!on) {
            ASAN_UNPOISON_MEMORY_REGION(s->segment[f], bytes);
            continue;
        }
        ASAN_POISON_MEMORY_REGION(s->segment[f], bytes);
        for (uint32_t i = 0; i < s->tensor_count; i++) {
            const stage_tensor *t = &s->tensors[i];

            if (CEDM_REF_IS_F32(t->ref) == f) {
                ASAN_UNPOISON_MEMORY_REGION(
                    s->segment[f] + place(s, t->ref, t->elements, 0),
                    (size_t)s->setting.n * t->elements * sizeof(float));
            }
        }
    }
}

static cedm_parallel_for *parallel_of(const stage_setting *setting)
{
    return setting->threads       ? on_threads
           : setting->workers > 1 ? backwards
                                  : NULL;
}

/* No byte of an op's part is left as it was. */
static void check_filled(const stage *s, const char *what)
{
    const uint32_t guard = GUARD_BITS;

    for (size_t i = CEDM_ALIGN; i < s->sizes.weights; i += sizeof guard) {
        if (memcmp(s->prepared + i, &guard, sizeof guard) == 0) {
            fail_msg("%s: byte %zu of %zu prepared ones was not written",
                     what, i, (size_t)s->sizes.weights);
        }
    }
}

/* As cedm_prepare does for a model of one op. */
static void prepare(stage *s, const cedm_backend *backend, stage_call *call,
                    const void *op, const char *what)
{
    stage_pool pool = {s->setting.workers};
    cedm_prepare_ctx ctx = {
        .data = s->data,
        .used = CEDM_ALIGN_UP(sizeof(uint32_t)),
        .parallel_for = parallel_of(&s->setting),
        .pool = &pool,
    };

    s->sizes = (cedm_sizes){0, 0};
    if (backend->prepare != NULL) {
        s->sizes.weights = CEDM_ALIGN_UP(sizeof(uint32_t));
    }
    call(backend->sizes, &s->sizes, op);
    s->prepared = guarded(s->sizes.weights);
    if (backend->prepare != NULL) {
        ctx.weights = s->prepared;
        call(backend->prepare, &ctx, op);
        assert_int_equal(ctx.used, s->sizes.weights);
        check_filled(s, what);
    }
    s->prepared_before = copy_of(s->prepared, s->sizes.weights + GUARD_BYTES);
}

static void same_bits(const void *is, const void *was, size_t bytes,
                      const char *what, const char *where)
{
    const unsigned char *a = is, *b = was;
    size_t i = 0;

    if (memcmp(is, was, bytes) == 0) {
        return;
    }
    while (a[i] == b[i]) {
        i++;
    }
    fail_msg("%s: written outside its outputs: byte %zu of %s, %02x was %02x",
             what, i, where, a[i], b[i]);
}

/* The segments must be as before but for the outputs of the n images. */
static void check_segments(const stage *s, const char *what)
{
    static const char *const names[2] = {"act", "f32"};

    for (int f = 0; f < 2; f++) {
        size_t bytes =
            (size_t)s->setting.batch * s->elements[f] * sizeof(float);
        float *rest = copy_of(s->segment[f], bytes);

        for (uint32_t i = 0; i < s->tensor_count; i++) {
            const stage_tensor *t = &s->tensors[i];
            size_t at = place(s, t->ref, t->elements, 0);

            if ((t->fill.output || t->written_over) &&
                CEDM_REF_IS_F32(t->ref) == f) {
                memcpy(rest + at, s->before[f] + at,
                       (size_t)s->setting.n * t->elements * sizeof(float));
            }
        }
        same_bits(rest, s->before[f], bytes, what, names[f]);
        free(rest);
    }
}

static void check_guards(const stage *s, const char *what)
{
    size_t stride = s->exec.scratch_stride;
    unsigned char guard[GUARD_BYTES];

    fill_guard(guard, sizeof guard);
    for (uint32_t w = 0; w < s->setting.workers; w++) {
        same_bits(s->scratch + (w + 1) * stride, guard, sizeof guard, what,
                  "the guard after a worker's scratch");
    }
    same_bits(s->scratch, guard, sizeof guard, what,
              "the guard before scratch");
    same_bits(s->data, s->data_before, s->data_elements * sizeof(float), what,
              "the blob");
    same_bits(s->prepared, s->prepared_before, s->sizes.weights + GUARD_BYTES,
              what, "prepared weights");
}

/* What images are conditioned on: `values` again and again. */
static void repeat(void *to, const void *values)
{
    for (uint32_t i = 0; i < STAGE_IMAGES; i += 8) {
        memcpy((unsigned char *)to + i * sizeof(float), values,
               8 * sizeof(float));
    }
}

void stage_run(stage *s, const stage_setting *setting,
               const cedm_backend *backend, stage_call *call, const void *op,
               const char *what)
{
    static int32_t clusters[STAGE_IMAGES], others[STAGE_IMAGES];
    static float shares[STAGE_IMAGES];
    stage_pool pool = {setting->workers};
    size_t stride;

    repeat(clusters, (const int32_t[8]){1, -1, 0, 2, 1, 0, -1, 2});
    repeat(others, (const int32_t[8]){2, 1, 0, -1, 1, 2, 0, 1});
    repeat(shares, (const float[8]){0, 0.25f, 1, 0.75f, 0, 0.5f, 0.5f, 0});
    s->setting = *setting;
    open_memory(s);
    prepare(s, backend, call, op, what);
    /* Each worker's scratch ends with a guard; one more before the first. */
    stride = (size_t)CEDM_ALIGN_UP(s->sizes.scratch) + GUARD_BYTES;
    s->scratch = guarded((setting->workers + 1) * stride);
    assert_true(setting->first + setting->n <= STAGE_IMAGES);
    s->exec = (cedm_exec){
        .model = &s->model,
        .data = s->data,
        .weights = s->prepared,
        .act = s->segment[0],
        .f32 = s->segment[1],
        .scratch = s->scratch + GUARD_BYTES,
        .scratch_stride = stride,
        .cluster = clusters + setting->first,
        .other = others + setting->first,
        .share = shares + setting->first,
        .batch = setting->batch,
        .n = setting->n,
        .workers = setting->workers,
        .parallel_for = parallel_of(setting),
        .pool = &pool,
    };
    poison(s, true);
    call(backend->run, &s->exec, op);
    poison(s, false);
    check_segments(s, what);
    check_guards(s, what);
}

void stage_close(stage *s)
{
    for (int f = 0; f < 2; f++) {
        free(s->segment[f]);
        free(s->before[f]);
    }
    free(s->data);
    free(s->data_before);
    free(s->scratch);
    free(s->prepared);
    free(s->prepared_before);
    memset(s, 0, sizeof *s);
}
