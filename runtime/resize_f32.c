/* SPDX-License-Identifier: MIT
 *
 * resize_f32.c - Pillow's resizing of images of floats. */
#include <string.h>

#include "runtime/resize.h"
#include "runtime/resize_weights.h"

static uint64_t axis_bytes(uint32_t filter, uint32_t in, uint32_t out)
{
    uint64_t taps = cedm_resize_most_taps(filter, in, out);

    return (uint64_t)out * (8u + 8u * taps);
}

static uint64_t between_bytes(const cedm_resize_shape *s)
{
    return 4u * (uint64_t)s->in_height * s->out_width * s->channels;
}

uint64_t cedm_resize_f32_bytes(const cedm_resize_shape *s)
{
    if (!cedm_resize_fits(s)) {
        return 0;
    }
    return axis_bytes(s->filter, s->in_width, s->out_width) +
           axis_bytes(s->filter, s->in_height, s->out_height) +
           between_bytes(s);
}

static unsigned char *make_axis(cedm_resize_axis *a, uint32_t filter,
                                uint32_t in, uint32_t out, unsigned char *at)
{
    uint32_t taps = cedm_resize_most_taps(filter, in, out);

    *a = (cedm_resize_axis){.in = in, .out = out, .taps = taps};
    a->weights = (double *)(void *)at;
    a->first = (uint32_t *)(void *)(at + 8u * (uint64_t)out * taps);
    a->count = a->first + out;
    for (uint32_t o = 0; o < out; o++) {
        a->count[o] = cedm_resize_weigh(filter, in, out, o, &a->first[o],
                                        a->weights + (size_t)o * taps);
    }
    return at + axis_bytes(filter, in, out);
}

void cedm_resize_f32_init(cedm_resize *r, const cedm_resize_shape *s,
                          void *scratch)
{
    unsigned char *at = scratch;

    *r = (cedm_resize){.shape = *s};
    at = make_axis(&r->across, s->filter, s->in_width, s->out_width, at);
    at = make_axis(&r->down, s->filter, s->in_height, s->out_height, at);
    r->between = at;
}

/* One line of samples, `step` apart on both sides. */
static void resize_line(const cedm_resize_axis *a, float *dst,
                        const float *src, size_t step)
{
    for (uint32_t o = 0; o < a->out; o++) {
        const double *w = a->weights + (size_t)o * a->taps;
        const float *v = src + a->first[o] * step;
        double sum = 0.0;

        for (uint32_t j = 0; j < a->count[o]; j++) {
            sum += (double)v[j * step] * w[j];
        }
        dst[o * step] = (float)sum;
    }
}

void cedm_resize_f32(const cedm_resize *r, float *dst, const float *src)
{
    const cedm_resize_axis *across = &r->across, *down = &r->down;
    size_t channels = r->shape.channels;
    size_t in_row = across->in * channels, row = across->out * channels;
    float *between = down->in != down->out ? r->between : dst;

    for (size_t y = 0; y < down->in; y++) {
        const float *from = src + y * in_row;

        if (across->in == across->out) {
            memcpy(between + y * row, from, row * sizeof *from);
            continue;
        }
        for (size_t c = 0; c < channels; c++) {
            resize_line(across, between + y * row + c, from + c, channels);
        }
    }
    for (size_t i = 0; down->in != down->out && i < row; i++) {
        resize_line(down, dst + i, between + i, row);
    }
}
