/* SPDX-License-Identifier: MIT
 *
 * gpu_encode.c - encoders on a GPU against the portable backend, in every
 * precision: features, bits that do not depend on slot or neighbours, a
 * number that 16 bits do not hold, and what is refused.
 *
 *     gpu_encode MODEL.so...
 *
 * Prints `N passed, N failed`, or `skipped: no device` with exit code 77. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gpu/both.h"

#define BATCH 3u

/* Relative RMS of an image's features, as of D: docs/NUMERICS.md. */
static const double limits[CEDM_CUDA_PRECISIONS] = {
    [CEDM_CUDA_FP16] = 5e-3,
    [CEDM_CUDA_BF16] = 4e-2,
    [CEDM_CUDA_FP32] = 1e-5,
};

/* A model and BATCH images: what they are, what is wanted of them, what is
 * got. */
typedef struct trial {
    both b;
    const cedm_encoder *encoder;
    size_t pixels, features;
    uint8_t *images, *turned;
    float *wanted, *got, *other;
} trial;

/* ---- the model ---------------------------------------------------------- */

static const cedm_model *code_of(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol =
        library != NULL ? dlsym(library, "cedm_model_entry") : NULL;
    cedm_model_entry_fn *entry;

    if (symbol == NULL) {
        both_need(CEDM_E_ABI, path);
    }
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no such conversion */
    return entry();
}

/* M.cedm beside M.so. */
static unsigned char *blob_of(const char *path, size_t *size)
{
    char name[4096];
    unsigned char *bytes;
    FILE *file;

    snprintf(name, sizeof name, "%.*s.cedm", (int)(strlen(path) - 3), path);
    file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        both_need(CEDM_E_BLOB_SHORT, name);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = both_memory(*size);
    if (fread(bytes, 1, *size, file) != *size) {
        both_need(CEDM_E_BLOB_SHORT, name);
    }
    fclose(file);
    return bytes;
}

static void open_trial(trial *t, const char *path)
{
    size_t size;
    unsigned char *blob = blob_of(path, &size);
    const cedm_model *model = code_of(path);

    memset(t, 0, sizeof *t);
    t->b.config = cedm_cuda_config_default();
    t->b.config.batch = BATCH;
    t->b.config.params.steps = 0; /* of no concern here */
    both_open_host(&t->b, model, blob, size);
    t->encoder = model->encoder;
    t->pixels =
        (size_t)t->encoder->height * t->encoder->width * t->encoder->channels;
    t->features = t->encoder->features;
    t->images = both_memory(BATCH * t->pixels);
    t->turned = both_memory(BATCH * t->pixels);
    t->wanted = both_memory(BATCH * t->features * sizeof(float));
    t->got = both_memory(BATCH * t->features * sizeof(float));
    t->other = both_memory(BATCH * t->features * sizeof(float));
    for (size_t i = 0; i < BATCH * t->pixels; i++) {
        t->images[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    }
    memcpy(t->turned, t->images + t->pixels, t->pixels);
    memcpy(t->turned + t->pixels, t->images, t->pixels);
    both_need(cedm_encode(&t->b.host, t->images, BATCH, t->wanted),
              "cedm_encode");
}

/* ---- comparisons -------------------------------------------------------- */

static double relative_rms(const float *got, const float *want, size_t n)
{
    double error = 0, size = 0;

    for (size_t i = 0; i < n; i++) {
        error += pow((double)got[i] - (double)want[i], 2);
        size += pow((double)want[i], 2);
    }
    return sqrt(error / size);
}

static int same(const trial *t, uint32_t is, uint32_t was)
{
    return memcmp(t->other + is * t->features, t->got + was * t->features,
                  t->features * sizeof(float)) == 0;
}

static void check_features(trial *t)
{
    both *b = &t->b;
    double limit = limits[b->config.precision];

    both_need(cedm_cuda_encode(b->net, t->images, BATCH, t->got), "encode");
    for (uint32_t i = 0; i < BATCH; i++) {
        double d = relative_rms(t->got + i * t->features,
                                t->wanted + i * t->features, t->features);

        both_expect(b, d <= limit, "features of an image", d, limit);
    }
    both_need(cedm_cuda_encode(b->net, t->turned, BATCH, t->other), "encode");
    both_expect(b, same(t, 0, 1) && same(t, 1, 0),
                "in another slot, beside others", 0, 0);
    both_need(cedm_cuda_encode(b->net, t->turned, 1, t->other), "encode");
    both_expect(b, same(t, 0, 1), "alone", 0, 0);
}

static void check_refusals(trial *t)
{
    both *b = &t->b;
    static const uint64_t seed = 1;
    const double sigma = 1;
    double out = 0;

    both_expect(
        b,
        cedm_cuda_encode(b->net, t->images, 0, t->other) == CEDM_E_COUNT &&
            cedm_cuda_encode(b->net, t->images, BATCH + 1, t->other) ==
                CEDM_E_COUNT,
        "none or too many images", 0, 0);
    both_expect(b,
                cedm_cuda_begin(b->net, &seed, NULL, 1) == CEDM_E_KIND &&
                    cedm_cuda_denoise(b->net, &out, &sigma, NULL, 1, &out) ==
                        CEDM_E_KIND &&
                    cedm_cuda_step(b->net) == CEDM_E_STATE,
                "what denoises", 0, 0);
}

/* ---- an overflow -------------------------------------------------------- */

#define IGNORE(name)                                                         \
    static void ignore_##name(void *ctx, const cedm_##name *op)              \
    {                                                                        \
        (void)ctx;                                                           \
        (void)op;                                                            \
    }
CEDM_GRAPH_OPS(IGNORE)
#undef IGNORE

static void find_first(void *ctx, const cedm_conv *op)
{
    cedm_conv *first = ctx;

    if (first->cout == 0) {
        *first = *op;
    }
}

/* A bias of 1e6, which fp16 does not hold. */
static void check_overflow(trial *t)
{
    both *b = &t->b;
#define MEMBER(name) .name = ignore_##name,
    cedm_ops finder = {CEDM_GRAPH_OPS(MEMBER)};
#undef MEMBER
    cedm_status wanted = b->config.precision == CEDM_CUDA_FP16
                             ? CEDM_E_OVERFLOW
                             : CEDM_OK,
                got;
    cedm_conv first = {0};
    float *bias, was;

    finder.conv = find_first;
    b->blob.model->graph.eval(&finder, &first);
    bias = (float *)(void *)(b->data + first.bias * sizeof *bias);
    was = *bias;
    *bias = 1e6f;
    both_open_device(b);
    *bias = was;
    got = cedm_cuda_encode(b->net, t->images, BATCH, t->other);
    both_expect(b, got == wanted, "status of an overflow", got, wanted);
    if (got != CEDM_OK) {
        both_expect(b, t->other[0] == 0.0f, "features of an overflow",
                    (double)t->other[0], 0);
    }
    cedm_cuda_close(b->net);
}

static void check_model(const char *path)
{
    static trial t; /* holds a cedm_net, which must not move */

    printf("%s\n", path);
    open_trial(&t, path);
    for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
        t.b.config.precision = (enum cedm_cuda_precision)p;
        both_take(&t.b);
        both_open_device(&t.b);
        check_features(&t);
        check_refusals(&t);
        cedm_cuda_close(t.b.net);
        if (t.b.blob.model->graph.dtype == CEDM_DTYPE_F32) {
            check_overflow(&t);
        }
        both_free(&t.b);
    }
}

int main(int argc, char **argv)
{
    cedm_cuda_device device;
    uint32_t count;

    if (cedm_cuda_devices(&count) != CEDM_OK ||
        cedm_cuda_describe(0, &device) != CEDM_OK) {
        puts("skipped: no device");
        return 77;
    }
    for (int i = 1; i < argc; i++) {
        check_model(argv[i]);
    }
    return both_summary();
}
