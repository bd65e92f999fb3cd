/* SPDX-License-Identifier: MIT
 *
 * args.h - the command line: long options and typed values.
 *
 * `--opt value` and `--opt=value` mean the same.  A tool walks its arguments:
 *
 *     args a = args_begin(argc, argv, options, count);
 *     int option;
 *     while ((option = args_next(&a, &f)) >= 0) { ... a.value ... }
 *     if (option == ARGS_BAD) { ... }
 */
#ifndef CEDM_TOOLS_ARGS_H
#define CEDM_TOOLS_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "host/cli/failure.h"

typedef struct args_option {
    const char *name;  /* without its dashes; a short one as "-o" */
    const char *value; /* what it takes, e.g. "N"; NULL: nothing */
    const char *help;
} args_option;

#define ARGS_END (-1)
#define ARGS_BAD (-2)
#define ARGS_OPERAND 0x10000 /* an argument that is no option */

typedef struct args {
    int argc, next;
    char **argv;
    const args_option *options;
    size_t count;
    const char *name;  /* of the last option, for messages */
    const char *value; /* of the last option, or the operand */
    char *seen;        /* options given so far: none may be repeated */
} args;

/* options: at most ARGS_MAX_OPTIONS. */
#define ARGS_MAX_OPTIONS 64
args args_begin(int argc, char **argv, const args_option *options,
                size_t count, char seen[ARGS_MAX_OPTIONS]);

/* The index of the next option, ARGS_OPERAND, ARGS_END or ARGS_BAD. */
int args_next(args *a, failure *f);

/* Usage text from the table, on stdout. */
void args_help(const char *synopsis, const args_option *options,
               size_t count);

/* ---- values: all of the text must be used --------------------------------
 * They fail with exit code 2 and a line that names the option, what was
 * wanted and what was given. */

bool args_u64(const args *a, uint64_t low, uint64_t high, uint64_t *out,
              failure *f);

/* low <= value <= high; NaN is refused, "inf" allowed where high is
 * infinite. */
bool args_double(const args *a, double low, double high, double *out,
                 failure *f);

/* Which of the words, NULL-terminated. */
bool args_word(const args *a, const char *const *words, int *out,
               failure *f);

/* ---- lists: 0-63,70 -------------------------------------------------- */

typedef struct args_range {
    uint64_t first, last;
} args_range;

/* Numbers in the order given, as ranges: 0-999999999 costs 16 bytes. */
typedef struct args_list {
    args_range *ranges;
    size_t range_count;
    uint64_t count; /* numbers in all */
} args_list;

bool args_list_parse(const char *option, const char *text, args_list *list,
                     failure *f);
void args_list_free(args_list *list);

/* Number i of the list, i < count. */
uint64_t args_list_at(const args_list *list, uint64_t i);
uint64_t args_list_max(const args_list *list);

/* Whether a number occurs twice. */
bool args_list_repeats(const args_list *list);

#endif
