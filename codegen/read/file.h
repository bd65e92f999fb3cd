/* SPDX-License-Identifier: MIT
 *
 * file.h - a whole file as read-only bytes: the only way the readers touch
 * the file system. */
#ifndef CEDM_READ_FILE_H
#define CEDM_READ_FILE_H

#include "codegen/codegen.h"

typedef struct cg_map {
    const unsigned char *bytes;
    size_t size; /* never 0 */
    void *memory;
} cg_map;

/* Maps a regular, non-empty file.  Another process that shortens the file
 * while it is mapped makes reads fault; nothing can be promised then. */
bool cg_map_open(cg_map *map, const char *path, cg_error *error);
void cg_map_close(cg_map *map);

#endif
