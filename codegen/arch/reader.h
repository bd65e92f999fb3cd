/* SPDX-License-Identifier: MIT
 *
 * reader.h - members of the JSON object that configures a network.
 *
 * Each function reads one member; false, with a message that names it, when
 * it is unusable. */
#ifndef CEDM_CODEGEN_ARCH_READER_H
#define CEDM_CODEGEN_ARCH_READER_H

#include <cjson/cJSON.h>

#include "codegen/codegen.h"

typedef struct cg_reader {
    const cJSON *root;
    const char *path; /* messages begin with it */
    cg_error *error;
} cg_reader;

/* The text as an object: RFC 8259 to the last byte, no more.  cJSON alone
 * takes text behind the value, 007, +1, 1. and .5; other tools read them
 * otherwise or not at all.  To be deleted; NULL on error. */
cJSON *cg_read_config(const char *path, const char *json, cg_error *error);

/* NULL when absent. */
const cJSON *cg_read_item(const cg_reader *r, const char *key);

/* Returns false: what is wanted of a member, and what it is. */
bool cg_read_bad(const cg_reader *r, const char *key, const char *wanted);

/* A whole number in low..high; `fallback` when absent, unless it is 0 and
 * low is above 0, which makes the key required. */
bool cg_read_uint(const cg_reader *r, const char *key, uint32_t low,
                  uint32_t high, uint32_t fallback, uint32_t *out);

/* Up to `max` whole numbers, low..65536. */
bool cg_read_list(const cg_reader *r, const char *key, uint32_t low,
                  uint32_t max, uint32_t *out, uint32_t *count);

/* Index of the key's string in a NULL-terminated list of words; 0 when
 * absent. */
bool cg_read_word(const cg_reader *r, const char *key,
                  const char *const *words, const char *wanted, int *out);

/* A number, 0 or more; `fallback` when absent or null. */
bool cg_read_double(const cg_reader *r, const char *key, double fallback,
                    double *out);

/* Whether every key is a word of one of the NULL-terminated lists and occurs
 * once.  Unknown ones are refused: they could mean another network. */
bool cg_read_known(const cg_reader *r, const char *const *const lists[],
                   size_t count);

#endif
