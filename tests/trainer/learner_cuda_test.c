/* SPDX-License-Identifier: MIT
 *
 * learner_cuda_test.c LIBRARY - a network that learns on a device, beside
 * one on the CPU: the whole of libcedm_cuda_train and what the trainer makes
 * of it.  Without it the device is emulated. */
#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "trainer/learner_cuda.h"
#include "trainer/model_file.h"
#include "host/random/random.h"

#define MICRO 2u
#define BATCH 4u /* of an update */
#define RATE 1e-3
#define BETA 0.9
#define SCALE 1024.0f /* the gradients of this network are large */

static const char config[] =
    "{\"model_type\":\"SongUNet\",\"precond\":\"EDMPrecond\","
    "\"img_resolution\":8,\"img_channels\":3,\"label_dim\":2,"
    "\"model_channels\":16,\"channel_mult\":[1,2],\"num_blocks\":1,"
    "\"attn_resolutions\":[4],\"dropout\":0.25,\"augment_dim\":9,"
    "\"embedding_type\":\"positional\",\"encoder_type\":\"standard\","
    "\"decoder_type\":\"standard\",\"channel_mult_noise\":1,"
    "\"resample_filter\":[1,1]}";

static const char *const names[] = {"fp16", "bf16", "fp32"};
static host_cuda_library library = {.file = TRAIN_LEARNER_CUDA_FILE};
static const char *real; /* LIBRARY */
static train_model_file *model;

/* ---- set-up ------------------------------------------------------------- */

/* The stand-in lies beside the tests.  Builds without it have none. */
static bool find_library(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 64);

    assert_true(length > 0);
    path[length] = '\0';
    (void)snprintf(strrchr(path, '/'), 64, "/fake/%s",
                   TRAIN_LEARNER_CUDA_FILE);
    return access(path, F_OK) == 0;
}

static int open_library(void **state)
{
    char path[4096];
    host_failure f = HOST_FAILURE_UNSAID;

    (void)state;
    if (real == NULL && !find_library(path, sizeof path)) {
        print_message("skipped: no emulated device\n");
        return 0;
    }
    library.handle =
        dlopen(real != NULL ? real : path, RTLD_NOW | RTLD_LOCAL);
    if (library.handle == NULL) {
        fail_msg("%s", dlerror());
    }
    if (!host_cuda_library_take(&library, real != NULL ? real : path, &f)) {
        fail_msg("%s", f.text);
    }
    model = train_model_file_new(config, 1, &f);
    assert_non_null(model);
    return 0;
}

static int close_library(void **state)
{
    (void)state;
    train_model_file_free(model);
    if (library.handle != NULL) {
        dlclose(library.handle);
    }
    return 0;
}

static void need_device(void)
{
    if (library.api == NULL) {
        skip();
    }
}

/* Networks begin with zeros in many places, which have no gradient. */
static void stir(train_learner *l)
{
    double z[2];

    for (uint32_t i = 0; i < l->training->trained_elements; i++) {
        host_random_normal(&(host_random_key){.seed = 1}, i, z);
        l->sets[TRAIN_LEARNER_PARAMS][i] += (float)(0.1 * z[0]);
        l->sets[TRAIN_LEARNER_EMA][i] = l->sets[TRAIN_LEARNER_PARAMS][i];
    }
}

static train_learner *open_on(enum cedm_cuda_precision precision,
                              uint32_t batch)
{
    const train_learner_cuda_options options = {.library = &library,
                                                .precision = precision,
                                                .images = BATCH,
                                                .batch = batch,
                                                .share = 1.0 / BATCH,
                                                .dropout = 0.25f,
                                                .seed = 3};
    host_failure f = HOST_FAILURE_UNSAID;
    train_learner *l =
        train_learner_cuda_open(train_model_file_get(model), &options, &f);

    if (l == NULL) {
        fail_msg("%s", f.text);
    }
    assert_true(
        l->counts.scale ==
        (precision == CEDM_CUDA_FP16 ? TRAIN_LEARNER_FIRST_SCALE : 1.0f));
    if (precision == CEDM_CUDA_FP16) {
        l->counts.scale = SCALE;
    }
    stir(l);
    assert_true(l->kind->push(l, &f));
    return l;
}

static train_learner *open_on_cpu(void)
{
    const train_net_options options = {
        .batch = MICRO, .workers = 1, .dropout = true};
    host_failure f = HOST_FAILURE_UNSAID;
    train_learner *l =
        train_learner_cpu_open(train_model_file_get(model), &options, &f);

    if (l == NULL) {
        fail_msg("%s", f.text);
    }
    stir(l);
    assert_true(l->kind->push(l, &f));
    return l;
}

/* ---- training ----------------------------------------------------------- */

/* A micro-batch, its own for every one of a run.  What it is made of is
 * overwritten when gradient returned, as a run's is. */
static void add_gradient(train_learner *l, uint32_t update, uint32_t part)
{
    const cg_program *p = l->training->program;
    size_t pixels = (size_t)p->denoiser.resolution * p->denoiser.resolution *
                    p->denoiser.channels;
    size_t labels = l->training->augment_dim;
    size_t count = l->batch * (2 * pixels + labels);
    float *values = calloc(count, sizeof *values);
    double sigma[BATCH], z[2];
    int32_t cluster[BATCH];
    static uint64_t index[BATCH]; /* the CPU looks at it again */
    host_random_key key = {.seed = 9, .step = update, .image = part};
    host_failure f = HOST_FAILURE_UNSAID;

    assert_non_null(values);
    for (uint32_t i = 0; i < count; i++) {
        host_random_normal(&key, i, z);
        values[i] = (float)(i < l->batch * pixels ? 0.5 * z[0] : z[0]);
    }
    for (uint32_t i = 0; i < l->batch; i++) {
        host_random_normal(&key, (uint32_t)count + i, z);
        sigma[i] = exp(-1.2 + 1.2 * z[0]);
        index[i] = (uint64_t)update * BATCH + part * l->batch + i;
        cluster[i] = (int32_t)(index[i] % (p->denoiser.label_dim + 1)) - 1;
    }
    if (!l->kind->gradient(
            l,
            &(train_batch){.n = l->batch,
                           .images = values,
                           .noise = values + l->batch * pixels,
                           .labels = values + 2 * l->batch * pixels,
                           .sigma = sigma,
                           .cluster = cluster,
                           .index = index,
                           .seed = 3,
                           .step = update,
                           .dropout = 0.25f,
                           .share = 1.0 / BATCH},
            &f)) {
        fail_msg("%s", f.text);
    }
    memset(values, 0xff, count * sizeof *values);
    free(values);
}

/* Updates first .. end - 1; the sum of their losses. */
static double train(train_learner *l, uint32_t first, uint32_t end)
{
    const train_adam_update rates = {.lr = RATE, .ema_beta = BETA};
    host_failure f = HOST_FAILURE_UNSAID;
    double loss = 0.0;

    for (uint32_t u = first; u < end; u++) {
        for (uint32_t part = 0; part < BATCH / l->batch; part++) {
            add_gradient(l, u, part);
        }
        assert_true(l->kind->update(l, &rates, &f));
        loss += l->loss;
    }
    assert_true(l->kind->settle(l, &f));
    loss += l->loss;
    assert_true(l->kind->pull(l, &f));
    return loss;
}

/* The size of a - b beside that of b. */
static double distance(const float *a, const float *b, uint64_t n)
{
    double error = 0.0, size = 0.0;

    for (uint64_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i];

        error += d * d;
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(error / size);
}

/* A gradient is off by as much as tests/cuda/train/cuda_train_net_test.c
 * allows, and the first moment is made of gradients.  Losses are sums of
 * squares, which the network's own error changes little. */
static void test_near_cpu(void **state)
{
    static const double moments[] = {30 * 0x1p-11, 30 * 0x1p-8, 3e-5};
    static const double losses[] = {1e-3, 1e-2, 1e-6};
    train_learner *cpu;
    double wanted;

    (void)state;
    need_device();
    cpu = open_on_cpu();
    wanted = train(cpu, 0, 2);
    for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
        train_learner *l = open_on((enum cedm_cuda_precision)p, MICRO);
        double loss = train(l, 0, 2), off;

        if (!(fabs(loss - wanted) <= losses[p] * wanted)) {
            fail_msg("%s: losses %.9g, wanted %.9g", names[p], loss, wanted);
        }
        off = distance(l->sets[TRAIN_LEARNER_M], cpu->sets[TRAIN_LEARNER_M],
                       l->training->trained_elements);
        if (!(off <= moments[p])) {
            fail_msg("%s: first moment off by %.3g, wanted %.3g", names[p],
                     off, moments[p]);
        }
        assert_int_equal(l->counts.updates, 2);
        assert_int_equal(l->counts.skipped, 0);
        assert_int_equal(l->counts.not_finite, 0);
        l->kind->close(l);
    }
    cpu->kind->close(cpu);
}

/* ---- the life of a run -------------------------------------------------- */

static void copy_state(train_learner *to, const train_learner *from)
{
    for (int i = 0; i < TRAIN_LEARNER_SETS; i++) {
        memcpy(to->sets[i], from->sets[i],
               from->training->trained_elements * sizeof(float));
    }
    to->counts = from->counts;
}

static void check_equal(const train_learner *a, const train_learner *b)
{
    for (int i = 0; i < TRAIN_LEARNER_SETS; i++) {
        assert_memory_equal(a->sets[i], b->sets[i],
                            a->training->trained_elements * sizeof(float));
    }
    assert_int_equal(a->counts.updates, b->counts.updates);
    assert_int_equal(a->counts.good, b->counts.good);
    assert_true(a->counts.scale == b->counts.scale);
}

/* Two updates have the bits of one and one in another net, whose life before
 * is forgotten. */
static void test_resume(void **state)
{
    train_learner *whole, *part, *next;
    host_failure f = HOST_FAILURE_UNSAID;
    double loss;

    (void)state;
    need_device();
    whole = open_on(CEDM_CUDA_FP16, MICRO);
    loss = train(whole, 0, 2);
    part = open_on(CEDM_CUDA_FP16, MICRO);
    loss -= train(part, 0, 1);
    next = open_on(CEDM_CUDA_FP16, MICRO);
    (void)train(next, 7, 8);
    copy_state(next, part);
    assert_true(next->kind->push(next, &f));
    loss -= train(next, 1, 2);
    assert_true(fabs(loss) < 1e-9);
    check_equal(next, whole);
    part->kind->close(part);
    whole->kind->close(whole);
    next->kind->close(next);
}

/* A scale that 16 bits cannot hold: no update, half the scale. */
static void test_overflow(void **state)
{
    const float scale = 0x1p40f;
    train_learner *l;
    host_failure f = HOST_FAILURE_UNSAID;
    float *before;
    uint64_t n;

    (void)state;
    need_device();
    l = open_on(CEDM_CUDA_FP16, MICRO);
    n = l->training->trained_elements;
    before = malloc(n * sizeof *before);
    assert_non_null(before);
    memcpy(before, l->sets[TRAIN_LEARNER_PARAMS], n * sizeof *before);
    l->counts.scale = scale;
    assert_true(l->kind->push(l, &f));
    (void)train(l, 0, 1);
    assert_int_equal(l->counts.skipped, 1);
    assert_int_equal(l->counts.updates, 0);
    assert_true(l->counts.not_finite > 0);
    assert_true(l->counts.scale == scale / 2);
    assert_memory_equal(before, l->sets[TRAIN_LEARNER_PARAMS],
                        n * sizeof *before);
    l->counts.scale = 1024.0f;
    assert_true(l->kind->push(l, &f));
    (void)train(l, 1, 2);
    assert_int_equal(l->counts.skipped, 1);
    assert_int_equal(l->counts.updates, 1);
    assert_true(l->counts.scale == 1024.0f);
    assert_true(memcmp(before, l->sets[TRAIN_LEARNER_PARAMS],
                       n * sizeof *before) != 0);
    free(before);
    l->kind->close(l);
}

/* ---- drawing ------------------------------------------------------------ */

/* One image in a batch for two, between updates that it must not disturb. */
static void test_denoise(void **state)
{
    static double x[4096], wanted[4096], got[4096];
    const int32_t cluster[1] = {1};
    train_learner *cpu, *l;
    host_failure f = HOST_FAILURE_UNSAID;
    double error = 0.0, size = 0.0, z[2];
    size_t pixels;

    (void)state;
    need_device();
    cpu = open_on_cpu();
    l = open_on(CEDM_CUDA_FP32, MICRO);
    pixels = (size_t)l->training->program->denoiser.resolution *
             l->training->program->denoiser.resolution *
             l->training->program->denoiser.channels;
    assert_true(pixels <= 4096);
    for (uint32_t e = 0; e < pixels; e++) {
        host_random_normal(&(host_random_key){.seed = 2}, e, z);
        x[e] = 3.0 * z[0];
    }
    add_gradient(cpu, 0, 0);
    add_gradient(l, 0, 0);
    assert_true(cpu->kind->denoise(cpu, 1, x, 3.0, cluster, wanted, &f));
    assert_true(l->kind->denoise(l, 1, x, 3.0, cluster, got, &f));
    for (size_t e = 0; e < pixels; e++) {
        error += (got[e] - wanted[e]) * (got[e] - wanted[e]);
        size += wanted[e] * wanted[e];
    }
    if (!(sqrt(error / size) <= 1e-5)) {
        fail_msg("off by %.3g of its size", sqrt(error / size));
    }
    l->kind->close(l);
    cpu->kind->close(cpu);
}

/* ---- memory ------------------------------------------------------------- */

static void test_memory(void **state)
{
    train_learner_cuda_options options = {.library = &library,
                                          .precision = CEDM_CUDA_FP16,
                                          .images = BATCH,
                                          .batch = BATCH,
                                          .share = 1.0 / BATCH};
    host_failure f = HOST_FAILURE_UNSAID;
    train_learner *l;

    (void)state;
    need_device();
    if (real != NULL) {
        skip(); /* it has what it has */
    }
    assert_int_equal(setenv("EMULATED_BYTES", "75000000", 1), 0);
    l = train_learner_cuda_open(train_model_file_get(model), &options, &f);
    assert_non_null(l);
    assert_int_equal(l->batch, 1); /* half of the memory is not enough */
    l->kind->close(l);
    options.fixed = true;
    l = train_learner_cuda_open(train_model_file_get(model), &options, &f);
    assert_non_null(l);
    assert_int_equal(l->batch, BATCH);
    l->kind->close(l);
    assert_int_equal(setenv("EMULATED_BYTES", "1000", 1), 0);
    assert_null(
        train_learner_cuda_open(train_model_file_get(model), &options, &f));
    assert_non_null(strstr(f.text, "cuda:0: emulator has 1000 of 1000 bytes "
                                   "free; wanted "));
    assert_non_null(strstr(f.text, "; use a smaller --micro-batch"));
    assert_int_equal(unsetenv("EMULATED_BYTES"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_cpu), cmocka_unit_test(test_resume),
        cmocka_unit_test(test_overflow), cmocka_unit_test(test_denoise),
        cmocka_unit_test(test_memory)};

    real = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests_name("learning on CUDA", tests,
                                       open_library, close_library);
}
