/* SPDX-License-Identifier: MIT
 *
 * gen_test.h - what the tests of the emitters share. */
#ifndef CEDM_GEN_TEST_H
#define CEDM_GEN_TEST_H

#include "tests/gen/tiny_program.h"

#define GEN_GOLDEN "tests/gen/golden"

/* Makes a fresh directory under TMPDIR or /tmp, one at a time. */
const char *gen_directory(void);
/* Its path. */
const char *gen_path(void);
/* Removes it with the files in it. */
void gen_remove(void);
/* Names in a directory except . and ..; -1 if it cannot be read. */
int gen_count(const char *directory);

/* The bytes of DIRECTORY/NAME and a zero; fails the test if missing. */
unsigned char *gen_read(const char *directory, const char *name,
                        size_t *size);

/* Emits t as NAME into a directory; fails the test with the error's text. */
void gen_emit(const tiny *t, const char *directory, const char *name);

/* Runs a program; its exit status, or -1 if it does not exist. */
int gen_run(const char *const argv[]);

/* The groups of tests, each adding up its failures. */
int gen_test_blob(void);
int gen_test_source(void);
int gen_test_failure(void);
int gen_test_freeze(void);

#endif
