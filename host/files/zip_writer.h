/* SPDX-License-Identifier: MIT
 *
 * zip_writer.h - zip archives of stored files, written as they come.
 *
 * libzip keeps all of an archive's contents until it is closed; here an entry
 * is written when it is added, and what stays in memory is its name.  Same
 * entries, same bytes: all are dated 1980-01-01.  Archives of more than 65535
 * entries or 4 GiB are of the kind that is called zip64. */
#ifndef CEDM_HOST_FILES_ZIP_WRITER_H
#define CEDM_HOST_FILES_ZIP_WRITER_H

#include <stdint.h>

#include "host/files/output.h"

typedef struct host_zip_writer {
    host_output out;
    uint64_t written, count;  /* bytes, entries */
    unsigned char *directory; /* what comes at the end */
    size_t size, capacity;
    host_failure *f;
} host_zip_writer;

/* The archive appears under its name when it ends, whole or not at all.
 * Errors of all calls go to *f; after one the writer needs no abort. */
bool host_zip_begin(host_zip_writer *z, const char *path, host_failure *f);

/* Names are ASCII, differ, and have at most 255 bytes; contents have less
 * than 4 GiB. */
bool host_zip_add(host_zip_writer *z, const char *name, const void *bytes,
                  size_t size);
bool host_zip_end(host_zip_writer *z);
void host_zip_abort(host_zip_writer *z); /* harmless after an end */

#endif
