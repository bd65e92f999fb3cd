/* SPDX-License-Identifier: MIT
 *
 * source_test.c - the emitted C: pinned, deterministic, clean, and the same
 * program when it is compiled and run. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/gen/gen_test.h"

static const char *const files[] = {"tiny.c",   "tiny.h",   "tiny.map",
                                    "tiny.csv", "tiny.svg", "tiny.cedm"};

#define FILES (sizeof files / sizeof files[0])

static void same_program_gives_same_bytes(void **state)
{
    static tiny t;
    unsigned char *first[FILES];
    size_t sizes[FILES];

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_directory(), "tiny");
    for (size_t i = 0; i < FILES; i++) {
        first[i] = gen_read(gen_path(), files[i], &sizes[i]);
        assert_true(sizes[i] > 0);
    }
    assert_int_equal(gen_count(gen_path()), FILES);
    gen_remove();
    tiny_make(&t);
    t.file.path = "tiny-1.safetensors"; /* the directory is not shown */
    gen_emit(&t, gen_directory(), "tiny");
    for (size_t i = 0; i < FILES; i++) {
        size_t size;
        unsigned char *again = gen_read(gen_path(), files[i], &size);

        assert_int_equal(size, sizes[i]);
        assert_memory_equal(again, first[i], size);
        free(again);
        free(first[i]);
    }
    gen_remove();
}

/* Says the line of the first difference. */
static void compare_with_golden(const char *name)
{
    size_t a_size, b_size, i = 0;
    unsigned char *a = gen_read(gen_path(), name, &a_size);
    unsigned char *b = gen_read(GEN_GOLDEN, name, &b_size);
    int line = 1;

    while (i < a_size && i < b_size && a[i] == b[i]) {
        line += a[i] == '\n';
        i++;
    }
    if (a_size != b_size || i < a_size) {
        fail_msg(GEN_GOLDEN
                 "/%s:%d: differs from what is emitted; if that "
                 "is meant, run gen_test --write and review the diff",
                 name, line);
    }
    free(a);
    free(b);
}

static void text_is_as_pinned(void **state)
{
    static tiny t;

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_directory(), "tiny");
    for (size_t i = 0; i < FILES - 1; i++) { /* blob_test has the last */
        compare_with_golden(files[i]);
    }
    gen_remove();
}

/* Compiles with everything on; true if the compiler exists. */
static bool compiles(const char *cc, const char *standard, const char *file,
                     const char *language)
{
    const char *const argv[] = {cc,
                                standard,
                                "-Wall",
                                "-Wextra",
                                "-Wpedantic",
                                "-Werror",
                                "-Wshadow",
                                "-Wconversion",
                                "-Wsign-conversion",
                                "-Wdouble-promotion",
                                "-Wcast-qual",
                                "-Wwrite-strings",
                                "-Wmissing-declarations",
                                "-Wredundant-decls",
                                "-Wundef",
                                "-DCEDM_MODEL_SHARED",
                                "-Iinclude",
                                "-I",
                                gen_path(),
                                "-O1",
                                "-x",
                                language,
                                "-c",
                                file,
                                "-o",
                                "/dev/null",
                                NULL};
    int status = gen_run(argv);

    if (status > 0) {
        fail_msg("%s %s: exit status %d for %s", cc, standard, status, file);
    }
    return status == 0;
}

static void write_user(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("#include \"cedm.h\"\n#include \"tiny.h\"\n"
          "extern unsigned char arena[TINY_ARENA_BYTES(4, 2)];\n"
          "extern unsigned char image[TINY_IMAGE_BYTES(4)];\n"
          "extern unsigned char weights[TINY_WEIGHTS_BYTES];\n"
          "unsigned char arena[TINY_ARENA_BYTES(4, 2)];\n"
          "unsigned char image[TINY_IMAGE_BYTES(4)];\n"
          "unsigned char weights[TINY_WEIGHTS_BYTES];\n"
          "extern const cedm_model *model_of_user;\n"
          "const cedm_model *model_of_user = &cedm_tiny_model;\n",
          file);
    assert_int_equal(fclose(file), 0);
}

static void code_compiles_without_a_warning(void **state)
{
    static const char *const c[] = {"gcc", "clang"};
    static const char *const cxx[] = {"g++", "clang++"};
    char source[300], user[300];
    int found = 0;
    static tiny t;

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_directory(), "tiny");
    snprintf(source, sizeof source, "%s/tiny.c", gen_path());
    snprintf(user, sizeof user, "%s/user.c", gen_path());
    write_user(user);
    for (int i = 0; i < 2; i++) {
        if (compiles(c[i], "-std=c11", source, "c")) {
            assert_true(compiles(c[i], "-std=c99", user, "c"));
            assert_true(compiles(c[i], "-std=c11", user, "c"));
            found++;
        }
        compiles(cxx[i], "-std=c++11", user, "c++");
    }
    gen_remove();
    if (found == 0) {
        skip();
    }
}

/* ---- the compiled model ------------------------------------------------ */

/* Notes which op is called with which descriptor. */
typedef struct calls {
    const tiny *t;
    uint32_t count;
} calls;

static void check_call(calls *c, cg_op_kind kind, const void *descriptor,
                       size_t size)
{
    const cg_op *op = &c->t->ops[c->count];

    assert_true(c->count < TINY_OPS);
    if (op->kind != kind || memcmp(&op->u, descriptor, size) != 0) {
        fail_msg("call %u is not op %s", (unsigned)c->count, op->module);
    }
    c->count++;
}

#define DEFINE_CALL(name)                                                    \
    static void call_##name(void *ctx, const cedm_##name *op)                \
    {                                                                        \
        check_call(ctx, CG_OP_##name, op, sizeof *op);                       \
    }
CEDM_GRAPH_OPS(DEFINE_CALL)

static const cedm_ops recorder = {
#define RECORD(name) .name = call_##name,
    CEDM_GRAPH_OPS(RECORD)};

static void check_model(const cedm_model *m, const tiny *t)
{
    const cg_program *p = &t->program;

    assert_int_equal(m->abi, CEDM_MODEL_ABI);
    assert_int_equal(m->size, sizeof *m);
    assert_string_equal(m->name, "tiny");
    assert_int_equal(m->denoiser->resolution, p->denoiser.resolution);
    assert_int_equal(m->denoiser->channels, p->denoiser.channels);
    assert_int_equal(m->denoiser->label_dim, p->denoiser.label_dim);
    assert_int_equal(m->denoiser->precond, p->denoiser.precond);
    assert_true(m->denoiser->sigma_data == p->denoiser.sigma_data);
    assert_true(m->denoiser->sigma_min == p->denoiser.sigma_min);
    assert_true(m->denoiser->sigma_max == p->denoiser.sigma_max);
    assert_memory_equal(&m->denoiser->features, &p->denoiser.features,
                        sizeof m->denoiser->features);
    assert_int_equal(m->graph.inputs[CEDM_INPUT_FEATURES].ref,
                     p->inputs[CEDM_INPUT_FEATURES].ref);
    assert_int_equal(m->graph.inputs[CEDM_INPUT_IMAGE].ref,
                     p->inputs[CEDM_INPUT_IMAGE].ref);
    assert_int_equal(m->graph.outputs[0].ref, p->outputs[0].ref);
    assert_int_equal(m->graph.op_count, p->op_count);
    assert_int_equal(m->graph.act_elements, p->act.elements);
    assert_int_equal(m->graph.f32_elements, p->f32.elements);
    assert_int_equal(m->graph.scratch_bytes, p->scratch_bytes);
    assert_int_equal(m->graph.weights_bytes, p->weights_bytes);
    assert_int_equal(m->graph.data_elements, p->data_elements);
    assert_int_equal(m->graph.layout_hash, p->layout_hash);
    assert_int_equal(m->graph.tensor_count, p->param_count);
    for (uint32_t i = 0; i < p->param_count; i++) {
        assert_int_equal(m->graph.tensors[i].offset, p->params[i].offset);
        assert_int_equal(m->graph.tensors[i].elements, p->params[i].elements);
    }
}

/* Emits and compiles t; the model, its library in *library. */
static const cedm_model *load_model(const tiny *t, void **library)
{
    cg_freeze freeze = {gen_directory(), "tiny", {NULL}};
    cg_error error = {""};
    cedm_model_entry_fn *entry;
    char path[300];
    void *symbol;

    gen_emit(t, freeze.directory, freeze.name);
    if (!cg_compile(&freeze, CG_SHARED, "cc", "include", &error)) {
        fail_msg("cg_compile: %s", error.text);
    }
    assert_int_equal(gen_count(gen_path()), FILES + 1);
    snprintf(path, sizeof path, "%s/tiny.so", gen_path());
    *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*library == NULL) {
        fail_msg("dlopen: %s", dlerror());
    }
    symbol = dlsym(*library, "cedm_model_entry");
    assert_non_null(symbol);
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

static void compiled_model_is_the_program(void **state)
{
    static tiny t;
    calls c = {&t, 0};
    void *library;
    const cedm_model *model;

    (void)state;
    tiny_make(&t);
    model = load_model(&t, &library);
    check_model(model, &t);
    model->graph.eval(&recorder, &c);
    assert_int_equal(c.count, TINY_OPS);
    dlclose(library);
    gen_remove();
}

static void numbers_come_back_as_they_were(void **state)
{
    static const double values[] = {0.1, 1.0 / 3.0, 5e-324, 123456789.0,
                                    1.7976931348623157e308};
    static tiny t;
    calls c = {&t, 0};
    void *library;
    const cedm_model *model;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        tiny_make(&t);
        t.program.denoiser.sigma_min = values[i];
        t.ops[2].u.conv.scale = i < 4 ? (float)values[i] : 3.4028235e38f;
        model = load_model(&t, &library);
        /* What no double exceeds by much stands for "no limit". */
        assert_true(model->denoiser->sigma_min ==
                    (values[i] > 1e308 ? 1e308 : values[i]));
        c.count = 0;
        model->graph.eval(&recorder, &c);
        dlclose(library);
        gen_remove();
    }
}

/* Only the members that a preconditioning uses are emitted. */
static void every_preconditioning_comes_back(void **state)
{
    static tiny t;

    (void)state;
    for (uint32_t k = 0; k <= CEDM_PRECOND_IDDPM; k++) {
        void *library;
        const cedm_model *model;
        bool vp = k == CEDM_PRECOND_VP, iddpm = k == CEDM_PRECOND_IDDPM;

        tiny_make(&t);
        t.program.denoiser.precond = k;
        t.program.denoiser.beta_d = 19.9;
        t.program.denoiser.beta_min = 0.1;
        t.program.denoiser.noise_steps = vp || iddpm ? 1000 : 0;
        t.program.denoiser.noise_levels = iddpm ? 16 : CEDM_NONE;
        t.ops[0].u.embed.act = CEDM_ACT_SILU;
        model = load_model(&t, &library);
        check_model(model, &t);
        assert_true(model->denoiser->beta_d == (vp ? 19.9 : 0));
        assert_true(model->denoiser->beta_min == (vp ? 0.1 : 0));
        assert_int_equal(model->denoiser->noise_steps,
                         t.program.denoiser.noise_steps);
        assert_int_equal(model->denoiser->noise_levels, iddpm ? 16 : 0);
        model->graph.eval(&recorder, &(calls){&t, 0});
        dlclose(library);
        gen_remove();
    }
}

/* ---- names ------------------------------------------------------------- */

static void hostile_names_are_harmless(void **state)
{
    static const char *const names[] = {"*/ int x; /*",
                                        "\"\n#include <evil.h>\n",
                                        "int",
                                        "size_t",
                                        "cedm_conv",
                                        "tiny_eval",
                                        "F32",
                                        "UINT32_MAX",
                                        "",
                                        "0start"};
    char huge[2000], source[300];
    static tiny t;
    size_t size;
    unsigned char *text;

    (void)state;
    tiny_make(&t);
    memset(huge, '?', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    for (int i = 0; i < TINY_OPS; i++) {
        t.ops[i].module = names[i];
    }
    t.params[0].name = "*/ \xff\x01 ?\?/";
    t.params[1].name = huge;
    t.tensors[2].name = "</title><script>&";
    t.tensors[3].name = huge;
    t.file.path = "dir/*\n evil */.pkl";
    gen_emit(&t, gen_directory(), "tiny");
    snprintf(source, sizeof source, "%s/tiny.c", gen_path());
    compiles("cc", "-std=c11", source, "c");
    text = gen_read(gen_path(), "tiny.c", &size);
    assert_null(strstr((const char *)text, "evil.h>"));
    assert_null(strstr((const char *)text, "?\?"));
    assert_non_null(strstr((const char *)text, "op_int = {"));
    assert_non_null(strstr((const char *)text, "op_size_t = {"));
    assert_non_null(strstr((const char *)text, " tiny_eval_2 = {"));
    free(text);
    text = gen_read(gen_path(), "tiny.svg", &size);
    assert_null(strstr((const char *)text, "&"));
    assert_null(strstr((const char *)text, "<script"));
    free(text);
    gen_remove();
}

static void equal_names_are_told_apart(void **state)
{
    char source[300];
    static tiny t;

    (void)state;
    tiny_make(&t);
    for (int i = 0; i < TINY_OPS; i++) {
        t.ops[i].module = i % 2 == 0 ? "enc.a.b" : "enc.a_b";
    }
    gen_emit(&t, gen_directory(), "tiny");
    snprintf(source, sizeof source, "%s/tiny.c", gen_path());
    compiles("cc", "-std=c11", source, "c");
    gen_remove();
}

int gen_test_source(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_program_gives_same_bytes),
        cmocka_unit_test(text_is_as_pinned),
        cmocka_unit_test(code_compiles_without_a_warning),
        cmocka_unit_test(compiled_model_is_the_program),
        cmocka_unit_test(numbers_come_back_as_they_were),
        cmocka_unit_test(every_preconditioning_comes_back),
        cmocka_unit_test(hostile_names_are_harmless),
        cmocka_unit_test(equal_names_are_told_apart)};

    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
