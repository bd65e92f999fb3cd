/* SPDX-License-Identifier: MIT
 *
 * table.c - the ops of the list, by their kind. */
#include "codegen/op/op.h"

#define DECLARE(name) extern const cg_op_info cg_info_##name;
CEDM_GRAPH_OPS(DECLARE)
#undef DECLARE

const cg_op_info *cg_op_info_of(cg_op_kind kind)
{
    static const cg_op_info *const infos[CG_OP_COUNT] = {
#define INFO(name) &cg_info_##name,
        CEDM_GRAPH_OPS(INFO)
#undef INFO
    };

    return infos[kind];
}

const char *cg_op_name(cg_op_kind kind)
{
    return cg_op_info_of(kind)->name;
}
