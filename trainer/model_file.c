/* SPDX-License-Identifier: MIT
 *
 * model_file.c - a checkpoint in memory: begun, and filled from others. */
#include "trainer/model_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/init.h"
#include "trainer/model_places.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const cg_array *)a)->name, ((const cg_array *)b)->name);
}

static float *values_of(const train_model_file *m, const cg_array *array)
{
    return m->values + (array->data - (const unsigned char *)m->values) / 4;
}

/* Arrays over one block of floats, in the order of the specs, then sorted. */
static bool make_arrays(train_model_file *m)
{
    uint64_t total = 0;

    m->file.arrays = calloc(m->spec_count, sizeof(cg_array));
    for (size_t i = 0; m->file.arrays != NULL && i < m->spec_count; i++) {
        cg_array *a = &m->file.arrays[i];

        a->name = m->specs[i].name;
        a->dtype = CG_F32;
        a->rank = m->specs[i].rank;
        a->elements = 1;
        for (int r = 0; r < a->rank; r++) {
            a->shape[r] = m->specs[i].shape[r];
            a->elements *= a->shape[r];
        }
        total += a->elements;
    }
    m->values = calloc(total, sizeof(float));
    if (m->file.arrays == NULL || m->values == NULL) {
        return false;
    }
    total = 0;
    for (size_t i = 0; i < m->spec_count; i++) {
        m->file.arrays[i].data = (unsigned char *)(m->values + total);
        total += m->file.arrays[i].elements;
    }
    m->file.array_count = m->spec_count;
    return true;
}

train_model_file *train_model_file_new(const char *config, uint32_t seed,
                                       host_failure *f)
{
    cg_error error = {""};
    train_model_file *m = calloc(1, sizeof *m);
    char *copy = strdup(config);

    if (m == NULL || copy == NULL) {
        free(copy);
        free(m);
        host_fail(f, "out of memory");
        return NULL;
    }
    m->config = (cg_metadata){"cedm.config", copy};
    m->file.path = "new network";
    m->file.metadata = &m->config;
    m->file.metadata_count = 1;
    m->specs = cg_expected(config, &m->spec_count, &error);
    if (m->specs == NULL || !make_arrays(m)) {
        host_fail(f, "%s", m->specs == NULL ? error.text : "out of memory");
        train_model_file_free(m);
        return NULL;
    }
    for (size_t i = 0; i < m->spec_count; i++) {
        if (!train_init_tensor(m->specs, (uint32_t)i, config, seed,
                               values_of(m, &m->file.arrays[i]))) {
            host_fail(f, "out of memory");
            train_model_file_free(m);
            return NULL;
        }
    }
    qsort(m->file.arrays, m->file.array_count, sizeof(cg_array), by_name);
    return m;
}

void train_model_file_free(train_model_file *m)
{
    if (m != NULL) {
        cg_expected_free(m->specs, m->spec_count);
        free(m->file.arrays);
        free(m->values);
        free((void *)(uintptr_t)m->config.value);
        free(m);
    }
}

const cg_file *train_model_file_get(const train_model_file *m)
{
    return &m->file;
}

/* ---- taking ------------------------------------------------------------- */

static const cg_array *find(const cg_file *from, const char *prefix,
                            const char *name)
{
    char full[1024];

    (void)snprintf(full, sizeof full, "%s%s", prefix, name);
    return cg_find(from, full);
}

static bool same_shape(const cg_array *a, const cg_array *b)
{
    bool same = a->rank == b->rank;

    for (int r = 0; same && r < a->rank; r++) {
        same = a->shape[r] == b->shape[r];
    }
    return same;
}

static bool is_buffer(const train_model_file *m, const cg_array *array)
{
    for (size_t i = 0; i < m->spec_count; i++) {
        if (m->specs[i].name == array->name) {
            return m->specs[i].buffer;
        }
    }
    return false;
}

static void copy(const train_model_file *m, const cg_array *to,
                 const cg_array *from)
{
    float *values = values_of(m, to);

    for (uint64_t e = 0; e < from->elements; e++) {
        values[e] = (float)cg_element(from, e);
    }
}

static void write_shape(const cg_array *a, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (int r = 0; r < a->rank && used + 1 < size; r++) {
        used += (size_t)snprintf(text + used, size - used, "%s%" PRIu64,
                                 r > 0 ? "x" : "", a->shape[r]);
    }
}

/* Names the first few and counts the rest. */
static void note_left(train_model_taken *t, const cg_array *to,
                      const cg_array *from)
{
    size_t used = strlen(t->left), room = sizeof t->left - used;
    char there[64] = "none", here[64];

    if (++t->left_count > TRAIN_MODEL_LEFT_NAMED) {
        return;
    }
    write_shape(to, here, sizeof here);
    if (from != NULL) {
        write_shape(from, there, sizeof there);
    }
    (void)snprintf(t->left + used, room, "%s%s (wanted %s, got %s)",
                   used > 0 ? ", " : "", to->name, here, there);
}

void train_model_file_take(train_model_file *m, const cg_file *from,
                           const char *prefix, train_model_taken *taken)
{
    *taken = (train_model_taken){.all_tensors = m->file.array_count};
    for (size_t i = 0; i < m->file.array_count; i++) {
        const cg_array *to = &m->file.arrays[i];
        const cg_array *a = find(from, prefix, to->name);
        uint64_t parameters = is_buffer(m, to) ? 0 : to->elements;

        taken->all_parameters += parameters;
        if (a == NULL || !same_shape(a, to)) {
            note_left(taken, to, a);
            continue;
        }
        copy(m, to, a);
        taken->tensors++;
        taken->parameters += parameters;
    }
    if (taken->left_count > TRAIN_MODEL_LEFT_NAMED) {
        size_t used = strlen(taken->left);

        (void)snprintf(taken->left + used, sizeof taken->left - used,
                       " and %zu more",
                       taken->left_count - TRAIN_MODEL_LEFT_NAMED);
    }
}

bool train_model_file_take_all(train_model_file *m, const cg_file *from,
                               const char *prefix, host_failure *f)
{
    train_model_taken taken;

    train_model_file_take(m, from, prefix, &taken);
    return taken.left_count == 0 ||
           host_fail(f, "%s: the file belongs to another network: %s",
                     from->path, taken.left);
}

/* ---- between files and programs ----------------------------------------- */

train_placed *train_model_places(const train_model_file *m,
                                 const cg_training *t)
{
    const cg_program *p = t->program;
    train_placed *places = calloc(m->file.array_count, sizeof *places);

    for (uint32_t i = 0; places != NULL && i < p->param_count; i++) {
        uint64_t at = p->params[i].offset;

        for (uint32_t k = 0; k < p->params[i].part_count; k++) {
            const cg_part *part = &p->params[i].parts[k];

            if (part->array != NULL && at < t->trained_elements) {
                places[part->array - m->file.arrays] =
                    (train_placed){part, at};
            }
            at += part->elements;
        }
    }
    return places;
}

bool train_model_file_load(const train_model_file *m,
                           const cg_training *training, const cg_file *from,
                           const char *prefix, float *values, host_failure *f)
{
    train_placed *places = train_model_places(m, training);
    bool good = places != NULL || host_fail(f, "out of memory");

    for (size_t i = 0; good && i < m->file.array_count; i++) {
        const cg_array *a = find(from, prefix, m->file.arrays[i].name);

        if (places[i].part == NULL) {
            continue;
        }
        if (a == NULL || !same_shape(a, &m->file.arrays[i])) {
            good = host_fail(f,
                             "%s:%s%s: missing or of another shape; the "
                             "file belongs to another network",
                             from->path, prefix, m->file.arrays[i].name);
            break;
        }
        for (uint64_t e = 0; e < places[i].part->elements; e++) {
            values[places[i].first + e] =
                (float)cg_element(a, cg_part_source(places[i].part, e));
        }
    }
    free(places);
    return good;
}
