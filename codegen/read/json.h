/* SPDX-License-Identifier: MIT
 *
 * json.h - strict JSON, token by token, for formats with a fixed grammar.
 *
 * A tree of a hostile header would cost forty times its bytes and as many
 * levels of recursion as it has brackets, and general parsers are lenient
 * where a file can lie: numbers through double, \u0000, raw control bytes.
 * These functions allocate nothing, do not recurse and accept exactly
 * RFC 8259 strings in valid UTF-8 and the whole numbers of RFC 7493. */
#ifndef CEDM_READ_JSON_H
#define CEDM_READ_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest whole number that every JSON tool keeps exact (RFC 7493). */
#define CG_JSON_MAX_INTEGER ((UINT64_C(1) << 53) - 1u)

typedef struct cg_json {
    const unsigned char *at, *end;
    const char *wanted; /* after a failure: what should have been at `at` */
} cg_json;

/* Skips white space, then takes this character if it is next. */
bool cg_json_take(cg_json *json, char character);

/* The same, but its absence is a failure. */
bool cg_json_expect(cg_json *json, char character);

/* Takes a string and writes its characters and a zero to `out`, which has
 * room for as many bytes as the string has in the text, quotes included.
 * U+0000 is a failure. */
bool cg_json_string(cg_json *json, char *out, size_t *length);

/* Takes a whole number from 0 to CG_JSON_MAX_INTEGER. */
bool cg_json_integer(cg_json *json, uint64_t *value);

#endif
