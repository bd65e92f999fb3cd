/* SPDX-License-Identifier: MIT
 *
 * posix.c - what programs use of POSIX, by Windows' own functions. */
#include "host/windows/posix.h"

#include <stdbool.h>
#include <string.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

/* In this file the C library's own. */
#undef free
#undef stat
#undef fstat
#undef open
#undef rename
#undef mkdir
#undef access

#define SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* ---- before main --------------------------------------------------------- */

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

/* Bytes go through standard streams as they are, and folders of paths are
 * divided by slashes, which Windows takes, too. */
int __wrap_main(int argc, char **argv)
{
    for (int fd = 0; fd <= 2; fd++) {
        (void)_setmode(fd, _O_BINARY);
    }
    for (int i = 1; i < argc; i++) {
        for (char *p = argv[i]; *p != '\0'; p++) {
            *p = *p == '\\' ? '/' : *p;
        }
    }
    return __real_main(argc, argv);
}

/* ---- errors -------------------------------------------------------------- */

static int errno_of(DWORD code)
{
    switch (code) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME: return ENOENT;
    case ERROR_ACCESS_DENIED: return EACCES;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS: return EEXIST;
    case ERROR_SHARING_VIOLATION:
    case ERROR_USER_MAPPED_FILE: return EBUSY;
    case ERROR_DISK_FULL: return ENOSPC;
    case ERROR_NOT_ENOUGH_MEMORY: return ENOMEM;
    default: return EIO;
    }
}

/* -1, with errno of the last call of Windows. */
static int failed(void)
{
    errno = errno_of(GetLastError());
    return -1;
}

static int done(BOOL good)
{
    return good ? 0 : failed();
}

static HANDLE handle_of(int fd)
{
    return (HANDLE)_get_osfhandle(fd);
}

/* ---- files --------------------------------------------------------------- */

static DWORD disposition(int flags)
{
    if ((flags & O_CREAT) == 0) {
        return (flags & O_TRUNC) != 0 ? TRUNCATE_EXISTING : OPEN_EXISTING;
    }
    return (flags & O_EXCL) != 0    ? CREATE_NEW
           : (flags & O_TRUNC) != 0 ? CREATE_ALWAYS
                                    : OPEN_ALWAYS;
}

/* Folders open, too, so that whoever looks at them sees what they are. */
int host_windows_open(const char *path, int flags, ...)
{
    static const DWORD rights[] = {GENERIC_READ, GENERIC_WRITE,
                                   GENERIC_READ | GENERIC_WRITE};
    HANDLE file =
        CreateFileA(path, rights[flags & O_ACCMODE], SHARED, NULL,
                    disposition(flags), FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (file == INVALID_HANDLE_VALUE) {
        return failed();
    }
    return _open_osfhandle((intptr_t)file,
                           _O_BINARY | (flags & _O_NOINHERIT));
}

int host_windows_mkstemp(char *path)
{
    static LONG count;
    size_t length = strlen(path);

    for (int tries = 0; tries < 100; tries++) {
        DWORD unique = GetTickCount() * 31u + GetCurrentProcessId() * 9973u +
                       (DWORD)InterlockedIncrement(&count);

        (void)snprintf(path + length - 6, 7, "%06lx", unique & 0xffffff);
        int fd =
            host_windows_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

int host_windows_rename(const char *from, const char *to)
{
    return done(MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING));
}

int host_windows_mkdir(const char *path, mode_t mode)
{
    (void)mode;
    return _mkdir(path);
}

int host_windows_access(const char *path, int wanted)
{
    return _access(path, wanted & ~X_OK);
}

static bool is_file(HANDLE file, struct host_windows_stat *s)
{
    BY_HANDLE_FILE_INFORMATION info;
    DWORD kind = GetFileType(file);

    *s = (struct host_windows_stat){
        .st_mode = kind == FILE_TYPE_PIPE ? S_IFIFO : S_IFCHR, .st_nlink = 1};
    if (kind != FILE_TYPE_DISK) {
        return kind != FILE_TYPE_UNKNOWN || GetLastError() == NO_ERROR;
    }
    if (!GetFileInformationByHandle(file, &info)) {
        return false;
    }
    s->st_mode = (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0
                     ? S_IFDIR | 0777
                     : S_IFREG | 0666;
    s->st_dev = info.dwVolumeSerialNumber;
    s->st_ino = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    s->st_nlink = info.nNumberOfLinks;
    s->st_size = (int64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    return true;
}

int host_windows_stat(const char *path, struct host_windows_stat *status)
{
    HANDLE file = CreateFileA(path, 0, SHARED, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (file == INVALID_HANDLE_VALUE) {
        return failed();
    }
    int result = done(is_file(file, status));
    (void)CloseHandle(file);
    return result;
}

int host_windows_fstat(int fd, struct host_windows_stat *status)
{
    return done(is_file(handle_of(fd), status));
}

int fsync(int fd)
{
    return _commit(fd);
}

/* Locks of Windows keep others from the bytes: one far behind the end is no
 * byte of the file. */
int flock(int fd, int how)
{
    OVERLAPPED at = {.Offset = 0, .OffsetHigh = 0x7fffffff};

    (void)how;
    if (!LockFileEx(handle_of(fd),
                    LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1,
                    0, &at)) {
        errno = EWOULDBLOCK;
        return -1;
    }
    return 0;
}

ssize_t readlink(const char *path, char *to, size_t size)
{
    (void)path, (void)to, (void)size;
    errno = EINVAL;
    return -1;
}

int fchmod(int fd, mode_t mode)
{
    (void)fd, (void)mode;
    return 0;
}

int fchown(int fd, int user, int group)
{
    (void)fd, (void)user, (void)group;
    return 0;
}

int geteuid(void)
{
    return 0;
}

int getegid(void)
{
    return 0;
}

void *mmap(void *where, size_t size, int rights, int flags, int fd,
           int64_t at)
{
    HANDLE mapping =
        CreateFileMappingA(handle_of(fd), NULL, PAGE_READONLY, 0, 0, NULL);
    void *memory = mapping == NULL
                       ? NULL
                       : MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, size);

    (void)where, (void)rights, (void)flags, (void)at;
    if (memory == NULL) {
        (void)failed();
    }
    if (mapping != NULL) {
        (void)CloseHandle(mapping); /* the view keeps it */
    }
    return memory;
}

int munmap(void *memory, size_t size)
{
    (void)size;
    return done(UnmapViewOfFile(memory));
}

/* ---- memory -------------------------------------------------------------- */

void *aligned_alloc(size_t alignment, size_t size)
{
    (void)alignment; /* 64 KiB, the granularity of addresses */
    return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

/* The heap's blocks come after its own header: none of them begins where an
 * allocation of pages does. */
void host_windows_free(void *memory)
{
    MEMORY_BASIC_INFORMATION info;

    if ((uintptr_t)memory % 65536 == 0 && memory != NULL &&
        VirtualQuery(memory, &info, sizeof info) != 0 &&
        info.AllocationBase == memory) {
        (void)VirtualFree(memory, 0, MEM_RELEASE);
    } else {
        free(memory);
    }
}

/* ---- libraries ----------------------------------------------------------- */

/* Only backslashes divide the folders of a path here. */
void *dlopen(const char *path, int how)
{
    char full[MAX_PATH];

    (void)how;
    if (strchr(path, '/') != NULL &&
        GetFullPathNameA(path, sizeof full, full, NULL) < sizeof full) {
        path = full;
    }
    return LoadLibraryA(path);
}

void *dlsym(void *library, const char *name)
{
    FARPROC function = GetProcAddress(library, name);
    void *symbol;

    memcpy(&symbol, &function, sizeof symbol);
    return symbol;
}

int dlclose(void *library)
{
    return done(FreeLibrary(library));
}

char *dlerror(void)
{
    static _Thread_local char text[256];
    DWORD length = FormatMessageA(
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
        GetLastError(), 0, text, sizeof text, NULL);

    while (length > 0 && strchr("\r\n .", text[length - 1]) != NULL) {
        length--;
    }
    text[length] = '\0';
    return text;
}

/* ---- processors, signals, terminal --------------------------------------- */

int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set)
{
    DWORD_PTR ours, all;
    BOOL good = GetProcessAffinityMask(GetCurrentProcess(), &ours, &all);

    (void)process, (void)size;
    set->mask = good ? ours : 0;
    return done(good);
}

long sysconf(int name)
{
    (void)name;
    return 1;
}

int sigemptyset(int *set)
{
    return *set = 0;
}

int sigaction(int number, const struct sigaction *action,
              struct sigaction *old)
{
    (void)old;
    return action != NULL && signal(number, action->sa_handler) != SIG_ERR
               ? 0
               : -1;
}

int ioctl(int fd, int request, struct winsize *size)
{
    (void)fd, (void)request, (void)size;
    errno = ENOTTY;
    return -1;
}
