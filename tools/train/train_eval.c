/* SPDX-License-Identifier: MIT
 *
 * train_eval.c - the words of --eval, there and back. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "tools/train/train_eval.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 10000000u

/* Copies up to the next colon; the text after it, or NULL. */
static const char *word(const char *text, char *out, size_t size)
{
    const char *end = strchr(text, ':');

    if (end == NULL || end == text || (size_t)(end - text) >= size) {
        return NULL;
    }
    memcpy(out, text, (size_t)(end - text));
    out[end - text] = '\0';
    return end + 1;
}

static bool number(const char *text, uint32_t *out)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *out = (uint32_t)value;
    return isdigit((unsigned char)*text) && *end == '\0' && value >= 2 &&
           value <= MOST;
}

bool train_eval_parse(const char *text, train_eval *out, host_failure *f)
{
    char kind[8];
    const char *at = word(text, kind, sizeof kind);

    if (at != NULL && strcmp(kind, "fd") == 0) {
        at = word(at, out->encoder, sizeof out->encoder);
        if (at != NULL) {
            at = word(at, out->statistics, sizeof out->statistics);
        }
        if (at != NULL && number(at, &out->images)) {
            return true;
        }
    }
    return host_bad_usage(f,
                          "--eval: wanted fd:ENCODER.so:REF.npz:N, N images "
                          "from 2 to %u, got \"%s\"",
                          MOST, text);
}

char *train_eval_absolute(const train_eval *e)
{
    char encoder[PATH_MAX], statistics[PATH_MAX];
    const char *a = realpath(e->encoder, encoder);
    const char *b = realpath(e->statistics, statistics);
    size_t size = 2 * PATH_MAX + 32;
    char *text = malloc(size);

    if (text != NULL) {
        (void)snprintf(text, size, "fd:%s:%s:%u", a != NULL ? a : e->encoder,
                       b != NULL ? b : e->statistics, e->images);
    }
    return text;
}
