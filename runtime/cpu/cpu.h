/* SPDX-License-Identifier: MIT
 *
 * cpu.h - what the files of the vectorised CPU backend share.
 *
 * isa.c, pack.c, plan.c and winograd_plan.c are plain C and compiled once.
 * Every other file is compiled once per instruction set, with CEDM_ISA naming
 * it; vec.h holds all that such a set has of its own.  Sizes and prepared
 * weights are the same for all sets but avx512bf16, which packs pairs of
 * bfloat16. */
#ifndef CEDM_CPU_H
#define CEDM_CPU_H

#include "cedm.h"
#include "runtime/ops/ops.h"

#define CEDM_PASTE(name, isa) cedm_cpu_##name##_##isa
#define CEDM_PASTE_EXPANDED(name, isa) CEDM_PASTE(name, isa)
#define CEDM_ISA_NAME(name) CEDM_PASTE_EXPANDED(name, CEDM_ISA)

/* ---- prepared weights -------------------------------------------------- */

/* Output channels of a panel: weights are packed [panel][K][CEDM_PANEL], so
 * that one step of K is one row of neighbouring output channels. */
#define CEDM_PANEL 16u

static inline uint32_t cedm_panels(uint32_t channels)
{
    return cedm_ceil_div(channels, CEDM_PANEL);
}

/* Floats of a packed matrix. */
static inline uint64_t cedm_packed(uint32_t outputs, uint64_t k)
{
    return cedm_panels(outputs) * k * CEDM_PANEL;
}

/* Where the prepared part of an op lies. */
static inline const float *cedm_prepared(const cedm_exec *exec, uint32_t id)
{
    const void *weights = exec->weights;
    const uint32_t *index = weights;
    const void *part = exec->weights + (size_t)index[id] * CEDM_ALIGN;

    return part;
}

/* ---- a convolution before it runs -------------------------------------- */

/* Pixels between whose K chunks sums wait in scratch: with a panel chunk
 * and a tile's source rows they fit a first-level cache of 32 KiB. */
#define CEDM_BLOCK 96u

/* Panels that a micro-kernel of any instruction set takes at once. */
#define CEDM_PANELS_TOGETHER 2u

/* Output channels up to which a plan is narrow. */
#define CEDM_NARROW 4u

/* What follows from a descriptor alone.  A strip of `rows` rows of a pass
 * is staged at a time; a pass makes all pixels, or one 2x2 phase of them
 * when up-sampling, on the grid of the source then.  Prepared weights are
 * [phases][panels][k][PANEL], skip's [panels][skip_cin][PANEL], bias and
 * skip_bias in one [panels][PANEL].  Where a panel would be almost empty, the
 * plan is narrow: weights are [cout][k]. */
typedef struct cedm_conv_plan {
    uint32_t cin, skip_cin, panels;
    uint32_t phases, kernel[2]; /* of a pass */
    uint32_t k;                 /* kernel[0] * kernel[1] * cin */
    uint32_t narrow;
    uint32_t paired;
    uint32_t height, width; /* of a pass */
    uint32_t align;         /* rows that share statistics */
    uint32_t task_rows;     /* a multiple of align, or the height */
    uint32_t rows;          /* of a strip */
    uint32_t images;        /* small maps that a task makes together */
    size_t weights;         /* floats of them */
    size_t pitch;           /* floats of a staged row */
    size_t source, skip;    /* floats staged for an image's strip */
    size_t scratch;         /* floats of a worker's scratch */
} cedm_conv_plan;

void cedm_cpu_plan_conv(cedm_conv_plan *plan, const cedm_conv *op);

/* Makes a plan one for pairs of bfloat16 where all channels are whole
 * panels, which the first and the last convolution's are not.  A pair takes
 * the place of a float: channels, k and what is measured in floats halve,
 * the rest stays. */
void cedm_cpu_plan_pairs(cedm_conv_plan *plan, const cedm_conv *op);

/* ---- attention --------------------------------------------------------- */

/* Queries of a task, and keys whose scores exist at a time. */
#define CEDM_QUERIES 128u
#define CEDM_KEYS 256u

/* ---- tables ------------------------------------------------------------ */

/* Those with pairs are of sets that have CEDM_PAIRS; they need less. */
extern const cedm_ops cedm_cpu_prepare;
extern const cedm_ops cedm_cpu_prepare_pairs;
extern const cedm_ops cedm_cpu_sizes;
extern const cedm_ops cedm_cpu_sizes_pairs;

/* The sets of this architecture, slower ones first: those that multiply
 * floats, and all. */
#if defined __x86_64__
#define CEDM_ISA_FLOAT(X) X(avx2) X(avx512)
#define CEDM_ISA_HERE(X) CEDM_ISA_FLOAT(X) X(avx512bf16)
#elif defined __aarch64__
#define CEDM_ISA_FLOAT(X) X(neon)
#define CEDM_ISA_HERE(X) CEDM_ISA_FLOAT(X)
#elif defined __wasm__
#define CEDM_ISA_FLOAT(X) X(simd128)
#define CEDM_ISA_HERE(X) CEDM_ISA_FLOAT(X)
#else
#define CEDM_ISA_FLOAT(X)
#define CEDM_ISA_HERE(X)
#endif

#define CEDM_CPU_BACKEND(name)                                               \
    extern const cedm_backend cedm_cpu_backend_##name;
CEDM_ISA_HERE(CEDM_CPU_BACKEND)
#undef CEDM_CPU_BACKEND

#ifdef CEDM_ISA
void CEDM_ISA_NAME(conv)(void *ctx, const cedm_conv *op);
void CEDM_ISA_NAME(linear)(void *ctx, const cedm_linear *op);
void CEDM_ISA_NAME(attention)(void *ctx, const cedm_attention *op);
void CEDM_ISA_NAME(resample)(void *ctx, const cedm_resample *op);
void CEDM_ISA_NAME(layer_norm)(void *ctx, const cedm_layer_norm *op);
void CEDM_ISA_NAME(gate)(void *ctx, const cedm_gate *op);
void CEDM_ISA_NAME(pool)(void *ctx, const cedm_pool *op);
#endif

#endif
