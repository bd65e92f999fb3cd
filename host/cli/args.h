/* SPDX-License-Identifier: MIT
 *
 * args.h - the command line: long options and typed values.
 *
 * `--opt value` and `--opt=value` mean the same.  command.h walks over a
 * program's arguments with these. */
#ifndef CEDM_HOST_CLI_ARGS_H
#define CEDM_HOST_CLI_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "host/cli/failure.h"

typedef struct host_args_option {
    const char *name;  /* without its dashes; a short one as "-o" */
    const char *value; /* what it takes, e.g. "N"; NULL: nothing */
    const char *help;  /* NULL: an option of other programs, which is not
                          taken; `value` says what is wanted instead */
} host_args_option;

#define HOST_ARGS_END (-1)
#define HOST_ARGS_BAD (-2)
#define HOST_ARGS_OPERAND 0x10000 /* an argument that is no option */

typedef struct host_args {
    int argc, next;
    char **argv;
    const host_args_option *options;
    size_t count;
    const char *name;  /* of the last option, for messages */
    const char *value; /* of the last option, or the operand */
    char *seen;        /* options given so far: none may be repeated */
} host_args;

/* options: at most HOST_ARGS_MAX_OPTIONS. */
#define HOST_ARGS_MAX_OPTIONS 96
host_args host_args_begin(int argc, char **argv,
                          const host_args_option *options, size_t count,
                          char seen[HOST_ARGS_MAX_OPTIONS]);

/* The index of the next option, or HOST_ARGS_OPERAND, HOST_ARGS_END,
 * HOST_ARGS_BAD. */
int host_args_next(host_args *a, host_failure *f);

/* Usage text from the table, on stdout. */
void host_args_help(const char *synopsis, const host_args_option *options,
                    size_t count);

/* ---- values: all of the text must be used --------------------------------
 * They fail with exit code 2 and a line that names the option, what was
 * wanted and what was given. */

bool host_args_u64(const host_args *a, uint64_t low, uint64_t high,
                   uint64_t *out, host_failure *f);

/* The number that `text` begins with, decimal or "inf", and what follows it;
 * NULL if there is none that a double can come near: 0x10, " 1", 1e-999. */
const char *host_args_decimal(const char *text, double *out);

/* low <= value <= high; NaN is refused, "inf" allowed where high is
 * infinite. */
bool host_args_double(const host_args *a, double low, double high,
                      double *out, host_failure *f);

/* Which of the words, NULL-terminated. */
bool host_args_word(const host_args *a, const char *const *words, int *out,
                    host_failure *f);

/* ---- lists: 0-63,70 -------------------------------------------------- */

typedef struct host_args_range {
    uint64_t first, last;
} host_args_range;

/* Numbers in the order given, as ranges: 0-999999999 costs 16 bytes. */
typedef struct host_args_list {
    host_args_range *ranges;
    size_t range_count;
    uint64_t count; /* numbers in all */
} host_args_list;

/* 0-63,70: blanks may follow a comma. */
bool host_args_list_parse(const char *option, const char *text,
                          host_args_list *list, host_failure *f);
void host_args_list_free(host_args_list *list);

/* Number i of the list, i < count. */
uint64_t host_args_list_at(const host_args_list *list, uint64_t i);
uint64_t host_args_list_max(const host_args_list *list);

/* Whether a number occurs twice, where only the bits of `mask` count: 2^k-1
 * for numbers modulo 2^k, UINT64_MAX for all of them. */
bool host_args_list_repeats(const host_args_list *list, uint64_t mask);

#endif
