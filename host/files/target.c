/* SPDX-License-Identifier: MIT
 *
 * target.c - what a path means to whoever writes.
 *
 * realpath does not do: it fails where the last link points to nothing yet,
 * and of /dev/stdout it says the name of the file that a shell opened. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/target.h"

#define MAX_LINKS 40 /* as many as Linux follows */

/* Bytes of the path up to its last name. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

static char *join(const char *path, size_t length, const char *rest)
{
    size_t size = length + strlen(rest) + 1;
    char *text = malloc(size);
    if (text != NULL) {
        snprintf(text, size, "%.*s%s", (int)length, path, rest);
    }
    return text;
}

char *host_target_folder(const char *path)
{
    size_t length = folder_length(path);
    return join(path, length, length > 0 ? "" : ".");
}

/* N, if the last name of the path is N and its folder is /proc/self/fd by
 * some name (/dev/fd is one); else -1. */
static int own_descriptor(const char *path)
{
    const char *name = path + folder_length(path);
    size_t digits = strspn(name, "0123456789");
    if (digits == 0 || digits > 9 || name[digits] != '\0') {
        return -1;
    }
    char *folder = host_target_folder(path);
    struct stat here, own;
    bool same = folder != NULL && stat(folder, &here) == 0 &&
                stat("/proc/self/fd", &own) == 0 &&
                here.st_dev == own.st_dev && here.st_ino == own.st_ino;
    free(folder);
    return same ? atoi(name) : -1;
}

/* The path that the link at `path` holds, in *next, or NULL where there is no
 * link; relative ones begin in the link's folder.  False without memory. */
static bool next_link(const char *path, char **next)
{
    char held[PATH_MAX];
    ssize_t length = readlink(path, held, sizeof held - 1);
    *next = NULL;
    if (length <= 0) {
        return true;
    }
    held[length] = '\0';
    *next = join(path, held[0] == '/' ? 0 : folder_length(path), held);
    return *next != NULL;
}

/* Sets descriptor or path; false with errno. */
static bool follow(host_target *t, const char *path)
{
    char *at = join(path, strlen(path), "");
    for (int links = 0; at != NULL && links <= MAX_LINKS; links++) {
        char *next = NULL;
        t->descriptor = own_descriptor(at);
        if (t->descriptor < 0 && !next_link(at, &next)) {
            break;
        }
        if (next == NULL) {
            t->path = at;
            return true;
        }
        free(at);
        at = next;
        errno = ELOOP;
    }
    free(at);
    return false;
}

static bool is_output(const struct stat *status)
{
    struct stat output;
    return fstat(STDOUT_FILENO, &output) == 0 &&
           output.st_dev == status->st_dev && output.st_ino == status->st_ino;
}

bool host_target_find(host_target *t, const char *path, host_failure *f)
{
    *t = (host_target){.descriptor = -1};
    if (strcmp(path, "-") == 0) {
        t->descriptor = STDOUT_FILENO;
        return true;
    }
    if (path[0] == '\0' || !follow(t, path)) {
        return host_fail(f, "%s: cannot be written: %s", path,
                         strerror(path[0] == '\0' ? ENOENT : errno));
    }
    t->exists = stat(t->path, &t->status) == 0;
    if (!t->exists && errno != ENOENT && errno != ENOTDIR) {
        host_fail(f, "%s: cannot be examined: %s", path, strerror(errno));
        host_target_free(t);
        return false;
    }
    if (t->descriptor < 0 && t->exists && is_output(&t->status)) {
        t->descriptor = STDOUT_FILENO;
    }
    return true;
}

void host_target_free(host_target *t)
{
    free(t->path);
    t->path = NULL;
}

bool host_target_is_output(const char *path)
{
    host_target t;
    host_failure unused;
    if (!host_target_find(&t, path, &unused)) {
        return false;
    }
    host_target_free(&t);
    return t.descriptor == STDOUT_FILENO;
}
