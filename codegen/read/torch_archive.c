/* SPDX-License-Identifier: MIT
 *
 * torch_archive.c - the file of torch.save: a zip archive of stored entries,
 * one pickle (NAME/data.pkl) and one entry for each storage (NAME/data/KEY).
 *
 * Entries are copied, because only a whole pass over one can tell that its
 * checksum is right; no more is copied than the file has bytes. */
#include <string.h>
#include <zip.h>

#include "codegen/error.h"
#include "codegen/read/array.h"
#include "codegen/read/torch.h"

#define ENTRY_NAME_MAX 512u

struct cg_archive {
    cg_opened *opened;
    cg_error *error;
    zip_t *zip;
    const char *folder; /* "NAME/" */
    size_t folder_bytes;
    uint64_t copied;
    const unsigned char **entries; /* those that were copied, by index */
};

static bool bad(const cg_archive *a, const char *entry, const char *what,
                const char *wanted, const char *got)
{
    char quoted[64];
    return cg_fail(
        a->error,
        "%s:%s: %s; wanted %s, got %s; get the file "
        "again",
        a->opened->file.path,
        cg_pickle_quote(quoted, (const unsigned char *)entry, strlen(entry)),
        what, wanted, got);
}

/* ---- entries ----------------------------------------------------------- */

static bool check_entry(const cg_archive *a, const zip_stat_t *entry)
{
    const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE |
                                ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD |
                                ZIP_STAT_ENCRYPTION_METHOD;
    if ((entry->valid & needed) != needed ||
        entry->comp_method != ZIP_CM_STORE ||
        entry->encryption_method != ZIP_EM_NONE ||
        entry->comp_size != entry->size) {
        return bad(a, entry->name, "the entry is packed", "stored bytes",
                   "a compressed or encrypted entry");
    }
    if (entry->size > a->opened->file.size - a->copied) {
        return bad(a, entry->name, "entries overlap",
                   "no more bytes than the file has", "more");
    }
    return true;
}

/* Reads to the end and once more: only there the checksum is compared.  An
 * archive that was written without checksums has zeros for them. */
static bool read_entry(const cg_archive *a, zip_uint64_t index,
                       const zip_stat_t *entry, unsigned char *bytes)
{
    bool unsummed = (entry->valid & ZIP_STAT_CRC) != 0 && entry->crc == 0;
    zip_file_t *in = zip_fopen_index(a->zip, index, 0);
    if (in == NULL) {
        return bad(a, entry->name, "the entry cannot be read",
                   "a sound archive", zip_strerror(a->zip));
    }
    zip_int64_t count = zip_fread(in, bytes, entry->size);
    unsigned char more;
    zip_int64_t after = count < 0  ? -1
                        : unsummed ? 0
                                   : zip_fread(in, &more, 1);
    bool ok = count >= 0 && (zip_uint64_t)count == entry->size && after == 0;
    if (!ok) {
        (void)bad(a, entry->name, "the entry cannot be read",
                  "all its bytes and their checksum",
                  count < 0 || after < 0 ? zip_file_strerror(in)
                                         : "another length");
    }
    (void)zip_fclose(in);
    return ok;
}

/* The bytes of an entry; NULL on error. */
static const unsigned char *copy_entry(cg_archive *a, zip_uint64_t index,
                                       size_t *size)
{
    zip_stat_t entry;
    zip_stat_init(&entry);
    if (zip_stat_index(a->zip, index, 0, &entry) != 0) {
        (void)bad(a, "zip", "the entry cannot be found", "a sound archive",
                  zip_strerror(a->zip));
        return NULL;
    }
    *size = (size_t)entry.size;
    if (a->entries[index] != NULL) {
        return a->entries[index];
    }
    if (!check_entry(a, &entry)) {
        return NULL;
    }
    unsigned char *bytes = cg_keep(a->opened, (size_t)entry.size, a->error);
    if (bytes == NULL || !read_entry(a, index, &entry, bytes)) {
        return NULL;
    }
    a->copied += entry.size;
    a->entries[index] = bytes;
    return bytes;
}

/* The index of "NAME/text" or -1. */
static zip_int64_t locate(const cg_archive *a, const char *folder,
                          const unsigned char *text, size_t size)
{
    char name[ENTRY_NAME_MAX + 1];
    size_t begin = a->folder_bytes, middle = strlen(folder);
    if (size > 64 || begin + middle + size > ENTRY_NAME_MAX ||
        memchr(text, 0, size) != NULL) {
        return -1;
    }
    memcpy(name, a->folder, begin);
    memcpy(name + begin, folder, middle);
    memcpy(name + begin + middle, text, size);
    name[begin + middle + size] = '\0';
    return zip_name_locate(a->zip, name, 0);
}

bool cg_archive_storage(cg_torch *t, const cg_node *key, cg_storage *storage)
{
    cg_archive *a = t->archive;
    char quoted[64];
    size_t size = 0;
    (void)cg_pickle_quote(quoted, key->u.bytes.at, key->u.bytes.size);
    zip_int64_t index =
        locate(a, "data/", key->u.bytes.at, key->u.bytes.size);
    if (index < 0) {
        return cg_pickle_fail(&t->pickle, key->offset,
                              "a storage is missing "
                              "in the archive; wanted the entry data/%s, got "
                              "none; " CG_GET_AGAIN,
                              quoted);
    }
    const unsigned char *bytes = copy_entry(a, (zip_uint64_t)index, &size);
    if (bytes == NULL) {
        return false;
    }
    unsigned width = cg_dtype_bytes(storage->dtype);
    if (size % width != 0 || size / width != storage->elements) {
        return cg_pickle_fail(&t->pickle, key->offset,
                              "the storage data/%s "
                              "has another size; wanted %ju elements of %u "
                              "bytes, got %zu bytes; " CG_GET_AGAIN,
                              quoted, (uintmax_t)storage->elements, width,
                              size);
    }
    storage->data = bytes;
    return true;
}

/* ---- the archive ------------------------------------------------------- */

/* The one entry NAME/data.pkl; sets the folder. */
static bool find_pickle(cg_archive *a, zip_uint64_t count,
                        zip_uint64_t *index)
{
    static const size_t tail = sizeof CG_ARCHIVE_PICKLE - 1;
    int found = 0;
    for (zip_uint64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(a->zip, i, 0);
        if (name == NULL) {
            return bad(a, "zip", "an entry has no name", "a sound archive",
                       zip_strerror(a->zip));
        }
        size_t length = strlen(name);
        if (length < tail ||
            strcmp(name + length - tail, CG_ARCHIVE_PICKLE) != 0 ||
            (length > tail && name[length - tail - 1] != '/')) {
            continue;
        }
        *index = i;
        a->folder = name;
        a->folder_bytes = length - tail;
        found++;
    }
    return found == 1 ||
           bad(a, "zip", "not a file of torch.save",
               "one entry named data.pkl", found == 0 ? "none" : "more");
}

/* Newer files name their byte order. */
static bool check_byte_order(cg_archive *a)
{
    static const unsigned char name[] = {'b', 'y', 't', 'e', 'o',
                                         'r', 'd', 'e', 'r'};
    size_t size = 0;
    zip_int64_t index = locate(a, "", name, sizeof name);
    if (index < 0) {
        return true;
    }
    const unsigned char *bytes = copy_entry(a, (zip_uint64_t)index, &size);
    if (bytes == NULL) {
        return false;
    }
    return (size == 6 && memcmp(bytes, "little", 6) == 0) ||
           bad(a, "byteorder", "unusable byte order", "little-endian",
               "another");
}

const unsigned char *cg_archive_pickle(cg_archive *a, size_t *size)
{
    zip_uint64_t index = 0;
    zip_int64_t count = zip_get_num_entries(a->zip, 0);
    size_t room = ((size_t)count + 1) * sizeof *a->entries;
    a->entries = cg_keep(a->opened, room, a->error);
    if (a->entries == NULL) {
        return NULL;
    }
    memset(a->entries, 0, room);
    return find_pickle(a, (zip_uint64_t)count, &index) && check_byte_order(a)
               ? copy_entry(a, index, size)
               : NULL;
}

/* The archive of a source; takes the source over.  NULL if it is none. */
static zip_t *open_source(zip_source_t *source, zip_error_t *reason)
{
    zip_t *zip = source == NULL
                     ? NULL
                     : zip_open_from_source(
                           source, ZIP_RDONLY | ZIP_CHECKCONS, reason);
    if (zip == NULL && source != NULL) {
        zip_source_free(source);
    }
    return zip;
}

cg_archive *cg_archive_open(cg_opened *opened, cg_error *error)
{
    cg_archive *a = cg_keep(opened, sizeof *a, error);
    if (a == NULL) {
        return NULL;
    }
    zip_error_t reason;
    zip_error_init(&reason);
    *a = (cg_archive){.opened = opened, .error = error};
    a->zip = open_source(zip_source_buffer_create(
                             opened->map.bytes, opened->map.size, 0, &reason),
                         &reason);
    bool ok = a->zip != NULL ||
              bad(a, "zip", "not a sound zip archive", "a file of torch.save",
                  zip_error_strerror(&reason));
    zip_error_fini(&reason);
    return ok ? a : NULL;
}

void cg_archive_close(cg_archive *a)
{
    zip_discard(a->zip);
}
