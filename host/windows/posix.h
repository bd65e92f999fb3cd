/* SPDX-License-Identifier: MIT
 *
 * posix.h - what programs use of POSIX and MinGW-w64 lacks or means otherwise.
 *
 * mk/windows.mk has the compiler include it before every file of the programs,
 * so that none of them asks for the system.  Functions do what POSIX says, as
 * far as nothing else is said here. */
#ifndef CEDM_HOST_WINDOWS_POSIX_H
#define CEDM_HOST_WINDOWS_POSIX_H

#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- files --------------------------------------------------------------- */

#define O_CLOEXEC O_NOINHERIT
#define O_DIRECTORY 0 /* no folder can be opened */
#define O_NOFOLLOW 0
#define O_NONBLOCK 0 /* pipes are not among files */

/* Others may rename and remove the file while it is open, as Windows' own
 * programs let them only by request; bytes are not translated. */
int host_windows_open(const char *path, int flags, ...);
#define open host_windows_open
int host_windows_mkstemp(char *path);
#define mkstemp host_windows_mkstemp
/* Replaces a file of that name. */
int host_windows_rename(const char *from, const char *to);
#define rename host_windows_rename
int host_windows_mkdir(const char *path, mode_t mode);
#define mkdir host_windows_mkdir
int host_windows_access(const char *path, int wanted);
#define access host_windows_access

/* The C library's has 16 bits for the inode, which are 0. */
#define dev_t uint64_t
#define ino_t uint64_t
struct host_windows_stat {
    dev_t st_dev;
    ino_t st_ino;
    uint64_t st_nlink;
    int64_t st_size;
    mode_t st_mode;
    int st_uid, st_gid; /* 0, as everybody's */
};
#undef stat
#undef fstat
int host_windows_stat(const char *path, struct host_windows_stat *status);
int host_windows_fstat(int fd, struct host_windows_stat *status);
#define stat host_windows_stat
#define lstat host_windows_stat /* links are followed */
#define fstat host_windows_fstat
#define S_ISLNK(mode) 0

int fsync(int fd);
#define LOCK_EX 2
#define LOCK_NB 4
/* Of the open file, as POSIX systems have it; only LOCK_EX | LOCK_NB. */
int flock(int fd, int how);
ssize_t readlink(const char *path, char *to,
                 size_t size); /* finds no links */

/* Rights are those of the folder. */
int fchmod(int fd, mode_t mode);
int fchown(int fd, int user, int group);
int geteuid(void);
int getegid(void);

#define PROT_READ 1
#define MAP_PRIVATE 2
#define MAP_FAILED NULL
/* A whole file, to be read. */
void *mmap(void *where, size_t size, int rights, int flags, int fd,
           int64_t at);
int munmap(void *memory, size_t size);

/* ---- memory -------------------------------------------------------------- */

/* Alignments beyond 64 KiB, which are a wish for huge pages, stay at that. */
void *aligned_alloc(size_t alignment, size_t size);
/* Takes what aligned_alloc gave, too; the C library's does not. */
void host_windows_free(void *memory);
#define free(memory) host_windows_free(memory)

/* ---- libraries ----------------------------------------------------------- */

#define RTLD_LAZY 1
#define RTLD_NOW 2
#define RTLD_LOCAL 0
void *dlopen(const char *path, int how);
void *dlsym(void *library, const char *name);
int dlclose(void *library);
char *dlerror(void); /* of the last call in this thread */

/* ---- processors, signals, terminal --------------------------------------- */

typedef struct cpu_set_t {
    uint64_t mask;
} cpu_set_t;
int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set);
#define CPU_COUNT(set) __builtin_popcountll((set)->mask)
#define _SC_NPROCESSORS_ONLN 1
long sysconf(int name);

/* Signals that do not exist here are never sent. */
#define SIGHUP 1001
#define SIGBUS 1002
#define SIGXFSZ 1003
#define SA_RESETHAND 0 /* always */
struct sigaction {
    void (*sa_handler)(int);
    int sa_flags, sa_mask;
};
int sigemptyset(int *set);
int sigaction(int number, const struct sigaction *action,
              struct sigaction *old);

/* Nothing is asked of a terminal: its width is the usual one. */
#define TIOCGWINSZ 0
struct winsize {
    unsigned short ws_col;
};
int ioctl(int fd, int request, struct winsize *size);

#endif
