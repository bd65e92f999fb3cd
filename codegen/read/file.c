/* SPDX-License-Identifier: MIT
 *
 * file.c - mapping a file read-only, with an error for everything that is
 * not a regular file with bytes in it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codegen/error.h"

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) {
        return "a directory";
    }
    if (S_ISFIFO(mode)) {
        return "a pipe";
    }
    return "a device or socket";
}

static bool map_descriptor(cg_map *map, int descriptor, const char *path,
                           cg_error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return cg_fail(error,
                       "%s: cannot be examined; wanted a file, got "
                       "\"%s\"; check the file system",
                       path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return cg_fail(error,
                       "%s: not a file; wanted a regular file, got %s; "
                       "name the file itself",
                       path, kind_of(status.st_mode));
    }
    if (status.st_size <= 0) {
        return cg_fail(error, CG_FILE_IS_EMPTY, path);
    }
    if ((uintmax_t)status.st_size > (uintmax_t)PTRDIFF_MAX) {
        return cg_fail(error,
                       "%s: the file is too large; wanted at most %ju "
                       "bytes, got %ju; use a 64-bit build",
                       path, (uintmax_t)PTRDIFF_MAX,
                       (uintmax_t)status.st_size);
    }
    size_t size = (size_t)status.st_size;
    void *memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory == MAP_FAILED) {
        return cg_fail(error,
                       "%s: cannot be mapped; wanted %zu bytes, got "
                       "\"%s\"; free some address space",
                       path, size, strerror(errno));
    }
    *map = (cg_map){.bytes = memory, .size = size, .memory = memory};
    return true;
}

bool cg_map_open(cg_map *map, const char *path, cg_error *error)
{
    *map = (cg_map){0};
    /* O_NONBLOCK: opening a pipe nobody writes to must not wait for ever */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return cg_fail(error,
                       "%s: cannot be opened; wanted a readable file, "
                       "got \"%s\"; check the path and its permissions",
                       path, strerror(errno));
    }
    bool ok = map_descriptor(map, descriptor, path, error);
    (void)close(descriptor);
    return ok;
}

void cg_map_close(cg_map *map)
{
    if (map->memory != NULL) {
        (void)munmap(map->memory, map->size);
    }
    *map = (cg_map){0};
}
