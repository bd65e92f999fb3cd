/* SPDX-License-Identifier: MIT
 *
 * shapes_test.c - the tensors that the architecture asks for are those that
 * the published networks have, name by name and shape by shape.
 *
 * tests/shapes/NETWORK.txt lists a reference state dict, one tensor a line:
 * P (parameter) or B (buffer), name, shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"

typedef struct network {
    const char *name;
    bool ncsnpp;
    int resolution, label_dim;
    uint64_t parameters; /* as published; 0: not published, see below */
    size_t parameter_tensors, buffers;
} network;

/* A label embedding of C clusters adds 128 (C + 1) parameters to DDPM++ and
 * 256 (C + 1) to NCSN++; the last row is derived with it. */
static const network networks[] = {
    {"ddpmpp_cifar_uncond", false, 32, 0, 55733891, 417, 8},
    {"ddpmpp_cifar_c10", false, 32, 10, 55735299, 419, 8},
    {"ddpmpp_cifar_c100", false, 32, 100, 55746819, 419, 8},
    {"ddpmpp_ffhq_uncond", false, 64, 0, 61805571, 541, 12},
    {"ddpmpp_ffhq_c392", false, 64, 392, 61855875, 543, 12},
    {"ncsnpp_cifar_uncond", true, 32, 0, 56397827, 421, 11},
    {"ncsnpp_cifar_c10", true, 32, 10, 56400643, 423, 11},
    {"ncsnpp_cifar_c100", true, 32, 100, 56423683, 423, 11},
    {"ncsnpp_ffhq_uncond", true, 64, 0, 62761091, 547, 16},
    {"ncsnpp_ffhq_c392", true, 64, 392, 62761091 + 256 * 393, 549, 16},
};
#define NETWORK_COUNT (sizeof networks / sizeof *networks)

static void make_config(const network *n, char *text, size_t size)
{
    int length = snprintf(
        text, size,
        "{\"model_type\": \"SongUNet\", \"precond\": \"EDMPrecond\", "
        "\"img_resolution\": %d, \"img_channels\": 3, \"label_dim\": %d, "
        "\"augment_dim\": 9, \"model_channels\": 128, \"channel_mult\": %s, "
        "\"num_blocks\": 4, \"attn_resolutions\": [16], %s}",
        n->resolution, n->label_dim,
        n->resolution == 32 ? "[2, 2, 2]" : "[1, 2, 2, 2]",
        n->ncsnpp
            ? "\"embedding_type\": \"fourier\", "
              "\"encoder_type\": \"residual\", "
              "\"channel_mult_noise\": 2, \"resample_filter\": [1, 3, 3, 1]"
            : "\"embedding_type\": \"positional\", "
              "\"encoder_type\": \"standard\"");
    assert_in_range(length, 1, size - 1);
}

static int compare(const void *a, const void *b)
{
    const cg_spec *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* "P model.x.weight (256, 128, 3, 3)" */
static bool parse_line(const char *line, cg_spec *spec)
{
    char kind, name[256];
    int at = 0;
    if (sscanf(line, "%c %255s (%n", &kind, name, &at) != 2 || at == 0) {
        return false;
    }
    *spec = (cg_spec){.buffer = kind == 'B', .name = strdup(name)};
    const char *p = line + at;
    for (char *end; *p >= '0' && *p <= '9' && spec->rank < 4; p = end) {
        spec->shape[spec->rank++] = strtoull(p, &end, 10);
        end += strspn(end, ", ");
    }
    return *p == ')';
}

/* The listing of a network, sorted by name; cg_expected_free frees it. */
static cg_spec *read_listing(const char *name, size_t *count)
{
    char path[128], line[512];
    cg_spec *specs = calloc(1024, sizeof *specs);
    assert_non_null(specs);
    (void)snprintf(path, sizeof path, "tests/shapes/%s.txt", name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s: cannot be opened", path);
    }
    for (*count = 0; fgets(line, sizeof line, file) != NULL; ++*count) {
        if (*count == 1024 || !parse_line(line, &specs[*count])) {
            fail_msg("%s:%zu: cannot be parsed", path, *count + 1);
        }
    }
    assert_int_equal(fclose(file), 0);
    qsort(specs, *count, sizeof *specs, compare);
    return specs;
}

static void compare_spec(const char *network_name, const cg_spec *got,
                         const cg_spec *want)
{
    if (strcmp(got->name, want->name) != 0) {
        fail_msg("%s: wanted %s, got %s", network_name, want->name,
                 got->name);
    }
    if (got->buffer != want->buffer || got->rank != want->rank) {
        fail_msg("%s: %s: wanted buffer %d, rank %d, got %d, %d",
                 network_name, want->name, want->buffer, want->rank,
                 got->buffer, got->rank);
    }
    for (int i = 0; i < want->rank; i++) {
        if (got->shape[i] != want->shape[i]) {
            fail_msg("%s: %s: dimension %d: wanted %ju, got %ju",
                     network_name, want->name, i, (uintmax_t)want->shape[i],
                     (uintmax_t)got->shape[i]);
        }
    }
}

static cg_spec *expected(const char *config, size_t *count)
{
    cg_error error = {{0}};
    cg_spec *specs = cg_expected(config, count, &error);
    if (specs == NULL) {
        fail_msg("%s", error.text);
    }
    return specs;
}

static void check_listing(const char *name, const char *config)
{
    size_t got_count = 0, want_count = 0;
    cg_spec *got = expected(config, &got_count);
    cg_spec *want = read_listing(name, &want_count);
    qsort(got, got_count, sizeof *got, compare);
    for (size_t i = 0; i < got_count && i < want_count; i++) {
        compare_spec(name, &got[i], &want[i]);
    }
    assert_int_equal(got_count, want_count);
    cg_expected_free(got, got_count);
    cg_expected_free(want, want_count);
}

static void matches_the_listings(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORK_COUNT; i++) {
        char config[1024];
        make_config(&networks[i], config, sizeof config);
        check_listing(networks[i].name, config);
    }
}

static void matches_the_published_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORK_COUNT; i++) {
        const network *n = &networks[i];
        char config[1024];
        uint64_t parameters = 0;
        size_t count = 0, buffers = 0;
        make_config(n, config, sizeof config);
        cg_spec *specs = expected(config, &count);
        for (size_t k = 0; k < count; k++) {
            uint64_t elements = 1;
            for (int d = 0; d < specs[k].rank; d++) {
                elements *= specs[k].shape[d];
            }
            parameters += specs[k].buffer ? 0 : elements;
            buffers += specs[k].buffer ? 1 : 0;
            /* parameters come first */
            assert_true(specs[k].buffer || buffers == 0);
        }
        if (parameters != n->parameters || buffers != n->buffers ||
            count - buffers != n->parameter_tensors) {
            fail_msg("%s: wanted %ju parameters in %zu tensors and %zu "
                     "buffers, got %ju, %zu, %zu",
                     n->name, (uintmax_t)n->parameters, n->parameter_tensors,
                     n->buffers, (uintmax_t)parameters, count - buffers,
                     buffers);
        }
        cg_expected_free(specs, count);
    }
}

/* The configurations for synthetic checkpoints are of published networks. */
static void matches_the_synthetic_configurations(void **state)
{
    (void)state;
    static const struct {
        const char *file, *listing;
    } rows[] = {
        {"tests/synth/cifar10-c100.json", "ddpmpp_cifar_c100"},
        {"tests/synth/ffhq64.json", "ddpmpp_ffhq_uncond"},
        {"tests/synth/ncsnpp-cifar-c100.json", "ncsnpp_cifar_c100"},
        {"tests/synth/adm-imagenet64.json", "adm_in64_cond"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char config[2048] = "";
        FILE *file = fopen(rows[i].file, "r");
        if (file == NULL) {
            fail_msg("%s: cannot be opened", rows[i].file);
        }
        assert_in_range(fread(config, 1, sizeof config - 1, file), 1,
                        sizeof config - 2);
        assert_int_equal(fclose(file), 0);
        check_listing(rows[i].listing, config);
    }
}

/* The reference checkpoints are complete and hold nothing else. */
static void matches_the_reference_files(void **state)
{
    (void)state;
    static const char *const names[] = {
        "fashion",       "ddpmpp-tiny", "ncsnpp-tiny",
        "skipskip-tiny", "uncond-tiny", "adm-tiny",
        "vp-tiny",       "ve-tiny",     "iddpm-tiny"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        size_t count = 0;
        cg_error error = {{0}};
        (void)snprintf(path, sizeof path, "tests/golden/%s.safetensors",
                       names[i]);
        cg_file *file = cg_open(path, &error);
        if (file == NULL) {
            fail_msg("%s", error.text);
        }
        cg_spec *specs =
            expected(cg_find_metadata(file, "cedm.config"), &count);
        qsort(specs, count, sizeof *specs, compare);
        for (size_t k = 0; k < count && k < file->array_count; k++) {
            const cg_array *array = &file->arrays[k];
            cg_spec want = specs[k];
            char *name = strdup(array->name);
            want.name = name;
            want.rank = array->rank;
            memcpy(want.shape, array->shape, sizeof want.shape);
            compare_spec(names[i], &specs[k], &want);
            free(name);
        }
        assert_int_equal(count, file->array_count);
        cg_expected_free(specs, count);
        cg_close(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_listings),
        cmocka_unit_test(matches_the_published_counts),
        cmocka_unit_test(matches_the_synthetic_configurations),
        cmocka_unit_test(matches_the_reference_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
