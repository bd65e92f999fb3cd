/* SPDX-License-Identifier: MIT
 *
 * ids_npy.c - ids in NumPy's files: .npy, format versions 1 to 3, and .npz,
 * which is a zip archive of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "host/files/ids.h"

/* ---- the header --------------------------------------------------------- */

/* A dict of Python that NumPy always writes alike: "{'descr': '<i8',
 * 'fortran_order': False, 'shape': (5,), }". */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);

    if (at != NULL) {
        at += strlen(key);
        at += strspn(at, " ");
    }
    return at;
}

static const struct {
    char kind;
    unsigned bytes;
    cg_dtype dtype;
} types[] = {{'i', 1, CG_I8},  {'i', 2, CG_I16}, {'i', 4, CG_I32},
             {'i', 8, CG_I64}, {'u', 1, CG_U8},  {'u', 2, CG_U16},
             {'u', 4, CG_U32}, {'u', 8, CG_U64}, {'f', 2, CG_F16},
             {'f', 4, CG_F32}, {'f', 8, CG_F64}, {'b', 1, CG_BOOL}};

/* '<i8': order, kind, bytes of an element. */
static bool read_type(const char *descr, cg_array *a, unsigned *bytes,
                      bool *swap)
{
    if (descr == NULL || descr[0] != '\'' ||
        strchr("<>|=", descr[1]) == NULL || descr[4] != '\'') {
        return false;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (descr[2] == types[i].kind &&
            (unsigned)(descr[3] - '0') == types[i].bytes) {
            a->dtype = types[i].dtype;
            *bytes = types[i].bytes;
            *swap = descr[1] == '>';
            return true;
        }
    }
    return false;
}

/* (2, 4) or (8,) */
static bool read_shape(const char *shape, cg_array *a)
{
    if (shape == NULL || *shape++ != '(') {
        return false;
    }
    a->elements = 1;
    while (*shape != ')') {
        char *end;
        unsigned long long n = strtoull(shape, &end, 10);

        if (*shape < '0' || *shape > '9' || a->rank == CG_MAX_RANK ||
            (n > 0 && a->elements > (UINT64_C(1) << 60) / n)) {
            return false;
        }
        a->shape[a->rank++] = n;
        a->elements *= n;
        shape = end + strspn(end, "L");
        shape += *shape == ',';
        shape += strspn(shape, " ");
    }
    return true;
}

/* The text of the header, cut to what any array of ours needs; where the
 * elements begin, or 0. */
static size_t read_header(const unsigned char *bytes, size_t size,
                          char header[1024])
{
    size_t start = size >= 12 && bytes[6] == 1 ? 10 : 12, length;

    header[0] = '\0';
    if (size < 12 || bytes[6] < 1 || bytes[6] > 3) {
        return 0;
    }
    length = bytes[8] | (size_t)bytes[9] << 8;
    if (start == 12) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    if (length > size - start) {
        return 0;
    }
    (void)snprintf(header, 1024, "%.*s", length < 1023 ? (int)length : 1023,
                   (const char *)bytes + start);
    return start + length;
}

/* ---- .npy --------------------------------------------------------------- */

/* The elements in the other byte order, to be freed. */
static unsigned char *swapped(const unsigned char *from, uint64_t count,
                              unsigned bytes)
{
    unsigned char *to = malloc(count * bytes + 1);

    for (uint64_t i = 0; to != NULL && i < count * bytes; i++) {
        to[i] = from[i / bytes * bytes + (bytes - 1 - i % bytes)];
    }
    return to;
}

bool host_ids_add_npy(host_ids *ids, const unsigned char *bytes, size_t size,
                      host_failure *f)
{
    char header[1024];
    size_t start = read_header(bytes, size, header);
    const char *order = value_of(header, "'fortran_order':");
    cg_array a = {.name = "ids"};
    unsigned width = 1;
    unsigned char *copy = NULL;
    bool swap = false, good;

    if (start == 0 ||
        !read_type(value_of(header, "'descr':"), &a, &width, &swap) ||
        !read_shape(value_of(header, "'shape':"), &a) || order == NULL) {
        return host_fail(f,
                         "%s: not an array of whole numbers; wanted an .npy "
                         "file of plain integers or floats, got %.100s",
                         ids->path, header[0] == '\0' ? "none" : header);
    }
    if (a.elements > size / width || a.elements * width != size - start) {
        return host_fail(f,
                         "%s: wanted %llu numbers of %u bytes, got %zu bytes "
                         "of %.80s; get the file again",
                         ids->path, (unsigned long long)a.elements, width,
                         size - start, header);
    }
    a.data = bytes + start;
    if (swap) {
        a.data = copy = swapped(a.data, a.elements, width);
    }
    good =
        a.data != NULL
            ? host_ids_add_array(ids, &a, strncmp(order, "True", 4) == 0, f)
            : host_fail(f, "%s: out of memory", ids->path);
    free(copy);
    return good;
}

/* ---- .npz --------------------------------------------------------------- */

/* The entry that holds ids, or -1; how many arrays there are. */
static zip_int64_t find_entry(zip_t *zip, size_t *arrays)
{
    zip_int64_t only = -1;
    char name[64];

    *arrays = 0;
    for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); i++) {
        const char *entry = zip_get_name(zip, (zip_uint64_t)i, 0);
        size_t n = entry == NULL ? 0 : strlen(entry);

        if (n > 4 && strcmp(entry + n - 4, ".npy") == 0) {
            only = i;
            ++*arrays;
        }
    }
    for (size_t i = 0; *arrays > 1 && host_ids_words[i] != NULL; i++) {
        (void)snprintf(name, sizeof name, "%s.npy", host_ids_words[i]);
        only = zip_name_locate(zip, name, 0);
        if (only >= 0) {
            return only;
        }
    }
    return only;
}

/* Reads to the end and once more: only there the checksum is compared. */
static unsigned char *read_entry(zip_t *zip, zip_int64_t index, size_t *size)
{
    zip_stat_t info;
    zip_file_t *file;
    unsigned char *bytes, more;
    bool good;

    if (zip_stat_index(zip, (zip_uint64_t)index, 0, &info) != 0 ||
        info.size > ((zip_uint64_t)1 << 30)) {
        return NULL;
    }
    file = zip_fopen_index(zip, (zip_uint64_t)index, 0);
    bytes = malloc(info.size + 1);
    good = file != NULL && bytes != NULL &&
           zip_fread(file, bytes, info.size) == (zip_int64_t)info.size &&
           zip_fread(file, &more, 1) == 0;
    if (file != NULL) {
        (void)zip_fclose(file);
    }
    if (!good) {
        free(bytes);
        return NULL;
    }
    *size = info.size;
    return bytes;
}

static bool add_entry(host_ids *ids, zip_t *zip, zip_int64_t index,
                      host_failure *f)
{
    size_t size;
    unsigned char *bytes = read_entry(zip, index, &size);
    bool good;

    if (bytes == NULL) {
        return host_fail(f,
                         "%s:%s: the array cannot be read, or its checksum "
                         "is wrong; get the file again",
                         ids->path,
                         zip_get_name(zip, (zip_uint64_t)index, 0));
    }
    good = host_ids_add_npy(ids, bytes, size, f);
    free(bytes);
    return good;
}

bool host_ids_add_zip(host_ids *ids, const unsigned char *bytes, size_t size,
                      host_failure *f)
{
    zip_error_t error;
    zip_source_t *source;
    zip_t *zip;
    size_t arrays = 0;
    zip_int64_t index;
    bool good;

    zip_error_init(&error);
    source = zip_source_buffer_create(bytes, size, 0, &error);
    zip = source == NULL ? NULL
                         : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (zip == NULL) {
        zip_source_free(source);
        (void)host_fail(f, "%s: cannot be read: %s", ids->path,
                        zip_error_strerror(&error));
        zip_error_fini(&error);
        return false;
    }
    index = find_entry(zip, &arrays);
    good = arrays == 0 ? host_ids_add_torch(ids, f)
           : index >= 0
               ? add_entry(ids, zip, index, f)
               : host_fail(f,
                           "%s: %zu arrays; wanted one, or one called "
                           "cluster_ids",
                           ids->path, arrays);
    zip_discard(zip);
    zip_error_fini(&error);
    return good;
}
