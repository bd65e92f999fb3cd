/* SPDX-License-Identifier: MIT
 *
 * durable.c - bytes, then name, then folder. */
#define _GNU_SOURCE /* O_DIRECTORY */
#include "host/files/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Some file systems have folders that cannot be synchronised. */
static bool sync_descriptor(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ||
           errno == EROFS;
}

/* The folder that holds a file's name, to be freed. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL   ? 1
                  : slash == path ? 1
                                  : (size_t)(slash - path);
    char *folder = malloc(size + 1);

    if (folder != NULL) {
        memcpy(folder, slash == NULL ? "." : path, size);
        folder[size] = '\0';
    }
    return folder;
}

static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && sync_descriptor(fd);

    if (fd >= 0) {
        int reason = errno;

        (void)close(fd);
        errno = reason;
    }
    return good;
}

bool host_durable_commit(host_output *out, const char *path, host_failure *f)
{
    char *folder = folder_of(path);
    bool good = folder != NULL || host_fail(f, "%s: out of memory", path);

    if (good &&
        (fflush(out->stream) != 0 || !sync_descriptor(fileno(out->stream)))) {
        good =
            host_fail(f, "%s: cannot be written: %s", path, strerror(errno));
    }
    if (!good) {
        host_output_abort(out);
    } else {
        good = host_output_commit(out, f);
    }
    if (good && !sync_folder(folder)) {
        good = host_fail(f, "%s: cannot be written: %s", folder,
                         strerror(errno));
    }
    free(folder);
    return good;
}
