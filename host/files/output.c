/* SPDX-License-Identifier: MIT
 *
 * output.c - files that appear whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "host/files/output.h"
#include "host/files/temporary.h"

static void release(host_output *out)
{
    free(out->label);
    free(out->temporary);
    host_target_free(&out->target);
    *out = (host_output){.stream = NULL};
}

static char *join(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 1;
    char *text = malloc(size);
    if (text != NULL) {
        snprintf(text, size, "%s%s", a, b);
    }
    return text;
}

/* Owner and mode are those of the file that is replaced.  Only root can give
 * files away; chown takes set-user-ID bits, so the mode comes after it. */
static void take_over(int fd, const struct stat *old)
{
    if (old->st_uid != geteuid() || old->st_gid != getegid()) {
        int unused = fchown(fd, old->st_uid, old->st_gid);
        (void)unused;
    }
    (void)fchmod(fd, old->st_mode & 07777);
}

/* A descriptor for the bytes: of the stream itself, or of a temporary. */
static int open_target(host_output *out)
{
    const host_target *t = &out->target;
    if (t->descriptor >= 0) {
        return dup(t->descriptor);
    }
    if (t->exists && !S_ISREG(t->status.st_mode)) {
        return open(t->path, O_WRONLY | O_CLOEXEC);
    }
    int fd = host_temporary_open(t->path, &out->temporary);
    if (fd >= 0 && t->exists) {
        take_over(fd, &t->status);
    }
    return fd;
}

static bool open_stream(host_output *out)
{
    int fd = open_target(out);
    out->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (out->stream == NULL && fd >= 0) {
        int reason = errno;
        close(fd);
        errno = reason;
    }
    return out->stream != NULL;
}

bool host_output_open(host_output *out, const char *path, host_failure *f)
{
    *out = (host_output){.stream = NULL};
    if (!host_target_find(&out->target, path, f)) {
        return false;
    }
    const host_target *t = &out->target;
    out->label = join(path, "");
    if (out->label == NULL) {
        host_output_abort(out);
        return host_fail(f, "%s: out of memory", path);
    }
    if (t->exists && S_ISDIR(t->status.st_mode)) {
        host_output_abort(out);
        return host_fail(f, "%s: is a directory; wanted a file", path);
    }
    if (!open_stream(out)) {
        int reason = errno;
        host_output_abort(out);
        return host_fail(f, "%s: cannot be written: %s", path,
                         strerror(reason));
    }
    return true;
}

static bool cannot_write(host_output *out, host_failure *f)
{
    int reason = errno;
    host_fail(f, "%s: cannot be written: %s%s", out->label, strerror(reason),
              reason == EFBIG ? "; raise the limit on file sizes" : "");
    host_output_abort(out);
    return false;
}

bool host_output_write(host_output *out, const void *bytes, size_t size,
                       host_failure *f)
{
    return size == 0 || fwrite(bytes, 1, size, out->stream) == size ||
           cannot_write(out, f);
}

/* ---- committing --------------------------------------------------------- */

/* To the disk.  Pipes and some file systems have no such thing: EINVAL. */
static bool sync_descriptor(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ||
           errno == EROFS;
}

/* The name too: it stands in the folder.  If that fails, the file is there,
 * and a power loss may bring the old one back. */
static void sync_folder(const char *path)
{
    char *folder = host_target_folder(path);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                            : -1;
    free(folder);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static bool copy(int from, int to)
{
    char bytes[1 << 14];
    ssize_t n;
    while ((n = read(from, bytes, sizeof bytes)) > 0) {
        for (ssize_t done = 0, more; done < n; done += more) {
            more = write(to, bytes + done, (size_t)(n - done));
            if (more < 0) {
                return false;
            }
        }
    }
    return n == 0;
}

/* For files that a rename would part from their other names, or that are
 * mounted. */
static bool overwrite(const host_output *out)
{
    int from = open(out->temporary, O_RDONLY | O_CLOEXEC);
    int to = open(out->target.path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    bool good = from >= 0 && to >= 0 && copy(from, to) && sync_descriptor(to);
    int reason = errno;
    if (from >= 0) {
        close(from);
    }
    if (to >= 0) {
        close(to);
    }
    unlink(out->temporary);
    errno = reason;
    return good;
}

static bool publish(const host_output *out)
{
    const host_target *t = &out->target;
    if (t->exists && t->status.st_nlink > 1) {
        return overwrite(out);
    }
    if (rename(out->temporary, t->path) != 0) {
        return errno == EBUSY && overwrite(out);
    }
    if (!out->brief) {
        sync_folder(t->path);
    }
    return true;
}

bool host_output_commit(host_output *out, host_failure *f)
{
    bool whole =
        fflush(out->stream) == 0 && (out->temporary == NULL || out->brief ||
                                     sync_descriptor(fileno(out->stream)));
    int reason = errno;
    int closed = fclose(out->stream);
    out->stream = NULL;
    errno = whole ? errno : reason;
    if (!whole || closed != 0 || (out->temporary != NULL && !publish(out))) {
        return cannot_write(out, f);
    }
    release(out);
    return true;
}

void host_output_abort(host_output *out)
{
    if (out->stream != NULL) {
        fclose(out->stream);
    }
    if (out->temporary != NULL) {
        unlink(out->temporary);
    }
    release(out);
}

bool host_output_file(const char *path, const void *bytes, size_t size,
                      host_failure *f)
{
    host_output out;
    return host_output_open(&out, path, f) &&
           host_output_write(&out, bytes, size, f) &&
           host_output_commit(&out, f);
}

bool host_output_standard(host_failure *f)
{
    bool before = ferror(stdout) != 0; /* errno may be of another call now */
    if (fflush(stdout) == 0 && !before) {
        return true;
    }
    return host_fail(f, "standard output cannot be written%s%s",
                     before ? "" : ": ", before ? "" : strerror(errno));
}

bool host_output_directory(const char *path, host_failure *f)
{
    char *partial = join(path, "/");
    if (partial == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    int reason = 0;
    for (char *p = partial + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            reason = mkdir(partial, 0777) == 0 ? 0 : errno;
            *p = '/';
        }
    }
    free(partial);
    struct stat info;
    if (stat(path, &info) != 0) {
        return host_fail(
            f, "%s: cannot be made: %s", path,
            strerror(errno == ENOENT && reason != 0 ? reason : errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        return host_fail(f, "%s: is no directory; wanted one", path);
    }
    host_temporary_clean(path);
    return true;
}

static unsigned char *read_stream(FILE *stream, const char *path,
                                  size_t limit, size_t *size, host_failure *f)
{
    struct stat info;
    if (fstat(fileno(stream), &info) != 0) {
        host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    size_t end = (size_t)info.st_size;
    if (!S_ISREG(info.st_mode)) {
        host_fail(f, "%s: not a file; wanted a regular file, got a %s", path,
                  S_ISDIR(info.st_mode)    ? "directory"
                  : S_ISFIFO(info.st_mode) ? "pipe"
                                           : "device or socket");
        return NULL;
    }
    if (end == 0) {
        host_fail(f, CG_FILE_IS_EMPTY, path);
        return NULL;
    }
    if (end > limit) {
        host_fail(f, "%s: wanted a file of at most %zu bytes, got %zu", path,
                  limit, end);
        return NULL;
    }
    unsigned char *bytes = malloc(end + 1);
    if (bytes == NULL) {
        host_fail(f, "%s: out of memory", path);
        return NULL;
    }
    if (fread(bytes, 1, end, stream) != end) {
        host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
        free(bytes);
        return NULL;
    }
    bytes[end] = 0;
    *size = end;
    return bytes;
}

/* Opening a pipe that nobody writes to must not wait for ever: read_stream
 * refuses pipes, and files do not know O_NONBLOCK. */
static FILE *open_input(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    FILE *stream = fd >= 0 ? fdopen(fd, "rb") : NULL;
    if (stream == NULL && fd >= 0) {
        int reason = errno;
        close(fd);
        errno = reason;
    }
    return stream;
}

unsigned char *host_input_file(const char *path, size_t limit, size_t *size,
                               host_failure *f)
{
    FILE *stream = open_input(path);
    if (stream == NULL) {
        host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    unsigned char *bytes = read_stream(stream, path, limit, size, f);
    fclose(stream);
    return bytes;
}
