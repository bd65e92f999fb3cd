/* SPDX-License-Identifier: MIT
 *
 * zip_writer.c - zip archives of stored files, written as they come
 * (APPNOTE.TXT of PKWARE, version 6.3). */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "host/files/zip_writer.h"

#define LOCAL 30u   /* bytes of a local header before the name */
#define CENTRAL 46u /* of a directory entry before the name */
#define EXTRA 12u   /* of an offset beyond 4 GiB behind the name */
#define END 22u
#define END_ZIP64 (56u + 20u) /* the record and its locator */
#define NAME_MOST 255u

#define MADE_BY_UNIX (3u << 8)
#define VERSION 20u
#define VERSION_ZIP64 45u
#define DATE 0x0021u /* 1980-01-01 */
#define FILE_MODE 0100644u

typedef struct bytes {
    unsigned char *at;
} bytes;

static void put(bytes *b, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        *b->at++ = (unsigned char)(value >> 8 * i);
    }
}

/* What both headers of an entry have: from the version to the name's
 * length. */
static void put_common(bytes *b, uint32_t version, uint32_t crc, size_t size,
                       size_t name)
{
    put(b, version, 2);
    put(b, 0, 2); /* flags */
    put(b, 0, 2); /* stored */
    put(b, 0, 2); /* time */
    put(b, DATE, 2);
    put(b, crc, 4);
    put(b, size, 4);
    put(b, size, 4);
    put(b, name, 2);
}

static bool emit(host_zip_writer *z, const void *what, size_t size)
{
    if (!host_output_write(&z->out, what, size, z->f)) {
        host_zip_abort(z);
        return false;
    }
    z->written += size;
    return true;
}

static bool no_memory(host_zip_writer *z)
{
    (void)host_fail(z->f, "%s: out of memory", z->out.label);
    host_zip_abort(z);
    return false;
}

bool host_zip_begin(host_zip_writer *z, const char *path, host_failure *f)
{
    *z = (host_zip_writer){.f = f};
    return host_output_open(&z->out, path, f);
}

static bool make_room(host_zip_writer *z)
{
    size_t most = CENTRAL + NAME_MOST + EXTRA;
    size_t capacity = 2 * z->capacity + most;
    unsigned char *directory;

    if (z->capacity - z->size >= most) {
        return true;
    }
    directory = realloc(z->directory, capacity);
    if (directory == NULL) {
        return no_memory(z);
    }
    z->directory = directory;
    z->capacity = capacity;
    return true;
}

static void add_to_directory(host_zip_writer *z, const char *name,
                             uint32_t crc, size_t size)
{
    bytes b = {z->directory + z->size};
    bool far = z->written >= UINT32_MAX;
    size_t length = strlen(name);

    put(&b, 0x02014b50u, 4);
    put(&b, MADE_BY_UNIX | VERSION_ZIP64, 2);
    put_common(&b, far ? VERSION_ZIP64 : VERSION, crc, size, length);
    put(&b, far ? EXTRA : 0, 2);
    put(&b, 0, 2); /* no comment */
    put(&b, 0, 2); /* on this disk */
    put(&b, 0, 2);
    put(&b, (uint64_t)FILE_MODE << 16, 4);
    put(&b, far ? UINT32_MAX : z->written, 4);
    memcpy(b.at, name, length);
    b.at += length;
    if (far) {
        put(&b, 1, 2); /* zip64's fields */
        put(&b, 8, 2);
        put(&b, z->written, 8);
    }
    z->size = (size_t)(b.at - z->directory);
    z->count++;
}

bool host_zip_add(host_zip_writer *z, const char *name, const void *content,
                  size_t size)
{
    unsigned char header[LOCAL];
    bytes b = {header};
    uint32_t crc = (uint32_t)crc32_z(0, content, size);
    size_t length = strlen(name);

    if (!make_room(z)) {
        return false;
    }
    add_to_directory(z, name, crc, size);
    put(&b, 0x04034b50u, 4);
    put_common(&b, VERSION, crc, size, length);
    put(&b, 0, 2); /* nothing behind the name */
    return emit(z, header, sizeof header) && emit(z, name, length) &&
           emit(z, content, size);
}

/* The record that holds what 16 or 32 bits do not, and where it lies. */
static void put_zip64(bytes *b, const host_zip_writer *z, uint64_t at)
{
    put(b, 0x06064b50u, 4);
    put(b, 44, 8); /* bytes that follow */
    put(b, MADE_BY_UNIX | VERSION_ZIP64, 2);
    put(b, VERSION_ZIP64, 2);
    put(b, 0, 8); /* disks */
    put(b, z->count, 8);
    put(b, z->count, 8);
    put(b, z->size, 8);
    put(b, at, 8);
    put(b, 0x07064b50u, 4);
    put(b, 0, 4); /* disk */
    put(b, at + z->size, 8);
    put(b, 1, 4); /* disks */
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

bool host_zip_end(host_zip_writer *z)
{
    unsigned char end[END_ZIP64 + END];
    uint64_t at = z->written;
    bytes b = {end};

    if (z->count >= UINT16_MAX || at + z->size >= UINT32_MAX) {
        put_zip64(&b, z, at);
    }
    put(&b, 0x06054b50u, 4);
    put(&b, 0, 4); /* disks */
    put(&b, at_most(z->count, UINT16_MAX), 2);
    put(&b, at_most(z->count, UINT16_MAX), 2);
    put(&b, at_most(z->size, UINT32_MAX), 4);
    put(&b, at_most(at, UINT32_MAX), 4);
    put(&b, 0, 2); /* no comment */
    if (!emit(z, z->directory, z->size) ||
        !emit(z, end, (size_t)(b.at - end))) {
        return false;
    }
    free(z->directory);
    z->directory = NULL;
    return host_output_commit(&z->out, z->f);
}

void host_zip_abort(host_zip_writer *z)
{
    host_output_abort(&z->out);
    free(z->directory);
    z->directory = NULL;
}
