/* SPDX-License-Identifier: MIT
 *
 * grad_test.c - loss and every gradient against the reference's float64. */
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trainer/net.h"

/* Relative RMS error of a tensor's gradient.  Single precision gives the
 * reference itself about 1e-6. */
#define TOLERANCE 1e-5

typedef struct golden {
    cg_file *checkpoint, *file;
    uint32_t n, pixels, channels;
    float *images, *noise, *labels;
    double *sigma;
    int32_t *cluster;
    uint64_t *index;
} golden;

static const cg_array *need(const cg_file *file, const char *name)
{
    const cg_array *array = cg_find(file, name);

    if (array == NULL) {
        fail_msg("%s: no %s", file->path, name);
    }
    return array;
}

static cg_file *open_file(const char *name, const char *suffix)
{
    cg_error error = {""};
    char path[256];
    cg_file *file;

    (void)snprintf(path, sizeof path, "tests/golden/%s%s.safetensors", name,
                   suffix);
    file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

/* [n][C][H][W] to [n][H][W][C]. */
static float *as_pixels(const cg_array *a)
{
    uint64_t channels = a->shape[1], pixels = a->shape[2] * a->shape[3];
    float *out = calloc(a->elements, sizeof *out);

    assert_non_null(out);
    for (uint64_t i = 0; i < a->elements; i++) {
        uint64_t p = i % pixels, c = i / pixels % channels;
        uint64_t image = i / pixels / channels;

        out[(image * pixels + p) * channels + c] = (float)cg_element(a, i);
    }
    return out;
}

static void load(golden *g, const char *name)
{
    const cg_array *y, *labels;

    g->checkpoint = open_file(name, "");
    g->file = open_file(name, ".grad");
    y = need(g->file, "y");
    labels = cg_find(g->file, "augment_labels");
    g->n = (uint32_t)y->shape[0];
    g->channels = (uint32_t)y->shape[1];
    g->pixels = (uint32_t)(y->shape[2] * y->shape[3]);
    g->images = as_pixels(y);
    g->noise = as_pixels(need(g->file, "noise"));
    g->sigma = calloc(g->n, sizeof *g->sigma);
    g->cluster = calloc(g->n, sizeof *g->cluster);
    g->index = calloc(g->n, sizeof *g->index);
    g->labels =
        labels == NULL ? NULL : calloc(labels->elements, sizeof(float));
    for (uint32_t i = 0; i < g->n; i++) {
        g->sigma[i] = cg_element(need(g->file, "sigma"), i);
        g->cluster[i] = (int32_t)cg_element(need(g->file, "cluster"), i);
        g->index[i] = i;
    }
    for (uint64_t i = 0; labels != NULL && i < labels->elements; i++) {
        g->labels[i] = (float)cg_element(labels, i);
    }
}

static void unload(golden *g)
{
    cg_close(g->checkpoint);
    cg_close(g->file);
    free(g->images);
    free(g->noise);
    free(g->labels);
    free(g->sigma);
    free(g->cluster);
    free(g->index);
}

/* All parts of the program's params against grad.<name>. */
static uint32_t compare(const train_net *net, const golden *g)
{
    const cg_program *p = net->training->program;
    uint32_t compared = 0;

    for (uint32_t i = 0; i < p->param_count; i++) {
        const float *grad = net->exec.grads + p->params[i].offset;

        for (uint32_t k = 0; k < p->params[i].part_count; k++) {
            const cg_part *part = &p->params[i].parts[k];
            double error = 0.0, size = 0.0;
            const cg_array *wanted;
            char name[256];

            if (part->array == NULL ||
                p->params[i].offset >= net->training->trained_elements) {
                continue;
            }
            (void)snprintf(name, sizeof name, "grad.%s", part->array->name);
            wanted = need(g->file, name);
            for (uint64_t e = 0; e < part->elements; e++) {
                double w = cg_element(wanted, cg_part_source(part, e));
                double d = (double)grad[e] - w;

                error += d * d;
                size += w * w;
            }
            if (!(sqrt(error) <= TOLERANCE * sqrt(size))) {
                print_error("%s: relative RMS %.3g, wanted %.3g\n", name,
                            sqrt(error / size), TOLERANCE);
                compared += 1000000;
            }
            grad += part->elements;
            compared++;
        }
    }
    return compared;
}

static void check_loss(const golden *g, double loss, const double *denoised)
{
    double wanted = cg_element(need(g->file, "loss"), 0);
    const cg_array *d = need(g->file, "denoised");
    double error = 0.0, size = 0.0;

    for (uint64_t i = 0; i < d->elements; i++) {
        uint64_t p = i % g->pixels, c = i / g->pixels % g->channels;
        uint64_t image = i / g->pixels / g->channels;
        double w = cg_element(d, i);
        double e = denoised[(image * g->pixels + p) * g->channels + c] - w;

        error += e * e;
        size += w * w;
    }
    if (!(sqrt(error / size) <= TOLERANCE)) {
        fail_msg("denoised: relative RMS %.3g", sqrt(error / size));
    }
    if (!(fabs(loss - wanted) <= TOLERANCE * wanted)) {
        fail_msg("loss %.9g, wanted %.9g", loss, wanted);
    }
}

static void check(const char *name, uint32_t isa, bool dropout)
{
    golden g = {0};
    cg_error error = {""};
    size_t gradients = 0;
    uint32_t compared;
    double *denoised, loss;
    train_net *net;

    load(&g, name);
    denoised = calloc((size_t)g.n * g.pixels * g.channels, sizeof(double));
    net = train_net_open(
        g.checkpoint,
        &(train_net_options){
            .batch = g.n, .workers = 1, .dropout = dropout, .isa = isa},
        &error);
    if (net == NULL) {
        fail_msg("%s", error.text);
    }
    loss = train_net_gradient(net,
                              &(train_batch){.n = g.n,
                                             .images = g.images,
                                             .noise = g.noise,
                                             .sigma = g.sigma,
                                             .cluster = g.cluster,
                                             .labels = g.labels,
                                             .index = g.index,
                                             .share = 1.0 / g.n},
                              denoised);
    compared = compare(net, &g);
    for (size_t i = 0; i < g.file->array_count; i++) {
        gradients += strncmp(g.file->arrays[i].name, "grad.", 5) == 0;
    }
    train_net_close(net);
    check_loss(&g, loss, denoised);
    free(denoised);
    unload(&g);
    assert_int_equal(compared, gradients);
}

/* The sum of two halves' gradients is the whole's, but for rounding; halves
 * run in an arena of half the size. */
static void test_accumulation(void **state)
{
    golden g = {0};
    cg_error error = {""};
    double loss[2] = {0.0, 0.0}, difference = 0.0, size = 0.0;
    train_net *net[2];

    (void)state;
    load(&g, "ddpmpp-tiny");
    for (int k = 0; k < 2; k++) {
        uint32_t n = k == 0 ? g.n : g.n / 2;
        size_t pixels = (size_t)g.pixels * g.channels;

        net[k] = train_net_open(g.checkpoint,
                                &(train_net_options){.batch = n,
                                                     .workers = 1,
                                                     .dropout = true,
                                                     .isa = CEDM_ISA_ALL},
                                &error);
        assert_non_null(net[k]);
        for (uint32_t i = 0; i < g.n; i += n) {
            loss[k] += train_net_gradient(
                net[k],
                &(train_batch){.n = n,
                               .images = g.images + i * pixels,
                               .noise = g.noise + i * pixels,
                               .sigma = g.sigma + i,
                               .cluster = g.cluster + i,
                               .labels = g.labels + 9 * i,
                               .index = g.index + i,
                               .seed = 3,
                               .step = 8,
                               .dropout = 0.2f,
                               .share = 1.0 / g.n},
                NULL);
        }
    }
    for (uint64_t i = 0; i < net[0]->training->trained_elements; i++) {
        double whole = (double)net[0]->exec.grads[i];
        double d = (double)net[1]->exec.grads[i] - whole;

        difference += d * d;
        size += whole * whole;
    }
    assert_true(size > 0.0);
    if (!(sqrt(difference / size) <= 1e-6)) {
        fail_msg("relative RMS %.3g", sqrt(difference / size));
    }
    assert_true(fabs(loss[0] - loss[1]) <= 1e-6 * loss[0]);
    train_net_close(net[0]);
    train_net_close(net[1]);
    unload(&g);
}

/* A network with dropout layers denoises as one without, also if it had no
 * batch before, of whose images they could know. */
static void test_denoise(void **state)
{
    static const uint32_t isas[] = {0, CEDM_ISA_ALL};
    golden g = {0};
    cg_error error = {""};
    size_t pixels;
    double *x, *d[2];

    (void)state;
    load(&g, "ddpmpp-tiny");
    pixels = (size_t)g.pixels * g.channels;
    x = calloc(3 * pixels, sizeof *x);
    assert_non_null(x);
    d[0] = x + pixels;
    d[1] = d[0] + pixels;
    for (size_t e = 0; e < pixels; e++) {
        x[e] = (double)(g.images[e] + 3.0f * g.noise[e]);
    }
    for (int i = 0; i < 2; i++) {
        double difference = 0.0, size = 0.0;

        for (int k = 0; k < 2; k++) {
            train_net *net =
                train_net_open(g.checkpoint,
                               &(train_net_options){.batch = 1,
                                                    .workers = 1,
                                                    .dropout = k == 1,
                                                    .isa = isas[i]},
                               &error);

            assert_non_null(net);
            train_net_denoise(net, 1, x, 3.0, g.cluster, d[k]);
            train_net_close(net);
        }
        for (size_t e = 0; e < pixels; e++) {
            difference += (d[1][e] - d[0][e]) * (d[1][e] - d[0][e]);
            size += d[0][e] * d[0][e];
        }
        assert_true(size > 0.0 && sqrt(difference / size) <= TOLERANCE);
    }
    free(x);
    unload(&g);
}

static void test_plain(void **state)
{
    const char *const *name = *state;

    check(*name, 0, false);
}

/* The dropout layers of rate 0 change nothing. */
static void test_avx2(void **state)
{
    const char *const *name = *state;

    check(*name, CEDM_ISA_avx2, true);
}

static void test_best(void **state)
{
    const char *const *name = *state;

    check(*name, CEDM_ISA_ALL, true);
}

int main(void)
{
    static const char *names[] = {"uncond-tiny", "ddpmpp-tiny", "ncsnpp-tiny",
                                  "adm-tiny", "fashion"};
#define ALL(i)                                                               \
    cmocka_unit_test_prestate(test_plain, &names[i]),                        \
        cmocka_unit_test_prestate(test_avx2, &names[i]),                     \
        cmocka_unit_test_prestate(test_best, &names[i])
    const struct CMUnitTest tests[] = {ALL(0),
                                       ALL(1),
                                       ALL(2),
                                       ALL(3),
                                       ALL(4),
                                       cmocka_unit_test(test_accumulation),
                                       cmocka_unit_test(test_denoise)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
