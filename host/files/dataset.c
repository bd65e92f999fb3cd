/* SPDX-License-Identifier: MIT
 *
 * dataset.c - images of one size from whatever a file or folder holds. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codegen/codegen.h"
#include "host/files/dataset.h"
#include "host/files/output.h"

/* ---- finding the format ------------------------------------------------ */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool read_magic(const char *path, char magic[4], host_failure *f)
{
    FILE *file = fopen(path, "rb");
    bool good;

    if (file == NULL) {
        return host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
    }
    errno = 0;
    good = fread(magic, 1, 4, file) == 4 ||
           host_fail(f, "%s: cannot be read: %s", path,
                     errno != 0 ? strerror(errno) : "it is too short");
    (void)fclose(file);
    return good;
}

static bool read_cifar(host_dataset_load *l, host_failure *f)
{
    const char *path = l->source.path;
    size_t size;
    unsigned char *bytes =
        host_input_file(path, HOST_COLLECTION_MOST_BYTES, &size, f);
    bool good =
        bytes != NULL && host_dataset_add_cifar(l, path, bytes, size, f);

    free(bytes);
    return good;
}

bool host_dataset_begin(host_dataset_load *l, host_dataset *d,
                        const host_dataset_source *source, host_failure *f)
{
    const char *path = source->path;
    char magic[4];
    struct stat st;

    *d = (host_dataset){0};
    *l = (host_dataset_load){.data = d, .source = *source};
    if (stat(path, &st) != 0) {
        return host_fail(f, "%s: cannot be opened: %s", path,
                         strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return host_dataset_begin_files(l, f);
    }
    if (!S_ISREG(st.st_mode)) {
        return host_fail(f, "%s: neither file nor folder; wanted images",
                         path);
    }
    if (st.st_size == 0) {
        return host_fail(f, CG_FILE_IS_EMPTY, path);
    }
    if (!read_magic(path, magic, f)) {
        return false;
    }
    return memcmp(magic, "PK", 2) == 0 ? host_dataset_begin_files(l, f)
           : ends_with(path, ".bin")   ? read_cifar(l, f)
                                       : host_dataset_read_idx(l, f);
}

bool host_dataset_end(host_dataset_load *l, bool good, host_failure *f)
{
    host_dataset *d = l->data;

    if (good) {
        (void)host_collection_left_out(&l->files, d->left_out,
                                       sizeof d->left_out);
        good = (d->count > 0 ||
                host_fail(f, "%s: no images in it%s%s", l->source.path,
                          d->left_out[0] != '\0' ? "; left out: " : "",
                          d->left_out)) &&
               host_dataset_take_names(l, f);
    }
    host_squares_close(&l->squares);
    host_collection_close(&l->files);
    host_resizer_free(&l->resizer);
    if (!good) {
        host_dataset_close(d);
    }
    return good;
}

bool host_dataset_open(host_dataset *d, const char *path, uint32_t resolution,
                       host_failure *f)
{
    host_dataset_source source = {path, resolution, 1, NULL, NULL, false};
    host_dataset_load l;
    bool good = host_dataset_begin(&l, d, &source, f);

    while (good && host_dataset_left(&l)) {
        good = host_dataset_more(&l, f);
    }
    return host_dataset_end(&l, good, f);
}

void host_dataset_close(host_dataset *d)
{
    for (uint64_t i = 0; d->names != NULL && i < d->count; i++) {
        free(d->names[i]);
    }
    free(d->names);
    free(d->labels);
    free(d->pixels);
    *d = (host_dataset){0};
}

/* ---- what became of the images ----------------------------------------- */

static void append(char *text, size_t size, uint64_t count, const char *what)
{
    size_t used = strlen(text);

    if (count > 0) {
        (void)snprintf(text + used, size - used, "%s%" PRIu64 " %s",
                       used > 0 ? ", " : "", count, what);
    }
}

bool host_dataset_changes(const host_dataset *d, char *text, size_t size)
{
    const host_squares_counts *c = &d->counts;

    text[0] = '\0';
    append(text, size, c->fit.bordered, "got a black border");
    append(text, size, c->fit.resized, "were resized");
    append(text, size, c->coloured, "grey became RGB");
    append(text, size, c->flattened, "lost their alpha");
    return text[0] != '\0';
}
