/* SPDX-License-Identifier: MIT
 *
 * spared.c - outputs do not replace what they are made from. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/image.h"
#include "host/files/spared.h"
#include "host/files/target.h"

/* Names that cannot be examined fail when they are opened. */
static bool find(const char *path, struct stat *s)
{
    return path != NULL && stat(path, s) == 0 &&
           (S_ISREG(s->st_mode) || S_ISDIR(s->st_mode));
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether `file`, at `path`, is a picture that lies in `folder`.  Other files
 * there, such as a data set that was made of it before, count for nothing. */
static bool is_picture_of(const char *path, const struct stat *file,
                          const struct stat *folder)
{
    host_target t;
    host_failure unused;
    struct stat around;
    if (!S_ISREG(file->st_mode) || !S_ISDIR(folder->st_mode) ||
        !host_target_find(&t, path, &unused)) {
        return false;
    }
    char *parent = t.path != NULL && host_image_is_name(t.path)
                       ? host_target_folder(t.path)
                       : NULL;
    bool inside = find(parent, &around) && is_same(&around, folder);
    free(parent);
    host_target_free(&t);
    return inside;
}

bool host_spared(const char *out, const char *const *inputs, size_t count,
                 host_failure *f)
{
    struct stat to, from;
    if (out == NULL || strcmp(out, "-") == 0 || !find(out, &to)) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (!find(inputs[i], &from)) {
            continue;
        }
        if (is_same(&to, &from)) {
            return host_bad_usage(f,
                                  "%s: would replace the input %s; wanted "
                                  "another name for the output, got the same "
                                  "%s",
                                  out, inputs[i],
                                  S_ISDIR(to.st_mode) ? "folder" : "file");
        }
        if (is_picture_of(out, &to, &from)) {
            return host_bad_usage(f,
                                  "%s: would replace a picture of the input "
                                  "%s; wanted an output elsewhere",
                                  out, inputs[i]);
        }
        if (is_picture_of(inputs[i], &from, &to)) {
            return host_bad_usage(f,
                                  "%s: pictures that are written there might "
                                  "replace the input %s; wanted another "
                                  "folder",
                                  out, inputs[i]);
        }
    }
    return true;
}
