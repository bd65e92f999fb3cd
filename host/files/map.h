/* SPDX-License-Identifier: MIT
 *
 * map.h - a whole file as read-only bytes, however large it is. */
#ifndef HOST_FILES_MAP_H
#define HOST_FILES_MAP_H

#include <stddef.h>

#include "host/cli/failure.h"

typedef struct host_map {
    const unsigned char *bytes;
    size_t size;  /* never 0 of an open one */
    void *memory; /* private: what close releases; NULL: closed */
} host_map;

/* Maps a regular file that is not empty: pages are read when they are first
 * used, and the system may drop them again, so that a file larger than the
 * memory can be walked through.
 * Another process that shortens the file meanwhile makes reads fault.
 * Errors: the path and the reason; *map is zeroed. */
bool host_map_open(host_map *map, const char *path, host_failure *f);

/* Harmless on a zeroed or closed one. */
void host_map_close(host_map *map);

#endif
