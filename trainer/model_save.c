/* SPDX-License-Identifier: MIT
 *
 * model_save.c - the sets of a training program as one safetensors file, with
 * a checksum for every tensor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cedm.h"
#include "host/files/output.h"
#include "host/files/safetensors_header.h"
#include "trainer/model_places.h"

#define DIGITS 8u /* of a checksum */

typedef struct writer {
    const train_model_file *m;
    const train_placed *places;
    const train_model_set *sets;
    size_t count;
    const train_model_note *notes;
    size_t note_count;
    float *buffer; /* of one tensor, in the checkpoint's own order */
} writer;

/* ---- the tensors of a file ---------------------------------------------- */

/* A place in a file: tensor `array` of a set. */
typedef struct cursor {
    size_t set, array;
} cursor;

static const cg_array *array_at(const writer *w, const cursor *at)
{
    return &w->m->file.arrays[at->array];
}

/* Moves to the first tensor that is in the file, from `at` on. */
static bool settle(const writer *w, cursor *at)
{
    for (; at->set < w->count; at->set++, at->array = 0) {
        for (; at->array < w->m->file.array_count; at->array++) {
            if (w->places[at->array].part != NULL ||
                w->sets[at->set].buffers) {
                return true;
            }
        }
    }
    return false;
}

static bool next(const writer *w, cursor *at)
{
    at->array++;
    return settle(w, at);
}

static const float *gather(const writer *w, const cursor *at)
{
    const cg_array *a = array_at(w, at);
    const train_placed *place = &w->places[at->array];
    const float *values = w->sets[at->set].values;

    if (place->part == NULL) {
        memcpy(w->buffer, a->data, a->elements * sizeof(float));
        return w->buffer;
    }
    for (uint64_t e = 0; e < place->part->elements; e++) {
        w->buffer[cg_part_source(place->part, e)] = values[place->first + e];
    }
    return w->buffer;
}

static float *make_buffer(const train_model_file *m)
{
    uint64_t largest = 1;

    for (size_t i = 0; i < m->file.array_count; i++) {
        uint64_t n = m->file.arrays[i].elements;

        largest = n > largest ? n : largest;
    }
    return malloc(largest * sizeof(float));
}

/* ---- the header --------------------------------------------------------- */

/* Checksums in the order of names, which is the file's; to be freed. */
static char *make_sums(const writer *w)
{
    size_t room = w->count * w->m->file.array_count * DIGITS + 1, used = 0;
    char *text = malloc(room);
    cursor at = {0, 0};

    if (text == NULL) {
        return NULL;
    }
    text[0] = '\0';
    for (bool more = settle(w, &at); more; more = next(w, &at)) {
        size_t bytes = array_at(w, &at)->elements * sizeof(float);

        (void)snprintf(text + used, room - used, "%08x",
                       cedm_crc32c(0, gather(w, &at), bytes));
        used += DIGITS;
    }
    return text;
}

static void add_tensor(cJSON *header, const char *prefix, const cg_array *a,
                       uint64_t *at)
{
    char name[1024];

    (void)snprintf(name, sizeof name, "%s%s", prefix, a->name);
    host_safetensors_add(header, name, "F32", a->shape, a->rank,
                         a->elements * sizeof(float), at);
}

/* To be freed; NULL if there is no memory. */
static char *print_header(const writer *w, const char *sums)
{
    cursor at = {0, 0};
    uint64_t offset = 0;
    cJSON *header = host_safetensors_new();
    cJSON *metadata = host_safetensors_metadata(header);

    cJSON_AddStringToObject(metadata, "cedm.crc32c", sums);
    for (size_t i = 0; i < w->note_count; i++) {
        cJSON_AddStringToObject(metadata, w->notes[i].key, w->notes[i].value);
    }
    for (bool more = settle(w, &at); more; more = next(w, &at)) {
        add_tensor(header, w->sets[at.set].prefix, array_at(w, &at), &offset);
    }
    return host_safetensors_text(header);
}

/* Fills in the header's own checksum if it has zeros for one. */
static void seal(char *header)
{
    static const char before[] = "\"cedm.header_crc32c\":\"";
    char *at = strstr(header, before), digits[DIGITS + 1];

    if (at != NULL) {
        (void)snprintf(digits, sizeof digits, "%08x",
                       cedm_crc32c(0, header, strlen(header)));
        memcpy(at + sizeof before - 1, digits, DIGITS);
    }
}

/* The header with its checksum; to be freed. */
static char *make_header(const writer *w)
{
    char *sums = make_sums(w);
    char *text = sums == NULL ? NULL : print_header(w, sums);

    if (text != NULL) {
        seal(text);
    }
    free(sums);
    return text;
}

/* ---- the file ----------------------------------------------------------- */

static bool write_all(const writer *w, const char *header, host_output *out,
                      host_failure *f)
{
    cursor at = {0, 0};
    bool good = host_safetensors_write(out, header, f);

    for (bool more = settle(w, &at); good && more; more = next(w, &at)) {
        good =
            host_output_write(out, gather(w, &at),
                              array_at(w, &at)->elements * sizeof(float), f);
    }
    return good;
}

bool train_model_file_save(const train_model_file *m,
                           const cg_training *training, const char *path,
                           const train_model_set *sets, size_t count,
                           const train_model_note *notes, size_t note_count,
                           host_failure *f)
{
    host_output out;
    train_placed *places = train_model_places(m, training);
    writer w = {m, places, sets, count, notes, note_count, make_buffer(m)};
    char *header =
        places == NULL || w.buffer == NULL ? NULL : make_header(&w);
    bool good = header != NULL || host_fail(f, "out of memory");

    good = good && host_output_open(&out, path, f) &&
           write_all(&w, header, &out, f) && host_output_commit(&out, f);
    free(header);
    free(w.buffer);
    free(places);
    return good;
}
