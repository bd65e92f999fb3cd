/* SPDX-License-Identifier: MIT
 *
 * collection.c - the files of a folder or of a zip archive, by name. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/collection.h"
#include "tools/output.h"

/* ---- entries ----------------------------------------------------------- */

static bool is_hidden_part(const char *part, size_t n)
{
    bool here = n == 1 && part[0] == '.';
    bool above = n == 2 && memcmp(part, "..", 2) == 0;

    return (n > 0 && part[0] == '.' && !here && !above) ||
           (n == 8 && memcmp(part, "__MACOSX", 8) == 0);
}

bool host_collection_is_hidden(const char *name)
{
    for (const char *part = name; *part != '\0';) {
        size_t n = strcspn(part, "/");

        if (is_hidden_part(part, n)) {
            return true;
        }
        part += n + (part[n] == '/');
    }
    return false;
}

bool host_collection_count_unwanted(host_collection *c, const char *name,
                                    failure *f)
{
    char **first = &c->left_out.first;

    c->left_out.unwanted++;
    if (*first != NULL && strcmp(*first, name) <= 0) {
        return true;
    }
    free(*first);
    *first = strdup(name);
    return *first != NULL || failed(f, "%s: out of memory", c->path);
}

static bool grow(host_collection *c)
{
    size_t capacity = c->capacity * 2 + 64;
    host_entry *entries = realloc(c->entries, capacity * sizeof *entries);

    if (entries == NULL) {
        return false;
    }
    c->entries = entries;
    c->capacity = capacity;
    return true;
}

bool host_collection_add(host_collection *c, const char *name, uint64_t index,
                         bool (*wanted)(const char *name), failure *f)
{
    char *copy;

    if (host_collection_is_hidden(name)) {
        c->left_out.hidden++;
        return true;
    }
    if (!wanted(name)) {
        return host_collection_count_unwanted(c, name, f);
    }
    copy = strdup(name);
    if (copy == NULL || (c->count == c->capacity && !grow(c))) {
        free(copy);
        return failed(f, "%s: out of memory", c->path);
    }
    c->entries[c->count++] = (host_entry){copy, index};
    return true;
}

static int by_name(const void *a, const void *b)
{
    const host_entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Of one name the last stays. */
static void sort_entries(host_collection *c)
{
    size_t kept = 0;

    if (c->count > 1) {
        qsort(c->entries, c->count, sizeof *c->entries, by_name);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (i + 1 < c->count &&
            strcmp(c->entries[i].name, c->entries[i + 1].name) == 0) {
            free(c->entries[i].name);
            c->left_out.replaced++;
        } else {
            c->entries[kept++] = c->entries[i];
        }
    }
    c->count = kept;
}

size_t host_collection_find(const host_collection *c, const char *name)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(c->entries[middle].name, name);

        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return c->count;
}

/* ---- both kinds -------------------------------------------------------- */

static bool list(host_collection *c, bool (*wanted)(const char *name),
                 failure *f)
{
    struct stat st;

    if (stat(c->path, &st) != 0) {
        return failed(f, "%s: cannot be opened: %s", c->path,
                      strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return host_collection_list_folder(c, wanted, f);
    }
    if (!S_ISREG(st.st_mode)) {
        return failed(f, "%s: neither file nor folder; wanted a folder or a "
                         "zip archive", c->path);
    }
    return host_collection_list_zip(c, wanted, f);
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
                          bool (*wanted)(const char *name), failure *f)
{
    *c = (host_collection){.path = copy_path(path)};
    if (c->path == NULL) {
        return failed(f, "%s: out of memory", path);
    }
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c->path);
        return failed(f, "%s: out of memory", path);
    }
    if (!list(c, wanted, f)) {
        host_collection_close(c);
        return false;
    }
    sort_entries(c);
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

void host_collection_where(const host_collection *c, size_t i, char *text,
                           size_t size)
{
    (void)snprintf(text, size, "%s%c%s", c->path,
                   c->archive != NULL ? ':' : '/', c->entries[i].name);
}

static unsigned char *read_file(const host_collection *c, size_t i,
                                size_t *size, failure *f)
{
    size_t room = strlen(c->path) + strlen(c->entries[i].name) + 2;
    char *path = malloc(room);
    unsigned char *bytes = NULL;

    if (path == NULL) {
        (void)failed(f, "%s: out of memory", c->path);
        return NULL;
    }
    host_collection_where(c, i, path, room);
    bytes = input_file(path, HOST_COLLECTION_MOST_BYTES, size, f);
    free(path);
    return bytes;
}

unsigned char *host_collection_read(host_collection *c, size_t i,
                                    size_t *size, failure *f)
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
