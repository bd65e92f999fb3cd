/* SPDX-License-Identifier: MIT
 *
 * map.c - a whole file as read-only bytes. */
#include "host/files/map.h"

bool host_map_open(cg_map *map, const char *path, host_failure *f)
{
    cg_error error;
    return cg_map_open(map, path, &error) || host_fail(f, "%s", error.text);
}
