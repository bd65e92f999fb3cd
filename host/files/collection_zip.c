/* SPDX-License-Identifier: MIT
 *
 * collection_zip.c - the entries of a zip archive, by libzip. */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "host/files/collection.h"

static bool is_folder(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && name[n - 1] == '/';
}

static bool list_entries(host_collection *c, bool (*wanted)(const char *name),
                         host_failure *f)
{
    zip_int64_t count = zip_get_num_entries(c->archive, 0);

    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(c->archive, (zip_uint64_t)i, 0);

        if (name == NULL) {
            return host_fail(f,
                             "%s: an entry cannot be read: %s; get the file "
                             "again",
                             c->path, zip_strerror(c->archive));
        }
        if (!is_folder(name) &&
            !host_collection_add(c, name, (uint64_t)i, wanted, f)) {
            return false;
        }
    }
    return true;
}

bool host_collection_list_zip(host_collection *c,
                              bool (*wanted)(const char *name),
                              host_failure *f)
{
    int code = 0;
    zip_error_t error;

    c->archive = zip_open(c->path, ZIP_RDONLY, &code);
    if (c->archive != NULL) {
        return list_entries(c, wanted, f);
    }
    zip_error_init_with_code(&error, code);
    (void)host_fail(f,
                    "%s: cannot be read; wanted a folder or a zip file, got "
                    "\"%s\"; check what file this is",
                    c->path, zip_error_strerror(&error));
    zip_error_fini(&error);
    return false;
}

/* APPNOTE.TXT of PKWARE, 4.4.5. */
static const char *method_name(zip_uint16_t method)
{
    switch (method) {
    case ZIP_CM_DEFLATE64: return "Deflate64";
    case ZIP_CM_BZIP2: return "bzip2";
    case ZIP_CM_LZMA: return "LZMA";
    case 93: return "Zstandard";
    case ZIP_CM_XZ: return "xz";
    default: return "a method of its own";
    }
}

/* What libzip would only call unsupported. */
static bool check_entry(host_collection *c, const char *where,
                        const zip_stat_t *st, host_failure *f)
{
    if ((st->valid & ZIP_STAT_SIZE) == 0) {
        return host_fail(f, "%s: its size is not known; get the file again",
                         where);
    }
    if (st->size > HOST_COLLECTION_MOST_BYTES) {
        return host_fail(
            f, "%s: wanted a file of at most %zu bytes, got %llu", where,
            HOST_COLLECTION_MOST_BYTES, (unsigned long long)st->size);
    }
    if ((st->valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 &&
        st->encryption_method != ZIP_EM_NONE) {
        return host_fail(f,
                         "%s: the entry is encrypted; unpack %s and give the "
                         "folder",
                         where, c->path);
    }
    if ((st->valid & ZIP_STAT_COMP_METHOD) != 0 &&
        !zip_compression_method_supported(st->comp_method, 0)) {
        return host_fail(f,
                         "%s: the entry is packed by %s, which libzip cannot "
                         "unpack here; wanted stored or deflated; unpack %s "
                         "and give the folder",
                         where, method_name(st->comp_method), c->path);
    }
    return true;
}

/* libzip compares the checksum when a read comes to the end, which one more
 * byte than there are asks for. */
static bool read_bytes(zip_file_t *file, unsigned char *bytes, uint64_t size,
                       const char *where, host_failure *f)
{
    zip_int64_t got = zip_fread(file, bytes, size);
    unsigned char more;

    if (got == (zip_int64_t)size) {
        got = zip_fread(file, &more, 1);
        if (got == 0) {
            return true;
        }
    }
    return host_fail(
        f, "%s: the entry cannot be read: %s; get the file again", where,
        got < 0    ? zip_file_strerror(file)
        : got == 1 ? "it is longer than it says"
                   : "it is cut short");
}

unsigned char *host_collection_read_zip(host_collection *c, size_t i,
                                        size_t *size, host_failure *f)
{
    char where[1024];
    zip_stat_t st;
    zip_file_t *file = NULL;
    unsigned char *bytes = NULL;

    host_collection_where(c, i, where, sizeof where);
    zip_stat_init(&st);
    if (zip_stat_index(c->archive, c->entries[i].index, 0, &st) != 0) {
        host_fail(f, "%s: the entry cannot be read: %s; get the file again",
                  where, zip_strerror(c->archive));
        return NULL;
    }
    if (!check_entry(c, where, &st, f)) {
        return NULL;
    }
    file = zip_fopen_index(c->archive, c->entries[i].index, 0);
    if (file == NULL) {
        host_fail(f, "%s: the entry cannot be read: %s; get the file again",
                  where, zip_strerror(c->archive));
        return NULL;
    }
    bytes = malloc((size_t)st.size + 1);
    if (bytes == NULL) {
        host_fail(f, "%s: out of memory", where);
    } else if (!read_bytes(file, bytes, st.size, where, f)) {
        free(bytes);
        bytes = NULL;
    }
    (void)zip_fclose(file);
    *size = (size_t)st.size;
    return bytes;
}

void host_collection_close_zip(host_collection *c)
{
    if (c->archive != NULL) {
        zip_discard(c->archive);
        c->archive = NULL;
    }
}
