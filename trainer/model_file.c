/* SPDX-License-Identifier: MIT
 *
 * model_file.c - a checkpoint in memory, and checkpoints on disk. */
#include "trainer/model_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/init.h"
#include "host/files/output.h"

struct train_model_file {
    cg_file file;
    cg_spec *specs;
    size_t spec_count;
    cg_metadata config;
    float *values;
};

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

int train_model_file_take(train_model_file *m, const cg_file *from,
                          const char *prefix, bool all, host_failure *f)
{
    int taken = 0;

    for (size_t i = 0; i < m->file.array_count; i++) {
        const cg_array *to = &m->file.arrays[i];
        const cg_array *a = find(from, prefix, to->name);
        float *values = values_of(m, to);

        if (a == NULL || !same_shape(a, to)) {
            if (all) {
                host_fail(f,
                          "%s:%s%s: %s; the file belongs to another network",
                          from->path, prefix, to->name,
                          a == NULL ? "tensor is missing" : "wrong shape");
                return -1;
            }
            continue;
        }
        for (uint64_t e = 0; e < a->elements; e++) {
            values[e] = (float)cg_element(a, e);
        }
        taken++;
    }
    return taken;
}

/* ---- between files and programs ----------------------------------------- */

/* Where the elements of an array lie in a training program's parameters. */
typedef struct placed {
    const cg_part *part; /* NULL: not trained */
    uint64_t first;
} placed;

static placed *places_of(const train_model_file *m, const cg_training *t)
{
    const cg_program *p = t->program;
    placed *places = calloc(m->file.array_count, sizeof *places);

    for (uint32_t i = 0; places != NULL && i < p->param_count; i++) {
        uint64_t at = p->params[i].offset;

        for (uint32_t k = 0; k < p->params[i].part_count; k++) {
            const cg_part *part = &p->params[i].parts[k];

            if (part->array != NULL && at < t->trained_elements) {
                places[part->array - m->file.arrays] = (placed){part, at};
            }
            at += part->elements;
        }
    }
    return places;
}

/* One array of a set, in the checkpoint's own order. */
static void gather(const train_model_file *m, const placed *place, size_t i,
                   const float *values, float *out)
{
    const cg_array *a = &m->file.arrays[i];

    if (place->part == NULL) {
        memcpy(out, a->data, a->elements * sizeof *out);
        return;
    }
    for (uint64_t e = 0; e < place->part->elements; e++) {
        out[cg_part_source(place->part, e)] = values[place->first + e];
    }
}

bool train_model_file_load(const train_model_file *m,
                           const cg_training *training, const cg_file *from,
                           const char *prefix, float *values, host_failure *f)
{
    placed *places = places_of(m, training);
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

/* ---- writing ------------------------------------------------------------ */

static bool in_set(const train_model_set *set, const placed *place)
{
    return place->part != NULL || set->buffers;
}

static void add_tensor(cJSON *header, const char *prefix, const cg_array *a,
                       uint64_t *at)
{
    char name[1024];
    cJSON *tensor = cJSON_CreateObject();
    cJSON *shape = cJSON_AddArrayToObject(tensor, "shape");
    cJSON *offsets = cJSON_AddArrayToObject(tensor, "data_offsets");

    (void)snprintf(name, sizeof name, "%s%s", prefix, a->name);
    cJSON_AddStringToObject(tensor, "dtype", "F32");
    for (int r = 0; r < a->rank; r++) {
        cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)a->shape[r]));
    }
    cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*at));
    *at += a->elements * sizeof(float);
    cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*at));
    cJSON_AddItemToObject(header, name, tensor);
}

/* The header's text, padded with blanks to a multiple of 8; to be freed. */
static char *make_header(const train_model_file *m, const placed *places,
                         const train_model_set *sets, size_t count,
                         const train_model_note *notes, size_t note_count)
{
    cJSON *header, *metadata;
    uint64_t at = 0;
    char *text, *padded;
    size_t length;

    errno = 0;
    header = cJSON_CreateObject();
    metadata = cJSON_AddObjectToObject(header, "__metadata__");
    for (size_t i = 0; i < note_count; i++) {
        cJSON_AddStringToObject(metadata, notes[i].key, notes[i].value);
    }
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < m->file.array_count; i++) {
            if (in_set(&sets[s], &places[i])) {
                add_tensor(header, sets[s].prefix, &m->file.arrays[i], &at);
            }
        }
    }
    text = cJSON_PrintUnformatted(header);
    cJSON_Delete(header);
    length = text == NULL ? 0 : strlen(text);
    /* cJSON leaves out what it has no memory for. */
    padded = text == NULL || errno == ENOMEM ? NULL : malloc(length + 8);
    if (padded != NULL) {
        (void)snprintf(padded, length + 8, "%s%*s", text,
                       (int)((8 - length % 8) % 8), "");
    }
    cJSON_free(text);
    return padded;
}

static bool write_all(const train_model_file *m, const placed *places,
                      const train_model_set *sets, size_t count,
                      const char *header, host_output *out, host_failure *f)
{
    uint64_t length = strlen(header), largest = 0;
    unsigned char bytes[8];
    float *buffer;
    bool good;

    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(length >> (8 * i));
    }
    for (size_t i = 0; i < m->file.array_count; i++) {
        uint64_t n = m->file.arrays[i].elements;

        largest = n > largest ? n : largest;
    }
    buffer = malloc(largest * sizeof *buffer);
    good = buffer != NULL || host_fail(f, "out of memory");
    good = good && host_output_write(out, bytes, 8, f) &&
           host_output_write(out, header, length, f);
    for (size_t s = 0; good && s < count; s++) {
        for (size_t i = 0; good && i < m->file.array_count; i++) {
            if (in_set(&sets[s], &places[i])) {
                gather(m, &places[i], i, sets[s].values, buffer);
                good = host_output_write(
                    out, buffer, m->file.arrays[i].elements * sizeof *buffer,
                    f);
            }
        }
    }
    free(buffer);
    return good;
}

bool train_model_file_save(const train_model_file *m,
                           const cg_training *training, const char *path,
                           const train_model_set *sets, size_t count,
                           const train_model_note *notes, size_t note_count,
                           host_failure *f)
{
    host_output out;
    placed *places = places_of(m, training);
    char *header = places == NULL ? NULL
                                  : make_header(m, places, sets, count, notes,
                                                note_count);
    bool good = header != NULL || host_fail(f, "out of memory");

    if (good && host_output_open(&out, path, f)) {
        good = write_all(m, places, sets, count, header, &out, f) &&
               host_output_commit(&out, f);
        host_output_abort(&out);
    } else {
        good = false;
    }
    free(header);
    free(places);
    return good;
}
