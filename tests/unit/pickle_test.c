/* SPDX-License-Identifier: MIT
 *
 * pickle_test.c - snapshots and torch files freeze to what the safetensors
 * file of the same weights freezes to, and every kind of tensor is read. */
#include "tests/unit/opened_files.h"
#include "tests/unit/training_state.h"

static cg_file *open_file(const char *file_name)
{
    cg_error error = {{0}};
    cg_file *file = cg_open(file_name, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

static cg_file *open_bytes(out o)
{
    write_bytes(o.at, o.size);
    free(o.at);
    return open_file(path);
}

static unsigned width_of(const cg_array *array)
{
    return storage_types[storage_type(array)].width;
}

static void check_same_arrays(const cg_file *a, const cg_file *b)
{
    assert_int_equal(a->array_count, b->array_count);
    for (size_t i = 0; i < a->array_count; i++) {
        const cg_array *x = &a->arrays[i], *y = &b->arrays[i];
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->dtype, y->dtype);
        assert_int_equal(x->rank, y->rank);
        assert_memory_equal(x->shape, y->shape,
                            (size_t)x->rank * sizeof x->shape[0]);
        assert_int_equal(x->elements, y->elements);
        assert_memory_equal(x->data, y->data,
                            (size_t)x->elements * width_of(x));
    }
}

/* ---- twins ------------------------------------------------------------- */

/* The contents of DIRECTORY/m.SUFFIX; the caller frees them. */
static char *emitted(const char *directory, const char *suffix)
{
    char file_name[128];
    (void)snprintf(file_name, sizeof file_name, "%s/m.%s", directory, suffix);
    FILE *file = fopen(file_name, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    char *content = calloc((size_t)size + 1, 1);
    assert_non_null(content);
    assert_int_equal(fread(content, 1, (size_t)size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(unlink(file_name), 0);
    return content;
}

/* Where the code begins: behind the comment that names the source. */
static const char *body(const char *content)
{
    const char *end = strstr(content, "*/");
    assert_non_null(end);
    return end;
}

static cg_program *build(const cg_file *file)
{
    cg_error error = {{0}};
    cg_program *program = cg_build(file, NULL, &error);
    if (program == NULL) {
        fail_msg("%s", error.text);
    }
    return program;
}

typedef struct frozen {
    char *code, *blob;
} frozen;

static frozen emit(const cg_program *program, const cg_file *file)
{
    static const char *const others[] = {"h", "map", "svg", "csv"};
    char directory[] = "/tmp/pickle_test_out.XXXXXX";
    cg_error error = {{0}};
    assert_non_null(mkdtemp(directory));
    cg_freeze freeze = {.directory = directory, .name = "m"};
    if (!cg_emit(program, file, &freeze, &error)) {
        fail_msg("%s", error.text);
    }
    frozen f = {emitted(directory, "c"), emitted(directory, "cedm")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        free(emitted(directory, others[i]));
    }
    assert_int_equal(rmdir(directory), 0);
    return f;
}

/* Table of checksums and data; the JSON behind them names the source. */
static void check_same_data(const char *a, const char *b)
{
    cedm_blob_header left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    assert_int_equal(left.layout_hash, right.layout_hash);
    assert_int_equal(left.trailer_offset, right.trailer_offset);
    assert_true(left.trailer_offset > sizeof left);
    assert_memory_equal(a + sizeof left, b + sizeof left,
                        (size_t)left.trailer_offset - sizeof left);
}

/* Same tensors, same data in the blob, same code, same noise levels. */
static void check_twin(const cg_file *file, const cg_file *twin)
{
    check_same_arrays(file, twin);
    cg_program *a = build(file), *b = build(twin);
    assert_true(a->denoiser.sigma_min == b->denoiser.sigma_min);
    assert_true(a->denoiser.sigma_max == b->denoiser.sigma_max);
    assert_true(a->denoiser.sigma_data == b->denoiser.sigma_data);
    frozen left = emit(a, file), right = emit(b, twin);
    assert_string_equal(body(left.code), body(right.code));
    check_same_data(left.blob, right.blob);
    free(left.code);
    free(left.blob);
    free(right.code);
    free(right.blob);
    cg_program_free(a);
    cg_program_free(b);
}

static const char *const sources[] = {"tests/golden/fashion.safetensors",
                                      "tests/golden/ncsnpp-tiny.safetensors",
                                      "tests/golden/uncond-tiny.safetensors"};

static void snapshots_freeze_like_safetensors(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        cg_file *file = open_file(sources[i]);
        const char *config = cg_find_metadata(file, "cedm.config");
        cg_file *twin =
            open_bytes(snapshot(file->arrays, file->array_count, config));
        check_twin(file, twin);
        /* the weights are used where they are in the file */
        for (size_t k = 0; k < twin->array_count; k++) {
            size_t at = (size_t)(twin->arrays[k].data - twin->bytes);
            assert_in_range(at, 1, twin->size - 1);
        }
        cg_close(twin);
        cg_close(file);
    }
}

static void state_dicts_freeze_like_safetensors(void **unused)
{
    (void)unused;
    static const char *const keys[] = {"ema", "state_dict", "model"};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        cg_file *file = open_file(sources[i]);
        const char *config = cg_find_metadata(file, "cedm.config");
        cg_file *twin = open_bytes(
            state_dict(file->arrays, file->array_count, keys[i], config));
        check_twin(file, twin);
        cg_close(twin);
        cg_close(file);
    }
}

/* The network is taken, the optimizer's moments are not. */
static void training_states_freeze_like_safetensors(void **unused)
{
    (void)unused;
    cg_file *file = open_file(sources[1]);
    const char *config = cg_find_metadata(file, "cedm.config");
    cg_file *twin = open_bytes(
        training_state(file->arrays, file->array_count, config, 7));
    check_twin(file, twin);
    cg_close(twin);
    cg_close(file);
}

static void check_moment(const cg_file *state, const char *moment,
                         const cg_array *of, double factor, bool square)
{
    char name[160];
    (void)snprintf(name, sizeof name, "%s.%s", moment, of->name);
    const cg_array *got = cg_find(state, name);
    assert_int_equal(got != NULL, !is_buffer(strrchr(of->name, '.') + 1));
    for (uint64_t e = 0; got != NULL && e < of->elements; e++) {
        float w = (float)cg_element(of, e);
        float wanted = (float)factor * (square ? w * w : w);
        assert_true(cg_element(got, e) == (double)wanted);
    }
}

static void check_moments(const cg_file *file, uint32_t updates)
{
    const char *config = cg_find_metadata(file, "cedm.config");
    cg_error error = {{0}};
    out o = training_state(file->arrays, file->array_count, config, updates);
    write_bytes(o.at, o.size);
    free(o.at);
    cg_file *state = cg_open_training(path, &error);
    assert_non_null(state);
    assert_true(cg_element(cg_find(state, CG_ADAM_UPDATES), 0) == updates);
    for (size_t i = 0; i < file->array_count; i++) {
        check_moment(state, "exp_avg", &file->arrays[i], 2.0, false);
        check_moment(state, "exp_avg_sq", &file->arrays[i], 3.0, true);
    }
    cg_close(state);
}

/* By the number of each parameter, in the order of the modules; updates are a
 * tensor in new files, a number in old ones. */
static void training_states_have_moments_for_who_asks(void **unused)
{
    (void)unused;
    cg_file *file = open_file(sources[1]);
    check_moments(file, 1234);
    check_moments(file, 1235);
    cg_close(file);
}

/* Batches that a normalisation has seen: a number among the tensors. */
static void scalars_have_no_dimensions(void **unused)
{
    static const float bias[3] = {1, 2, 3};
    static const int64_t batches = INT64_C(1) << 40;
    const cg_array arrays[] = {{.name = "bn.bias",
                                .dtype = CG_F32,
                                .rank = 1,
                                .shape = {3},
                                .elements = 3,
                                .data = (const unsigned char *)bias},
                               {.name = "bn.num_batches_tracked",
                                .dtype = CG_I64,
                                .elements = 1,
                                .data = (const unsigned char *)&batches}};
    const cg_file wanted = {.arrays = (cg_array *)(uintptr_t)arrays,
                            .array_count = 2};
    (void)unused;
    cg_file *file = open_bytes(state_dict(arrays, 2, NULL, NULL));
    check_same_arrays(file, &wanted);
    cg_close(file);
}

static void plain_state_dicts_lack_a_configuration(void **unused)
{
    (void)unused;
    cg_error error = {{0}};
    cg_file *file = open_file(sources[2]);
    cg_file *twin =
        open_bytes(state_dict(file->arrays, file->array_count, NULL, NULL));
    check_same_arrays(file, twin);
    assert_int_equal(twin->metadata_count, 0);
    assert_null(cg_build(twin, NULL, &error));
    check_message("no configuration", path, ":data.pkl: no configuration",
                  "add it: torch.save({\"ema\": sd, \"cedm.config\": json}, "
                  "path)",
                  error.text);
    cg_close(twin);
    cg_close(file);
}

/* ---- single tensors ---------------------------------------------------- */

static cg_file *open_tensor(const cg_array *array)
{
    pickler *p = begin_pickle(false);
    put_tensor(p, array, true);
    out pickle = end_pickle(p), all = archive(&pickle, array, 1);
    free(pickle.at);
    return open_bytes(all);
}

/* freq.pt and cluster_ids.pt are such files. */
static void reads_tensors_of_every_type(void **unused)
{
    (void)unused;
    static const uint64_t lengths[] = {0, 1, 7, 50000};
    static unsigned char numbers[8 * 50000];
    for (size_t i = 0; i < sizeof numbers; i++) {
        numbers[i] = (unsigned char)(i * 37 + i / 251);
    }
    for (unsigned type = 0; type < 6; type++) {
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            cg_array array = {.name = "tensor",
                              .rank = 1,
                              .dtype = storage_types[type].dtype,
                              .shape = {lengths[i]},
                              .elements = lengths[i],
                              .data = numbers};
            cg_file *file = open_tensor(&array);
            assert_int_equal(file->array_count, 1);
            const cg_array *got = cg_find(file, "tensor");
            assert_non_null(got);
            assert_int_equal(got->dtype, array.dtype);
            assert_int_equal(got->rank, 1);
            assert_int_equal(got->elements, lengths[i]);
            assert_memory_equal(got->data, numbers,
                                (size_t)lengths[i] * width_of(&array));
            cg_close(file);
        }
    }
}

static void reads_counts(void **unused)
{
    (void)unused;
    static const unsigned char counts[] = {
        0x91, 0x0b, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    cg_array array = {.name = "tensor",
                      .dtype = CG_I64,
                      .rank = 1,
                      .shape = {2},
                      .elements = 2,
                      .data = counts};
    cg_file *file = open_tensor(&array);
    assert_true(cg_element(&file->arrays[0], 0) == 2961.0);
    assert_true(cg_element(&file->arrays[0], 1) == 4294967295.0);
    cg_close(file);
}

/* ---- which format ------------------------------------------------------ */

/* The length of this header begins with the bytes of a pickle's PROTO. */
static void knows_safetensors_that_begin_like_a_pickle(void **unused)
{
    (void)unused;
    for (unsigned protocol = 2; protocol <= 5; protocol++) {
        size_t length = 0x80 + (size_t)protocol * 256;
        out o = {0};
        put_number(&o, length, 8);
        PUT(&o, "{}");
        while (o.size < 8 + length) {
            PUT(&o, " ");
        }
        assert_int_equal(o.at[0], 0x80);
        assert_int_equal(o.at[1], protocol);
        cg_file *file = open_bytes(o);
        assert_int_equal(file->array_count, 0);
        cg_close(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_freeze_like_safetensors),
        cmocka_unit_test(state_dicts_freeze_like_safetensors),
        cmocka_unit_test(training_states_freeze_like_safetensors),
        cmocka_unit_test(training_states_have_moments_for_who_asks),
        cmocka_unit_test(scalars_have_no_dimensions),
        cmocka_unit_test(plain_state_dicts_lack_a_configuration),
        cmocka_unit_test(reads_tensors_of_every_type),
        cmocka_unit_test(reads_counts),
        cmocka_unit_test(knows_safetensors_that_begin_like_a_pickle),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
