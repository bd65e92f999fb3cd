/* SPDX-License-Identifier: MIT
 *
 * collection_folder.c - the files below a folder.
 *
 * Folders wait in two lists: those that lie here, which come first, and those
 * that links lead to, which count if they were not met before.  So a folder
 * has the name that it has without links, whatever order the file system
 * gives. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/collection.h"

typedef struct names {
    char **items;
    size_t count, capacity, next; /* next: the first that waits */
} names;

typedef struct folder_id {
    dev_t device;
    ino_t inode;
} folder_id;

typedef struct walk {
    host_collection *c;
    bool (*wanted)(const char *name);
    names folders, links; /* paths below the root, "" is the root */
    folder_id *met;
    size_t met_count, met_capacity;
    host_failure *f;
} walk;

static bool no_memory(walk *w)
{
    return host_fail(w->f, "%s: out of memory", w->c->path);
}

/* "a/b", or b alone where a is empty; to be freed. */
static char *join(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 2;
    char *path = malloc(size);

    if (path != NULL) {
        (void)snprintf(path, size, "%s%s%s", a, a[0] != '\0' ? "/" : "", b);
    }
    return path;
}

static bool names_grow(names *n)
{
    size_t capacity = n->capacity * 2 + 16;
    char **items = realloc(n->items, capacity * sizeof *items);

    if (items == NULL) {
        return false;
    }
    n->items = items;
    n->capacity = capacity;
    return true;
}

static bool names_add(names *n, const char *name)
{
    char *copy = strdup(name);

    if (copy == NULL || (n->count == n->capacity && !names_grow(n))) {
        free(copy);
        return false;
    }
    n->items[n->count++] = copy;
    return true;
}

static void names_free(names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->items[i]);
    }
    free(n->items);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- folders that were met --------------------------------------------- */

static bool is_met(const walk *w, const struct stat *st)
{
    for (size_t i = 0; i < w->met_count; i++) {
        if (w->met[i].device == st->st_dev && w->met[i].inode == st->st_ino) {
            return true;
        }
    }
    return false;
}

static bool meet(walk *w, const struct stat *st)
{
    if (w->met_count == w->met_capacity) {
        size_t capacity = w->met_capacity * 2 + 16;
        folder_id *met = realloc(w->met, capacity * sizeof *met);

        if (met == NULL) {
            return no_memory(w);
        }
        w->met = met;
        w->met_capacity = capacity;
    }
    w->met[w->met_count++] = (folder_id){st->st_dev, st->st_ino};
    return true;
}

/* ---- entries ----------------------------------------------------------- */

static bool add_file(walk *w, const char *name, const struct stat *st)
{
    if (S_ISREG(st->st_mode)) {
        return host_collection_add(w->c, name, 0, w->wanted, w->f);
    }
    return host_collection_count_unwanted(w->c, name, w->f);
}

/* `name` below the root, `full` with it. */
static bool add_entry(walk *w, const char *name, const char *full)
{
    struct stat st, own;

    if (stat(full, &st) != 0) {
        int code = errno;

        if (lstat(full, &own) == 0 && S_ISLNK(own.st_mode)) {
            w->c->left_out.broken++;
            return true;
        }
        return host_fail(w->f, "%s: cannot be read: %s", full,
                         strerror(code));
    }
    if (!S_ISDIR(st.st_mode)) {
        return add_file(w, name, &st);
    }
    if (lstat(full, &own) != 0) {
        return host_fail(w->f, "%s: cannot be read: %s", full,
                         strerror(errno));
    }
    return names_add(S_ISLNK(own.st_mode) ? &w->links : &w->folders, name) ||
           no_memory(w);
}

static bool read_name(walk *w, const char *folder, const char *entry)
{
    char *name, *full;
    bool good;

    if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0) {
        return true;
    }
    if (host_collection_is_hidden(entry)) {
        w->c->left_out.hidden++;
        return true;
    }
    name = join(folder, entry);
    full = name == NULL ? NULL : join(w->c->path, name);
    good = full != NULL ? add_entry(w, name, full) : no_memory(w);
    free(name);
    free(full);
    return good;
}

static bool read_folder(walk *w, const char *folder, const char *full)
{
    DIR *dir = opendir(full);
    const struct dirent *entry;
    bool good = true;

    if (dir == NULL) {
        return host_fail(w->f, "%s: cannot be opened: %s", full,
                         strerror(errno));
    }
    for (errno = 0; good && (entry = readdir(dir)) != NULL; errno = 0) {
        good = read_name(w, folder, entry->d_name);
    }
    if (good && errno != 0) {
        good =
            host_fail(w->f, "%s: cannot be read: %s", full, strerror(errno));
    }
    (void)closedir(dir);
    return good;
}

/* Reads a folder if it was not met before. */
static bool visit(walk *w, const char *folder)
{
    char *full =
        folder[0] == '\0' ? strdup(w->c->path) : join(w->c->path, folder);
    struct stat st;
    bool good;

    if (full == NULL) {
        return no_memory(w);
    }
    if (stat(full, &st) != 0) {
        good =
            host_fail(w->f, "%s: cannot be read: %s", full, strerror(errno));
    } else {
        good =
            is_met(w, &st) || (meet(w, &st) && read_folder(w, folder, full));
    }
    free(full);
    return good;
}

/* The folder to be read next; NULL at the end. */
static const char *next_folder(walk *w)
{
    names *n = &w->folders;

    if (n->next == n->count) {
        n = &w->links;
        if (n->count - n->next > 1) {
            qsort(n->items + n->next, n->count - n->next, sizeof *n->items,
                  by_name);
        }
    }
    return n->next < n->count ? n->items[n->next++] : NULL;
}

bool host_collection_list_folder(host_collection *c,
                                 bool (*wanted)(const char *name),
                                 host_failure *f)
{
    walk w = {.c = c, .wanted = wanted, .f = f};
    const char *folder;
    bool good = names_add(&w.folders, "") || no_memory(&w);

    while (good && (folder = next_folder(&w)) != NULL) {
        good = visit(&w, folder);
    }
    names_free(&w.folders);
    names_free(&w.links);
    free(w.met);
    return good;
}
