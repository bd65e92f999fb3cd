/* SPDX-License-Identifier: MIT
 *
 * text.c - see text.h. */
#include "codegen/op/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codegen/ir/names.h"

void cg_text_add(cg_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(text->bytes + text->used, CG_SUMMARY_MAX - text->used,
                      format, arguments);
    va_end(arguments);
    if (n > 0) {
        text->used += (size_t)n;
    }
    if (text->used >= CG_SUMMARY_MAX) {
        text->used = CG_SUMMARY_MAX - 1;
    }
}

void cg_text_channels(cg_text *text, const uint32_t channels[2])
{
    if (channels[1] > 0) {
        cg_text_add(text, "(%u+%u)", (unsigned)channels[0],
                    (unsigned)channels[1]);
    } else {
        cg_text_add(text, "%u", (unsigned)channels[0]);
    }
}

void cg_text_activation(cg_text *text, const cg_program *program, uint32_t op,
                        uint32_t act, cedm_ref coeff)
{
    const char *last = "norm";

    if (act == CEDM_ACT_NONE) {
        return;
    }
    for (uint32_t i = op; i-- > 0;) {
        const cg_op *o = &program->ops[i];

        if (o->kind == CG_OP_norm_coeff && o->u.norm_coeff.dst == coeff) {
            const char *dot = strrchr(o->module, '.');

            last = dot != NULL ? dot + 1 : o->module;
            break;
        }
    }
    cg_name safe;
    cg_safe_name(safe, last);
    cg_text_add(text, act == CEDM_ACT_SILU ? ", silu(%.40s)" : ", %.40s",
                safe);
}
