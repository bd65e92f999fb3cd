/* SPDX-License-Identifier: MIT
 *
 * wrap_archives.c - libzip and zlib with failures. */
#include <errno.h>
#include <string.h>
#include <zip.h>
#include <zlib.h>

#include "tests/fault/wrap.h"

/* What libzip says of a file that cannot be read. */
static bool zip_fails(const char *function, zip_error_t *error)
{
    if (!fault_now(FAULT_IO, function, EIO)) {
        return false;
    }
    if (error != NULL) {
        zip_error_set(error, ZIP_ER_READ, EIO);
    }
    return true;
}

DECLARE(zip_source_t *, zip_source_buffer_create, const void *bytes,
        zip_uint64_t size, int free_it, zip_error_t *error)
{
    return zip_fails("zip_source_buffer_create", error)
               ? NULL
               : __real_zip_source_buffer_create(bytes, size, free_it, error);
}

DECLARE(zip_t *, zip_open_from_source, zip_source_t *source, int flags,
        zip_error_t *error)
{
    return zip_fails("zip_open_from_source", error)
               ? NULL
               : __real_zip_open_from_source(source, flags, error);
}

DECLARE(zip_t *, zip_open, const char *path, int flags, int *code)
{
    if (zip_fails("zip_open", NULL)) {
        *code = ZIP_ER_OPEN;
        return NULL;
    }
    return __real_zip_open(path, flags, code);
}

DECLARE(const char *, zip_get_name, zip_t *zip, zip_uint64_t index,
        zip_flags_t flags)
{
    return zip_fails("zip_get_name", zip_get_error(zip))
               ? NULL
               : __real_zip_get_name(zip, index, flags);
}

DECLARE(int, zip_stat_index, zip_t *zip, zip_uint64_t index,
        zip_flags_t flags, zip_stat_t *entry)
{
    return zip_fails("zip_stat_index", zip_get_error(zip))
               ? -1
               : __real_zip_stat_index(zip, index, flags, entry);
}

DECLARE(zip_file_t *, zip_fopen_index, zip_t *zip, zip_uint64_t index,
        zip_flags_t flags)
{
    return zip_fails("zip_fopen_index", zip_get_error(zip))
               ? NULL
               : __real_zip_fopen_index(zip, index, flags);
}

DECLARE(zip_int64_t, zip_fread, zip_file_t *file, void *bytes,
        zip_uint64_t size)
{
    return zip_fails("zip_fread", zip_file_get_error(file))
               ? -1
               : __real_zip_fread(file, bytes, size);
}

DECLARE(gzFile, gzopen64, const char *path, const char *mode)
{
    if (fault_now(FAULT_IO, "gzopen64", EMFILE)) {
        return NULL;
    }
    return __real_gzopen64(path, mode);
}

static bool gz_failed;

DECLARE(int, gzread, gzFile file, void *bytes, unsigned size)
{
    gz_failed = fault_now(FAULT_IO, "gzread", EIO);
    return gz_failed ? -1 : __real_gzread(file, bytes, size);
}

DECLARE(const char *, gzerror, gzFile file, int *code)
{
    if (gz_failed) {
        *code = Z_ERRNO;
        return strerror(EIO);
    }
    return __real_gzerror(file, code);
}
