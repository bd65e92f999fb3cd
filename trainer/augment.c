/* SPDX-License-Identifier: MIT
 *
 * augment.c - flips, then one affine map with band-limited resampling: the
 * image is extended by reflection, doubled in size with the sym6 wavelet's
 * filter, sampled bilinearly and halved with the same filter [EDM]. */
#include "trainer/augment.h"

#include <math.h>
#include <string.h>

#include "trainer/purposes.h"

#define PI 3.14159265358979323846

/* Standard deviations: of log2 of a scale, of a shift in images. */
#define SCALE_STD 0.2
#define TRANSLATE_STD 0.125
#define ANISO_ANGLE_PROBABILITY 0.5

/* sym6 low-pass taps (Daubechies 1992); TAPS / 4 pixels on each side of an
 * image are reached by half of them at double size. */
#define TAPS 12
#define REACH 3u
static const float sym6[TAPS] = {
    0.015404109327027373f, 0.0034907120842174702f, -0.11799011114819057f,
    -0.048311742585633f,   0.4910559419267466f,    0.787641141030194f,
    0.3379294217276218f,   -0.07263752278646252f,  -0.021060292512300564f,
    0.04472490177066578f,  0.0017677118642428036f, -0.007800708325034148f};

/* ---- parameters --------------------------------------------------------- */

enum draw {
    DRAW_XFLIP,
    DRAW_YFLIP,
    DRAW_SCALE,
    DRAW_ROTATE,
    DRAW_ANISO,
    DRAW_ANISO_ANGLE,
    DRAW_TRANSLATE,
    DRAWS
};

/* Positions of the gate and of the value of a draw. */
static int is_applied(const host_random_key *key, enum draw what, double p)
{
    return host_random_uniform(key, 2u * (uint32_t)what) < p;
}

static uint32_t value_at(enum draw what)
{
    return 2u * (uint32_t)what + 1u;
}

static double angle(const host_random_key *key, enum draw what)
{
    return (2.0 * host_random_uniform(key, value_at(what)) - 1.0) * PI;
}

void train_augment_draw(train_augment_params *params, double p, uint32_t seed,
                        uint32_t step, uint64_t image)
{
    const host_random_key key = {.seed = seed,
                                 .purpose = TRAIN_DRAW_AUGMENT,
                                 .step = step,
                                 .image = image};
    double z[2];

    *params = (train_augment_params){0};
    if (p <= 0.0) {
        return;
    }
    params->xflip = host_random_uniform(&key, value_at(DRAW_XFLIP)) < 0.5;
    if (is_applied(&key, DRAW_YFLIP, p)) {
        params->yflip = host_random_uniform(&key, value_at(DRAW_YFLIP)) < 0.5;
    }
    if (is_applied(&key, DRAW_SCALE, p)) {
        host_random_normal(&key, value_at(DRAW_SCALE), z);
        params->scale = z[0];
    }
    if (is_applied(&key, DRAW_ROTATE, p)) {
        params->rotate = angle(&key, DRAW_ROTATE);
    }
    if (is_applied(&key, DRAW_ANISO, p)) {
        host_random_normal(&key, value_at(DRAW_ANISO), z);
        params->aniso = z[0];
        if (is_applied(&key, DRAW_ANISO_ANGLE, ANISO_ANGLE_PROBABILITY)) {
            params->aniso_angle = angle(&key, DRAW_ANISO_ANGLE);
        }
    }
    if (is_applied(&key, DRAW_TRANSLATE, p)) {
        host_random_normal(&key, value_at(DRAW_TRANSLATE), z);
        params->translate_x = z[0];
        params->translate_y = z[1];
    }
}

void train_augment_labels(const train_augment_params *params,
                          float labels[TRAIN_AUGMENT_LABELS])
{
    labels[0] = (float)params->xflip;
    labels[1] = (float)params->yflip;
    labels[2] = (float)params->scale;
    labels[3] = (float)(cos(params->rotate) - 1.0);
    labels[4] = (float)sin(params->rotate);
    labels[5] = (float)(params->aniso * cos(params->aniso_angle));
    labels[6] = (float)(params->aniso * sin(params->aniso_angle));
    labels[7] = (float)params->translate_x;
    labels[8] = (float)params->translate_y;
}

/* ---- the affine map ----------------------------------------------------- */

/* (x, y) -> (a x + b y + c, d x + e y + f), from places of the result to
 * places of the source, both from the centre. */
typedef struct affine {
    double a, b, c, d, e, f;
} affine;

/* first, then second. */
static affine compose(affine second, affine first)
{
    return (affine){second.a * first.a + second.b * first.d,
                    second.a * first.b + second.b * first.e,
                    second.a * first.c + second.b * first.f + second.c,
                    second.d * first.a + second.e * first.d,
                    second.d * first.b + second.e * first.e,
                    second.d * first.c + second.e * first.f + second.f};
}

static affine scaling(double x, double y)
{
    return (affine){x, 0, 0, 0, y, 0};
}

static affine rotation(double t)
{
    return (affine){cos(t), -sin(t), 0, sin(t), cos(t), 0};
}

static affine translation(double x, double y)
{
    return (affine){1, 0, x, 0, 1, y};
}

static affine map_of(const train_augment_params *p, uint32_t size)
{
    double scale = exp2(SCALE_STD * p->scale);
    double aniso = exp2(SCALE_STD * p->aniso);
    double shift = TRANSLATE_STD * (double)size;
    affine m = scaling(1.0 / scale, 1.0 / scale);

    m = compose(m, rotation(p->rotate));
    m = compose(m, rotation(-p->aniso_angle));
    m = compose(m, scaling(1.0 / aniso, aniso));
    m = compose(m, rotation(p->aniso_angle));
    return compose(
        m, translation(-shift * p->translate_x, -shift * p->translate_y));
}

void train_augment_margins(const train_augment_params *params, uint32_t n,
                           uint32_t size, uint32_t margins[4])
{
    double centre = ((double)size - 1.0) / 2.0;
    double most[4] = {0, 0, 0, 0};

    for (uint32_t i = 0; i < n; i++) {
        affine m = map_of(&params[i], size);

        for (int corner = 0; corner < 4; corner++) {
            double x = corner % 2 == 0 ? -centre : centre;
            double y = corner / 2 == 0 ? -centre : centre;
            double u = m.a * x + m.b * y + m.c, v = m.d * x + m.e * y + m.f;

            most[0] = fmax(most[0], -u - centre + 2.0 * REACH);
            most[1] = fmax(most[1], -v - centre + 2.0 * REACH);
            most[2] = fmax(most[2], u - centre + 2.0 * REACH);
            most[3] = fmax(most[3], v - centre + 2.0 * REACH);
        }
    }
    for (int side = 0; side < 4; side++) {
        margins[side] = (uint32_t)ceil(fmin(most[side], (double)size - 1.0));
    }
}

/* ---- resampling --------------------------------------------------------- */

typedef struct plane {
    float *at;
    size_t height, width;
} plane;

/* Index i of -n+1 .. 2n-2 reflected at the ends of 0 .. n-1. */
static size_t reflected(ptrdiff_t i, size_t n)
{
    i = i < 0 ? -i : i;
    return (size_t)i < n ? (size_t)i : 2 * (n - 1) - (size_t)i;
}

static void extend(plane dst, const float *src, uint32_t size,
                   size_t channels, const uint32_t margins[4])
{
    for (size_t y = 0; y < dst.height; y++) {
        size_t from = reflected((ptrdiff_t)y - (ptrdiff_t)margins[1], size);

        for (size_t x = 0; x < dst.width; x++) {
            size_t column =
                reflected((ptrdiff_t)x - (ptrdiff_t)margins[0], size);

            memcpy(dst.at + (y * dst.width + x) * channels,
                   src + (from * size + column) * channels,
                   channels * sizeof *src);
        }
    }
}

/* n samples, `step` apart, to 2 n of them. */
static void double_line(float *dst, size_t dst_step, const float *src,
                        size_t step, size_t n)
{
    for (size_t o = 0; o < 2 * n; o++) {
        float sum = 0.0f;

        for (size_t k = o % 2; k < TAPS; k += 2) {
            size_t i = o + k; /* of the samples with zeros between, + 6 */

            if (i >= 6 && (i - 6) / 2 < n) {
                sum += sym6[TAPS - 1 - k] * src[(i - 6) / 2 * step];
            }
        }
        dst[o * dst_step] = sum;
    }
}

/* 2 (n + 6) samples to n: half of them, without three at each end. */
static void halve_line(float *dst, size_t dst_step, const float *src,
                       size_t step, size_t n)
{
    size_t samples = 2 * (n + 2 * REACH);

    for (size_t o = 0; o < n; o++) {
        float sum = 0.0f;

        for (size_t k = 0; k < TAPS; k++) {
            size_t i = 2 * (o + REACH) + k - 5;

            if (i < samples) {
                sum += sym6[k] * src[i * step];
            }
        }
        dst[o * dst_step] = sum;
    }
}

typedef void line_filter(float *dst, size_t dst_step, const float *src,
                         size_t step, size_t n);

/* Filters rows, then columns: `columns` and `rows` are the n of a line. */
static void filter_plane(line_filter *filter, plane dst, plane src,
                         size_t channels, size_t columns, size_t rows,
                         float *between)
{
    size_t row = dst.width * channels;

    for (size_t y = 0; y < src.height; y++) {
        for (size_t c = 0; c < channels; c++) {
            filter(between + y * row + c, channels,
                   src.at + y * src.width * channels + c, channels, columns);
        }
    }
    for (size_t i = 0; i < row; i++) {
        filter(dst.at + i, row, between + i, row, rows);
    }
}

/* Adds weight times pixel (x, y), which is zero outside. */
static void add_pixel(float *to, plane src, size_t channels, double x,
                      double y, double weight)
{
    const float *p;

    if (x < 0.0 || y < 0.0 || x >= (double)src.width ||
        y >= (double)src.height) {
        return;
    }
    p = src.at + ((size_t)y * src.width + (size_t)x) * channels;
    for (size_t c = 0; c < channels; c++) {
        to[c] += (float)weight * p[c];
    }
}

static void sample(plane dst, plane src, size_t channels, affine m)
{
    for (size_t y = 0; y < dst.height; y++) {
        for (size_t x = 0; x < dst.width; x++) {
            double u = (double)x + 0.5 - 0.5 * (double)dst.width;
            double v = (double)y + 0.5 - 0.5 * (double)dst.height;
            double px = m.a * u + m.b * v + m.c + 0.5 * (double)src.width;
            double py = m.d * u + m.e * v + m.f + 0.5 * (double)src.height;
            double left = floor(px - 0.5), top = floor(py - 0.5);
            double fx = px - 0.5 - left, fy = py - 0.5 - top;
            float *to = dst.at + (y * dst.width + x) * channels;

            memset(to, 0, channels * sizeof *to);
            add_pixel(to, src, channels, left, top, (1 - fx) * (1 - fy));
            add_pixel(to, src, channels, left + 1, top, fx * (1 - fy));
            add_pixel(to, src, channels, left, top + 1, (1 - fx) * fy);
            add_pixel(to, src, channels, left + 1, top + 1, fx * fy);
        }
    }
}

static void swap_pixels(float *a, float *b, size_t channels)
{
    for (size_t c = 0; c < channels; c++) {
        float t = a[c];

        a[c] = b[c];
        b[c] = t;
    }
}

static void flip(const train_augment_params *params, uint32_t size,
                 size_t channels, float *image)
{
    size_t n = size;

    for (size_t y = 0; params->xflip != 0.0 && y < n; y++) {
        for (size_t x = 0; x < n / 2; x++) {
            swap_pixels(image + (y * n + x) * channels,
                        image + (y * n + n - 1 - x) * channels, channels);
        }
    }
    for (size_t y = 0; params->yflip != 0.0 && y < n / 2; y++) {
        swap_pixels(image + y * n * channels,
                    image + (n - 1 - y) * n * channels, n * channels);
    }
}

size_t train_augment_scratch(uint32_t size, uint32_t channels)
{
    size_t wide = 3 * (size_t)size, sampled = 2 * ((size_t)size + 2 * REACH);

    /* extended, between, doubled, sampled; the first two serve again */
    return channels * (wide * wide + 2 * wide * wide + 4 * wide * wide +
                       sampled * sampled);
}

void train_augment_image(const train_augment_params *params,
                         const uint32_t margins[4], uint32_t size,
                         uint32_t channels, float *image, float *scratch)
{
    size_t height = (size_t)size + margins[1] + margins[3];
    size_t width = (size_t)size + margins[0] + margins[2];
    size_t side = 2 * ((size_t)size + 2 * REACH);
    plane extended = {scratch, height, width};
    float *between = scratch + height * width * channels;
    plane doubled = {between + 2 * height * width * channels, 2 * height,
                     2 * width};
    plane sampled = {doubled.at + 4 * height * width * channels, side, side};
    affine m = map_of(params, size);

    flip(params, size, channels, image);
    extend(extended, image, size, channels, margins);
    filter_plane(double_line, doubled, extended, channels, width, height,
                 between);
    m = compose(translation(0.5 * ((double)margins[0] - (double)margins[2]),
                            0.5 * ((double)margins[1] - (double)margins[3])),
                m);
    m = compose(compose(scaling(2, 2), m), scaling(0.5, 0.5));
    m = compose(compose(translation(-0.5, -0.5), m), translation(0.5, 0.5));
    sample(sampled, doubled, channels, m);
    filter_plane(halve_line, (plane){image, size, size}, sampled, channels,
                 size, size, scratch);
}
