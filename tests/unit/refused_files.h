/* SPDX-License-Identifier: MIT
 *
 * refused_files.h - what the hostile tests of snapshots and torch files
 * share: judging and damaging files that were made in memory. */
#ifndef CEDM_TESTS_REFUSED_FILES_H
#define CEDM_TESTS_REFUSED_FILES_H

#include "tests/unit/opened_files.h"
#include "tests/unit/torch_files.h"

static inline void refuse_out(const char *rule, out o, const char *where,
                              const char *what)
{
    refuse_bytes(rule, o.at, o.size, where, what);
    free(o.at);
}

static inline void refuse_pickle(const char *rule, pickler *p,
                                 const char *what)
{
    refuse_out(rule, end_pickle(p), ":0x", what);
}

static inline cg_file *open_out(out o)
{
    cg_error error = {{0}};
    write_bytes(o.at, o.size);
    free(o.at);
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

/* The first place of some bytes in a stream. */
static inline unsigned char *find_bytes(const out *o, const char *bytes,
                                        size_t size)
{
    for (size_t i = 0; i + size <= o->size; i++) {
        if (memcmp(o->at + i, bytes, size) == 0) {
            return o->at + i;
        }
    }
    fail_msg("wanted \"%s\" in the stream, got none", bytes);
    return NULL;
}

/* Opens what there is; true if it was taken. */
static inline bool survives(const unsigned char *bytes, size_t size)
{
    cg_error error = {{0}};
    write_bytes(bytes, size);
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        assert_non_null(strstr(error.text, "; wanted "));
        return false;
    }
    (void)touch(file);
    for (size_t i = 0; i < file->array_count; i++) {
        assert_in_range(file->arrays[i].elements, 0, file->size);
    }
    cg_close(file);
    return true;
}

/* Every beginning of a good file is refused. */
static inline void check_truncations(const out *o)
{
    assert_true(survives(o->at, o->size));
    for (size_t size = 1; size < o->size; size++) {
        if (survives(o->at, size)) {
            fail_msg("wanted %zu of %zu bytes refused, got a file", size,
                     o->size);
        }
    }
}

/* Every byte changed in five ways is refused or harmless: some bytes may
 * change unseen, not all. */
static inline void check_changes(const out *o)
{
    static const unsigned char masks[] = {0x01, 0x02, 0x10, 0x80, 0xff};
    size_t taken = 0;
    for (size_t at = 0; at < o->size; at++) {
        for (size_t k = 0; k < sizeof masks; k++) {
            o->at[at] ^= masks[k];
            taken += survives(o->at, o->size);
            o->at[at] ^= masks[k];
        }
    }
    assert_in_range(taken, 1, o->size * sizeof masks - 1);
}

#endif
