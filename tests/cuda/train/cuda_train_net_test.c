/* SPDX-License-Identifier: MIT
 *
 * cuda_train_net_test.c - both ways of a whole network on a device, with
 * dropout and a loss scale, against the trainer's plain ops: every op in its
 * place. */
#include <stdio.h>

#include "trainer/cuda/device_net.h"
#include "tests/cuda/train/fixture.h"
#include "trainer/net.h"
#include "runtime/noise_level.h"

#define IMAGES 2u
#define SCALE 4096.0f

typedef struct subject {
    train_net *net;
    train_batch batch;
    float *grads; /* of the plain ops */
    double loss;
} subject;

static double sigmas[IMAGES] = {0.2, 3.0};
static int32_t clusters[IMAGES] = {1, -1};
static uint64_t indices[IMAGES] = {5, 6};

static void open_subject(subject *s)
{
    const train_net_options options = {
        .batch = IMAGES, .workers = 1, .dropout = true};
    cg_error error = {""};
    cg_file *file = cg_open("tests/golden/ddpmpp-tiny.safetensors", &error);
    const cg_program *p;
    size_t count;
    float *images, *noise;

    assert_non_null(file);
    s->net = train_net_open(file, &options, &error);
    assert_non_null(s->net);
    cg_close(file);
    p = s->net->training->program;
    count = (size_t)IMAGES * p->denoiser.resolution * p->denoiser.resolution *
            p->denoiser.channels;
    images = malloc(count * sizeof *images);
    noise = malloc(count * sizeof *noise);
    assert_non_null(images);
    assert_non_null(noise);
    for (size_t i = 0; i < count; i++) {
        images[i] = 0.5f * random_normal_float();
        noise[i] = random_normal_float();
    }
    s->batch = (train_batch){.n = IMAGES,
                             .images = images,
                             .noise = noise,
                             .sigma = sigmas,
                             .cluster = clusters,
                             .index = indices,
                             .seed = 3,
                             .step = 8,
                             .dropout = 0.25f,
                             .share = 1.0 / IMAGES};
    train_net_refresh(s->net);
    train_net_zero_grads(s->net);
    s->loss = train_net_gradient(s->net, &s->batch, NULL);
    s->grads = s->net->exec.grads;
}

/* ---- on the device ------------------------------------------------------ */

static void *put(const void *from, size_t bytes)
{
    void *memory = device_take(bytes);

    device_put(memory, from, bytes);
    return memory;
}

static void run_steps(const train_cuda_exec *exec, const cg_training *t,
                      uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const char *name;

        assert_int_equal(train_cuda_run_step(exec, &t->steps[i], &name), 0);
    }
}

static void open_exec(train_cuda_exec *e, const subject *s,
                      enum cedm_cuda_precision precision, uint32_t *index)
{
    static const uint32_t flags[IMAGES];
    const cg_training *t = s->net->training;
    uint64_t workspace = CEDM_CUDA_WORKSPACE_BYTES;
    size_t f32 = (size_t)t->f32.elements * IMAGES * sizeof(float);
    float *zeros = calloc(1, f32 + t->trained_elements * sizeof(float));
    float *params = calloc(t->data_elements, sizeof *params);

    assert_non_null(zeros);
    assert_non_null(params);
    for (uint32_t i = 0; i < t->step_count; i++) {
        uint64_t bytes =
            !t->steps[i].training
                ? 0
                : train_cuda_workspace(&t->steps[i].grad, precision, IMAGES);

        workspace = bytes > workspace ? bytes : workspace;
    }
    for (uint32_t i = 0; i < IMAGES; i++) { /* no labels: zeros */
        cedm_noise_features(
            &t->program->denoiser.features, s->net->data,
            log(sigmas[i]) / 4.0,
            zeros + (size_t)IMAGES * CEDM_REF_OFFSET(t->features_ref) +
                i * t->program->denoiser.features.channels);
    }
    /* What is derived is left to the device. */
    memcpy(params, s->net->data, t->data_elements * sizeof *params);
    for (uint32_t i = 0; i < t->derived_count; i++) {
        const cg_derived *d = &t->derived[i];

        memset(params + d->to, 0,
               (size_t)d->count * d->kernel * d->kernel * d->outputs * 4);
    }
    *e = (train_cuda_exec){
        .base = {.precision = precision,
                 .batch = IMAGES,
                 .arch = device_arch(),
                 .multiprocessors = 4,
                 .act = device_take((size_t)t->act.elements * IMAGES * 4),
                 .f32 = put(zeros, f32),
                 .index = index,
                 .cluster = put(clusters, sizeof clusters),
                 .overflow = put(flags, sizeof flags),
                 .workspace = device_take((size_t)workspace),
                 .workspace_bytes = (size_t)workspace},
        .data = put(params, t->data_elements * sizeof *params),
        .packed =
            device_take((size_t)train_cuda_count_parts(t, precision, index)),
        .dropout = s->batch.dropout,
        .seed = s->batch.seed,
        .step = put(&s->batch.step, sizeof s->batch.step),
        .images = put(indices, sizeof indices)};
    memset(zeros, 0, t->trained_elements * sizeof *zeros);
    e->grads = put(zeros, t->trained_elements * sizeof *zeros);
    e->base.weights = e->packed;
    free(zeros);
    free(params);
}

static void close_exec(train_cuda_exec *e)
{
    device_give(e->base.act);
    device_give(e->base.f32);
    device_give((void *)(uintptr_t)e->base.cluster);
    device_give(e->base.overflow);
    device_give(e->base.workspace);
    device_give(e->data);
    device_give(e->packed);
    device_give(e->grads);
    device_give((void *)(uintptr_t)e->step);
    device_give((void *)(uintptr_t)e->images);
}

/* The gradient into `grads`, the loss returned. */
static double run_device(const subject *s, train_cuda_exec *e, float *grads)
{
    const cg_training *t = s->net->training;
    const cg_program *p = t->program;
    uint32_t elements = p->denoiser.resolution * p->denoiser.resolution *
                        p->denoiser.channels;
    size_t bytes = (size_t)IMAGES * elements * sizeof(float);
    train_cuda_state state = {.scale = SCALE};
    train_cuda_scalings scalings[IMAGES];
    double loss[IMAGES];
    train_cuda_batch batch = {.elements = elements,
                              .images = put(s->batch.images, bytes),
                              .noise = put(s->batch.noise, bytes),
                              .input = t->input_ref,
                              .output = t->output_ref,
                              .output_grad = t->output_grad_ref,
                              .share = s->batch.share,
                              .loss = device_take(sizeof loss)};
    train_cuda_state *setting = put(&state, sizeof state);

    for (uint32_t i = 0; i < IMAGES; i++) { /* [EDM, table 1] */
        double square = p->denoiser.sigma_data * p->denoiser.sigma_data;
        double sum = sigmas[i] * sigmas[i] + square;

        scalings[i] = (train_cuda_scalings){
            sigmas[i], 1.0 / sqrt(sum), square / sum,
            sigmas[i] * p->denoiser.sigma_data / sqrt(sum),
            sum / (sigmas[i] * sigmas[i] * square)};
    }
    batch.scalings = put(scalings, sizeof scalings);
    for (uint32_t i = 0; i < t->derived_count; i++) {
        assert_int_equal(train_cuda_derive(e, &t->derived[i]), 0);
    }
    for (uint32_t i = 0; i < t->step_count; i++) {
        if (!t->steps[i].training) {
            assert_int_equal(train_cuda_pack_op(e, &t->steps[i].op), 0);
        }
    }
    assert_int_equal(train_cuda_load(e, &batch), 0);
    run_steps(e, t, 0, t->forward_count);
    assert_int_equal(train_cuda_loss(e, &batch, setting), 0);
    run_steps(e, t, t->forward_count, t->step_count);
    device_get(grads, e->grads, t->trained_elements * sizeof *grads);
    device_get(loss, batch.loss, sizeof loss);
    device_give((void *)(uintptr_t)batch.images);
    device_give((void *)(uintptr_t)batch.noise);
    device_give((void *)(uintptr_t)batch.scalings);
    device_give(batch.loss);
    device_give(setting);
    return (loss[0] + loss[1]) * s->batch.share;
}

/* About fifty maps are rounded on each way, and each rounding changes the
 * gradient by about u of its size: 10 u as they are independent; a third of
 * what is allowed.  In float it is what the CPU is allowed against the
 * reference. */
static void check_precision(const subject *s,
                            enum cedm_cuda_precision precision)
{
    static const double bounds[CEDM_CUDA_PRECISIONS] = {30 * 0x1p-11,
                                                        30 * 0x1p-8, 1e-5};
    const cg_training *t = s->net->training;
    uint32_t *index = calloc(t->step_count, sizeof *index);
    float *grads = calloc(t->trained_elements, sizeof *grads);
    double loss, error = 0.0, size = 0.0;
    train_cuda_exec e;

    assert_non_null(index);
    assert_non_null(grads);
    open_exec(&e, s, precision, index);
    loss = run_device(s, &e, grads);
    for (uint64_t i = 0; i < t->trained_elements; i++) {
        double w = (double)s->grads[i];
        double d = (double)grads[i] / (double)SCALE - w;

        error += d * d;
        size += w * w;
    }
    if (!(sqrt(error) <= bounds[precision] * sqrt(size)) ||
        !(fabs(loss - s->loss) <= bounds[precision] * s->loss)) {
        fail_msg("%s: gradient off by %.3g of its size, loss %.9g, wanted "
                 "%.3g and %.9g",
                 precision_names[precision], sqrt(error / size), loss,
                 bounds[precision], s->loss);
    }
    close_exec(&e);
    free(index);
    free(grads);
}

static void test_network(void **state)
{
    subject s;

    (void)state;
    open_subject(&s);
    for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
        check_precision(&s, (enum cedm_cuda_precision)p);
    }
    free((void *)(uintptr_t)s.batch.images);
    free((void *)(uintptr_t)s.batch.noise);
    train_net_close(s.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_network)};

    if (!device_open() || train_cuda_kernels_init() != 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("cuda training network", tests, NULL,
                                       NULL);
}
