/* SPDX-License-Identifier: MIT
 *
 * header.c - the grammar of a safetensors header [SAFETENSORS]: a JSON object
 * of names, each with dtype, shape and data_offsets, and a __metadata__ of
 * strings.  Anything else is refused where it stands. */
#include "codegen/read/header.h"

#include <stdio.h>
#include <string.h>

#include "codegen/error.h"
#include "codegen/read/array.h"

static const char *const dtype_words[] = {
#define CG_DTYPE_WORD(name, bytes, word) word,
    CG_DTYPE_LIST(CG_DTYPE_WORD)
#undef CG_DTYPE_WORD
};

static size_t offset_now(const cg_reader *r)
{
    return (size_t)(r->json.at - r->file->bytes);
}

/* The header does not read as it should: says where and what is there. */
static bool fail_grammar(cg_reader *r)
{
    const cg_json *json = &r->json;
    const char *path = r->file->path;
    char got[16] = "its end";
    if (json->at<json->end && * json->at> 0x20 && *json->at < 0x7f) {
        (void)snprintf(got, sizeof got, "'%c'", *json->at);
    } else if (json->at < json->end) {
        (void)snprintf(got, sizeof got, "byte 0x%02x", *json->at);
    }
    if (r->tensor == NULL) {
        return cg_fail(r->error,
                       "%s:%zu: bad header; wanted %s, got %s; " CG_REWRITE,
                       path, offset_now(r), json->wanted, got);
    }
    return cg_fail(r->error,
                   "%s:%s: bad header at byte %zu; wanted %s, got "
                   "%s; " CG_REWRITE,
                   path, r->tensor, offset_now(r), json->wanted, got);
}

static bool expect(cg_reader *r, char character)
{
    return cg_json_expect(&r->json, character) || fail_grammar(r);
}

/* Takes a string; it stays in the strings when `keep` is set. */
static bool read_string(cg_reader *r, const char **string, size_t *length,
                        bool keep)
{
    *string = r->text;
    if (!cg_json_string(&r->json, r->text, length)) {
        return fail_grammar(r);
    }
    if (keep) {
        r->text += *length + 1;
    }
    return true;
}

/* ---- metadata ---------------------------------------------------------- */

static bool read_metadata_entry(cg_reader *r)
{
    const char *key, *value;
    size_t length;
    return read_string(r, &key, &length, true) && expect(r, ':') &&
           read_string(r, &value, &length, true) &&
           cg_add_metadata(r->opened, key, value, r->error);
}

static bool read_metadata(cg_reader *r)
{
    if (r->metadata_seen) {
        return cg_fail(r->error,
                       "%s:%zu: a second __metadata__; wanted one "
                       "at most, got two; " CG_REWRITE,
                       r->file->path, offset_now(r));
    }
    r->metadata_seen = true;
    r->tensor = "__metadata__";
    if (!expect(r, '{')) {
        return false;
    }
    if (!cg_json_take(&r->json, '}')) {
        do {
            if (!read_metadata_entry(r)) {
                return false;
            }
        } while (cg_json_take(&r->json, ','));
        if (!expect(r, '}')) {
            return false;
        }
    }
    r->tensor = NULL;
    return true;
}

/* ---- tensors ----------------------------------------------------------- */

enum { SEEN_DTYPE = 1, SEEN_SHAPE = 2, SEEN_OFFSETS = 4, SEEN_ALL = 7 };

typedef struct entry {
    cg_array array;
    uint64_t begin, end;
    unsigned seen;
} entry;

static bool read_dtype(cg_reader *r, entry *e)
{
    const char *word;
    size_t length;
    if (!read_string(r, &word, &length, false)) {
        return false;
    }
    for (size_t i = 0; i < CG_DTYPE_COUNT; i++) {
        if (strcmp(word, dtype_words[i]) == 0) {
            e->array.dtype = (cg_dtype)i;
            return true;
        }
    }
    return cg_fail(
        r->error,
        "%s:%s: unknown dtype; wanted F64, F32, F16, "
        "BF16, BOOL or an integer type, got \"%.32s\"; convert the "
        "tensor",
        r->file->path, r->tensor, word);
}

static bool read_shape(cg_reader *r, entry *e)
{
    cg_array *array = &e->array;
    if (!expect(r, '[')) {
        return false;
    }
    if (cg_json_take(&r->json, ']')) {
        return true;
    }
    do {
        if (array->rank == CG_MAX_RANK) {
            return cg_fail(r->error,
                           "%s:%s: too many dimensions; wanted at "
                           "most %d, got more; reshape the tensor",
                           r->file->path, r->tensor, CG_MAX_RANK);
        }
        if (!cg_json_integer(&r->json, &array->shape[array->rank])) {
            return fail_grammar(r);
        }
        array->rank++;
    } while (cg_json_take(&r->json, ','));
    return expect(r, ']');
}

static bool read_offsets(cg_reader *r, entry *e)
{
    return expect(r, '[') &&
           (cg_json_integer(&r->json, &e->begin) || fail_grammar(r)) &&
           expect(r, ',') &&
           (cg_json_integer(&r->json, &e->end) || fail_grammar(r)) &&
           expect(r, ']');
}

static bool read_field(cg_reader *r, entry *e)
{
    static const struct {
        const char *key;
        unsigned bit;
        bool (*read)(cg_reader *, entry *);
    } fields[] = {
        {"dtype", SEEN_DTYPE, read_dtype},
        {"shape", SEEN_SHAPE, read_shape},
        {"data_offsets", SEEN_OFFSETS, read_offsets},
    };
    const char *key;
    size_t length;
    if (!read_string(r, &key, &length, false)) {
        return false;
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(key, fields[i].key) != 0) {
            continue;
        }
        if ((e->seen & fields[i].bit) != 0) {
            return cg_fail(r->error,
                           "%s:%s: the key \"%s\" comes twice; "
                           "wanted it once, got two; " CG_REWRITE,
                           r->file->path, r->tensor, key);
        }
        e->seen |= fields[i].bit;
        return expect(r, ':') && fields[i].read(r, e);
    }
    return cg_fail(r->error,
                   "%s:%s: unknown key; wanted dtype, shape or "
                   "data_offsets, got \"%.32s\"; " CG_REWRITE,
                   r->file->path, r->tensor, key);
}

/* Sets the number of elements.  Dimensions of 0 are left out of the overflow
 * check, so that what is refused does not depend on their place. */
static bool count_elements(cg_reader *r, cg_array *array, uint64_t *bytes)
{
    uint64_t element = cg_dtype_bytes(array->dtype), product = element;
    bool zero = false;
    for (int i = 0; i < array->rank; i++) {
        if (array->shape[i] == 0) {
            zero = true;
        } else if (product > UINT64_MAX / array->shape[i]) {
            return cg_fail(r->error,
                           "%s:%s: the shape overflows; wanted "
                           "fewer than 2^64 bytes, got more; " CG_REWRITE,
                           r->file->path, r->tensor);
        } else {
            product *= array->shape[i];
        }
    }
    *bytes = zero ? 0 : product;
    array->elements = *bytes / element;
    return true;
}

static bool check_entry(cg_reader *r, entry *e)
{
    const char *path = r->file->path, *name = r->tensor;
    uint64_t bytes = 0;
    if (e->seen != SEEN_ALL) {
        return cg_fail(r->error,
                       "%s:%s: incomplete entry; wanted dtype, "
                       "shape and data_offsets, got no %s; " CG_REWRITE,
                       path, name,
                       (e->seen & SEEN_DTYPE) == 0   ? "dtype"
                       : (e->seen & SEEN_SHAPE) == 0 ? "shape"
                                                     : "data_offsets");
    }
    if (e->begin > e->end || e->end > r->data_bytes) {
        return cg_fail(r->error,
                       "%s:%s: data_offsets outside the data; "
                       "wanted begin <= end <= %ju, got [%ju, %ju]; get the "
                       "file again",
                       path, name, (uintmax_t)r->data_bytes,
                       (uintmax_t)e->begin, (uintmax_t)e->end);
    }
    if (!count_elements(r, &e->array, &bytes)) {
        return false;
    }
    if (bytes != e->end - e->begin) {
        return cg_fail(r->error,
                       "%s:%s: shape and data_offsets disagree; "
                       "wanted %ju bytes, got %ju; " CG_REWRITE,
                       path, name, (uintmax_t)bytes,
                       (uintmax_t)(e->end - e->begin));
    }
    e->array.data = r->data + e->begin;
    return true;
}

/* Names go into messages and comments: no control characters, neither the
 * bytes of ASCII nor U+0080 to U+009F, which terminals obey too. */
static bool check_name(cg_reader *r, const char *name, size_t length)
{
    if (length == 0 || length > CG_NAME_MAX_BYTES) {
        return cg_fail(r->error,
                       "%s:%zu: bad tensor name; wanted 1 to %u "
                       "bytes, got %zu; rename the tensor",
                       r->file->path, offset_now(r), CG_NAME_MAX_BYTES,
                       length);
    }
    const unsigned char *p = (const unsigned char *)name;
    for (size_t i = 0; i < length; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f ||
            (p[i] == 0xc2 && p[i + 1] < 0xa0)) {
            return cg_fail(r->error,
                           "%s:%zu: bad tensor name; wanted no "
                           "control characters, got one at byte %zu of it; "
                           "rename the tensor",
                           r->file->path, offset_now(r), i);
        }
    }
    return true;
}

static bool read_tensor(cg_reader *r, const char *name, size_t length)
{
    entry e = {.array = {.name = name}};
    if (!check_name(r, name, length)) {
        return false;
    }
    r->tensor = name;
    if (!expect(r, '{')) {
        return false;
    }
    do {
        if (!read_field(r, &e)) {
            return false;
        }
    } while (cg_json_take(&r->json, ','));
    if (!expect(r, '}') || !check_entry(r, &e)) {
        return false;
    }
    r->tensor = NULL;
    return cg_add_array(r->opened, &e.array, r->error);
}

/* ---- the whole --------------------------------------------------------- */

bool cg_read_header(cg_reader *r)
{
    if (!expect(r, '{')) {
        return false;
    }
    if (!cg_json_take(&r->json, '}')) {
        do {
            const char *name;
            size_t length;
            if (!read_string(r, &name, &length, true) || !expect(r, ':')) {
                return false;
            }
            if (strcmp(name, "__metadata__") == 0
                    ? !read_metadata(r)
                    : !read_tensor(r, name, length)) {
                return false;
            }
        } while (cg_json_take(&r->json, ','));
        if (!expect(r, '}')) {
            return false;
        }
    }
    for (; r->json.at < r->json.end; r->json.at++) {
        if (*r->json.at != ' ') {
            r->json.wanted = "spaces to the end";
            return fail_grammar(r);
        }
    }
    return true;
}
