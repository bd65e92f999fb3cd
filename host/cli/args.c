/* SPDX-License-Identifier: MIT
 *
 * args.c - the command line: long options and typed values. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/args.h"
#include "host/cli/args_hint.h"

host_args host_args_begin(int argc, char **argv,
                          const host_args_option *options, size_t count,
                          char seen[HOST_ARGS_MAX_OPTIONS])
{
    host_args a = {argc, 1, argv, options, count, NULL, NULL, seen};
    memset(seen, 0, HOST_ARGS_MAX_OPTIONS);
    return a;
}

/* The option that `text`, up to `length`, names; count if there is none. */
static size_t find_option(const host_args *a, const char *text, size_t length)
{
    size_t i = 0;
    while (i < a->count && (strlen(a->options[i].name) != length ||
                            memcmp(a->options[i].name, text, length) != 0)) {
        i++;
    }
    return i;
}

/* Short options are in the table with their dash. */
static const char *dashes_of(const host_args_option *option)
{
    return option->name[0] == '-' ? "" : "--";
}

/* An unknown option, and the name of the one that was meant. */
static void refuse(const host_args *a, const char *text, const char *name,
                   size_t length, host_failure *f)
{
    size_t dash = length > 0 && name[0] == '-' ? 1 : 0;
    const host_args_option *meant =
        host_args_meant(a, name + dash, length - dash);
    if (meant == NULL) {
        host_bad_usage(f, "unknown option '%s'; see --help", text);
    } else if (meant->help == NULL) {
        host_bad_usage(f, "unknown option '%s'; wanted %s", text,
                       meant->value);
    } else {
        host_bad_usage(f, "unknown option '%s'; wanted %s%s", text,
                       dashes_of(meant), meant->name);
    }
}

static bool take_value(host_args *a, const host_args_option *option,
                       const char *equals, host_failure *f)
{
    const char *dashes = dashes_of(option);
    if (option->value == NULL) {
        a->value = NULL;
        return equals == NULL ||
               host_bad_usage(f, "%s%s takes no value; got '%s'", dashes,
                              option->name, equals + 1);
    }
    if (equals != NULL) {
        a->value = equals + 1;
    } else if (a->next < a->argc) {
        a->value = a->argv[a->next++];
    } else {
        return host_bad_usage(f, "%s%s: missing value; wanted %s", dashes,
                              option->name, option->value);
    }
    return a->value[0] != '\0' ||
           host_bad_usage(f, "%s%s: empty value; wanted %s", dashes,
                          option->name, option->value);
}

int host_args_next(host_args *a, host_failure *f)
{
    if (a->next >= a->argc) {
        return HOST_ARGS_END;
    }
    const char *text = a->argv[a->next++];
    if (text[0] != '-' || text[1] == '\0') {
        a->value = text;
        return HOST_ARGS_OPERAND;
    }
    const char *name = text[1] == '-' ? text + 2 : text;
    size_t length = strcspn(name, "=");
    size_t index = find_option(a, name, length);
    if (name != text && name[0] == '-') {
        index = a->count; /* ---o is not -o */
    }
    if (index == a->count) {
        refuse(a, text, name, length, f);
        return HOST_ARGS_BAD;
    }
    const host_args_option *option = &a->options[index];
    if (option->help == NULL) {
        host_bad_usage(f, "unknown option '%s'; wanted %s", text,
                       option->value);
        return HOST_ARGS_BAD;
    }
    if (a->seen[index]++ != 0) {
        host_bad_usage(f, "option '%s' is given twice", text);
        return HOST_ARGS_BAD;
    }
    a->name = option->name;
    const char *equals = name[length] == '=' ? name + length : NULL;
    return take_value(a, option, equals, f) ? (int)index : HOST_ARGS_BAD;
}

void host_args_help(const char *synopsis, const host_args_option *options,
                    size_t count)
{
    printf("%s\n\n", synopsis);
    for (size_t i = 0; i < count; i++) {
        if (options[i].help == NULL) {
            continue;
        }
        char left[64];
        snprintf(left, sizeof left, "%s%s%s%s", dashes_of(&options[i]),
                 options[i].name, options[i].value != NULL ? " " : "",
                 options[i].value != NULL ? options[i].value : "");
        printf("  %-28s %s\n", left, options[i].help);
    }
}

/* ---- values ----------------------------------------------------------- */

/* Digits only: strtoull would take "-1", " 1" and "+1".  *end is set behind
 * the digits; false if there are none or the number is beyond 64 bits. */
static bool parse_digits(const char *text, const char **end, uint64_t *out)
{
    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    char *stop;
    errno = 0;
    unsigned long long value = strtoull(text, &stop, 10);
    *end = stop;
    *out = value;
    return errno == 0 && value <= UINT64_MAX;
}

bool host_args_u64(const host_args *a, uint64_t low, uint64_t high,
                   uint64_t *out, host_failure *f)
{
    const char *end = NULL;
    uint64_t value = 0;
    if (!parse_digits(a->value, &end, &value) || *end != '\0' ||
        value < low || value > high) {
        return host_bad_usage(f,
                              "--%s: wanted an integer from %" PRIu64
                              " to %" PRIu64 ", got '%s'",
                              a->name, low, high, a->value);
    }
    *out = value;
    return true;
}

const char *host_args_decimal(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    size_t length = (size_t)(end - text);
    bool good = length > 0 && errno == 0 &&
                !isspace((unsigned char)text[0]) &&
                strcspn(text, "xX") >= length;
    return good ? end : NULL;
}

bool host_args_double(const host_args *a, double low, double high,
                      double *out, host_failure *f)
{
    double value;
    const char *end = host_args_decimal(a->value, &value);
    if (end == NULL || *end != '\0' || !(value >= low && value <= high)) {
        return host_bad_usage(f,
                              "--%s: wanted a number from %g to %g, got '%s'",
                              a->name, low, high, a->value);
    }
    *out = value;
    return true;
}

bool host_args_word(const host_args *a, const char *const *words, int *out,
                    host_failure *f)
{
    char wanted[256] = "";
    size_t used = 0;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], a->value) == 0) {
            *out = i;
            return true;
        }
        int n = snprintf(wanted + used, sizeof wanted - used, "%s%s",
                         i > 0 ? ", " : "", words[i]);
        used += n > 0 && (size_t)n < sizeof wanted - used ? (size_t)n : 0;
    }
    return host_bad_usage(f, "--%s: wanted one of %s, got '%s'", a->name,
                          wanted, a->value);
}

/* ---- lists ------------------------------------------------------------ */

static bool list_append(host_args_list *list, host_args_range range)
{
    if (range.last - range.first >= UINT64_MAX - list->count) {
        return false;
    }
    size_t bytes = (list->range_count + 1) * sizeof *list->ranges;
    host_args_range *grown = realloc(list->ranges, bytes);
    if (grown == NULL) {
        return false;
    }
    list->ranges = grown;
    list->ranges[list->range_count++] = range;
    list->count += range.last - range.first + 1;
    return true;
}

bool host_args_list_parse(const char *option, const char *text,
                          host_args_list *list, host_failure *f)
{
    *list = (host_args_list){NULL, 0, 0};
    const char *p = text;
    const char *problem = "not a list of numbers";
    for (;;) {
        host_args_range r;
        if (!parse_digits(p, &p, &r.first)) {
            break;
        }
        r.last = r.first;
        if (*p == '-' && !parse_digits(p + 1, &p, &r.last)) {
            break;
        }
        if (r.last < r.first) {
            problem = "a range runs backwards";
            break;
        }
        if (!list_append(list, r)) {
            problem = "the list is too long";
            break;
        }
        if (*p == '\0') {
            return true;
        }
        if (*p++ != ',') {
            break;
        }
        p += strspn(p, " ");
    }
    host_args_list_free(list);
    return host_bad_usage(f, "--%s: %s; wanted e.g. 0-63,70, got '%s'",
                          option, problem, text);
}

void host_args_list_free(host_args_list *list)
{
    free(list->ranges);
    *list = (host_args_list){NULL, 0, 0};
}

uint64_t host_args_list_at(const host_args_list *list, uint64_t i)
{
    const host_args_range *r = list->ranges;
    while (i > r->last - r->first) {
        i -= r->last - r->first + 1;
        r++;
    }
    return r->first + i;
}

uint64_t host_args_list_max(const host_args_list *list)
{
    uint64_t max = 0;
    for (size_t i = 0; i < list->range_count; i++) {
        max = list->ranges[i].last > max ? list->ranges[i].last : max;
    }
    return max;
}

static int compare_ranges(const void *a, const void *b)
{
    const host_args_range *x = a;
    const host_args_range *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* The range modulo mask + 1, which may be two; how many. */
static size_t reduce(host_args_range r, uint64_t mask, host_args_range out[2])
{
    uint64_t first = r.first & mask, last = r.last & mask;
    if (first <= last) {
        out[0] = (host_args_range){first, last};
        return 1;
    }
    out[0] = (host_args_range){first, mask};
    out[1] = (host_args_range){0, last};
    return 2;
}

bool host_args_list_repeats(const host_args_list *list, uint64_t mask)
{
    size_t n = 0;
    host_args_range *sorted =
        malloc((2 * list->range_count + 1) * sizeof *sorted);
    bool repeats = sorted == NULL; /* the safe answer */
    for (size_t i = 0; !repeats && i < list->range_count; i++) {
        host_args_range r = list->ranges[i];
        repeats = r.last - r.first > mask;
        n += reduce(r, mask, sorted + n);
    }
    if (!repeats && n > 1) {
        qsort(sorted, n, sizeof *sorted, compare_ranges);
    }
    for (size_t i = 1; !repeats && i < n; i++) {
        repeats = sorted[i].first <= sorted[i - 1].last;
    }
    free(sorted);
    return repeats;
}
