/* SPDX-License-Identifier: MIT
 *
 * hostile_checkpoint_test.c - well-formed files that are not the checkpoint
 * they claim to be.  A small real checkpoint is damaged in one place at a
 * time; cg_build must refuse it and say which tensor or key, what was wanted
 * and what was found. */
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

#include "codegen/codegen.h"

/* Fourier features, residual encoder, wide filter, labels, augmentation:
 * every kind of tensor there is. */
#define SOURCE "tests/golden/ncsnpp-tiny.safetensors"
#define CONFIG "cedm.config"
#define FREQ "cedm.cluster_freq"

/* ---- a checkpoint to be damaged ---------------------------------------- */

typedef struct draft {
    cg_file *source;
    cg_array *arrays; /* source's, and room for one more */
    size_t count;
    const char *config; /* NULL: left out */
    const char *freq;   /* NULL: left out */
} draft;

static char path[64];

static int make_path(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/hostile_checkpoint_test.XXXXXX");
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static cg_file *open_file(const char *name)
{
    cg_error error = {{0}};
    cg_file *file = cg_open(name, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

static draft make_draft(void)
{
    draft d = {.source = open_file(SOURCE)};
    d.count = d.source->array_count;
    d.arrays = calloc(d.count + 1, sizeof *d.arrays);
    assert_non_null(d.arrays);
    memcpy(d.arrays, d.source->arrays, d.count * sizeof *d.arrays);
    d.config = cg_find_metadata(d.source, CONFIG);
    assert_non_null(d.config);
    return d;
}

static void free_draft(draft *d)
{
    free(d->arrays);
    cg_close(d->source);
}

static uint64_t bytes_of(const cg_array *array)
{
    static const unsigned bytes[] = {
#define DTYPE_BYTES(name, size, word) size,
        CG_DTYPE_LIST(DTYPE_BYTES)
#undef DTYPE_BYTES
    };
    return array->elements * bytes[array->dtype];
}

static void print_string(FILE *file, const char *text)
{
    (void)fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)fputc('\\', file);
        }
        (void)fputc(*text, file);
    }
    (void)fputc('"', file);
}

static void print_metadata(FILE *file, const draft *d)
{
    (void)fputs("\"__metadata__\":{\"\":\"\"", file);
    if (d->config != NULL) {
        (void)fputs(",\"" CONFIG "\":", file);
        print_string(file, d->config);
    }
    if (d->freq != NULL) {
        (void)fputs(",\"" FREQ "\":", file);
        print_string(file, d->freq);
    }
    (void)fputc('}', file);
}

static void print_header(FILE *file, const draft *d)
{
    static const char *const words[] = {
#define DTYPE_WORD(name, size, word) word,
        CG_DTYPE_LIST(DTYPE_WORD)
#undef DTYPE_WORD
    };
    uint64_t begin = 0;
    (void)fputc('{', file);
    print_metadata(file, d);
    for (size_t i = 0; i < d->count; i++) {
        const cg_array *array = &d->arrays[i];
        (void)fputc(',', file);
        print_string(file, array->name);
        (void)fprintf(file, ":{\"dtype\":\"%s\",\"shape\":[",
                      words[array->dtype]);
        for (int k = 0; k < array->rank; k++) {
            (void)fprintf(file, "%s%ju", k > 0 ? "," : "",
                          (uintmax_t)array->shape[k]);
        }
        (void)fprintf(file, "],\"data_offsets\":[%ju,%ju]}", (uintmax_t)begin,
                      (uintmax_t)(begin + bytes_of(array)));
        begin += bytes_of(array);
    }
    (void)fputc('}', file);
}

static void write_draft(const draft *d)
{
    char *text = NULL;
    size_t length = 0;
    FILE *header = open_memstream(&text, &length);
    assert_non_null(header);
    print_header(header, d);
    assert_int_equal(fclose(header), 0);
    /* a new file each time: some file systems flush one that is truncated */
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (unsigned k = 0; k < 8; k++) {
        (void)fputc((int)(((uint64_t)length >> (8 * k)) & 255u), file);
    }
    (void)fwrite(text, 1, length, file);
    for (size_t i = 0; i < d->count; i++) {
        (void)fwrite(d->arrays[i].data, 1, bytes_of(&d->arrays[i]), file);
    }
    assert_int_equal(fclose(file), 0);
    free(text);
}

static void accept(const draft *d)
{
    cg_error error = {{0}};
    write_draft(d);
    cg_file *file = open_file(path);
    cg_program *program = cg_build(file, NULL, &error);
    if (program == NULL) {
        fail_msg("wanted a program, got \"%s\"", error.text);
    }
    cg_program_free(program);
    cg_close(file);
}

/* The message begins with path:where: and holds the other two. */
static void refuse(const draft *d, const char *where, const char *wanted,
                   const char *got)
{
    char start[256];
    cg_error error = {{0}};
    (void)snprintf(start, sizeof start, "%s:%s: ", path, where);
    write_draft(d);
    cg_file *file = open_file(path);
    cg_program *program = cg_build(file, NULL, &error);
    if (program != NULL) {
        fail_msg("%s: wanted \"%s\" refused, got a program", where, got);
    }
    if (strncmp(error.text, start, strlen(start)) != 0 ||
        strstr(error.text, wanted) == NULL ||
        strstr(error.text, got) == NULL) {
        fail_msg("wanted \"%s ... %s ... %s\", got \"%s\"", start, wanted,
                 got, error.text);
    }
    cg_close(file);
}

/* ---- tensors ----------------------------------------------------------- */

static void accepts_the_source(void **state)
{
    (void)state;
    draft d = make_draft();
    accept(&d);
    free_draft(&d);
}

static void print_shape(char text[96], const cg_array *array)
{
    int used = snprintf(text, 96, "[");
    for (int i = 0; i < array->rank; i++) {
        used += snprintf(text + used, 96 - (size_t)used, "%s%ju",
                         i > 0 ? "," : "", (uintmax_t)array->shape[i]);
    }
    (void)snprintf(text + used, 96 - (size_t)used, "]");
}

static void refuses_every_missing_tensor(void **state)
{
    (void)state;
    draft d = make_draft();
    for (size_t i = 0; i < d.count; i++) {
        cg_array last = d.arrays[d.count - 1], lost = d.arrays[i];
        char wanted[96];
        print_shape(wanted, &lost);
        d.arrays[i] = last;
        d.count--;
        refuse(&d, lost.name, wanted, "got nothing");
        d.arrays[i] = lost;
        d.arrays[d.count++] = last;
    }
    free_draft(&d);
}

static void refuses_every_other_shape(void **state)
{
    (void)state;
    static const unsigned char zeros[1 << 20];
    draft d = make_draft();
    for (size_t i = 0; i < d.count; i++) {
        cg_array before = d.arrays[i], *array = &d.arrays[i];
        char wanted[96], got[96];
        print_shape(wanted, &before);
        for (int k = 0; k < 3; k++) {
            *array = before;
            if (k == 0) { /* one row more */
                array->elements += array->elements / array->shape[0];
                array->shape[0]++;
                array->data = zeros;
            } else if (k == 1) { /* an axis of 1 more */
                array->shape[array->rank++] = 1;
            } else { /* flat, or with an axis of 1 in front */
                array->rank = before.rank == 1 ? 2 : 1;
                array->shape[0] = before.rank == 1 ? 1 : before.elements;
                array->shape[1] = before.elements;
            }
            assert_in_range(bytes_of(array), 1, sizeof zeros);
            print_shape(got, array);
            refuse(&d, before.name, wanted, got);
        }
        *array = before;
    }
    free_draft(&d);
}

/* A square matrix may be transposed unseen; nothing else may. */
static void refuses_swapped_axes(void **state)
{
    (void)state;
    draft d = make_draft();
    int swapped = 0;
    for (size_t i = 0; i < d.count; i++) {
        cg_array before = d.arrays[i], *array = &d.arrays[i];
        char wanted[96], got[96];
        if (before.rank < 2 || before.shape[0] == before.shape[1]) {
            continue;
        }
        array->shape[0] = before.shape[1];
        array->shape[1] = before.shape[0];
        print_shape(wanted, &before);
        print_shape(got, array);
        refuse(&d, before.name, wanted, got);
        *array = before;
        swapped++;
    }
    assert_true(swapped > 0);
    free_draft(&d);
}

static void refuses_every_non_finite_tensor(void **state)
{
    (void)state;
    static const float values[] = {NAN, INFINITY, -INFINITY};
    draft d = make_draft();
    for (size_t i = 0; i < d.count; i++) {
        cg_array before = d.arrays[i];
        size_t bytes = (size_t)bytes_of(&before);
        uint64_t at = i % 2 == 0 ? 0 : before.elements - 1;
        char got[64];
        unsigned char *data = malloc(bytes);
        assert_non_null(data);
        memcpy(data, before.data, bytes);
        memcpy(data + 4 * at, &values[i % 3], 4);
        (void)snprintf(got, sizeof got, " at element %ju", (uintmax_t)at);
        d.arrays[i].data = data;
        refuse(&d, before.name, "finite", got);
        d.arrays[i] = before;
        free(data);
    }
    free_draft(&d);
}

/* Where a tensor of the draft is. */
static cg_array *find(draft *d, const char *name)
{
    size_t i = 0;
    while (i < d->count && strcmp(d->arrays[i].name, name) != 0) {
        i++;
    }
    assert_in_range(i, 0, d->count - 1);
    return &d->arrays[i];
}

static void refuses_what_floats_cannot_hold(void **state)
{
    (void)state;
    draft d = make_draft();
    cg_array *array = find(&d, "model.map_layer0.bias");
    double *values = calloc((size_t)array->elements, sizeof *values);
    assert_non_null(values);
    array->dtype = CG_F64;
    array->data = (const unsigned char *)values;
    accept(&d);
    values[3] = 1e39;
    refuse(&d, array->name, "finite", "1e+39 at element 3");
    array->dtype = CG_I64;
    refuse(&d, array->name, "floating point", "integers");
    free(values);
    free_draft(&d);
}

static void refuses_extra_tensors(void **state)
{
    (void)state;
    static const char *const names[] = {"a",
                                        "model",
                                        "model.enc.16x16_conv.weight2",
                                        "model.zzz",
                                        "ema.enc.16x16_conv.weight",
                                        "zzz"};
    draft d = make_draft();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        d.arrays[d.count] = d.arrays[0];
        d.arrays[d.count++].name = names[i];
        refuse(&d, names[i], "wanted only", "this one");
        d.count--;
    }
    free_draft(&d);
}

/* The filters are not read from the checkpoint but from the configuration:
 * a checkpoint with others is another network. */
static void refuses_other_filters(void **state)
{
    (void)state;
    draft d = make_draft();
    int filters = 0;
    for (size_t i = 0; i < d.count; i++) {
        cg_array before = d.arrays[i];
        float taps[16];
        if (strstr(before.name, ".resample_filter") == NULL) {
            continue;
        }
        assert_int_equal(bytes_of(&before), sizeof taps);
        memcpy(taps, before.data, sizeof taps);
        taps[6] += 0.01f;
        d.arrays[i].data = (const unsigned char *)taps;
        refuse(&d, before.name, "filter", "");
        d.arrays[i] = before;
        filters++;
    }
    assert_true(filters > 0);
    free_draft(&d);
}

/* ---- configuration ----------------------------------------------------- */

/* The source's configuration with one piece of text replaced. */
static char *edited(const char *config, const char *from, const char *to)
{
    const char *at = strstr(config, from);
    if (at == NULL) {
        fail_msg("no %s in the configuration", from);
        return NULL;
    }
    size_t size = strlen(config) + strlen(to) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    (void)snprintf(text, size, "%.*s%s%s", (int)(at - config), config, to,
                   at + strlen(from));
    return text;
}

static void refuses_configurations_that_do_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *where, *wanted, *got;
    } rows[] = {
        {"\"label_dim\": 7", "\"label_dim\": 8", "model.map_label.weight",
         "wanted [32,8]", "got [32,7]"},
        {"\"label_dim\": 7", "\"label_dim\": 0", "model.map_label.bias",
         "wanted only", "this one"},
        {"\"augment_dim\": 9", "\"augment_dim\": 0",
         "model.map_augment.weight", "wanted only", "this one"},
        {"\"img_channels\": 3", "\"img_channels\": 1",
         "model.enc.16x16_conv.weight", "wanted [16,1,3,3]",
         "got [16,3,3,3]"},
        {"\"img_resolution\": 16", "\"img_resolution\": 32",
         "model.enc.32x32_conv.weight", "wanted [16,3,3,3]", "got nothing"},
        {"\"channel_mult\": [1, 2]", "\"channel_mult\": [1, 3]",
         "model.enc.8x8_block0.conv0.weight", "wanted [48,16,3,3]",
         "got [32,16,3,3]"},
        {"\"channel_mult\": [1, 2]", "\"channel_mult\": [1, 2, 2]",
         "model.enc.4x4_down.norm0.weight", "wanted [32]", "got nothing"},
        {"\"num_blocks\": 1", "\"num_blocks\": 2",
         "model.enc.16x16_block1.norm0.weight", "wanted [16]", "got nothing"},
        {"\"attn_resolutions\": [8]", "\"attn_resolutions\": [16, 8]",
         "model.enc.16x16_block0.norm2.weight", "wanted [16]", "got nothing"},
        {"\"attn_resolutions\": [8]", "\"attn_resolutions\": []",
         "model.dec.8x8_block1.norm2.bias", "wanted only", "this one"},
        {"\"residual\"", "\"standard\"", "model.enc.8x8_aux_residual.bias",
         "wanted only", "this one"},
        {"[1, 3, 3, 1]", "[1, 1]", "model.enc.8x8_down.conv0.resample_filter",
         "wanted [1,1,2,2]", "got [1,1,4,4]"},
        {"[1, 3, 3, 1]", "[1, 2, 2, 1]",
         "model.enc.8x8_down.conv0.resample_filter", "filter", ""},
    };
    draft d = make_draft();
    const char *config = d.config;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = edited(config, rows[i].from, rows[i].to);
        d.config = text;
        refuse(&d, rows[i].where, rows[i].wanted, rows[i].got);
        free(text);
    }
    free_draft(&d);
}

static void refuses_bad_configurations(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *key;
    } rows[] = {
        {"\"SongUNet\"", "\"OtherUNet\"", "model_type"},
        {"\"EDMPrecond\"", "\"OtherPrecond\"", "precond"},
        {"\"model_type\": \"SongUNet\", ", "", "model_type"},
        {"\"img_resolution\": 16, ", "", "img_resolution"},
        {"\"img_resolution\": 16", "\"img_resolution\": \"16\"",
         "img_resolution"},
        {"\"img_resolution\": 16", "\"img_resolution\": 16.5",
         "img_resolution"},
        {"\"img_resolution\": 16", "\"img_resolution\": -16",
         "img_resolution"},
        {"\"img_resolution\": 16", "\"img_resolution\": 0", "img_resolution"},
        {"\"img_resolution\": 16", "\"img_resolution\": 1e300",
         "img_resolution"},
        {"\"img_resolution\": 16", "\"img_resolution\": 17",
         "img_resolution"},
        {"\"label_dim\": 7", "\"label_dim\": 4294967303", "label_dim"},
        {"\"label_dim\": 7", "\"label_dim\": true", "label_dim"},
        {"\"model_channels\": 16", "\"model_channels\": 1000000",
         "model_channels"},
        {"\"model_channels\": 16", "\"model_channels\": []",
         "model_channels"},
        {"\"channel_mult\": [1, 2]", "\"channel_mult\": []", "channel_mult"},
        {"\"channel_mult\": [1, 2]", "\"channel_mult\": [1, 0]",
         "channel_mult"},
        {"\"channel_mult\": [1, 2]", "\"channel_mult\": [1, 1000]",
         "channel_mult"},
        {"\"channel_mult\": [1, 2]", "\"channel_mult\": [1, \"2\"]",
         "channel_mult"},
        {"\"channel_mult\": [1, 2]",
         "\"channel_mult\": [1,1,1,1,1,1,1,1,1,1,1,1,1]", "channel_mult"},
        {"\"num_blocks\": 1", "\"num_blocks\": 0", "num_blocks"},
        {"\"num_blocks\": 1", "\"num_blocks\": 2147483648", "num_blocks"},
        {"\"attn_resolutions\": [8]", "\"attn_resolutions\": 8",
         "attn_resolutions"},
        {"\"fourier\"", "\"wavelet\"", "embedding_type"},
        {"\"residual\"", "17", "encoder_type"},
        {"[1, 3, 3, 1]", "[1, 3, 1]", "resample_filter"},
        {"[1, 3, 3, 1]", "[]", "resample_filter"},
        {"[1, 3, 3, 1]", "[1, -1]", "resample_filter"},
        {"[1, 3, 3, 1]", "[1, null]", "resample_filter"},
        {"[1, 3, 3, 1]", "[1, 1e308]", "resample_filter"},
        {"\"num_blocks\": 1", "\"num_blocks\": 1, \"num_blocks\": 1",
         "num_blocks"},
        {"\"num_blocks\": 1", "\"num_blocks\": 1, \"twist\": 1", "twist"},
        {"\"num_blocks\": 1", "\"num_blocks\": 1, \"sigma_data\": 0",
         "sigma_data"},
        {"\"num_blocks\": 1", "\"num_blocks\": 1, \"sigma_min\": -1",
         "sigma_min"},
    };
    static const char *const whole[] = {
        "", "{", "[]", "17", "{}", "{\"model_type\": \"SongUNet\"}"};
    draft d = make_draft();
    const char *config = d.config;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = edited(config, rows[i].from, rows[i].to);
        d.config = text;
        refuse(&d, CONFIG, "", rows[i].key);
        free(text);
    }
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        d.config = whole[i];
        refuse(&d, CONFIG, "", "");
    }
    d.config = NULL;
    refuse(&d, "__metadata__", "wanted ", CONFIG);
    free_draft(&d);
}

/* Deeper than any parser's stack should go. */
static void refuses_deep_configurations(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    draft d = make_draft();
    char *text = malloc(DEPTH + 1);
    assert_non_null(text);
    memset(text, '[', DEPTH);
    text[DEPTH] = '\0';
    d.config = text;
    refuse(&d, CONFIG, "", "");
    free(text);
    free_draft(&d);
}

static void checks_cluster_frequencies(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "7",
                                      "{}",
                                      "[]",
                                      "[1, 2, 3, 4, 5, 6]",
                                      "[1, 2, 3, 4, 5, 6, 7, 8]",
                                      "[1, 2, 3, 4, 5, 6, -7]",
                                      "[1, 2, 3, 4, 5, 6, 1e400]",
                                      "[1, 2, 3, 4, 5, 6, \"7\"]",
                                      "[0, 0, 0, 0, 0, 0, 0]",
                                      "[1, 2, 3, 4, 5, 6, null]",
                                      "[1, 2, 3, 4, 5, 6, 7"};
    draft d = make_draft();
    d.freq = "[1, 2, 3, 4, 5, 6, 0]";
    accept(&d);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        d.freq = bad[i];
        refuse(&d, FREQ, "wanted 7", "");
    }
    free_draft(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_source),
        cmocka_unit_test(refuses_every_missing_tensor),
        cmocka_unit_test(refuses_every_other_shape),
        cmocka_unit_test(refuses_swapped_axes),
        cmocka_unit_test(refuses_every_non_finite_tensor),
        cmocka_unit_test(refuses_what_floats_cannot_hold),
        cmocka_unit_test(refuses_extra_tensors),
        cmocka_unit_test(refuses_other_filters),
        cmocka_unit_test(refuses_configurations_that_do_not_fit),
        cmocka_unit_test(refuses_bad_configurations),
        cmocka_unit_test(refuses_deep_configurations),
        cmocka_unit_test(checks_cluster_frequencies),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
