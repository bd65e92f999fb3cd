/* SPDX-License-Identifier: MIT
 *
 * freeze_folder.c - the folder that a model is frozen into. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/output.h"
#include "tools/freeze/freeze_folder.h"

/* ---- making, and taking back -------------------------------------------- */

/* How long the shortest part of the path that does not exist is; 0 if all of
 * it does. */
static size_t first_missing(const char *path)
{
    char part[1024];
    struct stat status;
    size_t length = strlen(path);
    for (size_t i = 1; i <= length && i < sizeof part; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (stat(part, &status) != 0) {
                return errno == ENOENT ? i : 0;
            }
        }
    }
    return 0;
}

/* From the path up to its first `first` bytes. */
static void remove_made(const char *path, size_t first)
{
    char part[1024];
    size_t length = strlen(path);
    if (first == 0 || length >= sizeof part) {
        return;
    }
    memcpy(part, path, length + 1);
    for (; length >= first; length--) {
        if (path[length] == '/' || path[length] == '\0') {
            part[length] = '\0';
            if (rmdir(part) != 0 && errno != ENOENT) {
                return;
            }
        }
    }
}

/* ---- what killed programs left ------------------------------------------ */

/* Digits, and then the end that is wanted. */
static bool is_number(const char *text, const char *end)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && strcmp(text + digits, end) == 0;
}

/* .NAME.PID, a folder, or .NAME.SUFFIX.PID.tmp and .old. */
static bool is_left(const char *entry, const char *name, bool *folder)
{
    size_t length = strlen(name);
    if (entry[0] != '.' || strncmp(entry + 1, name, length) != 0 ||
        entry[1 + length] != '.') {
        return false;
    }
    const char *rest = entry + length + 2;
    const char *dot = strchr(rest, '.');
    *folder = is_number(rest, "");
    return *folder || (dot != NULL && (is_number(dot + 1, ".tmp") ||
                                       is_number(dot + 1, ".old")));
}

static void remove_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        unlinkat(fd, entry->d_name, 0);
    }
    closedir(dir);
    unlinkat(parent, name, AT_REMOVEDIR);
}

static void clean(const char *path, const char *name)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        bool folder;
        if (!is_left(entry->d_name, name, &folder)) {
            continue;
        }
        if (folder) {
            remove_folder(dirfd(dir), entry->d_name);
        } else {
            unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
}

/* ---- holding it ---------------------------------------------------------- */

/* The lock is on the folder itself, so that none is left behind.  Without
 * locks there (some file systems) the set is safe from failures alone. */
static void hold(freeze_folder *w)
{
    w->lock = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->lock >= 0 && flock(w->lock, LOCK_EX | LOCK_NB) != 0 &&
        errno == EWOULDBLOCK) {
        fprintf(stderr,
                "cedm-freeze: %s: another cedm-freeze is at work there; "
                "waiting for it\n",
                w->path);
        while (flock(w->lock, LOCK_EX) != 0 && errno == EINTR) {
        }
    }
}

bool freeze_folder_open(freeze_folder *w, const char *path, const char *name,
                        host_failure *f)
{
    *w = (freeze_folder){path, first_missing(path), -1};
    if (!host_output_directory(path, f)) {
        remove_made(path, w->made);
        return false;
    }
    hold(w);
    clean(path, name);
    return true;
}

void freeze_folder_close(freeze_folder *w, bool keep)
{
    if (!keep) {
        remove_made(w->path, w->made);
    }
    if (w->lock >= 0) {
        close(w->lock);
    }
}
