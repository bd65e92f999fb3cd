/* SPDX-License-Identifier: MIT
 *
 * lock.c - flock on a file that holds its owner's name. */
#define _DEFAULT_SOURCE /* flock */
#include "host/files/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OWNER_MAX 256u

static char *join(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);

    if (path != NULL) {
        (void)snprintf(path, size, "%s/%s", folder, name);
    }
    return path;
}

static void write_owner(int file)
{
    char text[OWNER_MAX] = "", host[128] = "", when[32] = "";
    time_t now = time(NULL);
    struct tm local;
    int n;

    (void)gethostname(host, sizeof host - 1);
    if (localtime_r(&now, &local) != NULL) {
        (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    }
    n = snprintf(text, sizeof text, "process %ld on %s since %s\n",
                 (long)getpid(), host, when);
    /* The name is help, not the lock: it may fail. */
    if (ftruncate(file, 0) == 0 && n > 0) {
        (void)!write(file, text, (size_t)n);
    }
}

static void read_owner(int file, char text[OWNER_MAX])
{
    ssize_t n = pread(file, text, OWNER_MAX - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (text[0] == '\0') {
        (void)snprintf(text, OWNER_MAX, "another process");
    }
}

/* Whether the file that is open is still the one of that name: its last owner
 * may have removed it after it was opened.  False with errno ENOENT if so. */
static bool is_current(int file, const char *path)
{
    struct stat mine, there;

    if (fstat(file, &mine) != 0 || stat(path, &there) != 0) {
        return false;
    }
    errno = ENOENT;
    return mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

static bool knows_no_locks(int code)
{
    return code == ENOSYS || code == ENOTSUP || code == ENOLCK ||
           code == EINVAL;
}

/* True if that was all there is to do. */
static bool try_lock(host_lock *lock, const char *folder, bool *good,
                     host_failure *f)
{
    char owner[OWNER_MAX];

    lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->file < 0) {
        *good = host_fail(f, "%s: cannot be written: %s", lock->path,
                          strerror(errno));
        return true;
    }
    if (flock(lock->file, LOCK_EX | LOCK_NB) == 0) {
        *good = true;
        if (is_current(lock->file, lock->path)) {
            write_owner(lock->file);
            return true;
        }
        if (errno != ENOENT) {
            *good = host_fail(f, "%s: cannot be read: %s", lock->path,
                              strerror(errno));
            (void)unlink(lock->path);
            return true;
        }
    } else if (errno == EWOULDBLOCK) {
        read_owner(lock->file, owner);
        *good = host_fail(f,
                          "%s: in use by %s; wait for it, end it, or give "
                          "another folder",
                          folder, owner);
        return true;
    } else if (knows_no_locks(errno)) {
        host_lock_release(lock);
        return *good = true;
    }
    (void)close(lock->file);
    lock->file = -1;
    return false;
}

bool host_lock_folder(host_lock *lock, const char *folder, host_failure *f)
{
    bool good = false;

    *lock = (host_lock){-1, join(folder, ".lock")};
    if (lock->path == NULL) {
        return host_fail(f, "%s: out of memory", folder);
    }
    /* Again only after another owner left in between. */
    while (!try_lock(lock, folder, &good, f)) {
    }
    if (!good) {
        if (lock->file >= 0) {
            (void)close(lock->file);
        }
        free(lock->path);
        *lock = (host_lock)HOST_LOCK_FREE;
    }
    return good;
}

void host_lock_release(host_lock *lock)
{
    if (lock->file >= 0) {
        (void)unlink(lock->path);
        (void)close(lock->file);
    }
    free(lock->path);
    *lock = (host_lock)HOST_LOCK_FREE;
}
