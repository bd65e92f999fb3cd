/* SPDX-License-Identifier: MIT
 *
 * data_folders.c - the class of an image is the folder it lies in. */
#include <stdlib.h>
#include <string.h>

#include "tools/data/data_labels.h"

/* Bytes of the folders that all images lie in: of an archive's first folder,
 * for instance.  Names are sorted, so the first and the last share what all
 * share. */
static size_t common_folders(const host_collection *source)
{
    size_t images = data_image_count(source), common = 0;
    const char *first, *last;

    if (images == 0) {
        return 0;
    }
    first = data_image_name(source, 0);
    last = data_image_name(source, images - 1);
    for (size_t i = 0; first[i] != '\0' && first[i] == last[i]; i++) {
        common = first[i] == '/' ? i + 1 : common;
    }
    return common;
}

/* The length of the first folder in a path, 0 if there is none. */
static size_t folder_length(const char *path)
{
    return strchr(path, '/') == NULL ? 0 : strcspn(path, "/");
}

/* Its name, to be freed. */
static char *copy_folder(const char *path)
{
    char *name = strdup(path);

    if (name != NULL) {
        name[folder_length(path)] = '\0';
    }
    return name;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_class(const char *class, const char *path)
{
    size_t n = folder_length(path);

    return strlen(class) == n && strncmp(class, path, n) == 0;
}

/* Sorts the names and keeps one of each. */
static void sort_classes(data_labels *l)
{
    size_t kept = 0;

    if (l->class_count > 1) {
        qsort(l->classes, l->class_count, sizeof *l->classes, by_text);
    }
    for (size_t i = 0; i < l->class_count; i++) {
        if (kept > 0 && strcmp(l->classes[i], l->classes[kept - 1]) == 0) {
            free(l->classes[i]);
        } else {
            l->classes[kept++] = l->classes[i];
        }
    }
    l->class_count = kept;
}

/* The names of all first folders; images of one lie together. */
static bool list_classes(data_labels *l, const host_collection *source)
{
    size_t images = data_image_count(source), skip = common_folders(source);

    l->classes = calloc(images + 1, sizeof *l->classes);
    if (l->classes == NULL) {
        return false;
    }
    for (size_t i = 0; i < images; i++) {
        const char *path = data_image_name(source, i) + skip;
        size_t n = l->class_count;

        if (n > 0 && is_class(l->classes[n - 1], path)) {
            continue;
        }
        l->classes[n] = copy_folder(path);
        if (l->classes[n] == NULL) {
            return false;
        }
        l->class_count++;
    }
    sort_classes(l);
    return true;
}

static bool label_by_folder(data_labels *l, const host_collection *source,
                            host_failure *f)
{
    size_t skip = common_folders(source);

    if (!data_labels_allocate(l, data_image_count(source), f)) {
        return false;
    }
    for (size_t i = 0; i < l->images; i++) {
        const char *path = data_image_name(source, i) + skip;
        char *folder = copy_folder(path);
        char **found = folder == NULL
                           ? NULL
                           : bsearch(&folder, l->classes, l->class_count,
                                     sizeof *l->classes, by_text);

        free(folder);
        if (found == NULL) {
            return host_fail(f, "out of memory for the labels of %zu images",
                             l->images);
        }
        l->of_image[i] = (uint32_t)(found - l->classes);
    }
    return true;
}

/* 00000, 00001, ...: the folders of EDM's own data sets. */
static bool is_numbered(const data_labels *l)
{
    for (size_t i = 0; i < l->class_count; i++) {
        const char *name = l->classes[i];

        if (strlen(name) != 5 || name[strspn(name, "0123456789")] != '\0') {
            return false;
        }
    }
    return true;
}

bool data_labels_by_folder(data_labels *l, const host_collection *source,
                           bool asked, host_failure *f)
{
    bool some;

    if (!list_classes(l, source)) {
        return host_fail(f, "out of memory for the names of folders");
    }
    some = l->class_count >= 2 && l->classes[0][0] != '\0';
    if (asked && !some) {
        return host_fail(f,
                         "%s: wanted every image in the folder of its class, "
                         "got images beside the folders, or one folder",
                         source->path);
    }
    if (!some || (!asked && is_numbered(l))) {
        data_labels_forget_classes(l);
        return true;
    }
    return label_by_folder(l, source, f);
}
