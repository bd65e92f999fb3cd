/* SPDX-License-Identifier: MIT
 *
 * map.h - a whole file as read-only bytes, however large it is. */
#ifndef CEDM_HOST_FILES_MAP_H
#define CEDM_HOST_FILES_MAP_H

#include "codegen/codegen.h"
#include "host/cli/failure.h"

/* cg_map_open with the failure of a program; cg_map_close closes it. */
bool host_map_open(cg_map *map, const char *path, host_failure *f);

#endif
