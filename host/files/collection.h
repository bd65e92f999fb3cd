/* SPDX-License-Identifier: MIT
 *
 * collection.h - the files of a folder or of a zip archive, by name.
 *
 * Both give the same entries in the same order, that of strcmp on the paths
 * below the folder or inside the archive, with '/' between their parts:
 *
 *  - folders are walked to any depth; what a link leads to counts, a folder
 *    that is reached twice counts once, where it lies without links;
 *  - of entries of an archive with one name the last counts, as an archive
 *    that was appended to means it;
 *  - hidden files and folders (.name, __MACOSX), what is no regular file, and
 *    names that the caller does not want are left out and counted.
 *
 * A device or a pipe is never opened, so that nothing blocks. */
#ifndef CEDM_HOST_FILES_COLLECTION_H
#define CEDM_HOST_FILES_COLLECTION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cli/failure.h"

/* Bytes of one file; larger ones are no images. */
#define HOST_COLLECTION_MOST_BYTES ((size_t)256 << 20)

typedef struct host_entry {
    char *name;
    uint64_t index; /* in the archive's directory */
} host_entry;

/* How many were left out, and why. */
typedef struct host_left_out {
    uint64_t unwanted; /* by their names, or neither file nor folder */
    uint64_t hidden;   /* a folder counts as one */
    uint64_t replaced; /* by a later entry of the same name */
    uint64_t broken;   /* links that lead nowhere */
    char *first;       /* the first unwanted name, in the order of names */
} host_left_out;

typedef struct host_collection {
    char *path;
    host_entry *entries; /* [count], sorted */
    size_t count, capacity;
    host_left_out left_out;
    struct zip *archive;  /* NULL: a folder */
    pthread_mutex_t lock; /* an archive is read by one thread at a time */
} host_collection;

/* Lists what is wanted of a folder or zip archive.  On error *c needs no
 * close. */
bool host_collection_open(host_collection *c, const char *path,
                          bool (*wanted)(const char *name), host_failure *f);
void host_collection_close(host_collection *c); /* harmless on a zeroed one */

/* All bytes of entry i, to be freed; NULL on error.  An archive's checksum is
 * compared.  May be called by several threads at once. */
unsigned char *host_collection_read(host_collection *c, size_t i,
                                    size_t *size, host_failure *f);

/* "PATH:NAME" of an archive, "PATH/NAME" of a folder, for messages; cut to
 * `size` bytes. */
void host_collection_where(const host_collection *c, size_t i, char *text,
                           size_t size);

/* The index of a name, or count. */
size_t host_collection_find(const host_collection *c, const char *name);

/* One line that counts what was left out; false if that is nothing. */
bool host_collection_left_out(const host_collection *c, char *text,
                              size_t size);

/* ---- for the two kinds ------------------------------------------------- */

/* Adds a name with '/' between its parts, or counts why not. */
bool host_collection_add(host_collection *c, const char *name, uint64_t index,
                         bool (*wanted)(const char *name), host_failure *f);
bool host_collection_count_unwanted(host_collection *c, const char *name,
                                    host_failure *f);
bool host_collection_is_hidden(const char *name); /* any part of it */

/* By name; of entries with one name the last stays. */
void host_collection_sort(host_collection *c);

bool host_collection_list_zip(host_collection *c,
                              bool (*wanted)(const char *name),
                              host_failure *f);
bool host_collection_list_folder(host_collection *c,
                                 bool (*wanted)(const char *name),
                                 host_failure *f);
unsigned char *host_collection_read_zip(host_collection *c, size_t i,
                                        size_t *size, host_failure *f);
void host_collection_close_zip(host_collection *c);

#endif
