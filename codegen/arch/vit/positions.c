/* SPDX-License-Identifier: MIT
 *
 * positions.c - positions for another number of patches, by the rule of each
 * project, in double precision. */
#include "codegen/arch/vit/positions.h"

#include <math.h>

#include "runtime/resize_weights.h"

#define MOST_TAPS 1100u /* of a grid of 256 that becomes 1 */

/* The taps of output o along an axis of the stored grid: at[i], weight[i]. */
typedef struct taps {
    uint32_t count;
    uint32_t at[MOST_TAPS];
    double weight[MOST_TAPS];
} taps;

/* Keys' cubic convolution, a = -3/4, of distances from 0 to 2. */
static double cubic(double x)
{
    const double a = -0.75;

    return x <= 1.0 ? ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
                    : ((x - 5.0) * x + 8.0) * a * x - 4.0 * a;
}

/* Four neighbours, beyond the edge the edge itself. */
static void four_taps(taps *t, uint32_t grid, double scale, uint32_t o)
{
    double place = (o + 0.5) * scale - 0.5, begin = floor(place);

    t->count = 4;
    for (int i = 0; i < 4; i++) {
        double at = begin - 1 + i;

        t->weight[i] = cubic(fabs(place - at));
        t->at[i] = (uint32_t)fmin(fmax(at, 0.0), grid - 1);
    }
}

static void fill_taps(taps *t, const cg_vit_config *c, uint32_t size,
                      uint32_t o)
{
    uint32_t first = 0;

    switch (c->positions) {
    case CG_VIT_POSITIONS_OFFSET:
        four_taps(t, c->grid, c->grid / (size + 0.1), o);
        break;
    case CG_VIT_POSITIONS_SIZE:
        four_taps(t, c->grid, (double)c->grid / size, o);
        break;
    case CG_VIT_POSITIONS_ANTIALIAS:
        t->count = cedm_resize_weigh(CEDM_RESIZE_BICUBIC, c->grid, size, o,
                                     &first, t->weight);
        for (uint32_t i = 0; i < t->count; i++) {
            t->at[i] = first + i;
        }
        break;
    }
}

/* The sum over both axes for channel d. */
static double interpolated(const cg_vit_config *c, const cg_array *table,
                           const taps *down, const taps *across, uint32_t d)
{
    uint64_t before = c->class_row ? 1 : 0;
    double sum = 0.0;

    for (uint32_t i = 0; i < down->count; i++) {
        for (uint32_t k = 0; k < across->count; k++) {
            uint64_t row =
                before + (uint64_t)down->at[i] * c->grid + across->at[k];

            sum += down->weight[i] * across->weight[k] *
                   cg_element(table, row * c->width + d);
        }
    }
    return sum;
}

static void patches(const cg_vit_config *c, const cg_array *table,
                    uint32_t rows, uint32_t columns, float *out)
{
    bool same = rows == c->grid && columns == c->grid;
    uint64_t stored = c->class_row ? c->width : 0;
    taps down, across;

    for (uint32_t y = 0; y < rows; y++) {
        fill_taps(&down, c, rows, y);
        for (uint32_t x = 0; x < columns; x++) {
            fill_taps(&across, c, columns, x);
            for (uint32_t d = 0; d < c->width; d++, stored++) {
                *out++ =
                    (float)(same ? cg_element(table, stored)
                                 : interpolated(c, table, &down, &across, d));
            }
        }
    }
}

void cg_vit_table(const cg_vit_config *config, const cg_array *class_token,
                  const cg_array *registers, const cg_array *table,
                  uint32_t rows, uint32_t columns, float *out)
{
    uint32_t width = config->width;

    for (uint32_t d = 0; d < width; d++) {
        double position = config->class_row ? cg_element(table, d) : 0.0;

        *out++ = (float)(cg_element(class_token, d) + position);
    }
    for (uint32_t i = 0; i < config->registers * width; i++) {
        *out++ = (float)cg_element(registers, i);
    }
    patches(config, table, rows, columns, out);
}
