/* SPDX-License-Identifier: MIT
 *
 * args_hint.c - which option somebody meant who wrote an unknown one. */
#include "host/cli/args_hint.h"

#include <string.h>

#define LONGEST 64u
#define SLIPS 2u /* letters that are wrong, left out or too many */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to change, leave out or put in on the way from a to b, both shorter
 * than LONGEST. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[LONGEST];
    size_t columns = strlen(b);
    for (size_t j = 0; j <= columns; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < columns; j++) {
            unsigned above = row[j + 1];
            row[j + 1] =
                least(above + 1, row[j] + 1, corner + (a[i] == b[j] ? 0 : 1));
            corner = above;
        }
    }
    return row[columns];
}

/* With dashes for underscores. */
static bool copy_name(char to[LONGEST], const char *name, size_t length)
{
    if (length == 0 || length >= LONGEST) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        to[i] = name[i] == '_' ? '-' : name[i];
    }
    to[length] = '\0';
    return true;
}

/* The only one that begins so, or NULL. */
static const host_args_option *begins(const host_args *a, const char *name)
{
    const host_args_option *found = NULL;
    for (size_t i = 0; i < a->count; i++) {
        const host_args_option *o = &a->options[i];
        if (o->help != NULL && strncmp(o->name, name, strlen(name)) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = o;
        }
    }
    return found;
}

/* The only one that is so many slips away, or NULL. */
static const host_args_option *nears(const host_args *a, const char *name,
                                     unsigned slips)
{
    const host_args_option *found = NULL;
    for (size_t i = 0; i < a->count; i++) {
        const host_args_option *o = &a->options[i];
        char dashed[LONGEST];
        if (copy_name(dashed, o->name, strlen(o->name)) &&
            distance(name, dashed) == slips) {
            if (found != NULL) {
                return NULL;
            }
            found = o;
        }
    }
    return found;
}

const host_args_option *host_args_meant(const host_args *a, const char *name,
                                        size_t length)
{
    char dashed[LONGEST];
    if (!copy_name(dashed, name, length)) {
        return NULL;
    }
    const host_args_option *found = nears(a, dashed, 0);
    if (found == NULL) {
        found = begins(a, dashed);
    }
    /* A slip in a short name makes any other short name of it. */
    for (unsigned slips = 1; found == NULL && slips <= SLIPS; slips++) {
        if (length >= (size_t)2 * slips) {
            found = nears(a, dashed, slips);
        }
    }
    return found;
}
