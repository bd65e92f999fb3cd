/* SPDX-License-Identifier: MIT
 *
 * ids_list.c - a list of ids, of numbers and of arrays, and its order. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/ids.h"

const char *const host_ids_words[] = {
    "cluster_ids", "cluster_id", "clusters", "cluster", "ids",   "id",
    "labels",      "labels_",    "label",    "tensor",  "arr_0", "class",
    "classes",     "class_id",   "target",   "targets", NULL};

/* ---- the list ----------------------------------------------------------- */

static bool grow(host_ids *ids)
{
    uint64_t wanted = ids->capacity == 0 ? 1024 : 2 * ids->capacity;
    int64_t *values = realloc(ids->values, wanted * sizeof *values);
    char **names;

    if (values == NULL) {
        return false;
    }
    ids->values = values;
    names = realloc(ids->names, wanted * sizeof *names);
    if (names == NULL) {
        return false;
    }
    ids->names = names;
    ids->capacity = wanted;
    return true;
}

bool host_ids_add(host_ids *ids, double value, const char *name,
                  host_failure *f)
{
    char *copy = NULL;

    if (!(value >= 0.0 && value < 0x1p53) || value != floor(value)) {
        return host_fail(f,
                         "%s: cluster id %" PRIu64
                         " is %.15g; wanted a whole number of 0 or more",
                         ids->path, ids->count, value);
    }
    if (name != NULL) {
        name += strncmp(name, "./", 2) == 0 ? 2 : 0;
        copy = strdup(name);
    }
    if ((name != NULL && copy == NULL) ||
        (ids->count == ids->capacity && !grow(ids))) {
        free(copy);
        return host_fail(f, "%s: out of memory", ids->path);
    }
    ids->names[ids->count] = copy;
    ids->values[ids->count++] = (int64_t)value;
    return true;
}

void host_ids_free(host_ids *ids)
{
    for (uint64_t i = 0; i < ids->count; i++) {
        free(ids->names[i]);
    }
    free(ids->names);
    free(ids->values);
    *ids = (host_ids){0};
}

/* ---- arrays ------------------------------------------------------------- */

/* Rows of zeros with a single 1. */
static bool add_one_hot(host_ids *ids, const cg_array *a, bool fortran,
                        host_failure *f)
{
    uint64_t rows = a->shape[0], columns = a->shape[1];

    for (uint64_t i = 0; i < rows; i++) {
        uint64_t hot = columns;

        for (uint64_t k = 0; k < columns; k++) {
            double value =
                cg_element(a, fortran ? k * rows + i : i * columns + k);

            if (value != 0.0 && (value != 1.0 || hot < columns)) {
                hot = columns + 1;
                break;
            }
            hot = value == 1.0 ? k : hot;
        }
        if (hot >= columns) {
            return host_fail(f,
                             "%s: an array of %" PRIu64 " x %" PRIu64
                             "; wanted one axis, or rows of zeros with a "
                             "single 1, got row %" PRIu64 " that is none",
                             ids->path, rows, columns, i);
        }
        if (!host_ids_add(ids, (double)hot, NULL, f)) {
            return false;
        }
    }
    return true;
}

bool host_ids_add_array(host_ids *ids, const cg_array *a, bool fortran,
                        host_failure *f)
{
    int axes = 0;

    for (int i = 0; i < a->rank; i++) {
        axes += a->shape[i] != 1;
    }
    if (a->rank == 2 && axes == 2) {
        return add_one_hot(ids, a, fortran, f);
    }
    if (axes > 1 || a->rank == 0) {
        return host_fail(f, "%s: an array of %d axes; wanted one", ids->path,
                         a->rank);
    }
    for (uint64_t i = 0; i < a->elements; i++) {
        if (!host_ids_add(ids, cg_element(a, i), NULL, f)) {
            return false;
        }
    }
    return true;
}

/* ---- names -------------------------------------------------------------- */

typedef struct named {
    char *name;
    int64_t value;
} named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

bool host_ids_sort(host_ids *ids, host_failure *f)
{
    named *list;
    bool good = true;

    if (ids->count == 0 || ids->names[0] == NULL) {
        return true;
    }
    list = malloc(ids->count * sizeof *list);
    if (list == NULL) {
        return host_fail(f, "%s: out of memory", ids->path);
    }
    for (uint64_t i = 0; i < ids->count; i++) {
        list[i] = (named){ids->names[i], ids->values[i]};
    }
    qsort(list, ids->count, sizeof *list, by_name);
    for (uint64_t i = 0; i < ids->count; i++) {
        ids->names[i] = list[i].name;
        ids->values[i] = list[i].value;
        if (good && i > 0 && strcmp(list[i].name, list[i - 1].name) == 0) {
            good = host_fail(f, "%s: \"%.200s\" has two ids; wanted one",
                             ids->path, list[i].name);
        }
    }
    free(list);
    return good;
}
