/* SPDX-License-Identifier: MIT
 *
 * output.c - files that appear whole or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/output.h"

static void release(host_output *out)
{
    free(out->path);
    free(out->temporary);
    *out = (host_output){NULL, NULL, NULL};
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

/* mkstemp's files are private; an output has the mode any new file has. */
static void apply_umask(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
}

static int open_temporary(host_output *out)
{
    out->temporary = join(out->path, ".XXXXXX");
    if (out->temporary == NULL) {
        return -1;
    }
    int fd = mkstemp(out->temporary);
    if (fd < 0) {
        free(out->temporary);
        out->temporary = NULL;
    } else {
        apply_umask(fd);
    }
    return fd;
}

bool host_output_open(host_output *out, const char *path, host_failure *f)
{
    *out = (host_output){NULL, NULL, NULL};
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) {
        return host_fail(f, "%s: is a directory; wanted a file", path);
    }
    out->path = join(path, "");
    if (out->path == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    if (exists && !S_ISREG(info.st_mode)) {
        out->stream = fopen(path, "wb");
    } else {
        int fd = open_temporary(out);
        out->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    }
    if (out->stream == NULL) {
        int reason = errno;
        host_output_abort(out);
        return host_fail(f, "%s: cannot be written: %s", path,
                         strerror(reason));
    }
    return true;
}

bool host_output_write(host_output *out, const void *bytes, size_t size,
                       host_failure *f)
{
    if (size == 0 || fwrite(bytes, 1, size, out->stream) == size) {
        return true;
    }
    host_fail(f, "%s: cannot be written: %s", out->path, strerror(errno));
    host_output_abort(out);
    return false;
}

bool host_output_commit(host_output *out, host_failure *f)
{
    int closed = fclose(out->stream);
    out->stream = NULL;
    bool renamed = closed == 0 && (out->temporary == NULL ||
                                   rename(out->temporary, out->path) == 0);
    if (!renamed) {
        host_fail(f, "%s: cannot be written: %s", out->path, strerror(errno));
        host_output_abort(out);
        return false;
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
    return S_ISDIR(info.st_mode) ||
           host_fail(f, "%s: is no directory; wanted one", path);
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
                  S_ISDIR(info.st_mode) ? "directory" : "device or socket");
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

unsigned char *host_input_file(const char *path, size_t limit, size_t *size,
                               host_failure *f)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    unsigned char *bytes = read_stream(stream, path, limit, size, f);
    fclose(stream);
    return bytes;
}
