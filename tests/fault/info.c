/* SPDX-License-Identifier: MIT
 *
 * info.c - cedm-info as a function. */
#include "fault.h"

#define main info_main
#include "../../tools/cedm-info.c"
