/* SPDX-License-Identifier: MIT
 *
 * resize_bilinear.c - bilinear resizing without a filter, two samples a
 * side. */
#include "runtime/resize.h"

/* Between which samples an output lies, and how far from the first. */
typedef struct place {
    uint32_t low, high;
    double part;
} place;

static place find(enum cedm_resize_grid grid, uint32_t o, uint32_t in,
                  uint32_t out)
{
    double scale = (double)in / (double)out, at = (double)o * scale;
    place p;

    if (grid == CEDM_RESIZE_CENTRE) {
        at = ((double)o + 0.5) * scale - 0.5;
        at = at < 0.0 ? 0.0 : at;
    }
    p.low = (uint32_t)at < in ? (uint32_t)at : in - 1u;
    p.high = p.low + 1u < in ? p.low + 1u : p.low;
    p.part = at - (double)p.low;
    return p;
}

static double mix(double a, double b, double part)
{
    return a + (b - a) * part;
}

void cedm_resize_bilinear(const cedm_resize_shape *s,
                          enum cedm_resize_grid grid, float *dst,
                          const uint8_t *src)
{
    size_t channels = s->channels, row = s->in_width * channels;

    for (uint32_t y = 0; y < s->out_height; y++) {
        place v = find(grid, y, s->in_height, s->out_height);
        const uint8_t *top = src + v.low * row, *bottom = src + v.high * row;

        for (uint32_t x = 0; x < s->out_width; x++) {
            place h = find(grid, x, s->in_width, s->out_width);
            size_t low = h.low * channels, high = h.high * channels;

            for (size_t c = 0; c < channels; c++) {
                double upper = mix(top[low + c], top[high + c], h.part);
                double lower = mix(bottom[low + c], bottom[high + c], h.part);

                *dst++ = (float)mix(upper, lower, v.part);
            }
        }
    }
}
