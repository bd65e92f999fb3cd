/* SPDX-License-Identifier: MIT
 *
 * temporary.c - hidden files that become others, and what killed programs
 * left of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/temporary.h"

#define PREFIX ".cedm-tmp-"
#define TEMPLATE PREFIX "XXXXXX"

/* mkstemp's files are private; an output has the mode any new file has. */
static void apply_umask(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
}

/* Nobody else's, and still there: another program may have looked at the file
 * between its creation and the lock.  A file system without locks has no
 * program that takes them either. */
static bool hold(int fd)
{
    struct stat status;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return false;
    }
    return fstat(fd, &status) != 0 || status.st_nlink > 0;
}

int host_temporary_open(const char *path, char **name)
{
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL ? (int)(slash - path) + 1 : 0;
    size_t size = (size_t)folder + sizeof TEMPLATE;
    char *text = malloc(size);
    if (text == NULL) {
        return -1;
    }
    for (;;) {
        snprintf(text, size, "%.*s" TEMPLATE, folder, path);
        int fd = mkstemp(text);
        if (fd < 0) {
            int reason = errno;
            free(text);
            errno = reason;
            return -1;
        }
        if (hold(fd)) {
            apply_umask(fd);
            *name = text;
            return fd;
        }
        close(fd);
    }
}

static bool is_temporary(const char *name)
{
    return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0 &&
           strlen(name) == sizeof TEMPLATE - 1;
}

static void remove_if_left(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path == NULL) {
        return;
    }
    snprintf(path, size, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            unlink(path);
        }
        close(fd);
    }
    free(path);
}

void host_temporary_clean(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (is_temporary(entry->d_name)) {
            remove_if_left(folder, entry->d_name);
        }
    }
    closedir(dir);
}
