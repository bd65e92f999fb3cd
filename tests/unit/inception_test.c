/* SPDX-License-Identifier: MIT
 *
 * inception_test.c - FID's Inception from files of both naming schemes.  The
 * tensors are made here: few weights have values of their own, most are 0. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "tests/inception/inception_tensors.h"

/* ---- files in memory --------------------------------------------------- */

static inception_tensor list[INCEPTION_TENSORS];
static float *zeros; /* as many as the largest tensor has */

#define EXTRAS 2u

static cg_array arrays[INCEPTION_TENSORS + EXTRAS];
static cg_file file;

static int read_list(void **state)
{
    uint64_t most = 0;
    (void)state;
    if (!inception_tensors(list)) {
        return -1;
    }
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        most = list[i].elements > most ? list[i].elements : most;
    }
    zeros = calloc(most, sizeof *zeros);
    return zeros == NULL ? -1 : 0;
}

static int free_list(void **state)
{
    (void)state;
    free(zeros);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const cg_array *)a)->name, ((const cg_array *)b)->name);
}

static void sort(void)
{
    qsort(arrays, file.array_count, sizeof *arrays, compare_names);
}

/* A file of zeros. */
static void make_file(bool nvidia)
{
    file = (cg_file){.path = "inception.pt", .arrays = arrays};
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        const inception_tensor *t = &list[i];
        const char *name = nvidia ? t->nvidia : t->name;
        cg_array *a = &arrays[file.array_count];
        *a = (cg_array){.name = name,
                        .dtype = CG_F32,
                        .rank = t->rank,
                        .elements = t->elements,
                        .data = (const unsigned char *)zeros};
        memcpy(a->shape, t->shape, sizeof t->shape);
        file.array_count += name[0] != '\0';
    }
    sort();
}

static cg_array *array_of(const char *name)
{
    const cg_array key = {.name = name};
    cg_array *found = bsearch(&key, arrays, file.array_count, sizeof *arrays,
                              compare_names);
    if (found == NULL) {
        fail_msg("%s: not in the file", name);
    }
    return found;
}

static void set_values(const char *name, const float *values)
{
    array_of(name)->data = (const unsigned char *)values;
}

static cg_program *build(const cg_encoder_choice *choice)
{
    cg_options options = {.encoder = *choice};
    cg_error error = {""};
    cg_program *p = cg_build(&file, &options, &error);
    if (p == NULL) {
        fail_msg("%s", error.text);
    }
    return p;
}

static void refuse(const char *what, const cg_encoder_choice *choice)
{
    cg_options options = {.encoder = *choice};
    cg_error error = {""};
    cg_program *p = cg_build(&file, &options, &error);
    cg_program_free(p);
    if (p != NULL || strstr(error.text, what) == NULL ||
        strncmp(error.text, file.path, strlen(file.path)) != 0) {
        fail_msg("wanted \"%s\", got \"%s\"", what, error.text);
    }
}

static const cg_encoder_choice natural;

/* ---- tensors ----------------------------------------------------------- */

static const cg_spec *spec_of(const cg_spec *specs, size_t count,
                              const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(specs[i].name, name) == 0) {
            return &specs[i];
        }
    }
    return NULL;
}

static void check_tensors(const char *names, bool nvidia, size_t wanted)
{
    char config[128];
    size_t count = 0;
    cg_error error;
    (void)snprintf(config, sizeof config,
                   "{\"model_type\": \"FIDInception\", \"names\": \"%s\", "
                   "\"image\": [32, 32]}",
                   names);
    cg_spec *specs = cg_expected(config, &count, &error);
    if (specs == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(count, wanted);
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        const char *name = nvidia ? list[i].nvidia : list[i].name;
        if (name[0] == '\0') {
            continue;
        }
        const cg_spec *spec = spec_of(specs, count, name);
        if (spec == NULL || spec->rank != list[i].rank) {
            fail_msg("%s: not asked for, or with another rank", name);
            return;
        }
        assert_memory_equal(spec->shape, list[i].shape,
                            (size_t)spec->rank * sizeof spec->shape[0]);
    }
    cg_expected_free(specs, count);
}

static void asks_for_the_tensors_of_both_files(void **state)
{
    (void)state;
    check_tensors("torchvision", false, INCEPTION_TENSORS);
    check_tensors("nvidia", true, INCEPTION_NVIDIA_TENSORS);
}

/* Newer files of PyTorch count batches; nothing else may be there. */
static void ignores_counters_alone(void **state)
{
    static const int64_t steps = 7;
    (void)state;
    make_file(false);
    arrays[file.array_count++] =
        (cg_array){.name = "Mixed_7c.branch_pool.bn.num_batches_tracked",
                   .dtype = CG_I64,
                   .elements = 1,
                   .data = (const unsigned char *)&steps};
    sort();
    cg_program_free(build(&natural));
    arrays[file.array_count++] =
        (cg_array){.name = "Mixed_7d.bn.num_batches_tracked",
                   .dtype = CG_I64,
                   .elements = 1,
                   .data = (const unsigned char *)&steps};
    sort();
    refuse("Mixed_7d.bn.num_batches_tracked: tensor does not belong",
           &natural);
}

static void refuses_other_tensors(void **state)
{
    static const float variances[32] = {1, 1, -1e-3f};
    (void)state;
    make_file(false);
    array_of("fc.weight")->shape[0] = 1000; /* of later networks */
    refuse("fc.weight: wrong shape; wanted [1008,2048], got [1000,2048]",
           &natural);
    make_file(true);
    array_of("layers.conv_1.beta")->name = "layers.conv_1.beta0";
    refuse("layers.conv_1.beta: tensor is missing", &natural);
    make_file(false);
    set_values("Conv2d_2a_3x3.bn.running_var", variances);
    refuse("Conv2d_2a_3x3.bn.running_var: a variance is negative", &natural);
}

/* ---- the program ------------------------------------------------------- */

static void both_files_make_one_program(void **state)
{
    (void)state;
    make_file(false);
    cg_program *a = build(&natural);
    make_file(true);
    cg_program *b = build(&natural);
    assert_true(a->layout_hash == b->layout_hash);
    assert_string_equal(a->model_type, "FIDInception");
    assert_int_equal(a->encoder.height, 299);
    assert_int_equal(a->encoder.width, 299);
    assert_int_equal(a->encoder.channels, 3);
    assert_int_equal(a->encoder.features, 2048);
    assert_int_equal(a->output_count, 2);
    assert_string_equal(a->outputs[0].name, "features");
    assert_string_equal(a->outputs[1].name, "logits");
    assert_int_equal(a->outputs[1].channels, 1008);
    assert_int_equal(a->act.elements, a->act.lower_bound);
    assert_int_equal(a->f32.elements, a->f32.lower_bound);
    cg_program_free(a);
    cg_program_free(b);
}

static const cg_param *param_of(const cg_program *p, const char *name)
{
    for (uint32_t i = 0; i < p->param_count; i++) {
        if (strcmp(p->params[i].name, name) == 0) {
            return &p->params[i];
        }
    }
    fail_msg("%s: not in the blob", name);
    return NULL;
}

/* Of the golden file all gammas are 1. */
static void folds_batch_normalisation(void **state)
{
    static const float gamma[32] = {0, -2.5f}, beta[32] = {0, 0.75f};
    static const float mean[32] = {0, 3}, variance[32] = {0, 0.124f};
    const double factor = -2.5 / sqrt((double)0.124f + 1e-3);
    (void)state;
    make_file(false);
    set_values("Conv2d_2a_3x3.bn.weight", gamma);
    set_values("Conv2d_2a_3x3.bn.bias", beta);
    set_values("Conv2d_2a_3x3.bn.running_mean", mean);
    set_values("Conv2d_2a_3x3.bn.running_var", variance);
    cg_program *p = build(&natural);
    const cg_part *weight = param_of(p, "Conv2d_2a_3x3.weight")->parts;
    const cg_part *bias = param_of(p, "Conv2d_2a_3x3.bias")->parts;
    assert_true(weight->row_factors[0] == 0.0);
    assert_true(weight->row_factors[1] == factor);
    assert_true(bias->values[0] == 0.0f);
    assert_true(bias->values[1] == (float)(0.75 - 3.0 * factor));
    cg_program_free(p);
}

/* ---- choices ----------------------------------------------------------- */

static const cedm_preprocess *preprocess_of(const cg_program *p)
{
    assert_int_equal(p->ops[0].kind, CG_OP_preprocess);
    return &p->ops[0].u.preprocess;
}

static void takes_images_of_any_size(void **state)
{
    static const struct {
        const char *filter;
        uint32_t least, most; /* taps */
    } rows[] = {{"tf1", 2, 2}, {"pytorch-fid", 2, 2}, {"clean-fid", 4, 7}};
    (void)state;
    make_file(true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cg_program *p = build(&(cg_encoder_choice){.image = {32, 53},
                                                   .filter = rows[i].filter});
        assert_int_equal(p->encoder.height, 32);
        assert_int_equal(p->encoder.width, 53);
        assert_int_equal(preprocess_of(p)->height, 299);
        assert_int_equal(preprocess_of(p)->width, 299);
        assert_int_equal(preprocess_of(p)->fixed, 0);
        assert_in_range(preprocess_of(p)->taps[0], rows[i].least,
                        rows[i].most);
        cg_program_free(p);
    }
}

static void refuses_options_of_other_encoders(void **state)
{
    (void)state;
    make_file(false);
    refuse("--resize is not for Inception",
           &(cg_encoder_choice){.resize = 8});
    refuse("--window is not for Inception",
           &(cg_encoder_choice){.window = 8});
    refuse("--heads is not for Inception", &(cg_encoder_choice){.heads = 2});
    refuse("--positions is not for Inception",
           &(cg_encoder_choice){.positions = "size"});
    refuse("unusable filter", &(cg_encoder_choice){.filter = "bicubic"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_tensors_of_both_files),
        cmocka_unit_test(ignores_counters_alone),
        cmocka_unit_test(refuses_other_tensors),
        cmocka_unit_test(both_files_make_one_program),
        cmocka_unit_test(folds_batch_normalisation),
        cmocka_unit_test(takes_images_of_any_size),
        cmocka_unit_test(refuses_options_of_other_encoders),
    };
    return cmocka_run_group_tests(tests, read_list, free_list);
}
