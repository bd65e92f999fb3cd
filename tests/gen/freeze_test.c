/* SPDX-License-Identifier: MIT
 *
 * freeze_test.c - real checkpoints: what is emitted and compiled is bound
 * and sized by the runtime. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gen/gen_test.h"

static const char *const checkpoints[] = {"ddpmpp-tiny", "ncsnpp-tiny",
                                          "skipskip-tiny", "uncond-tiny"};

/* A frozen checkpoint, compiled and loaded. */
typedef struct frozen {
    cg_file *file;
    cg_program *program;
    void *library;
    const cedm_model *model;
    unsigned char *blob; /* aligned */
    size_t blob_bytes;
} frozen;

static void freeze_as(frozen *f, const char *checkpoint,
                      enum cedm_dtype dtype)
{
    cg_options options = {.weights = dtype};
    cg_freeze to = {gen_directory(), "m", {NULL}};
    cg_error error = {""};
    cedm_model_entry_fn *entry;
    unsigned char *bytes;
    char path[300];
    void *symbol;

    snprintf(path, sizeof path, "tests/golden/%s.safetensors", checkpoint);
    f->file = cg_open(path, &error);
    f->program = f->file != NULL ? cg_build(f->file, &options, &error) : NULL;
    if (f->program == NULL || !cg_emit(f->program, f->file, &to, &error) ||
        !cg_compile(&to, CG_SHARED, "cc", "include", &error)) {
        fail_msg("%s: %s", checkpoint, error.text);
    }
    snprintf(path, sizeof path, "%s/m.so", gen_path());
    f->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(f->library);
    symbol = dlsym(f->library, "cedm_model_entry");
    assert_non_null(symbol);
    memcpy(&entry, &symbol, sizeof entry);
    f->model = entry();
    bytes = gen_read(gen_path(), "m.cedm", &f->blob_bytes);
    f->blob = aligned_alloc(CEDM_ALIGN, CEDM_ALIGN_UP(f->blob_bytes));
    assert_non_null(f->blob);
    memcpy(f->blob, bytes, f->blob_bytes);
    free(bytes);
}

static void freeze(frozen *f, const char *checkpoint)
{
    freeze_as(f, checkpoint, CEDM_DTYPE_F32);
}

static void thaw(frozen *f)
{
    free(f->blob);
    dlclose(f->library);
    cg_program_free(f->program);
    cg_close(f->file);
    gen_remove();
}

static void blob_binds_to_its_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checkpoints / sizeof checkpoints[0]; i++) {
        cedm_blob blob;
        cedm_status status;
        frozen f;

        freeze(&f, checkpoints[i]);
        status = cedm_bind(&blob, f.model, f.blob, f.blob_bytes);
        if (status != CEDM_OK) {
            fail_msg("%s: %s", checkpoints[i], cedm_status_text(status));
        }
        assert_int_equal(blob.trailer[0], '{');
        /* And to no other: one bit in the middle of the data is enough. */
        f.blob[f.blob_bytes / 2] ^= 4;
        assert_int_equal(cedm_bind(&blob, f.model, f.blob, f.blob_bytes),
                         CEDM_E_BLOB_DATA);
        thaw(&f);
    }
}

static void sizes_are_what_the_runtime_asks_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checkpoints / sizeof checkpoints[0]; i++) {
        frozen f;
        uint64_t portable, cpu;

        freeze(&f, checkpoints[i]);
        portable = cedm_weights_bytes(f.model, cedm_backend_portable());
        cpu = cedm_weights_bytes(f.model, cedm_backend_cpu(CEDM_ISA_ALL));
        assert_int_equal(portable, 0);
        assert_int_equal(f.model->graph.weights_bytes,
                         portable > cpu ? portable : cpu);
        assert_int_equal(
            cedm_arena_bytes(f.model, 3, 2),
            CEDM_GRAPH_BYTES(f.model->graph.act_elements,
                             f.model->graph.f32_elements,
                             f.model->graph.scratch_bytes, 3, 2) +
                CEDM_STATE_BYTES(f.model->denoiser->resolution *
                                     f.model->denoiser->resolution *
                                     f.model->denoiser->channels,
                                 f.model->denoiser->features.channels, 3));
        thaw(&f);
    }
}

/* 16-bit data: half the bytes, and the promises of the sizes. */
static void half_weights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checkpoints / sizeof checkpoints[0]; i++) {
        uint64_t full, half, portable, cpu;
        cedm_blob blob;
        frozen f;

        freeze(&f, checkpoints[i]);
        full = f.model->graph.data_elements * 4u;
        thaw(&f);
        freeze_as(&f, checkpoints[i], CEDM_DTYPE_F16);
        half = f.model->graph.data_elements * 2u;
        /* the frequencies of a Fourier embedding stay floats */
        if (half < full / 2 || half > full / 2 + 256) {
            fail_msg("%s: %u bytes as f16, %u as f32", checkpoints[i],
                     (unsigned)half, (unsigned)full);
        }
        assert_true(f.blob_bytes < full / 2 + 16384);
        assert_int_equal(cedm_bind(&blob, f.model, f.blob, f.blob_bytes),
                         CEDM_OK);
        portable = cedm_weights_bytes(f.model, cedm_backend_portable());
        cpu = cedm_weights_bytes(f.model, cedm_backend_cpu(CEDM_ISA_ALL));
        assert_int_equal(portable,
                         CEDM_ALIGN_UP(4u * f.model->graph.data_elements) +
                             CEDM_WEIGHTS_TAG_BYTES);
        assert_int_equal(f.model->graph.weights_bytes,
                         portable > cpu ? portable : cpu);
        /* the other type's header is another model's */
        f.blob[12] ^= 1;
        memcpy(f.blob + 92, &(uint32_t){cedm_crc32c(0, f.blob, 92)}, 4);
        assert_int_equal(cedm_bind(&blob, f.model, f.blob, f.blob_bytes),
                         CEDM_E_BLOB_LAYOUT);
        thaw(&f);
    }
}

/* The compiler sees mem* at most, so a model can be linked into anything. */
static void model_needs_nothing_but_mem(void **state)
{
    char command[700], symbol[200];
    FILE *pipe;
    frozen f;

    (void)state;
    freeze(&f, checkpoints[0]);
    snprintf(command, sizeof command,
             "cc -std=c11 -O2 -ffreestanding -Iinclude -c %s/m.c -o %s/m.o "
             "&& nm -u %s/m.o",
             gen_path(), gen_path(), gen_path());
    pipe = popen(command, "r");
    assert_non_null(pipe);
    while (fscanf(pipe, " U %199s", symbol) == 1) {
        if (strncmp(symbol, "mem", 3) != 0 &&
            strcmp(symbol, "_GLOBAL_OFFSET_TABLE_") != 0) {
            fail_msg("undefined symbol %s", symbol);
        }
    }
    assert_int_equal(pclose(pipe), 0);
    thaw(&f);
}

int gen_test_freeze(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blob_binds_to_its_model),
        cmocka_unit_test(sizes_are_what_the_runtime_asks_for),
        cmocka_unit_test(half_weights),
        cmocka_unit_test(model_needs_nothing_but_mem)};

    return cmocka_run_group_tests_name("freeze", tests, NULL, NULL);
}
