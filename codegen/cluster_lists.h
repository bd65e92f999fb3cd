/* SPDX-License-Identifier: MIT
 *
 * cluster_lists.h - what a checkpoint's metadata says of its clusters. */
#ifndef CEDM_CODEGEN_CLUSTER_LISTS_H
#define CEDM_CODEGEN_CLUSTER_LISTS_H

#include "codegen/codegen.h"

/* Sets freq and ids from the optional cedm.cluster_freq and cedm.cluster_ids,
 * lists of label_dim numbers each, and cluster_source from the optional
 * cedm.cluster_source, {"method":M,"clusters":C,"features_sha256":H}, into the
 * program's memory. */
bool cg_read_clusters(const cg_file *file, cg_program *p, cg_error *error);

#endif
