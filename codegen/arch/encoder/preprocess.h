/* SPDX-License-Identifier: MIT
 *
 * preprocess.h - the way of an 8-bit image to the input of an encoder, as the
 * tables of the op `preprocess`. */
#ifndef CEDM_CODEGEN_ARCH_ENCODER_PREPROCESS_H
#define CEDM_CODEGEN_ARCH_ENCODER_PREPROCESS_H

#include "codegen/arch/arch.h"

enum cg_filter {
#define CG_FILTER_ENUM(name, word) CG_FILTER_##name,
    CG_FILTER_LIST(CG_FILTER_ENUM)
#undef CG_FILTER_ENUM
};

/* Sizes are height, then width. */
typedef struct cg_preprocess {
    uint32_t image[2];   /* as given, 8 bits */
    uint32_t resized[2]; /* by the filter */
    uint32_t window[2];  /* cut from the middle: what the network sees */
    enum cg_filter filter;
    double scale[3], shift[3]; /* network's = value * scale + shift */
} cg_preprocess;

/* The network's size from torchvision's Resize(side) and CenterCrop(window):
 * the shorter side becomes `side`, 0 for the image's own size.  window 0:
 * side, or all of the image. */
void cg_preprocess_fit(cg_preprocess *p, uint32_t side, uint32_t window);

/* Whether the window lies in the resized image. */
bool cg_preprocess_fits(const cg_preprocess *p);

/* Adds the input "image" and the node that prepares it; its index. */
int cg_preprocess_add(cg_graph *graph, const cg_preprocess *p);

#endif
