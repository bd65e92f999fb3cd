/* SPDX-License-Identifier: MIT
 *
 * torch.c - from the bytes of a pickle to the arrays of a file. */
#include "codegen/read/torch.h"

#include "codegen/read/array.h"

/* One value and nothing behind it. */
static bool load(cg_pickle *p, const unsigned char *bytes, size_t size,
                 cg_ref *root)
{
    const unsigned char *at = bytes, *end = bytes + size;
    if (!cg_pickle_load(p, &at, end, root)) {
        return false;
    }
    return at == end ||
           cg_pickle_fail(p, (size_t)(at - bytes),
                          "not a snapshot of a "
                          "network; wanted the end of the file after one "
                          "pickle, got %td bytes more; check what file this "
                          "is",
                          end - at);
}

/* Tensors of a network share nothing, and so many names of the same bytes
 * cannot make a small file large. */
static bool check_overlaps(const cg_torch *t)
{
    cg_file *file = &t->opened->file;
    const cg_array *last = NULL; /* that holds anything */
    uintptr_t end = 0;
    cg_sort_by_place(file);
    for (size_t i = 0; i < file->array_count; i++) {
        const cg_array *array = &file->arrays[i];
        if (array->elements == 0) {
            continue;
        }
        if (last != NULL && end > (uintptr_t)array->data) {
            return cg_pickle_fail(&t->pickle, 0,
                                  "%s and %s share bytes; "
                                  "wanted each tensor with its own, got "
                                  "%zu shared; save them after clone()",
                                  last->name, array->name,
                                  (size_t)(end - (uintptr_t)array->data));
        }
        last = array;
        end = (uintptr_t)array->data + (uintptr_t)cg_array_bytes(array);
    }
    return true;
}

bool cg_torch_finish(cg_torch *t, cg_ref root)
{
    return cg_torch_root(t, root) && check_overlaps(t);
}

bool cg_torch_read(cg_opened *opened, cg_archive *archive, const char *part,
                   const unsigned char *bytes, size_t size, cg_error *error)
{
    cg_torch t = {.opened = opened, .error = error, .archive = archive};
    cg_ref root = CG_NO_REF;
    t.pickle = (cg_pickle){.path = opened->file.path,
                           .part = part,
                           .base = bytes,
                           .error = error,
                           .limit = CG_PICKLE_LIMIT};
    t.header = t.pickle;
    t.header.limit = CG_STORAGE_LIMIT;
    bool ok =
        load(&t.pickle, bytes, size, &root) && cg_torch_finish(&t, root);
    cg_pickle_free(&t.pickle);
    cg_pickle_free(&t.header);
    return ok;
}

bool cg_read_pickle(cg_opened *opened, cg_error *error)
{
    return cg_torch_read(opened, NULL, "", opened->map.bytes,
                         opened->map.size, error);
}
