/* SPDX-License-Identifier: MIT
 *
 * map.c - a whole file as read-only bytes. */
#include "host/files/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map_descriptor(host_map *map, int fd, const char *path,
                           host_failure *f)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode) || info.st_size == 0) {
        return host_fail(f,
                         "%s: not a file with bytes in it; wanted a regular "
                         "file, got %s; name the file itself",
                         path,
                         S_ISREG(info.st_mode)   ? "an empty one"
                         : S_ISDIR(info.st_mode) ? "a directory"
                                                 : "a device or a pipe");
    }
    void *memory =
        (uintmax_t)info.st_size > PTRDIFF_MAX
            ? MAP_FAILED
            : mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) {
        return host_fail(f, "%s: cannot be mapped: %s", path,
                         strerror(errno));
    }
    *map = (host_map){memory, (size_t)info.st_size, memory};
    return true;
}

bool host_map_open(host_map *map, const char *path, host_failure *f)
{
    *map = (host_map){NULL, 0, NULL};
    /* O_NONBLOCK: opening a pipe without a writer must not wait for one */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
    }
    bool good = map_descriptor(map, fd, path, f);
    (void)close(fd);
    return good;
}

void host_map_close(host_map *map)
{
    if (map->memory != NULL) {
        (void)munmap(map->memory, map->size);
    }
    *map = (host_map){NULL, 0, NULL};
}
