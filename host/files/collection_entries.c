/* SPDX-License-Identifier: MIT
 *
 * collection_entries.c - the names of a collection: which count, and in which
 * order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/collection.h"

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
                                    host_failure *f)
{
    char **first = &c->left_out.first;

    c->left_out.unwanted++;
    if (*first != NULL && strcmp(*first, name) <= 0) {
        return true;
    }
    free(*first);
    *first = strdup(name);
    return *first != NULL || host_fail(f, "%s: out of memory", c->path);
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
                         bool (*wanted)(const char *name), host_failure *f)
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
        return host_fail(f, "%s: out of memory", c->path);
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

void host_collection_sort(host_collection *c)
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

void host_collection_where(const host_collection *c, size_t i, char *text,
                           size_t size)
{
    (void)snprintf(text, size, "%s%c%s", c->path,
                   c->archive != NULL ? ':' : '/', c->entries[i].name);
}
