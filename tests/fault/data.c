/* SPDX-License-Identifier: MIT
 *
 * data.c - cedm-data as a function. */
#include "fault.h"

#define main data_main
#include "../../tools/data/cedm-data.c"
