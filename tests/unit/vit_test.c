/* SPDX-License-Identifier: MIT
 *
 * vit_test.c - what a vision transformer is follows from its tensors: a file
 * without one of them, or with one of another shape, name or value, is
 * refused with a line about it; the same file in another order is the same
 * network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"

#define FOLDER "tests/golden/science/vit/"
#define MOST 128 /* tensors of a file */

static const char *const names[] = {
    "dino-tiny.safetensors", "dino-tiny-hf/model.safetensors",
    "dinov2-reg.safetensors", "dinov2-reg.timm.safetensors",
    "dinov2-swiglu.safetensors"};
#define FILES (sizeof names / sizeof names[0])

/* A file whose list of tensors is a copy, to be changed. */
typedef struct changed {
    cg_file *file;
    cg_file copy;
    cg_array arrays[MOST];
} changed;

static void open_file(changed *c, const char *name)
{
    char path[128];
    cg_error error;

    snprintf(path, sizeof path, FOLDER "%s", name);
    c->file = cg_open(path, &error);
    if (c->file == NULL) {
        fail_msg("%s", error.text);
    }
    assert_in_range(c->file->array_count, 1, MOST);
}

static void restore(changed *c)
{
    c->copy = *c->file;
    memcpy(c->arrays, c->file->arrays,
           c->file->array_count * sizeof c->arrays[0]);
    c->copy.arrays = c->arrays;
}

static bool builds(const changed *c, cg_error *error)
{
    cg_options options = {.encoder = {.heads = 1}};
    cg_program *p = cg_build(&c->copy, &options, error);

    cg_program_free(p);
    return p != NULL;
}

static void refuses(changed *c, const char *what, const char *tensor)
{
    cg_error error = {""};

    if (builds(c, &error)) {
        fail_msg("%s: taken with %s %s", c->file->path, tensor, what);
    }
    assert_true(strlen(error.text) > strlen(c->file->path));
    restore(c);
}

/* A mask_token is of training; without registers it is a network that has
 * none, but with positions for a class token that timm's lack. */
static bool is_needed(const cg_array *array)
{
    return strstr(array->name, "mask_token") == NULL &&
           strstr(array->name, "register_tokens") == NULL;
}

static void remove_at(changed *c, size_t i)
{
    c->copy.array_count--;
    memmove(c->arrays + i, c->arrays + i + 1,
            (c->copy.array_count - i) * sizeof c->arrays[0]);
}

static void every_tensor_is_needed(void **state)
{
    static changed c;

    (void)state;
    for (size_t k = 0; k < FILES; k++) {
        cg_error error = {""};

        open_file(&c, names[k]);
        restore(&c);
        if (!builds(&c, &error)) {
            fail_msg("%s", error.text);
        }
        for (size_t i = 0; i < c.file->array_count; i++) {
            if (is_needed(&c.arrays[i])) {
                const char *name = c.arrays[i].name;

                remove_at(&c, i);
                refuses(&c, "left out", name);
            }
        }
        cg_close(c.file);
    }
}

/* The dimensions of which another tensor says the same. */
static void every_dimension_matters(void **state)
{
    static const int64_t steps[] = {-1, 1, INT64_C(1) << 33};
    static changed c;

    (void)state;
    for (size_t k = 0; k < FILES; k++) {
        open_file(&c, names[k]);
        restore(&c);
        for (size_t i = 0; i < c.file->array_count; i++) {
            for (int d = 0; d < c.file->arrays[i].rank; d++) {
                for (size_t s = 0; s < 3; s++) {
                    cg_array *a = &c.arrays[i];

                    if (!is_needed(a) || strcmp(a->name, "reg_token") == 0) {
                        continue; /* there may be more of these, or fewer */
                    }
                    a->shape[d] += (uint64_t)steps[s];
                    refuses(&c, "of another shape", a->name);
                }
            }
        }
        cg_close(c.file);
    }
}

static void strangers_are_refused(void **state)
{
    static changed c;

    (void)state;
    open_file(&c, names[0]);
    restore(&c);
    c.arrays[c.copy.array_count] = c.arrays[0];
    c.arrays[c.copy.array_count++].name = "z.weight";
    refuses(&c, "beside it", "z.weight");
    c.arrays[0].dtype = CG_I32;
    refuses(&c, "of integers", c.arrays[0].name);
    cg_close(c.file);
}

/* Sizes of images, and what is chosen. */
static void choices_are_checked(void **state)
{
    static const cg_encoder_choice bad[] = {
        {.heads = 3},
        {.heads = 2, .image = {4096, 4096}},
        {.heads = 2, .image = {4, 4}, .resize = 4},
        {.heads = 2, .resize = 16, .window = 24},
        {.heads = 2, .filter = "tf1"},
        {.heads = 2, .positions = "none"},
    };
    static changed c;
    cg_error error = {""};

    (void)state;
    open_file(&c, names[0]);
    restore(&c);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cg_options options = {.encoder = bad[i]};
        cg_program *p = cg_build(&c.copy, &options, &error);

        if (p != NULL) {
            fail_msg("choice %zu is taken", i);
        }
    }
    cg_close(c.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_is_needed),
        cmocka_unit_test(every_dimension_matters),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(choices_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
