/* SPDX-License-Identifier: MIT
 *
 * dataset_files.c - EDM datasets: image files in a zip file or a folder, in
 * the order of their names. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "host/files/dataset.h"
#include "host/files/output.h"

/* An image file; anything larger is no training image. */
#define FILE_LIMIT ((size_t)256 << 20)

typedef struct names {
    char **items;
    size_t count, capacity;
} names;

static bool names_add(names *n, const char *name, host_failure *f)
{
    if (n->count == n->capacity) {
        size_t capacity = n->capacity * 2 + 64;
        char **items = realloc(n->items, capacity * sizeof *items);

        if (items == NULL) {
            return host_fail(f, "out of memory");
        }
        n->items = items;
        n->capacity = capacity;
    }
    n->items[n->count] = strdup(name);
    if (n->items[n->count] == NULL) {
        return host_fail(f, "out of memory");
    }
    n->count++;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(names *n)
{
    if (n->count > 1) {
        qsort(n->items, n->count, sizeof *n->items, by_name);
    }
}

static void names_free(names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->items[i]);
    }
    free(n->items);
}

/* ---- zip ---------------------------------------------------------------- */

static bool zip_names(zip_t *zip, const char *path, names *n, host_failure *f)
{
    zip_int64_t count = zip_get_num_entries(zip, 0);

    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(zip, (zip_uint64_t)i, 0);

        if (name == NULL) {
            return host_fail(f, "%s: an entry cannot be read: %s", path,
                             zip_strerror(zip));
        }
        if (host_dataset_is_image_name(name) && !names_add(n, name, f)) {
            return false;
        }
    }
    names_sort(n);
    return true;
}

/* The bytes of an entry, to be freed; NULL on error. */
static unsigned char *read_entry(zip_t *zip, const char *where,
                                 const char *name, uint64_t *size,
                                 host_failure *f)
{
    zip_stat_t st;
    zip_file_t *file = NULL;
    unsigned char *bytes = NULL;
    zip_int64_t got = -1;

    zip_stat_init(&st);
    if (zip_stat(zip, name, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE) ||
        (file = zip_fopen(zip, name, 0)) == NULL) {
        host_fail(f, "%s: the entry cannot be read: %s; get the file again",
                  where, zip_strerror(zip));
        return NULL;
    }
    if (st.size > FILE_LIMIT || (bytes = malloc(st.size + 1)) == NULL) {
        host_fail(f,
                  st.size > FILE_LIMIT ? "%s: too large for an image"
                                       : "%s: out of memory",
                  where);
    } else if ((got = zip_fread(file, bytes, st.size)) !=
               (zip_int64_t)st.size) {
        host_fail(f, "%s: the entry cannot be read: %s; get the file again",
                  where,
                  got < 0 ? zip_file_strerror(file) : "it is cut short");
        free(bytes);
        bytes = NULL;
    }
    (void)zip_fclose(file);
    *size = st.size;
    return bytes;
}

static bool add_entry(host_dataset *d, zip_t *zip, const char *path,
                      const char *name, uint32_t resolution, host_failure *f)
{
    char where[1024];
    uint64_t size = 0;
    unsigned char *bytes;
    bool good;

    (void)snprintf(where, sizeof where, "%s:%s", path, name);
    bytes = read_entry(zip, where, name, &size, f);
    good = bytes != NULL &&
           host_dataset_add_file(d, resolution, where, bytes, size, f);
    free(bytes);
    return good;
}

bool host_dataset_read_zip(host_dataset *d, const char *path,
                           uint32_t resolution, host_failure *f)
{
    int code = 0;
    zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
    names n = {0};
    bool good;

    if (zip == NULL) {
        zip_error_t error;

        zip_error_init_with_code(&error, code);
        (void)host_fail(f, "%s: not a zip file that can be read: %s", path,
                        zip_error_strerror(&error));
        zip_error_fini(&error);
        return false;
    }
    good = zip_names(zip, path, &n, f);
    for (size_t i = 0; good && i < n.count; i++) {
        good = add_entry(d, zip, path, n.items[i], resolution, f);
    }
    names_free(&n);
    zip_discard(zip);
    return good;
}

/* ---- folder ------------------------------------------------------------- */

/* The training batches of CIFAR-10 and of CIFAR-100; their test batches have
 * other names. */
static bool is_cifar(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    size_t n = strlen(name);

    return strcmp(name, "train.bin") == 0 ||
           (strncmp(name, "data_batch_", 11) == 0 && n > 4 &&
            strcmp(name + n - 4, ".bin") == 0);
}

static bool folder_names(const char *path, names *n, int depth,
                         host_failure *f);

/* A file, or a folder if there may be any more. */
static bool entry_names(const char *full, names *n, int depth,
                        host_failure *f)
{
    struct stat st;

    if (stat(full, &st) != 0) {
        return host_fail(f, "%s: cannot be read: %s", full, strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return depth == 0 || folder_names(full, n, depth - 1, f);
    }
    return !S_ISREG(st.st_mode) ||
           (!host_dataset_is_image_name(full) && !is_cifar(full)) ||
           names_add(n, full, f);
}

/* Image files below a folder, at most one level of folders deep. */
static bool folder_names(const char *path, names *n, int depth,
                         host_failure *f)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool good = true;

    if (dir == NULL) {
        return host_fail(f, "%s: cannot be opened: %s", path,
                         strerror(errno));
    }
    for (errno = 0; good && (entry = readdir(dir)) != NULL; errno = 0) {
        char full[4096];

        (void)snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
        good = entry->d_name[0] == '.' || entry_names(full, n, depth, f);
    }
    if (good && errno != 0) {
        good = host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
    }
    (void)closedir(dir);
    return good;
}

static bool add_path(host_dataset *d, const char *path, uint32_t resolution,
                     host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_input_file(path, FILE_LIMIT, &size, f);
    bool good = bytes != NULL &&
                host_dataset_add_file(d, resolution, path, bytes, size, f);

    free(bytes);
    return good;
}

bool host_dataset_read_folder(host_dataset *d, const char *path,
                              uint32_t resolution, host_failure *f)
{
    names n = {0};
    bool good = folder_names(path, &n, 1, f);

    names_sort(&n);
    for (size_t i = 0; good && i < n.count; i++) {
        good = is_cifar(n.items[i])
                   ? host_dataset_read_cifar(d, n.items[i], resolution, f)
                   : add_path(d, n.items[i], resolution, f);
    }
    names_free(&n);
    return good;
}
