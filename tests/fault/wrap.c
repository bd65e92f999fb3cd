/* SPDX-License-Identifier: MIT
 *
 * wrap.c - the system's functions with failures.  The linker sends calls
 * from our objects here (ld --wrap, see the file `wrapped`); calls inside
 * other libraries stay what they are. */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include "tests/fault/fault.h"

fault *faults;

void fault_arm(fault_kind kind, unsigned at, bool for_ever)
{
    *faults = (fault){.kind = kind, .at = at, .for_ever = for_ever};
}

/* Is this call to fail, with this errno? */
static bool now(fault_kind kind, const char *function, int code)
{
    if (faults == NULL || faults->kind != kind) {
        return false;
    }
    unsigned call = ++faults->calls;
    if (call != faults->at && (call < faults->at || !faults->for_ever)) {
        return false;
    }
    if (faults->hit == NULL) {
        faults->hit = function;
        faults->code = code;
    }
    errno = code;
    return true;
}

/* The real function's and the wrapper's declarations. */
#define DECLARE(type, name, ...)                                             \
    type __real_##name(__VA_ARGS__);                                         \
    type __wrap_##name(__VA_ARGS__);                                         \
    type __wrap_##name(__VA_ARGS__)

#define FAIL(name, code, result)                                             \
    if (now(FAULT_IO, #name, code)) {                                        \
        return result;                                                       \
    }

/* ---- files ------------------------------------------------------------- */

DECLARE(int, open64, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    FAIL(open64, EIO, -1)
    return __real_open64(path, flags, mode);
}

DECLARE(int, stat64, const char *path, struct stat *status)
{
    FAIL(stat64, EIO, -1)
    return __real_stat64(path, status);
}

DECLARE(int, fstat64, int fd, struct stat *status)
{
    FAIL(fstat64, EIO, -1)
    return __real_fstat64(fd, status);
}

DECLARE(void *, mmap64, void *at, size_t size, int protection, int flags,
        int fd, off_t offset)
{
    FAIL(mmap64, ENOMEM, MAP_FAILED)
    return __real_mmap64(at, size, protection, flags, fd, offset);
}

DECLARE(ssize_t, write, int fd, const void *bytes, size_t size)
{
    FAIL(write, ENOSPC, -1)
    if (now(FAULT_INTERRUPT, "write", EINTR)) {
        return -1;
    }
    size = now(FAULT_PARTIAL, "write", 0) ? (size + 1) / 2 : size;
    return __real_write(fd, bytes, size);
}

DECLARE(ssize_t, pwrite64, int fd, const void *bytes, size_t size, off_t at)
{
    FAIL(pwrite64, EIO, -1)
    if (now(FAULT_INTERRUPT, "pwrite64", EINTR)) {
        return -1;
    }
    size = now(FAULT_PARTIAL, "pwrite64", 0) ? (size + 1) / 2 : size;
    return __real_pwrite64(fd, bytes, size, at);
}

/* A real one would only take its time. */
DECLARE(int, fsync, int fd)
{
    (void)fd;
    FAIL(fsync, EIO, -1)
    return 0;
}

/* Closed it is, but what was written is lost. */
DECLARE(int, close, int fd)
{
    int result = __real_close(fd);
    FAIL(close, EIO, -1)
    return result;
}

DECLARE(int, rename, const char *from, const char *to)
{
    FAIL(rename, EIO, -1)
    return __real_rename(from, to);
}

DECLARE(int, link, const char *from, const char *to)
{
    FAIL(link, EPERM, -1)
    return __real_link(from, to);
}

DECLARE(int, mkdir, const char *path, mode_t mode)
{
    FAIL(mkdir, EACCES, -1)
    return __real_mkdir(path, mode);
}

DECLARE(int, access, const char *path, int mode)
{
    FAIL(access, EACCES, -1)
    return __real_access(path, mode);
}

DECLARE(ssize_t, readlink, const char *path, char *text, size_t size)
{
    FAIL(readlink, EACCES, -1)
    return __real_readlink(path, text, size);
}

DECLARE(DIR *, opendir, const char *path)
{
    FAIL(opendir, EMFILE, NULL)
    return __real_opendir(path);
}

DECLARE(struct dirent *, readdir64, DIR *dir)
{
    FAIL(readdir64, EIO, NULL)
    return __real_readdir64(dir);
}

DECLARE(int, mkstemp64, char *path)
{
    FAIL(mkstemp64, EMFILE, -1)
    return __real_mkstemp64(path);
}

/* ---- streams ----------------------------------------------------------- */

DECLARE(FILE *, fopen64, const char *path, const char *mode)
{
    FAIL(fopen64, EMFILE, NULL)
    return __real_fopen64(path, mode);
}

DECLARE(FILE *, fdopen, int fd, const char *mode)
{
    FAIL(fdopen, ENOMEM, NULL)
    return __real_fdopen(fd, mode);
}

DECLARE(size_t, fread, void *bytes, size_t size, size_t count, FILE *stream)
{
    FAIL(fread, EIO, 0)
    return __real_fread(bytes, size, count, stream);
}

DECLARE(size_t, fwrite, const void *bytes, size_t size, size_t count,
        FILE *stream)
{
    FAIL(fwrite, ENOSPC, 0)
    return __real_fwrite(bytes, size, count, stream);
}

DECLARE(int, fputs, const char *text, FILE *stream)
{
    FAIL(fputs, ENOSPC, EOF)
    return __real_fputs(text, stream);
}

DECLARE(int, fflush, FILE *stream)
{
    FAIL(fflush, ENOSPC, EOF)
    return __real_fflush(stream);
}

DECLARE(int, fclose, FILE *stream)
{
    int result = __real_fclose(stream);
    FAIL(fclose, ENOSPC, EOF)
    return result;
}

DECLARE(int, pthread_create, pthread_t *thread, const pthread_attr_t *how,
        void *(*start)(void *), void *argument)
{
    FAIL(pthread_create, EAGAIN, EAGAIN)
    return __real_pthread_create(thread, how, start, argument);
}

/* ---- other programs ---------------------------------------------------- */

DECLARE(int, posix_spawnp, pid_t *child, const char *file,
        const posix_spawn_file_actions_t *actions,
        const posix_spawnattr_t *attributes, char *const argv[],
        char *const variables[])
{
    FAIL(posix_spawnp, EAGAIN, EAGAIN)
    return __real_posix_spawnp(child, file, actions, attributes, argv,
                               variables);
}

/* The child is done all the same. */
DECLARE(pid_t, waitpid, pid_t child, int *status, int options)
{
    pid_t result = __real_waitpid(child, status, options);
    FAIL(waitpid, ECHILD, -1)
    return result;
}

/* dlerror gives the reason of a real failure. */
DECLARE(void *, dlopen, const char *path, int flags)
{
    bool fails = now(FAULT_IO, "dlopen", ENOENT);
    return __real_dlopen(fails ? "/nonexistent/model.so" : path, flags);
}

/* ---- archives and compressed files ------------------------------------- */

/* What libzip says of a file that cannot be read. */
static bool zip_fails(const char *function, zip_error_t *error)
{
    if (!now(FAULT_IO, function, EIO)) {
        return false;
    }
    if (error != NULL) {
        zip_error_set(error, ZIP_ER_READ, EIO);
    }
    return true;
}

DECLARE(zip_source_t *, zip_source_buffer_create, const void *bytes,
        zip_uint64_t size, int free_it, zip_error_t *error)
{
    return zip_fails("zip_source_buffer_create", error)
               ? NULL
               : __real_zip_source_buffer_create(bytes, size, free_it, error);
}

DECLARE(zip_t *, zip_open_from_source, zip_source_t *source, int flags,
        zip_error_t *error)
{
    return zip_fails("zip_open_from_source", error)
               ? NULL
               : __real_zip_open_from_source(source, flags, error);
}

DECLARE(zip_t *, zip_open, const char *path, int flags, int *code)
{
    if (zip_fails("zip_open", NULL)) {
        *code = ZIP_ER_OPEN;
        return NULL;
    }
    return __real_zip_open(path, flags, code);
}

DECLARE(const char *, zip_get_name, zip_t *zip, zip_uint64_t index,
        zip_flags_t flags)
{
    return zip_fails("zip_get_name", zip_get_error(zip))
               ? NULL
               : __real_zip_get_name(zip, index, flags);
}

DECLARE(int, zip_stat_index, zip_t *zip, zip_uint64_t index,
        zip_flags_t flags, zip_stat_t *entry)
{
    return zip_fails("zip_stat_index", zip_get_error(zip))
               ? -1
               : __real_zip_stat_index(zip, index, flags, entry);
}

DECLARE(zip_file_t *, zip_fopen_index, zip_t *zip, zip_uint64_t index,
        zip_flags_t flags)
{
    return zip_fails("zip_fopen_index", zip_get_error(zip))
               ? NULL
               : __real_zip_fopen_index(zip, index, flags);
}

DECLARE(int, zip_stat, zip_t *zip, const char *name, zip_flags_t flags,
        zip_stat_t *entry)
{
    return zip_fails("zip_stat", zip_get_error(zip))
               ? -1
               : __real_zip_stat(zip, name, flags, entry);
}

DECLARE(zip_file_t *, zip_fopen, zip_t *zip, const char *name,
        zip_flags_t flags)
{
    return zip_fails("zip_fopen", zip_get_error(zip))
               ? NULL
               : __real_zip_fopen(zip, name, flags);
}

DECLARE(zip_int64_t, zip_fread, zip_file_t *file, void *bytes,
        zip_uint64_t size)
{
    return zip_fails("zip_fread", zip_file_get_error(file))
               ? -1
               : __real_zip_fread(file, bytes, size);
}

DECLARE(gzFile, gzopen64, const char *path, const char *mode)
{
    FAIL(gzopen64, EMFILE, NULL)
    return __real_gzopen64(path, mode);
}

static bool gz_failed;

DECLARE(int, gzread, gzFile file, void *bytes, unsigned size)
{
    gz_failed = now(FAULT_IO, "gzread", EIO);
    return gz_failed ? -1 : __real_gzread(file, bytes, size);
}

DECLARE(const char *, gzerror, gzFile file, int *code)
{
    if (gz_failed) {
        *code = Z_ERRNO;
        return strerror(EIO);
    }
    return __real_gzerror(file, code);
}

/* ---- memory ------------------------------------------------------------ */

/* Counts a block that was given. */
static void *given(void *block)
{
    if (block != NULL && faults != NULL) {
        faults->live++;
    }
    return block;
}

#define NO_MEMORY(name)                                                      \
    if (now(FAULT_MEMORY, #name, ENOMEM)) {                                  \
        return NULL;                                                         \
    }

DECLARE(void *, malloc, size_t size)
{
    NO_MEMORY(malloc)
    return given(__real_malloc(size));
}

DECLARE(void *, calloc, size_t count, size_t size)
{
    NO_MEMORY(calloc)
    return given(__real_calloc(count, size));
}

DECLARE(void *, aligned_alloc, size_t alignment, size_t size)
{
    NO_MEMORY(aligned_alloc)
    return given(__real_aligned_alloc(alignment, size));
}

DECLARE(char *, strdup, const char *text)
{
    NO_MEMORY(strdup)
    return given(__real_strdup(text));
}

DECLARE(void *, realloc, void *block, size_t size)
{
    NO_MEMORY(realloc)
    return block == NULL ? given(__real_realloc(NULL, size))
                         : __real_realloc(block, size);
}

DECLARE(void, free, void *block)
{
    if (block != NULL && faults != NULL) {
        faults->live--;
    }
    __real_free(block);
}

static void *hook_malloc(size_t size)
{
    return malloc(size);
}

static void hook_free(void *block)
{
    free(block);
}

void fault_wrap_json(void)
{
    cJSON_Hooks hooks = {hook_malloc, hook_free};
    cJSON_InitHooks(&hooks);
}
