/* SPDX-License-Identifier: MIT
 *
 * arrays.h - arrays of golden files. */
#ifndef CEDM_TEST_CLUSTER_ARRAYS_H
#define CEDM_TEST_CLUSTER_ARRAYS_H

#include "codegen/codegen.h"

/* A file below tests/golden/science; the test fails without it. */
cg_file *arrays_open(const char *name);

/* The elements of `name` with a prefix before it (e.g. "lloyd.", or ""), to
 * be freed.  The test fails if there is none. */
double *arrays_doubles(const cg_file *file, const char *prefix,
                       const char *name);
float *arrays_floats(const cg_file *file, const char *prefix,
                     const char *name);
int32_t *arrays_integers(const cg_file *file, const char *prefix,
                         const char *name);

/* The only element. */
double arrays_number(const cg_file *file, const char *prefix,
                     const char *name);

/* Extent `axis` of its shape. */
uint64_t arrays_extent(const cg_file *file, const char *name, int axis);

/* A number of the metadata. */
double arrays_parameter(const cg_file *file, const char *key);

#endif
