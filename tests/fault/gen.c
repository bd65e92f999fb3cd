/* SPDX-License-Identifier: MIT
 *
 * gen.c - cedm-gen as a function. */
#include "fault.h"

#define main gen_main
#include "../../tools/cedm-gen.c"
