/* SPDX-License-Identifier: MIT
 *
 * resize_weights.c - the filters of Pillow's resizing, as weights.
 *
 * The operations on doubles are Pillow's, one by one: a sum in another order
 * changes a weight's last bit, and so now and then a pixel. */
#include "runtime/fmath.h"
#include "runtime/resize_weights.h"

#define PI 3.14159265358979323846

static double bilinear(double x)
{
    x = x < 0.0 ? -x : x;
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double hamming(double x)
{
    x = x < 0.0 ? -x : x;
    if (x == 0.0) {
        return 1.0;
    }
    if (x >= 1.0) {
        return 0.0;
    }
    x *= PI;
    return cedm_sin(x) / x * (0.54 + 0.46 * cedm_cos(x));
}

/* Keys' cubic convolution with a = -1/2. */
static double bicubic(double x)
{
    const double a = -0.5;

    x = x < 0.0 ? -x : x;
    if (x < 1.0) {
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    }
    return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

static double sinc(double x)
{
    if (x == 0.0) {
        return 1.0;
    }
    x *= PI;
    return cedm_sin(x) / x;
}

static double filter_value(uint32_t filter, double x)
{
    switch (filter) {
    case CEDM_RESIZE_BOX: return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
    case CEDM_RESIZE_BILINEAR: return bilinear(x);
    case CEDM_RESIZE_HAMMING: return hamming(x);
    case CEDM_RESIZE_BICUBIC: return bicubic(x);
    default: return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
    }
}

static double half_width(uint32_t filter)
{
    switch (filter) {
    case CEDM_RESIZE_BOX: return 0.5;
    case CEDM_RESIZE_BILINEAR:
    case CEDM_RESIZE_HAMMING: return 1.0;
    case CEDM_RESIZE_BICUBIC: return 2.0;
    default: return 3.0;
    }
}

/* How much the filter widens: it never narrows. */
static double widening(uint32_t in, uint32_t out)
{
    return in > out ? (double)in / (double)out : 1.0;
}

uint32_t cedm_resize_most_taps(uint32_t filter, uint32_t in, uint32_t out)
{
    double support = half_width(filter) * widening(in, out);
    uint32_t taps = 2u * ((uint32_t)support + 1u) + 1u;

    return taps < in ? taps : in;
}

uint32_t cedm_resize_weigh(uint32_t filter, uint32_t in, uint32_t out,
                           uint32_t o, uint32_t *first, double *weights)
{
    double wide = widening(in, out), support = half_width(filter) * wide;
    double centre = ((double)o + 0.5) * ((double)in / (double)out);
    double low = centre - support + 0.5, high = centre + support + 0.5;
    double inverse = 1.0 / wide, sum = 0.0;
    uint32_t begin = low > 0.0 ? (uint32_t)low : 0;
    uint32_t end = high < (double)in ? (uint32_t)high : in;

    for (uint32_t i = begin; i < end; i++) {
        double w = filter_value(filter, ((double)i - centre + 0.5) * inverse);

        weights[i - begin] = w;
        sum += w;
    }
    for (uint32_t i = 0; sum != 0.0 && i < end - begin; i++) {
        weights[i] /= sum;
    }
    *first = begin;
    return end - begin;
}

static bool fits_side(uint32_t side)
{
    return side >= 1 && side <= CEDM_RESIZE_MOST;
}

bool cedm_resize_fits(const cedm_resize_shape *s)
{
    return s->filter < CEDM_RESIZE_FILTERS && s->channels >= 1 &&
           s->channels <= 4 && fits_side(s->in_height) &&
           fits_side(s->in_width) && fits_side(s->out_height) &&
           fits_side(s->out_width);
}
