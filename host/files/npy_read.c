/* SPDX-License-Identifier: MIT
 *
 * npy_read.c - the header of a NumPy file [NPY]: magic, version, length of
 * the rest, and a Python dictionary as text with three entries. */
#include "host/files/npy_read.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6u

/* NumPy does not read longer headers either, unless it is told to. */
#define HEADER_MAX 10000u

/* Eight bytes of each are still a 64-bit number. */
#define ELEMENTS_MAX (UINT64_MAX / 8)

/* ---- the text ----------------------------------------------------------- */

/* What has not been read of the dictionary. */
typedef struct text {
    const char *at, *end;
} text;

static void skip_blanks(text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n')) {
        t->at++;
    }
}

/* Skips `word` after blanks; false if it is not there. */
static bool take(text *t, const char *word)
{
    skip_blanks(t);
    size_t length = strlen(word);
    if ((size_t)(t->end - t->at) < length ||
        memcmp(t->at, word, length) != 0) {
        return false;
    }
    t->at += length;
    return true;
}

/* A string without escapes: *begin and *length are what its quotes hold. */
static bool take_string(text *t, const char **begin, size_t *length)
{
    bool single = take(t, "'");
    if (!single && !take(t, "\"")) {
        return false;
    }
    *begin = t->at;
    const char *close =
        memchr(t->at, single ? '\'' : '"', (size_t)(t->end - t->at));
    if (close == NULL || memchr(t->at, '\\', (size_t)(close - t->at))) {
        return false;
    }
    *length = (size_t)(close - t->at);
    t->at = close + 1;
    return true;
}

static bool take_number(text *t, uint64_t *out)
{
    skip_blanks(t);
    uint64_t value = 0;
    const char *begin = t->at;
    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
        unsigned digit = (unsigned)(*t->at - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = 10 * value + digit;
    }
    *out = value;
    return t->at > begin;
}

/* ---- the three entries -------------------------------------------------- */

typedef struct header {
    const char *type; /* of an element, e.g. <f4 */
    size_t type_length;
    bool has_type, has_order, has_shape;
    bool fortran_order;
    int rank;
    uint64_t shape[CG_MAX_RANK];
} header;

/* (), (3,) or (3, 4), with or without a comma at the end. */
static bool take_shape(text *t, header *h)
{
    if (h->has_shape || !take(t, "(")) {
        return false;
    }
    h->has_shape = true;
    bool comma = true;
    while (!take(t, ")")) {
        if (!comma || h->rank == CG_MAX_RANK ||
            !take_number(t, &h->shape[h->rank])) {
            return false;
        }
        h->rank++;
        comma = take(t, ",");
    }
    return comma || h->rank > 1; /* (3) is a number, not a tuple */
}

static bool take_type(text *t, header *h)
{
    bool again = h->has_type;
    h->has_type = true;
    return !again && take_string(t, &h->type, &h->type_length);
}

static bool take_order(text *t, header *h)
{
    bool again = h->has_order;
    h->has_order = true;
    h->fortran_order = take(t, "True");
    return !again && (h->fortran_order || take(t, "False"));
}

static bool take_entry(text *t, header *h)
{
    static const struct {
        const char *key;
        bool (*take_value)(text *t, header *h);
    } entries[] = {{"descr", take_type},
                   {"fortran_order", take_order},
                   {"shape", take_shape}};

    const char *key;
    size_t length;
    if (!take_string(t, &key, &length) || !take(t, ":")) {
        return false;
    }
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (strlen(entries[i].key) == length &&
            memcmp(entries[i].key, key, length) == 0) {
            return entries[i].take_value(t, h);
        }
    }
    return false;
}

static bool read_dictionary(header *h, const char *begin, size_t length)
{
    text t = {begin, begin + length};
    *h = (header){.rank = 0};
    bool good = take(&t, "{");
    bool comma = true;
    while (good && !take(&t, "}")) {
        good = comma && take_entry(&t, h);
        comma = take(&t, ",");
    }
    skip_blanks(&t);
    return good && t.at == t.end && h->has_type && h->has_order &&
           h->has_shape;
}

/* ---- the array ---------------------------------------------------------- */

static bool find_type(const header *h, cg_dtype *out)
{
    static const struct {
        const char *code;
        cg_dtype dtype;
    } types[] = {{"<f8", CG_F64}, {"<f4", CG_F32}, {"<f2", CG_F16},
                 {"<i8", CG_I64}, {"<i4", CG_I32}, {"<i2", CG_I16},
                 {"|i1", CG_I8},  {"<u8", CG_U64}, {"<u4", CG_U32},
                 {"<u2", CG_U16}, {"|u1", CG_U8},  {"|b1", CG_BOOL}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (h->type_length == 3 && memcmp(types[i].code, h->type, 3) == 0) {
            *out = types[i].dtype;
            return true;
        }
    }
    return false;
}

/* Bytes of an element: the digit at the end of its type's code. */
static uint64_t element_bytes(const header *h)
{
    return (uint64_t)(h->type[2] - '0');
}

/* The product of the axes, or a number that no file has bytes for. */
static uint64_t count_elements(const header *h)
{
    uint64_t count = 1;
    for (int i = 0; i < h->rank; i++) {
        if (h->shape[i] == 0) {
            return 0;
        }
    }
    for (int i = 0; i < h->rank; i++) {
        if (h->shape[i] > ELEMENTS_MAX / count) {
            return ELEMENTS_MAX;
        }
        count *= h->shape[i];
    }
    return count;
}

static bool check_array(cg_array *array, const header *h, size_t size,
                        const char *name, host_failure *f)
{
    if (!find_type(h, &array->dtype)) {
        return host_fail(f,
                         "%s: unusable elements; wanted little-endian floats "
                         "or integers, e.g. <f4, got %.*s; convert the array "
                         "with astype",
                         name, h->type_length > 40 ? 40 : (int)h->type_length,
                         h->type);
    }
    if (h->fortran_order && h->rank > 1) {
        return host_fail(f,
                         "%s: columns are stored one after another; wanted "
                         "rows, got fortran_order True; save "
                         "numpy.ascontiguousarray of the array",
                         name);
    }
    array->elements = count_elements(h);
    if (array->elements * element_bytes(h) != size) {
        return host_fail(
            f,
            "%s: the shape does not fit the file; wanted %" PRIu64
            " elements of %" PRIu64 " bytes, got %zu bytes; get "
            "the file again",
            name, array->elements, element_bytes(h), size);
    }
    return true;
}

/* Where the dictionary begins and how long it is; 0: the file is too short
 * or of another version. */
static size_t find_dictionary(const unsigned char *bytes, size_t size,
                              size_t *length)
{
    if (size < 12 || bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0) {
        return 0;
    }
    size_t begin = bytes[6] == 1 ? 10 : 12;
    *length = bytes[8] | (size_t)bytes[9] << 8;
    if (begin == 12) {
        *length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    return *length <= HEADER_MAX && *length <= size - begin ? begin : 0;
}

bool host_npy_parse(cg_array *array, const unsigned char *bytes, size_t size,
                    const char *name, host_failure *f)
{
    *array = (cg_array){.name = NULL};
    if (size < MAGIC_BYTES || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0) {
        return host_fail(f,
                         "%s: not a NumPy file; wanted an array (.npy), got "
                         "other bytes; write it with numpy.save",
                         name);
    }
    header h;
    size_t length = 0, begin = find_dictionary(bytes, size, &length);
    if (begin == 0 ||
        !read_dictionary(&h, (const char *)bytes + begin, length)) {
        return host_fail(f,
                         "%s: a damaged NumPy header; wanted version 1 to 3 "
                         "and descr, fortran_order and shape of up to %d "
                         "axes, got something else; get the file again",
                         name, CG_MAX_RANK);
    }
    if (!check_array(array, &h, size - begin - length, name, f)) {
        *array = (cg_array){.name = NULL};
        return false;
    }
    array->rank = h.rank;
    memcpy(array->shape, h.shape, sizeof h.shape);
    array->data = bytes + begin + length;
    return true;
}

bool host_npy_open(host_npy *npy, const char *path, host_failure *f)
{
    *npy = (host_npy){.array = {.name = NULL}};
    if (!host_map_open(&npy->map, path, f)) {
        return false;
    }
    if (!host_npy_parse(&npy->array, npy->map.bytes, npy->map.size, path,
                        f)) {
        host_npy_close(npy);
        return false;
    }
    return true;
}

void host_npy_close(host_npy *npy)
{
    cg_map_close(&npy->map);
    *npy = (host_npy){.array = {.name = NULL}};
}
