/* SPDX-License-Identifier: MIT
 *
 * algorithm.c - which way a CPU makes each convolution.
 *
 * The choice is part of the frozen model, so that its memory and its bits
 * are; it rests on shapes alone (docs/decisions/010-winograd.md). */
#include "codegen/pass/pass.h"

/* Maps from this side on, by tiles of 4 x 4; smaller ones by 2 x 2, whose
 * weights are fetched in less than half the time. */
#define MIN_SIDE4 8u
#define MIN_SIDE2 4u

/* Weights of 4 x 4 that must come from afar are worth it from this side on. */
#define MIN_SIDE4_FAR 16u
#define FAR_BYTES (2u << 20)

/* Up-sampling has four 2 x 2 kernels otherwise, which save 5/9, too: it pays
 * from this side and these channels on. */
#define MIN_SIDE4_UP 16u
#define MIN_CHANNELS_UP 64u

static bool is_possible(const cedm_conv *op)
{
    return op->kernel[0] == 3 && op->kernel[1] == 3 && op->stride == 1 &&
           op->pad[0] <= 1 && op->pad[1] == op->pad[0] &&
           ((op->cin[0] | op->cin[1] | op->cout) & 15u) == 0;
}

static bool is_faster(const cedm_conv *op)
{
    if (op->up) {
        return op->height >= MIN_SIDE4_UP && op->width >= MIN_SIDE4_UP &&
               op->cin[0] + op->cin[1] >= MIN_CHANNELS_UP &&
               op->cout >= MIN_CHANNELS_UP;
    }
    return op->height >= MIN_SIDE2 && op->width >= MIN_SIDE2;
}

static uint64_t weight_bytes(const cedm_conv *op, uint32_t algorithm)
{
    uint64_t points = algorithm == CEDM_CONV_WINOGRAD4 ? 36 : 16;

    return points * (op->cin[0] + op->cin[1]) * op->cout * sizeof(float);
}

static uint32_t best(const cedm_conv *op)
{
    bool far = weight_bytes(op, CEDM_CONV_WINOGRAD4) > FAR_BYTES;
    uint32_t side = far ? MIN_SIDE4_FAR : MIN_SIDE4;

    return !op->up && (op->height < side || op->width < side)
               ? CEDM_CONV_WINOGRAD2
               : CEDM_CONV_WINOGRAD4;
}

/* Gives a convolution the first algorithm that the memory left allows. */
static void choose(cedm_conv *op, uint64_t *left)
{
    uint32_t last = op->up ? CEDM_CONV_WINOGRAD4 : CEDM_CONV_WINOGRAD2;

    for (uint32_t a = best(op); a <= last; a++) {
        uint64_t bytes = weight_bytes(op, a);

        if (bytes <= *left) {
            *left -= bytes;
            op->algorithm = a;
            return;
        }
    }
}

static cedm_conv *conv_of(const cg_program *program, uint32_t i)
{
    cg_op *op = &program->ops[i];

    return op->kind == CG_OP_conv ? &op->u.conv : NULL;
}

/* The largest map below a size, 0 if there is none. */
static uint64_t next_size(const cg_program *program, uint64_t below)
{
    uint64_t size = 0;

    for (uint32_t i = 0; i < program->op_count; i++) {
        const cedm_conv *op = conv_of(program, i);
        uint64_t pixels = op == NULL ? 0 : (uint64_t)op->height * op->width;

        if (pixels < below && pixels > size) {
            size = pixels;
        }
    }
    return size;
}

/* What an algorithm saves per byte of weights grows with the map, so the
 * largest maps come first where memory is limited. */
void cg_choose_algorithms(cg_program *program, const cg_options *options)
{
    uint64_t left =
        options->conv_memory != 0 ? options->conv_memory : UINT64_MAX;
    uint64_t size = UINT64_MAX;

    if (options->cpu_conv == CG_CPU_CONV_DIRECT) {
        return;
    }
    while ((size = next_size(program, size)) != 0) {
        for (uint32_t i = 0; i < program->op_count; i++) {
            cedm_conv *op = conv_of(program, i);

            if (op != NULL && (uint64_t)op->height * op->width == size &&
                is_possible(op) &&
                (options->cpu_conv == CG_CPU_CONV_WINOGRAD ||
                 is_faster(op))) {
                choose(op, &left);
            }
        }
    }
}

/* Up-sampling stays direct: whether it pays with weights that every update
 * transforms anew was not measured. */
void cg_choose_training_algorithms(cg_training *training)
{
    for (uint32_t i = 0; i < training->step_count; i++) {
        cg_step *step = &training->steps[i];
        uint64_t left = UINT64_MAX;

        if (!step->training && step->op.kind == CG_OP_conv &&
            !step->op.u.conv.up && is_possible(&step->op.u.conv) &&
            is_faster(&step->op.u.conv)) {
            choose(&step->op.u.conv, &left);
        }
    }
}
