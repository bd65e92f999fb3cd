/* SPDX-License-Identifier: MIT
 *
 * wrap.c - the system's functions with failures: files, streams, threads and
 * programs.  The linker sends calls from our objects here (ld --wrap, see the
 * file `wrapped`); calls inside other libraries stay what they are. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/wrap.h"

fault *faults;

void fault_arm(fault_kind kind, unsigned at, bool for_ever)
{
    *faults = (fault){.kind = kind, .at = at, .for_ever = for_ever};
}

bool fault_now(fault_kind kind, const char *function, int code)
{
    if (faults == NULL || faults->kind != kind) {
        return false;
    }
    unsigned call = ++faults->calls;
    if (call != faults->at && (call < faults->at || !faults->for_ever)) {
        return false;
    }
    const char *none = NULL;
    if (atomic_compare_exchange_strong(&faults->hit, &none, function)) {
        faults->code = code;
    }
    errno = code;
    return true;
}

/* ---- files ------------------------------------------------------------- */

DECLARE(int, open64, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    if (fault_now(FAULT_IO, "open64", EIO)) {
        return -1;
    }
    return __real_open64(path, flags, mode);
}

DECLARE(int, stat64, const char *path, struct stat *status)
{
    if (fault_now(FAULT_IO, "stat64", EIO)) {
        return -1;
    }
    return __real_stat64(path, status);
}

DECLARE(int, fstat64, int fd, struct stat *status)
{
    if (fault_now(FAULT_IO, "fstat64", EIO)) {
        return -1;
    }
    return __real_fstat64(fd, status);
}

DECLARE(void *, mmap64, void *at, size_t size, int protection, int flags,
        int fd, off_t offset)
{
    if (fault_now(FAULT_IO, "mmap64", ENOMEM)) {
        return MAP_FAILED;
    }
    return __real_mmap64(at, size, protection, flags, fd, offset);
}

DECLARE(ssize_t, write, int fd, const void *bytes, size_t size)
{
    if (fault_now(FAULT_IO, "write", ENOSPC)) {
        return -1;
    }
    if (fault_now(FAULT_INTERRUPT, "write", EINTR)) {
        return -1;
    }
    size = fault_now(FAULT_PARTIAL, "write", 0) ? (size + 1) / 2 : size;
    return __real_write(fd, bytes, size);
}

DECLARE(ssize_t, pwrite64, int fd, const void *bytes, size_t size, off_t at)
{
    if (fault_now(FAULT_IO, "pwrite64", EIO)) {
        return -1;
    }
    if (fault_now(FAULT_INTERRUPT, "pwrite64", EINTR)) {
        return -1;
    }
    size = fault_now(FAULT_PARTIAL, "pwrite64", 0) ? (size + 1) / 2 : size;
    return __real_pwrite64(fd, bytes, size, at);
}

/* A real one would only take its time. */
DECLARE(int, fsync, int fd)
{
    (void)fd;
    if (fault_now(FAULT_IO, "fsync", EIO)) {
        return -1;
    }
    return 0;
}

/* Closed it is, but what was written is lost. */
DECLARE(int, close, int fd)
{
    int result = __real_close(fd);
    if (fault_now(FAULT_IO, "close", EIO)) {
        return -1;
    }
    return result;
}

DECLARE(int, rename, const char *from, const char *to)
{
    if (fault_now(FAULT_IO, "rename", EIO)) {
        return -1;
    }
    return __real_rename(from, to);
}

DECLARE(int, link, const char *from, const char *to)
{
    if (fault_now(FAULT_IO, "link", EPERM)) {
        return -1;
    }
    return __real_link(from, to);
}

DECLARE(int, mkdir, const char *path, mode_t mode)
{
    if (fault_now(FAULT_IO, "mkdir", EACCES)) {
        return -1;
    }
    return __real_mkdir(path, mode);
}

DECLARE(int, access, const char *path, int mode)
{
    if (fault_now(FAULT_IO, "access", EACCES)) {
        return -1;
    }
    return __real_access(path, mode);
}

DECLARE(ssize_t, readlink, const char *path, char *text, size_t size)
{
    if (fault_now(FAULT_IO, "readlink", EACCES)) {
        return -1;
    }
    return __real_readlink(path, text, size);
}

DECLARE(DIR *, opendir, const char *path)
{
    if (fault_now(FAULT_IO, "opendir", EMFILE)) {
        return NULL;
    }
    return __real_opendir(path);
}

DECLARE(struct dirent *, readdir64, DIR *dir)
{
    if (fault_now(FAULT_IO, "readdir64", EIO)) {
        return NULL;
    }
    return __real_readdir64(dir);
}

DECLARE(int, mkstemp64, char *path)
{
    if (fault_now(FAULT_IO, "mkstemp64", EMFILE)) {
        return -1;
    }
    return __real_mkstemp64(path);
}

/* ---- streams ----------------------------------------------------------- */

DECLARE(FILE *, fopen64, const char *path, const char *mode)
{
    if (fault_now(FAULT_IO, "fopen64", EMFILE)) {
        return NULL;
    }
    return __real_fopen64(path, mode);
}

DECLARE(FILE *, fdopen, int fd, const char *mode)
{
    if (fault_now(FAULT_IO, "fdopen", ENOMEM)) {
        return NULL;
    }
    return __real_fdopen(fd, mode);
}

DECLARE(size_t, fread, void *bytes, size_t size, size_t count, FILE *stream)
{
    if (fault_now(FAULT_IO, "fread", EIO)) {
        return 0;
    }
    return __real_fread(bytes, size, count, stream);
}

DECLARE(size_t, fwrite, const void *bytes, size_t size, size_t count,
        FILE *stream)
{
    if (fault_now(FAULT_IO, "fwrite", ENOSPC)) {
        return 0;
    }
    return __real_fwrite(bytes, size, count, stream);
}

DECLARE(int, fputs, const char *text, FILE *stream)
{
    if (fault_now(FAULT_IO, "fputs", ENOSPC)) {
        return EOF;
    }
    return __real_fputs(text, stream);
}

DECLARE(int, fflush, FILE *stream)
{
    if (fault_now(FAULT_IO, "fflush", ENOSPC)) {
        return EOF;
    }
    return __real_fflush(stream);
}

DECLARE(int, fclose, FILE *stream)
{
    int result = __real_fclose(stream);
    if (fault_now(FAULT_IO, "fclose", ENOSPC)) {
        return EOF;
    }
    return result;
}

DECLARE(int, pthread_create, pthread_t *thread, const pthread_attr_t *how,
        void *(*start)(void *), void *argument)
{
    if (fault_now(FAULT_IO, "pthread_create", EAGAIN)) {
        return EAGAIN;
    }
    return __real_pthread_create(thread, how, start, argument);
}

/* ---- other programs ---------------------------------------------------- */

DECLARE(int, posix_spawnp, pid_t *child, const char *file,
        const posix_spawn_file_actions_t *actions,
        const posix_spawnattr_t *attributes, char *const argv[],
        char *const variables[])
{
    if (fault_now(FAULT_IO, "posix_spawnp", EAGAIN)) {
        return EAGAIN;
    }
    return __real_posix_spawnp(child, file, actions, attributes, argv,
                               variables);
}

/* The child is done all the same. */
DECLARE(pid_t, waitpid, pid_t child, int *status, int options)
{
    pid_t result = __real_waitpid(child, status, options);
    if (fault_now(FAULT_IO, "waitpid", ECHILD)) {
        return -1;
    }
    return result;
}

/* dlerror gives the reason of a real failure. */
DECLARE(void *, dlopen, const char *path, int flags)
{
    bool fails = fault_now(FAULT_IO, "dlopen", ENOENT);
    return __real_dlopen(fails ? "/nonexistent/model.so" : path, flags);
}
