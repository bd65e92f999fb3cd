/* SPDX-License-Identifier: MIT
 *
 * torch.c - a snapshot or a file of torch.save: from the bytes of its pickle
 * to the arrays of a file. */
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

/* Reads the pickle of a file: its whole, or the part of an archive. */
static bool read_arrays(cg_opened *opened, cg_archive *archive,
                        const char *part, const unsigned char *bytes,
                        size_t size, cg_error *error)
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
    bool ok = load(&t.pickle, bytes, size, &root) &&
              cg_torch_root(&t, root) && check_overlaps(&t);
    cg_pickle_free(&t.pickle);
    cg_pickle_free(&t.header);
    return ok;
}

bool cg_read_pickle(cg_opened *opened, cg_error *error)
{
    return read_arrays(opened, NULL, "", opened->map.bytes, opened->map.size,
                       error);
}

bool cg_read_torch_legacy(cg_opened *opened, cg_error *error)
{
    cg_torch t = {.opened = opened, .error = error};
    cg_ref root = CG_NO_REF;
    t.pickle = (cg_pickle){.path = opened->file.path,
                           .part = "",
                           .base = opened->file.bytes,
                           .error = error,
                           .limit = CG_PICKLE_LIMIT};
    bool ok = cg_legacy_open(&t, &root) && cg_torch_root(&t, root) &&
              check_overlaps(&t);
    cg_pickle_free(&t.pickle);
    return ok;
}

bool cg_read_torch_zip(cg_opened *opened, cg_error *error)
{
    size_t size = 0;
    cg_archive *archive = cg_archive_open(opened, error);
    if (archive == NULL) {
        return false;
    }
    const unsigned char *bytes = cg_archive_pickle(archive, &size);
    bool ok =
        bytes != NULL && read_arrays(opened, archive, CG_ARCHIVE_PICKLE ":",
                                     bytes, size, error);
    cg_archive_close(archive);
    return ok;
}
