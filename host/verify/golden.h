/* SPDX-License-Identifier: MIT
 *
 * golden.h - arrays of a golden file, in our types and order. */
#ifndef CEDM_HOST_VERIFY_GOLDEN_H
#define CEDM_HOST_VERIFY_GOLDEN_H

#include "codegen/codegen.h"
#include "host/cli/failure.h"

/* Opens a golden file.  Numbers that are not finite are refused: nothing can
 * be compared with them.  NULL on error. */
cg_file *host_golden_open(const char *path, host_failure *f);

/* Maps [n][C][H][W] (or one, [C][H][W]) as doubles [n][H][W][C]; vectors as
 * they are.  To be freed; NULL, with a line, when out of memory. */
double *host_golden_maps(const cg_file *file, const cg_array *array,
                         host_failure *f);

/* An array that must be there with this rank and, unless 0, this many
 * elements.  NULL on error. */
const cg_array *host_golden_array(const cg_file *file, const char *name,
                                  int rank, uint64_t elements,
                                  host_failure *f);

/* n integers of low..high, [n].  To be freed; NULL on error. */
int64_t *host_golden_integers(const cg_file *file, const char *name,
                              uint64_t n, int64_t low, int64_t high,
                              host_failure *f);

/* A number of the metadata. */
bool host_golden_number(const cg_file *file, const char *key, double *value,
                        host_failure *f);

#endif
