/* SPDX-License-Identifier: MIT
 *
 * config_text.c - the JSON text of a configuration, read strictly. */
#include <errno.h>
#include <string.h>

#include "codegen/arch/reader.h"
#include "codegen/error.h"

static const char *digits(const char *p)
{
    return p + strspn(p, "0123456789");
}

/* Behind the number at p as JSON writes numbers; p itself if it is none. */
static const char *skip_number(const char *p)
{
    const char *from = p + (*p == '-');
    const char *end = *from == '0' ? from + 1 : digits(from);
    if (end == from) {
        return p;
    }
    if (*end == '.') {
        from = end + 1;
        end = digits(from);
        if (end == from) {
            return p;
        }
    }
    if (*end == 'e' || *end == 'E') {
        from = end + 1 + (end[1] == '-' || end[1] == '+');
        end = digits(from);
        if (end == from) {
            return p;
        }
    }
    return strchr("0123456789.+-eE", *end) == NULL || *end == '\0' ? end : p;
}

static const char *skip_string(const char *p)
{
    for (p++; *p != '\0' && *p != '"'; p++) {
        p += *p == '\\' && p[1] != '\0';
    }
    return p + (*p == '"');
}

/* Of a text that cJSON takes: nothing but numbers begins with these. */
static bool numbers_are_strict(const char *p)
{
    while (*p != '\0') {
        const char *next = p + 1;
        if (*p == '"') {
            next = skip_string(p);
        } else if (strchr("+-.0123456789", *p) != NULL) {
            next = skip_number(p);
            if (next == p) {
                return false;
            }
        }
        p = next;
    }
    return true;
}

cJSON *cg_read_config(const char *path, const char *json, cg_error *error)
{
    errno = 0;
    cJSON *root = cJSON_ParseWithOpts(json, NULL, true);
    if (root == NULL && errno == ENOMEM) {
        (void)cg_fail(error, "%s:cedm.config: out of memory", path);
        return NULL;
    }
    if (cJSON_IsObject(root) && numbers_are_strict(json)) {
        return root;
    }
    cJSON_Delete(root);
    (void)cg_fail(error,
                  "%s:cedm.config: not JSON; wanted an object with the "
                  "network's constructor arguments and nothing behind it, "
                  "got \"%.40s\"; change the configuration",
                  path, json);
    return NULL;
}
