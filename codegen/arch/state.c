/* SPDX-License-Identifier: MIT
 *
 * state.c - what a checkpoint must hold against what it holds. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/arch/arch.h"
#include "codegen/error.h"

void cg_shape_text(char *text, size_t size, const uint64_t *shape, int rank)
{
    size_t used = 0;
    used += (size_t)snprintf(text, size, "[");
    for (int i = 0; i < rank && used < size; i++) {
        used +=
            (size_t)snprintf(text + used, size - used, "%s%llu",
                             i > 0 ? "," : "", (unsigned long long)shape[i]);
    }
    if (used < size) {
        (void)snprintf(text + used, size - used, "]");
    }
}

static void *fail(cg_state *state, const char *name, const char *what,
                  const char *wanted, const char *got, const char *advice)
{
    if (!state->failed) {
        state->failed = true;
        (void)cg_fail(state->error, "%s:%s: %s; wanted %s, got %s; %s",
                      state->path, name, what, wanted, got, advice);
    }
    return NULL;
}

static bool record(cg_state *state, char *name, bool buffer, int rank,
                   const uint64_t *shape)
{
    if (state->count == state->capacity) {
        size_t capacity = state->capacity * 2 + 64;
        cg_spec *specs = cg_take(state->memory, capacity, sizeof(cg_spec));
        if (specs == NULL) {
            return false;
        }
        if (state->count > 0) {
            memcpy(specs, state->specs, state->count * sizeof(cg_spec));
        }
        state->specs = specs;
        state->capacity = capacity;
    }
    cg_spec *spec = &state->specs[state->count++];
    spec->name = name;
    spec->rank = rank;
    spec->buffer = buffer;
    uint64_t elements = 1;
    for (int i = 0; i < rank; i++) {
        spec->shape[i] = shape[i];
        elements *= shape[i];
    }
    state->parameters += buffer ? 0 : elements;
    return true;
}

static bool is_float(cg_dtype dtype)
{
    return dtype == CG_F32 || dtype == CG_F16 || dtype == CG_BF16 ||
           dtype == CG_F64;
}

static const cg_array *check(cg_state *state, const cg_spec *spec)
{
    char wanted[96], got[96];
    const cg_array *array = cg_find(state->file, spec->name);
    cg_shape_text(wanted, sizeof wanted, spec->shape, spec->rank);
    if (array == NULL) {
        return fail(state, spec->name, "tensor is missing", wanted, "nothing",
                    "the configuration may belong to another network");
    }
    bool same = array->rank == spec->rank;
    for (int i = 0; same && i < spec->rank; i++) {
        same = array->shape[i] == spec->shape[i];
    }
    if (!same) {
        cg_shape_text(got, sizeof got, array->shape, array->rank);
        return fail(state, spec->name, "wrong shape", wanted, got,
                    "the configuration may belong to another network");
    }
    if (!is_float(array->dtype)) {
        return fail(state, spec->name, "wrong type", "floating point",
                    "integers", "save the weights as float32");
    }
    for (uint64_t i = 0; i < array->elements; i++) {
        double value = cg_element(array, i);
        if (!(fabs(value) <= (double)FLT_MAX)) {
            (void)snprintf(got, sizeof got, "%g at element %llu", value,
                           (unsigned long long)i);
            return fail(state, spec->name, "weight is not finite",
                        "finite values", got,
                        "take a snapshot from before training diverged");
        }
    }
    return array;
}

static const cg_array *request(cg_state *state, char *full, bool buffer,
                               const uint64_t shape[4])
{
    if (state->failed) {
        return NULL;
    }
    int rank = 0;
    while (rank < 4 && shape[rank] != 0) {
        rank++;
    }
    if (full == NULL || !record(state, full, buffer, rank, shape)) {
        return fail(state, "tensors", "out of memory", "room", "none",
                    "use a machine with more");
    }
    if (state->file == NULL) {
        return NULL;
    }
    return check(state, &state->specs[state->count - 1]);
}

static const char *prefix_of(const cg_state *state)
{
    return state->prefix != NULL ? state->prefix : "model.";
}

bool cg_has(const cg_state *state, const char *name)
{
    char *full = cg_format(state->memory, "%s%s", prefix_of(state), name);

    return full != NULL && state->file != NULL &&
           cg_find(state->file, full) != NULL;
}

const cg_array *cg_need(cg_state *state, const char *name, bool buffer,
                        const uint64_t shape[4])
{
    return request(state,
                   cg_format(state->memory, "%s%s", prefix_of(state), name),
                   buffer, shape);
}

const cg_array *cg_need_top(cg_state *state, const char *name,
                            uint64_t elements)
{
    return request(state, cg_format(state->memory, "%s", name), true,
                   (uint64_t[4]){elements});
}

static int compare_specs(const void *a, const void *b)
{
    return strcmp(((const cg_spec *)a)->name, ((const cg_spec *)b)->name);
}

static bool is_ignored(const cg_state *state, const char *name)
{
    size_t prefix = strlen(prefix_of(state));

    if (state->ignored == NULL ||
        strncmp(name, prefix_of(state), prefix) != 0) {
        return state->ignored != NULL;
    }
    for (const char *const *p = state->ignored; *p != NULL; p++) {
        if (strncmp(name + prefix, *p, strlen(*p)) == 0) {
            return true;
        }
    }
    return false;
}

/* Of an encoder's file what lies beside the network is left alone: a
 * classifier's head, a projection of its training. */
bool cg_no_extras(cg_state *state)
{
    qsort(state->specs, state->count, sizeof(cg_spec), compare_specs);
    for (size_t i = 0; i < state->file->array_count; i++) {
        cg_spec key = {0};
        if (is_ignored(state, state->file->arrays[i].name)) {
            continue;
        }
        char *name =
            cg_format(state->memory, "%s", state->file->arrays[i].name);
        key.name = name;
        if (name == NULL || bsearch(&key, state->specs, state->count,
                                    sizeof(cg_spec), compare_specs) == NULL) {
            (void)fail(state, state->file->arrays[i].name,
                       "tensor does not belong to the configured network",
                       "only its tensors", "this one as well",
                       "the configuration may belong to another network");
            return false;
        }
    }
    return true;
}
