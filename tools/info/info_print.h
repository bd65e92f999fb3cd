/* SPDX-License-Identifier: MIT
 *
 * info_print.h - a description on standard output. */
#ifndef CEDM_TOOLS_INFO_INFO_PRINT_H
#define CEDM_TOOLS_INFO_INFO_PRINT_H

#include "tools/info/info_describe.h"

void info_print_text(const info_file *i);
void info_print_json(const info_file *i);

#endif
