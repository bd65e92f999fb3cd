/* SPDX-License-Identifier: MIT
 *
 * collection.c - the files of a folder or of a zip archive, by name. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "codegen/codegen.h"
#include "host/files/collection.h"
#include "host/files/output.h"

static bool list(host_collection *c, bool (*wanted)(const char *name),
                 host_failure *f)
{
    struct stat st;

    if (stat(c->path, &st) != 0) {
        return host_fail(f, "%s: cannot be opened: %s", c->path,
                         strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return host_collection_list_folder(c, wanted, f);
    }
    if (!S_ISREG(st.st_mode)) {
        return host_fail(f,
                         "%s: neither file nor folder; wanted a folder or a "
                         "zip archive",
                         c->path);
    }
    return st.st_size == 0 ? host_fail(f, CG_FILE_IS_EMPTY, c->path)
                           : host_collection_list_zip(c, wanted, f);
}

/* Without the slashes at its end. */
static char *copy_path(const char *path)
{
    char *copy = strdup(path);
    size_t n = strlen(path);

    while (copy != NULL && n > 1 && path[n - 1] == '/') {
        copy[--n] = '\0';
    }
    return copy;
}

bool host_collection_open(host_collection *c, const char *path,
                          bool (*wanted)(const char *name), host_failure *f)
{
    *c = (host_collection){.path = copy_path(path)};
    if (c->path == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c->path);
        return host_fail(f, "%s: out of memory", path);
    }
    if (!list(c, wanted, f)) {
        host_collection_close(c);
        return false;
    }
    host_collection_sort(c);
    return true;
}

void host_collection_close(host_collection *c)
{
    if (c->path == NULL) {
        return;
    }
    host_collection_close_zip(c);
    for (size_t i = 0; i < c->count; i++) {
        free(c->entries[i].name);
    }
    free(c->entries);
    free(c->left_out.first);
    free(c->path);
    (void)pthread_mutex_destroy(&c->lock);
    *c = (host_collection){0};
}

static unsigned char *read_file(const host_collection *c, size_t i,
                                size_t *size, host_failure *f)
{
    size_t room = strlen(c->path) + strlen(c->entries[i].name) + 2;
    char *path = malloc(room);
    unsigned char *bytes = NULL;

    if (path == NULL) {
        (void)host_fail(f, "%s: out of memory", c->path);
        return NULL;
    }
    host_collection_where(c, i, path, room);
    bytes = host_input_file(path, HOST_COLLECTION_MOST_BYTES, size, f);
    free(path);
    return bytes;
}

unsigned char *host_collection_read(host_collection *c, size_t i,
                                    size_t *size, host_failure *f)
{
    unsigned char *bytes;

    if (c->archive == NULL) {
        return read_file(c, i, size, f);
    }
    (void)pthread_mutex_lock(&c->lock);
    bytes = host_collection_read_zip(c, i, size, f);
    (void)pthread_mutex_unlock(&c->lock);
    return bytes;
}

/* ---- what was left out ------------------------------------------------- */

static void append(char *text, size_t size, uint64_t count, const char *what,
                   const char *first)
{
    size_t used = strlen(text);

    if (count > 0 && used < size) {
        (void)snprintf(text + used, size - used, "%s%" PRIu64 " %s%s%s",
                       used > 0 ? ", " : "", count, what,
                       first != NULL ? ", the first is " : "",
                       first != NULL ? first : "");
    }
}

bool host_collection_left_out(const host_collection *c, char *text,
                              size_t size)
{
    const host_left_out *l = &c->left_out;

    text[0] = '\0';
    append(text, size, l->hidden, "hidden", NULL);
    append(text, size, l->replaced, "replaced by later ones of their names",
           NULL);
    append(text, size, l->broken, "links that lead nowhere", NULL);
    append(text, size, l->unwanted, "of other kinds", l->first);
    return text[0] != '\0';
}
