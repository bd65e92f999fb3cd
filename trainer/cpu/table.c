/* SPDX-License-Identifier: MIT
 *
 * table.c - which training ops a processor gets, and the scratch of those. */
#include "runtime/cpu/cpu.h"
#include "trainer/cpu/train_cpu.h"

void train_cpu_size(cedm_sizes *sizes, const cg_training_op *op)
{
    train_weight_plan plan;
    train_tiles_plan tiles;
    const cg_conv_weight *w = &op->u.conv_weight;
    const cg_activate *a = &op->u.activate;

    if (op->kind == CG_TRAINING_activate) {
        /* An activated row and its dropout. */
        cedm_need_scratch(sizes, 2 * (uint64_t)a->width *
                                     (a->channels[0] + a->channels[1]));
    }
    if (op->kind == CG_TRAINING_attention_grad) {
        uint64_t tokens = op->u.attention_grad.tokens;
        uint64_t d =
            op->u.attention_grad.channels / op->u.attention_grad.heads;

        /* Keys; probabilities and derivatives; queries; tables. */
        cedm_need_scratch(
            sizes, d * tokens + 2 * tokens * CEDM_PANEL + d * CEDM_PANEL +
                       CEDM_PANEL * CEDM_PANEL + 2 * (tokens + d));
    }

    if (op->kind == CG_TRAINING_conv_weight && train_plan_tiles(&tiles, w)) {
        cedm_need_scratch(sizes, tiles.scratch);
    } else if (op->kind == CG_TRAINING_conv_weight &&
               train_weight_is_dense(w)) {
        bool linear = w->in_height == 1 && w->in_width == 1;

        train_plan_weight(&plan, w, linear ? TRAIN_LINEAR_PIXELS : 0);
        cedm_need_scratch(sizes, plan.scratch);
    }
}

const train_ops *train_cpu_ops(uint32_t isa)
{
    const train_ops *best = &train_plain;

    isa &= cedm_isa_available();
#define BETTER(name)                                                         \
    if ((isa & CEDM_ISA_##name) != 0) {                                      \
        best = &train_cpu_table_##name;                                      \
    }
    CEDM_ISA_FLOAT(BETTER)
#undef BETTER
    return best;
}
