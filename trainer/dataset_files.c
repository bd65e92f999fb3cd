/* SPDX-License-Identifier: MIT
 *
 * dataset_files.c - EDM datasets: image files in a zip file or a folder, in
 * the order of their names. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "dataset.h"
#include "output.h"

/* An image file; anything larger is no training image. */
#define FILE_LIMIT ((size_t)256 << 20)

typedef struct names {
    char **items;
    size_t count, capacity;
} names;

static bool names_add(names *n, const char *name, failure *f)
{
    if (n->count == n->capacity) {
        size_t capacity = n->capacity * 2 + 64;
        char **items = realloc(n->items, capacity * sizeof *items);

        if (items == NULL) {
            return failed(f, "out of memory");
        }
        n->items = items;
        n->capacity = capacity;
    }
    n->items[n->count] = strdup(name);
    return n->items[n->count++] != NULL || failed(f, "out of memory");
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

static bool zip_names(zip_t *zip, names *n, failure *f)
{
    zip_int64_t count = zip_get_num_entries(zip, 0);

    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(zip, (zip_uint64_t)i, 0);

        if (name != NULL && dataset_is_image_name(name) &&
            !names_add(n, name, f)) {
            return false;
        }
    }
    names_sort(n);
    return true;
}

static bool add_entry(dataset *d, zip_t *zip, const char *path,
                      const char *name, uint32_t resolution, failure *f)
{
    char where[1024];
    zip_stat_t st;
    zip_file_t *file = NULL;
    unsigned char *bytes = NULL;
    bool good = false;

    (void)snprintf(where, sizeof where, "%s:%s", path, name);
    zip_stat_init(&st);
    if (zip_stat(zip, name, 0, &st) == 0 && (st.valid & ZIP_STAT_SIZE) &&
        st.size <= FILE_LIMIT) {
        file = zip_fopen(zip, name, 0);
        bytes = malloc(st.size + 1);
    }
    if (file != NULL && bytes != NULL &&
        zip_fread(file, bytes, st.size) == (zip_int64_t)st.size) {
        good = dataset_add_file(d, resolution, where, bytes, st.size, f);
    } else {
        failed(f, "%s: the entry cannot be read; get the file again", where);
    }
    free(bytes);
    if (file != NULL) {
        (void)zip_fclose(file);
    }
    return good;
}

bool dataset_read_zip(dataset *d, const char *path, uint32_t resolution,
                      failure *f)
{
    int code = 0;
    zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
    names n = {0};
    bool good;

    if (zip == NULL) {
        return failed(f, "%s: not a zip file that can be read (libzip error "
                         "%d)", path, code);
    }
    good = zip_names(zip, &n, f);
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

/* Image files below a folder, at most one level of folders deep. */
static bool folder_names(const char *path, names *n, int depth, failure *f)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool good = true;

    if (dir == NULL) {
        return failed(f, "%s: cannot be opened", path);
    }
    while (good && (entry = readdir(dir)) != NULL) {
        char full[4096];
        struct stat st;

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
        if (stat(full, &st) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode) && depth > 0) {
            good = folder_names(full, n, depth - 1, f);
        } else if (S_ISREG(st.st_mode) &&
                   (dataset_is_image_name(full) || is_cifar(full))) {
            good = names_add(n, full, f);
        }
    }
    (void)closedir(dir);
    return good;
}

static bool add_path(dataset *d, const char *path, uint32_t resolution,
                     failure *f)
{
    size_t size;
    unsigned char *bytes = input_file(path, FILE_LIMIT, &size, f);
    bool good = bytes != NULL &&
                dataset_add_file(d, resolution, path, bytes, size, f);

    free(bytes);
    return good;
}

bool dataset_read_folder(dataset *d, const char *path, uint32_t resolution,
                         failure *f)
{
    names n = {0};
    bool good = folder_names(path, &n, 1, f);

    names_sort(&n);
    for (size_t i = 0; good && i < n.count; i++) {
        good = is_cifar(n.items[i])
                   ? dataset_read_cifar(d, n.items[i], resolution, f)
                   : add_path(d, n.items[i], resolution, f);
    }
    names_free(&n);
    return good;
}
