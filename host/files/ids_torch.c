/* SPDX-License-Identifier: MIT
 *
 * ids_torch.c - ids in a file of PyTorch. */
#include <stddef.h>

#include "host/files/ids.h"

static const cg_array *choose(const cg_file *file)
{
    const cg_array *found = NULL;

    if (file->array_count == 1) {
        return &file->arrays[0];
    }
    for (size_t i = 0; host_ids_words[i] != NULL && found == NULL; i++) {
        found = cg_find(file, host_ids_words[i]);
    }
    return found;
}

bool host_ids_add_torch(host_ids *ids, host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(ids->path, &error);
    const cg_array *array;
    bool good;

    if (file == NULL) {
        return host_fail(f, "%s", error.text);
    }
    array = choose(file);
    good = array != NULL
               ? host_ids_add_array(ids, array, false, f)
               : host_fail(f,
                           "%s: %zu tensors; wanted one, or one called "
                           "cluster_ids",
                           ids->path, file->array_count);
    cg_close(file);
    return good;
}
