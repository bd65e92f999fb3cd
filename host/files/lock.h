/* SPDX-License-Identifier: MIT
 *
 * lock.h - a folder that one process at a time writes to. */
#ifndef CEDM_HOST_FILES_LOCK_H
#define CEDM_HOST_FILES_LOCK_H

#include "host/cli/failure.h"

typedef struct host_lock {
    int file;   /* -1: not held */
    char *path; /* FOLDER/.lock */
} host_lock;

/* Not held. */
#define HOST_LOCK_FREE                                                       \
    {                                                                        \
        -1, NULL                                                             \
    }

/* Locks a folder that exists, by flock on its file .lock, which says who holds
 * it; does not wait.  If another process does, the failure names it.  The
 * kernel gives the lock back when the process ends, however it ends.  On a
 * file system that knows no locks the call succeeds and the lock is not held.
 */
bool host_lock_folder(host_lock *lock, const char *folder, host_failure *f);

/* Removes the file and gives the lock back; harmless if it is not held. */
void host_lock_release(host_lock *lock);

#endif
