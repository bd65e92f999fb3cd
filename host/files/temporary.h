/* SPDX-License-Identifier: MIT
 *
 * temporary.h - hidden files that become others, and what killed programs
 * left of them.
 *
 * Whoever makes such a file holds a lock on it (flock), which the system
 * takes back however the program ends: a file without a lock is nobody's. */
#ifndef CEDM_HOST_FILES_TEMPORARY_H
#define CEDM_HOST_FILES_TEMPORARY_H

#include <stdbool.h>

/* Creates FOLDER-OF-PATH/.cedm-tmp-XXXXXX, locked, with the mode of any new
 * file; the name, whose length does not depend on the path's, into *name, to
 * be freed.  The descriptor, or -1 with errno. */
int host_temporary_open(const char *path, char **name);

/* Removes from a folder the temporaries that no program holds. */
void host_temporary_clean(const char *folder);

#endif
