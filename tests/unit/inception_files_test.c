/* SPDX-License-Identifier: MIT
 *
 * inception_files_test.c - files that FID's Inception comes in, of full size:
 * NVIDIA's TorchScript archive, and the pickle of a module that holds its
 * source.  Both have the tensors that were written, and build the network. */
#include "tests/inception/inception_tensors.h"
#include "tests/unit/refused_files.h"

static cg_array arrays[INCEPTION_NVIDIA_TENSORS];
static inception_tensor list[INCEPTION_TENSORS];
static float *values; /* tensor i has those from the i-th on */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const cg_array *)a)->name, ((const cg_array *)b)->name);
}

static int make_tensors(void **state)
{
    uint64_t most = 0;
    size_t count = 0;
    if (make_path(state) != 0 || !inception_tensors(list)) {
        return -1;
    }
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        most = list[i].elements > most ? list[i].elements : most;
    }
    values = calloc(most + INCEPTION_TENSORS, sizeof *values);
    if (values == NULL) {
        return -1;
    }
    for (uint64_t i = 0; i < most + INCEPTION_TENSORS; i++) {
        values[i] = (float)i;
    }
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        const inception_tensor *t = &list[i];
        if (t->nvidia[0] != '\0') {
            cg_array *a = &arrays[count++];
            *a = (cg_array){.name = t->nvidia,
                            .dtype = CG_F32,
                            .rank = t->rank,
                            .elements = t->elements,
                            .data = (const unsigned char *)(values + i)};
            memcpy(a->shape, t->shape, sizeof t->shape);
        }
    }
    qsort(arrays, count, sizeof *arrays, compare_names);
    return count == INCEPTION_NVIDIA_TENSORS ? 0 : -1;
}

static int free_tensors(void **state)
{
    free(values);
    return remove_path(state);
}

/* Has the file those tensors alone, and is it the network? */
static void check(cg_file *file)
{
    const cg_options options = {.encoder = {.resize = 0}};
    cg_error error = {""};
    assert_int_equal(file->array_count, INCEPTION_NVIDIA_TENSORS);
    for (size_t i = 0; i < file->array_count; i++) {
        const cg_array *want = &arrays[i], *got = &file->arrays[i];
        assert_string_equal(got->name, want->name);
        assert_int_equal(got->rank, want->rank);
        assert_memory_equal(got->shape, want->shape,
                            (size_t)want->rank * sizeof want->shape[0]);
        assert_memory_equal(got->data, want->data,
                            (size_t)want->elements * sizeof(float));
    }
    cg_program *p = cg_build(file, &options, &error);
    if (p == NULL) {
        fail_msg("%s", error.text);
    }
    cg_program_free(p);
    cg_close(file);
}

/* Tensors and objects by the next part of their names. */
static void put_object(pickler *p, const cg_array *from, size_t count,
                       size_t prefix)
{
    begin_object(p, "__torch__", "Layer");
    for (size_t i = 0, next; i < count; i = next) {
        const char *key = from[i].name + prefix;
        size_t length = strcspn(key, ".");
        char part[64];
        (void)snprintf(part, sizeof part, "%.*s", (int)length, key);
        put_text(p, part);
        next = i + 1;
        if (key[length] == '\0') {
            put_tensor(p, &from[i], true);
            continue;
        }
        while (next < count &&
               strncmp(from[next].name + prefix, key, length + 1) == 0) {
            next++;
        }
        put_object(p, from + i, next - i, prefix + length + 1);
    }
    end_object(p);
}

static void torchscript_is_read(void **state)
{
    (void)state;
    pickler *p = begin_pickle(false);
    put_object(p, arrays, INCEPTION_NVIDIA_TENSORS, 0);
    out pickle = end_pickle(p);
    out all = archive(&pickle, arrays, INCEPTION_NVIDIA_TENSORS);
    free(pickle.at);
    check(open_out(all));
}

/* Its source, in torch_files.h, would end the program. */
static void module_with_its_source_is_read(void **state)
{
    (void)state;
    pickler *p = begin_pickle(true);
    cJSON *none = cJSON_CreateObject();
    put_module(p, arrays, INCEPTION_NVIDIA_TENSORS, 0, "inception", none);
    cJSON_Delete(none);
    check(open_out(end_pickle(p)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torchscript_is_read),
        cmocka_unit_test(module_with_its_source_is_read),
    };
    return cmocka_run_group_tests(tests, make_tensors, free_tensors);
}
