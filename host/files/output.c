/* SPDX-License-Identifier: MIT
 *
 * output.c - files that appear whole or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/output.h"

static void release(output *out)
{
    free(out->path);
    free(out->temporary);
    *out = (output){NULL, NULL, NULL};
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

static int open_temporary(output *out)
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

bool output_open(output *out, const char *path, failure *f)
{
    *out = (output){NULL, NULL, NULL};
    struct stat info;
    bool exists = stat(path, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) {
        return failed(f, "%s: is a directory; wanted a file", path);
    }
    out->path = join(path, "");
    if (out->path == NULL) {
        return failed(f, "%s: out of memory", path);
    }
    if (exists && !S_ISREG(info.st_mode)) {
        out->stream = fopen(path, "wb");
    } else {
        int fd = open_temporary(out);
        out->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    }
    if (out->stream == NULL) {
        int reason = errno;
        output_abort(out);
        return failed(f, "%s: cannot be written: %s", path, strerror(reason));
    }
    return true;
}

bool output_write(output *out, const void *bytes, size_t size, failure *f)
{
    if (size == 0 || fwrite(bytes, 1, size, out->stream) == size) {
        return true;
    }
    failed(f, "%s: cannot be written: %s", out->path, strerror(errno));
    output_abort(out);
    return false;
}

bool output_commit(output *out, failure *f)
{
    int closed = fclose(out->stream);
    out->stream = NULL;
    bool renamed = closed == 0 && (out->temporary == NULL ||
                                   rename(out->temporary, out->path) == 0);
    if (!renamed) {
        failed(f, "%s: cannot be written: %s", out->path, strerror(errno));
        output_abort(out);
        return false;
    }
    release(out);
    return true;
}

void output_abort(output *out)
{
    if (out->stream != NULL) {
        fclose(out->stream);
    }
    if (out->temporary != NULL) {
        unlink(out->temporary);
    }
    release(out);
}

bool output_file(const char *path, const void *bytes, size_t size, failure *f)
{
    output out;
    return output_open(&out, path, f) && output_write(&out, bytes, size, f) &&
           output_commit(&out, f);
}

bool output_standard(failure *f)
{
    bool before = ferror(stdout) != 0; /* errno may be of another call now */
    if (fflush(stdout) == 0 && !before) {
        return true;
    }
    return failed(f, "standard output cannot be written%s%s",
                  before ? "" : ": ", before ? "" : strerror(errno));
}

bool output_directory(const char *path, failure *f)
{
    char *partial = join(path, "/");
    if (partial == NULL) {
        return failed(f, "%s: out of memory", path);
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
        return failed(f, "%s: cannot be made: %s", path,
                      strerror(errno == ENOENT && reason != 0 ? reason : errno));
    }
    return S_ISDIR(info.st_mode) ||
           failed(f, "%s: is no directory; wanted one", path);
}

static unsigned char *read_stream(FILE *stream, const char *path, size_t limit,
                                  size_t *size, failure *f)
{
    struct stat info;
    if (fstat(fileno(stream), &info) != 0) {
        failed(f, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    size_t end = (size_t)info.st_size;
    if (!S_ISREG(info.st_mode)) {
        failed(f, "%s: not a file; wanted a regular file, got a %s", path,
               S_ISDIR(info.st_mode) ? "directory" : "device or socket");
        return NULL;
    }
    if (end > limit) {
        failed(f, "%s: wanted a file of at most %zu bytes, got %zu", path,
               limit, end);
        return NULL;
    }
    unsigned char *bytes = malloc(end + 1);
    if (bytes == NULL) {
        failed(f, "%s: out of memory", path);
        return NULL;
    }
    if (fread(bytes, 1, end, stream) != end) {
        failed(f, "%s: cannot be read: %s", path, strerror(errno));
        free(bytes);
        return NULL;
    }
    bytes[end] = 0;
    *size = end;
    return bytes;
}

unsigned char *input_file(const char *path, size_t limit, size_t *size,
                          failure *f)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        failed(f, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    unsigned char *bytes = read_stream(stream, path, limit, size, f);
    fclose(stream);
    return bytes;
}
