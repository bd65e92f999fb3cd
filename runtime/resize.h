/* SPDX-License-Identifier: MIT
 *
 * resize.h - images of another size, as the references of features and of
 * training data make them.
 *
 * Two families.  cedm_resize_u8 and cedm_resize_f32 are Pillow's
 * Image.resize of modes L and RGB, and of mode F [PILLOW]: each output sample
 * is a weighted sum of the input samples under a filter that widens when an
 * image shrinks, rows first, columns then.  cedm_resize_bilinear is what the
 * two common ports of the Inception network do: two samples a side, which
 * alias when an image shrinks.
 *
 * Images are [height][width][channels] without gaps, channels are resized
 * each for itself.  Alpha is not multiplied into the colours first; Pillow
 * does that for its modes LA and RGBA.  Source, destination and scratch do
 * not overlap.  Nothing is allocated.  The bits depend on the shape and the
 * pixels alone, not on the number of workers or how tasks are divided. */
#ifndef CEDM_RESIZE_H
#define CEDM_RESIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cedm_model.h"

/* With the half of its width, in samples of the coarser grid. */
enum cedm_resize_filter {
    CEDM_RESIZE_BOX,      /* 1/2 */
    CEDM_RESIZE_BILINEAR, /* 1   */
    CEDM_RESIZE_HAMMING,  /* 1   */
    CEDM_RESIZE_BICUBIC,  /* 2, a = -1/2 */
    CEDM_RESIZE_LANCZOS,  /* 3   */
    CEDM_RESIZE_FILTERS
};

/* Sides and channels: 1 to CEDM_RESIZE_MOST and 1 to 4. */
#define CEDM_RESIZE_MOST 65535u

typedef struct cedm_resize_shape {
    uint32_t filter;
    uint32_t channels;
    uint32_t in_height, in_width;
    uint32_t out_height, out_width;
} cedm_resize_shape;

/* One side of an image: output o is the sum over j < taps of weight[o][j]
 * times input first[o] + j.  Weights of 8-bit images are multiples of 2^-22,
 * held as high * 2^12 + low in two numbers of 16 bits, whose products with
 * pixels vector units add up in pairs; taps is then a multiple of 8, and
 * weights from count[o] on are 0. */
typedef struct cedm_resize_axis {
    uint32_t in, out;
    uint32_t taps;
    uint32_t *first, *count; /* [out]; count <= taps: weights in use */
    int16_t *high, *low;     /* [out][taps], for 8-bit images, */
    double *weights;         /* or these, for floats */
} cedm_resize_axis;

/* All that depends on the shape alone, for any number of images. */
typedef struct cedm_resize {
    cedm_resize_shape shape;
    cedm_resize_axis across, down;
    void *between;  /* [in_height][out_width][channels], rows done */
    int16_t *lines; /* [workers][channels][line]: a row, by channels */
    uint32_t line;
} cedm_resize;

/* ---- 8-bit images ------------------------------------------------------ */

/* Bytes of scratch that init wants; 0 if the shape is out of its bounds. */
uint64_t cedm_resize_u8_bytes(const cedm_resize_shape *shape,
                              uint32_t workers);

/* Computes the weights: about in * 2 * (half width) filter values a side.
 * scratch is aligned to 8 bytes and belongs to r from now on. */
void cedm_resize_u8_init(cedm_resize *r, const cedm_resize_shape *shape,
                         void *scratch, uint32_t workers);

/* Resizes one image whose rows are `stride` bytes apart.  parallel_for may be
 * NULL; its workers are below those of init.  A side that keeps its size is
 * copied, not filtered. */
void cedm_resize_u8(const cedm_resize *r, uint8_t *dst, const uint8_t *src,
                    size_t stride, cedm_parallel_for *parallel_for,
                    void *pool);

/* ---- floats ------------------------------------------------------------- */

/* The same for floats, whose sums are taken in double and stored as float
 * after rows and after columns; for one thread.  Pillow's mode F has one
 * channel. */
uint64_t cedm_resize_f32_bytes(const cedm_resize_shape *shape);
void cedm_resize_f32_init(cedm_resize *r, const cedm_resize_shape *shape,
                          void *scratch);
void cedm_resize_f32(const cedm_resize *r, float *dst, const float *src);

/* ---- bilinear without a filter ------------------------------------------ */

enum cedm_resize_grid {
    /* Output o lies at o * in / out, as resize_bilinear of TensorFlow 1 has
     * it: FID [FID] and EDM's evaluation. */
    CEDM_RESIZE_CORNER,
    /* At (o + 1/2) * in / out - 1/2, not below 0: the port of FID for
     * PyTorch [PTFID]. */
    CEDM_RESIZE_CENTRE
};

/* Values stay in 0..255; sums are taken in double.  shape's filter is not
 * looked at. */
void cedm_resize_bilinear(const cedm_resize_shape *shape,
                          enum cedm_resize_grid grid, float *dst,
                          const uint8_t *src);

#endif
