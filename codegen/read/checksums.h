/* SPDX-License-Identifier: MIT
 *
 * checksums.h - checksums that a file of named arrays carries in its metadata
 * (private to codegen/read).
 *
 *   cedm.crc32c         CRC-32C of every array, eight hex digits each, in the
 *                       order of the names
 *   cedm.header_crc32c  of a safetensors header, its own digits being zeros */
#ifndef CEDM_READ_CHECKSUMS_H
#define CEDM_READ_CHECKSUMS_H

#include "codegen/codegen.h"

/* Compares those that are there; arrays are sorted by name. */
bool cg_check_sums(const cg_file *file, cg_error *error);

#endif
