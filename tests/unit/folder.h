/* SPDX-License-Identifier: MIT
 *
 * folder.h - an empty folder for the tests of one program: folder_begin sets
 * its group up, folder_end is what main returns. */
#ifndef CEDM_TESTS_UNIT_FOLDER_H
#define CEDM_TESTS_UNIT_FOLDER_H

#include <stdio.h>
#include <stdlib.h>

static char folder[64];

static inline int folder_begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/cedm_test.XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

/* What main returns: the failures of the group, or 1 if the folder cannot be
 * removed. */
static inline int folder_end(int failures)
{
    char command[96];

    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) == 0 ? failures : 1;
}

/* Stays until the fourth call after it. */
static inline const char *in_folder(const char *name)
{
    static char path[4][160];
    static int next;

    next = (next + 1) % 4;
    (void)snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static inline void write_file(const char *name, const void *bytes,
                              size_t size)
{
    FILE *f = fopen(in_folder(name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

#endif
