/* SPDX-License-Identifier: MIT
 *
 * files.c - output files that are complete or not there.
 *
 * Bytes go to a hidden temporary file beside the target; it is synced and
 * renamed when nothing can fail any more except the rename itself.  Files
 * that belong together are renamed one after the other; the ones they
 * replace are kept until the last has its name, and come back if it fails
 * to. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codegen/emit/emit.h"

static const char *advice(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT: return "free some space or choose another directory";
    case EFBIG:
        return "raise the limit on file sizes or choose another directory";
    case EACCES:
    case EPERM:
    case EROFS: return "choose a directory that can be written";
    case ENOTDIR:
        return "a part of the path is a file; choose another directory";
    case ENAMETOOLONG: return "choose a shorter name";
    default: return "choose another directory or try again";
    }
}

static bool fail(cg_error *error, const char *path, const char *what,
                 int code)
{
    return cg_fail(error, "%s: %s: %s; %s", path, what, strerror(code),
                   advice(code));
}

bool cg_make_directory(const char *path, cg_error *error)
{
    char part[1024];
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof part) {
        return fail(error, path, "cannot create the directory",
                    length == 0 ? ENOENT : ENAMETOOLONG);
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0) {
            int code = errno;
            struct stat status;

            if (stat(part, &status) != 0) {
                return fail(error, part, "cannot create the directory",
                            code == EEXIST ? errno : code);
            }
            if (!S_ISDIR(status.st_mode)) {
                return fail(error, part, "cannot create the directory",
                            ENOTDIR);
            }
        }
    }
    return true;
}

static int create(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                0666);
}

/* Links are followed: what is replaced is the file at their end, which keeps
 * its mode.  A link to nothing is refused. */
static bool find_target(cg_out *out, mode_t *mode, cg_error *error)
{
    struct stat status;
    char real[PATH_MAX];

    if (lstat(out->path, &status) != 0) {
        return errno == ENOENT ||
               fail(error, out->path, "cannot examine the file", errno);
    }
    if (S_ISLNK(status.st_mode)) {
        if (realpath(out->path, real) == NULL || stat(real, &status) != 0) {
            return fail(error, out->path, "cannot follow the link", errno);
        }
        if (strlen(real) >= sizeof out->path) {
            return fail(error, out->path, "cannot follow the link",
                        ENAMETOOLONG);
        }
        strcpy(out->path, real);
    }
    if (S_ISDIR(status.st_mode)) {
        return fail(error, out->path, "cannot create the file", EISDIR);
    }
    *mode = status.st_mode & 07777;
    return true;
}

/* Hidden names beside the target. */
static bool name_others(cg_out *out)
{
    const char *base = strrchr(out->path, '/') + 1;
    int folder = (int)(base - out->path);
    int a = snprintf(out->temp, sizeof out->temp, "%.*s.%s.%ld.tmp", folder,
                     out->path, base, (long)getpid());
    int b = snprintf(out->old, sizeof out->old, "%.*s.%s.%ld.old", folder,
                     out->path, base, (long)getpid());

    return a > 0 && b > 0 && (size_t)a < sizeof out->temp &&
           (size_t)b < sizeof out->old;
}

/* An output of that name which has no file yet. */
static bool begin(cg_out *out, const char *directory, const char *name,
                  const char *suffix, mode_t *mode, cg_error *error)
{
    int length;

    out->fd = -1;
    out->error = 0;
    out->pending = out->kept = out->linked = out->published = false;
    out->total = 0;
    out->used = 0;
    length = snprintf(out->path, sizeof out->path, "%s/%s%s", directory, name,
                      suffix);
    if (length < 0 || (size_t)length >= sizeof out->path) {
        return fail(error, directory, "cannot create a file", ENAMETOOLONG);
    }
    return find_target(out, mode, error) &&
           (name_others(out) ||
            fail(error, directory, "cannot create a file", ENAMETOOLONG));
}

bool cg_out_open(cg_out *out, const char *directory, const char *name,
                 const char *suffix, cg_error *error)
{
    mode_t mode = 0;

    if (!begin(out, directory, name, suffix, &mode, error)) {
        return false;
    }
    out->fd = create(out->temp);
    if (out->fd < 0 && errno == EEXIST) {
        /* Left by a killed process that had this one's number. */
        unlink(out->temp);
        out->fd = create(out->temp);
    }
    if (out->fd < 0) {
        return fail(error, out->path, "cannot create the file", errno);
    }
    out->pending = true;
    if (mode != 0) {
        (void)fchmod(out->fd, mode);
    }
    return true;
}

bool cg_out_adopt(cg_out *out, const char *file, const char *directory,
                  const char *name, const char *suffix, cg_error *error)
{
    mode_t mode = 0;

    if (!begin(out, directory, name, suffix, &mode, error)) {
        return false;
    }
    if (strlen(file) >= sizeof out->temp) {
        return fail(error, file, "cannot create a file", ENAMETOOLONG);
    }
    strcpy(out->temp, file);
    out->pending = true;
    return true;
}

/* Writes at the end, or at an offset that is not negative. */
static void put(cg_out *out, const unsigned char *bytes, size_t size,
                off_t at)
{
    while (size > 0 && out->error == 0) {
        ssize_t n = at < 0 ? write(out->fd, bytes, size)
                           : pwrite(out->fd, bytes, size, at);

        if (n < 0) {
            if (errno != EINTR) {
                out->error = errno;
            }
        } else {
            bytes += n;
            size -= (size_t)n;
            at += at < 0 ? 0 : (off_t)n;
        }
    }
}

static void flush(cg_out *out)
{
    put(out, out->buffer, out->used, -1);
    out->used = 0;
}

void cg_out_bytes(cg_out *out, const void *bytes, size_t size)
{
    out->total += size;
    if (size > sizeof out->buffer - out->used) {
        flush(out);
    }
    if (size > sizeof out->buffer) {
        put(out, bytes, size, -1);
        return;
    }
    memcpy(out->buffer + out->used, bytes, size);
    out->used += size;
}

void cg_out_zeros(cg_out *out, uint64_t count)
{
    static const unsigned char zeros[256];

    while (count > 0) {
        size_t n = count < sizeof zeros ? (size_t)count : sizeof zeros;

        cg_out_bytes(out, zeros, n);
        count -= n;
    }
}

void cg_out_text(cg_out *out, const char *format, ...)
{
    char text[1001];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof text) {
        out->error = out->error != 0 ? out->error : EOVERFLOW;
        return;
    }
    cg_out_bytes(out, text, (size_t)n);
}

void cg_out_patch(cg_out *out, uint64_t offset, const void *bytes,
                  size_t size)
{
    flush(out);
    put(out, bytes, size, (off_t)offset);
}

bool cg_out_finish(cg_out *out, cg_error *error)
{
    flush(out);
    if (out->error == 0 && fsync(out->fd) != 0 && errno != EINVAL) {
        out->error = errno;
    }
    if (close(out->fd) != 0 && out->error == 0) {
        out->error = errno;
    }
    out->fd = -1;
    if (out->error != 0) {
        return fail(error, out->path, "cannot write", out->error);
    }
    return true;
}

bool cg_out_keep_old(cg_out *out, cg_error *error)
{
    unlink(out->old); /* left by a killed process */
    out->kept = out->linked = link(out->path, out->old) == 0;
    if (!out->kept && errno != ENOENT) {
        /* Not every file system has links. */
        out->kept = rename(out->path, out->old) == 0;
    }
    return out->kept || errno == ENOENT ||
           fail(error, out->path, "cannot replace the file", errno);
}

bool cg_out_publish(cg_out *out, cg_error *error)
{
    if (rename(out->temp, out->path) != 0) {
        return fail(error, out->path, "cannot rename the finished file",
                    errno);
    }
    out->pending = false;
    out->published = true;
    return true;
}

void cg_out_settle(cg_out *out)
{
    if (out->kept) {
        unlink(out->old);
    }
    out->kept = out->linked = out->published = false;
}

void cg_out_discard(cg_out *out)
{
    if (out->fd >= 0) {
        close(out->fd);
    }
    if (out->pending) {
        unlink(out->temp);
    }
    if (out->linked && !out->published) {
        unlink(out->old);
    } else if (out->kept) {
        rename(out->old, out->path);
    } else if (out->published) {
        unlink(out->path);
    }
    out->fd = -1;
    out->pending = out->kept = out->linked = out->published = false;
}
