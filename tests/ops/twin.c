/* SPDX-License-Identifier: MIT
 *
 * twin.c - the ops in double precision; slow, and written for this test. */
#include "tests/ops/twin.h"

#include <math.h>

/* act(x): the rounding of a x + b is relative to its terms, not its sum;
 * |silu'| is at most 1.1. */
static twin_value activated(uint32_t act, double a, double x, double b)
{
    double t = a * x + b, size = fabs(a * x) + fabs(b);

    switch (act) {
    case CEDM_ACT_AFFINE: return (twin_value){t, size};
    case CEDM_ACT_SILU: return (twin_value){t / (1.0 + exp(-t)), size};
    default: return (twin_value){x, fabs(x)};
    }
}

static void add(twin_value *sum, double weight, twin_value term)
{
    sum->value += weight * term.value;
    sum->magnitude += fabs(weight) * term.magnitude;
}

static void add_plain(twin_value *sum, double term)
{
    sum->value += term;
    sum->magnitude += fabs(term);
}

static double param(const stage *s, cedm_weight weight, size_t i)
{
    return weight == CEDM_NONE ? 0.0 : (double)s->data_before[weight + i];
}

/* Element e of a cluster's row; of no cluster it is 0. */
static double row_at(const stage *s, const cedm_embed *op, int32_t cluster,
                     size_t e)
{
    return cluster < 0
               ? 0
               : param(s, op->weight, (size_t)cluster * op->channels + e);
}

twin_value twin_embed(const stage *s, const void *memory, uint32_t image,
                      int output, size_t e)
{
    const cedm_embed *op = memory;
    double share = (double)s->exec.share[image];
    twin_value sum = {0, 0};

    (void)output;
    add_plain(&sum,
              (double)stage_in(s, op->features, op->channels, image)[e]);
    if (op->label_dim != 0) {
        add_plain(&sum, param(s, op->bias, e));
        add_plain(&sum, (1 - share) * (double)op->label_scale *
                            row_at(s, op, s->exec.cluster[image], e));
        add_plain(&sum, share * (double)op->label_scale *
                            row_at(s, op, s->exec.other[image], e));
    }
    if (op->act == CEDM_ACT_SILU) {
        sum.value /= 1.0 + exp(-sum.value);
    }
    return sum;
}

twin_value twin_linear(const stage *s, const void *memory, uint32_t image,
                       int output, size_t e)
{
    const cedm_linear *op = memory;
    const float *src = stage_in(s, op->src, op->in, image);
    twin_value sum = {0, 0};

    (void)output;
    for (size_t i = 0; i < op->in; i++) {
        add_plain(&sum,
                  param(s, op->weight, e * op->in + i) * (double)src[i]);
    }
    add_plain(&sum, param(s, op->bias, e));
    if (op->act == CEDM_ACT_SILU) {
        sum.value /= 1.0 + exp(-sum.value);
    }
    return sum;
}

/* One channel's statistics of a norm_coeff's input. */
static const float *channel_stats(const stage *s, const cedm_norm_coeff *op,
                                  uint32_t image, uint32_t c,
                                  uint32_t *stride)
{
    uint32_t partials = (op->height + op->stat_rows - 1) / op->stat_rows;
    uint32_t source = c >= op->channels[0];
    uint32_t channels = op->channels[source];

    *stride = channels;
    return stage_in(s, op->stats[source], 2ul * partials * channels, image) +
           (source ? c - op->channels[0] : c);
}

/* Two passes over the partials: the mean, then squares around it. */
static void group_moments(const stage *s, const cedm_norm_coeff *op,
                          uint32_t image, uint32_t group, double *mean,
                          double *variance)
{
    uint32_t size = (op->channels[0] + op->channels[1]) / op->groups;
    double count = (double)op->height * op->width * size, sum = 0, m2 = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t c = group * size; c < (group + 1) * size; c++) {
            uint32_t stride;
            const float *stats = channel_stats(s, op, image, c, &stride);

            for (uint32_t y = 0; y < op->height; y += op->stat_rows) {
                double rows = fmin(op->stat_rows, op->height - y);
                double pixels = rows * op->width;

                if (pass == 0) {
                    sum += pixels * (double)stats[0];
                } else {
                    double d = (double)stats[0] - *mean;

                    m2 += (double)stats[stride] + pixels * d * d;
                }
                stats += 2ul * stride;
            }
        }
        *mean = sum / count;
    }
    *variance = m2 / count;
}

twin_value twin_norm_coeff(const stage *s, const void *memory, uint32_t image,
                           int output, size_t e)
{
    const cedm_norm_coeff *op = memory;
    uint32_t channels = op->channels[0] + op->channels[1];
    uint32_t c = (uint32_t)(e % channels);
    double mean, variance, a, b, scale = 1.0, shift = 0.0, size;

    (void)output;
    group_moments(s, op, image, c / (channels / op->groups), &mean,
                  &variance);
    a = param(s, op->gamma, c) / sqrt(variance + (double)op->eps);
    b = param(s, op->beta, c) - mean * a;
    size = fabs(param(s, op->beta, c)) + fabs(mean * a);
    if (op->adaptive_src != CEDM_NONE) {
        const float *v =
            stage_in(s, op->adaptive_src, op->adaptive_stride, image) +
            op->adaptive_index;

        scale = 1.0 + (double)v[c];
        shift = (double)v[channels + c];
    }
    if (e < channels) {
        return (twin_value){a * scale, fabs(a) * (1.0 + fabs(scale))};
    }
    return (twin_value){b * scale + shift,
                        size * (1.0 + fabs(scale)) + fabs(shift)};
}

/* ---- convolution ------------------------------------------------------ */

/* Element c of a concat of two maps; what lies outside is zero. */
static twin_value pixel(const stage *s, const cedm_conv *op, uint32_t image,
                        int64_t y, int64_t x, uint32_t c)
{
    uint32_t cin = op->cin[0] + op->cin[1], source = c >= op->cin[0];
    uint32_t channels = op->cin[source];
    double a = 1, b = 0;
    const float *map;
    size_t at;

    if (y < 0 || x < 0 || y >= (int64_t)op->in_height << op->up ||
        x >= (int64_t)op->in_width << op->up) {
        return (twin_value){0, 0};
    }
    if (op->act != CEDM_ACT_NONE) {
        const float *coeff = stage_in(s, op->coeff, 2ul * cin, image);

        a = (double)coeff[c];
        b = (double)coeff[cin + c];
    }
    map = stage_in(s, op->src[source],
                   (size_t)op->in_height * op->in_width * channels, image);
    at = ((size_t)(y >> op->up) * op->in_width + (size_t)(x >> op->up)) *
             channels +
         (source ? c - op->cin[0] : c);
    return activated(op->act, a, (double)map[at], b);
}

static void add_skip(const stage *s, const cedm_conv *op, uint32_t image,
                     size_t y, size_t x, size_t co, twin_value *sum)
{
    size_t height = op->height >> op->skip_up;
    size_t width = op->width >> op->skip_up, skipped = 0;
    size_t at = (y >> op->skip_up) * width + (x >> op->skip_up);
    size_t all = (size_t)op->skip_cin[0] + op->skip_cin[1];

    for (int k = 0; k < 2; k++) {
        size_t channels = op->skip_cin[k];
        const float *map;

        if (channels == 0) {
            continue;
        }
        map = stage_in(s, op->skip_src[k], height * width * channels, image);
        for (size_t c = 0; c < channels; c++) {
            add_plain(sum, param(s, op->skip_weight, co * all + skipped + c) *
                               (double)map[at * channels + c]);
        }
        skipped += channels;
    }
    if (all != 0) {
        add_plain(sum, param(s, op->skip_bias, co));
    }
}

/* Transforms of tiles mix terms, and differences of large numbers become
 * outputs: for independent terms, errors grow by about 1.6 with tiles of
 * 2 x 2 and 7 with 4 x 4.  A little more is allowed, as a tile's error
 * depends on pixels beside the output's own. */
static double growth(uint32_t algorithm)
{
    switch (algorithm) {
    case CEDM_CONV_WINOGRAD4: return 8.0;
    case CEDM_CONV_WINOGRAD2: return 2.0;
    default: return 1.0;
    }
}

/* |gelu'| is at most 1.13. */
static twin_value posted(uint32_t post, twin_value y)
{
    switch (post) {
    case CEDM_POST_RELU: y.value = fmax(y.value, 0.0); break;
    case CEDM_POST_GELU:
        y.value *= 0.5 * erfc(-y.value / sqrt(2.0));
        y.magnitude *= 1.13;
        break;
    default: break;
    }
    return y;
}

/* Whether element e of a dst lies in the op's slice; if so it becomes the
 * one of a dst without others, else *value is what was there. */
static bool in_slice(const stage *s, cedm_ref dst, size_t pixels,
                     uint32_t channels, uint32_t index, uint32_t stride,
                     uint32_t image, size_t *e, twin_value *value)
{
    size_t c;

    if (stride == 0) {
        return true;
    }
    c = *e % stride;
    if (c < index || c >= index + channels) {
        *value = (twin_value){
            (double)stage_in(s, dst, pixels * stride, image)[*e], 0};
        return false;
    }
    *e = *e / stride * channels + c - index;
    return true;
}

static twin_value conv_pixel(const stage *s, const cedm_conv *op,
                             uint32_t image, size_t e)
{
    size_t co = e % op->cout, x = e / op->cout % op->width;
    size_t y = e / op->cout / op->width;
    uint32_t cin = op->cin[0] + op->cin[1], rows = op->kernel[0];
    uint32_t columns = op->kernel[1];
    twin_value sum = {0, 0};

    for (uint32_t tap = 0; tap < rows * columns; tap++) {
        int64_t sy = (int64_t)(y * op->stride + tap / columns) - op->pad[0];
        int64_t sx = (int64_t)(x * op->stride + tap % columns) - op->pad[1];

        for (uint32_t c = 0; c < cin; c++) {
            add(&sum,
                param(s, op->weight, (co * rows * columns + tap) * cin + c),
                pixel(s, op, image, sy, sx, c));
        }
    }
    sum.magnitude *= growth(op->algorithm);
    add_plain(&sum, param(s, op->bias, co));
    if (op->emb_src != CEDM_NONE) {
        add_plain(&sum, (double)stage_in(s, op->emb_src, op->emb_stride,
                                         image)[op->emb_index + co]);
    }
    add_skip(s, op, image, y, x, co, &sum);
    if (op->residual != CEDM_NONE) {
        size_t map = (size_t)op->height * op->width * op->cout;

        add_plain(&sum, (double)stage_in(s, op->residual, map, image)[e]);
    }
    sum.value *= (double)op->scale;
    sum.magnitude *= fabs((double)op->scale);
    return posted(op->post, sum);
}

/* Statistics are those of the map that was written, whatever its errors. */
static twin_value conv_stats(const stage *s, const cedm_conv *op,
                             uint32_t image, size_t e)
{
    size_t c = e % op->cout, p = e / (2ul * op->cout);
    size_t first = p * op->stat_rows * op->width;
    size_t end = first + (size_t)op->stat_rows * op->width;
    size_t pixels = (size_t)op->height * op->width;
    const float *map = stage_out(s, op->dst, pixels * op->cout, image);
    double sum = 0, m2 = 0, largest = 0, count, mean;

    end = end < pixels ? end : pixels;
    count = (double)(end - first);
    for (size_t i = first; i < end; i++) {
        sum += (double)map[i * op->cout + c];
        largest = fmax(largest, fabs((double)map[i * op->cout + c]));
    }
    mean = sum / count;
    if (e / op->cout % 2 == 0) {
        return (twin_value){mean, largest};
    }
    for (size_t i = first; i < end; i++) {
        m2 += pow((double)map[i * op->cout + c] - mean, 2);
    }
    /* A mean off by r = 2^-24 of the largest value, deviations exact: their
     * sum is 0, so M2 is off by count r^2. */
    return (twin_value){m2, m2 + count * pow(largest * 0x1p-12, 2)};
}

twin_value twin_conv(const stage *s, const void *op, uint32_t image,
                     int output, size_t e)
{
    const cedm_conv *conv = op;
    twin_value beside;

    if (output != 0) {
        return conv_stats(s, op, image, e);
    }
    return in_slice(s, conv->dst, (size_t)conv->height * conv->width,
                    conv->cout, conv->dst_index, conv->dst_stride, image, &e,
                    &beside)
               ? conv_pixel(s, op, image, e)
               : beside;
}

/* ---- the others ------------------------------------------------------- */

/* The factor of source o_in in output o, along one axis. */
static double tap(const stage *s, const cedm_resample *op, int64_t o,
                  int64_t i)
{
    int64_t pad = op->pad, t;

    switch (op->mode) {
    case CEDM_RESAMPLE_DOWN: t = i - 2 * o + pad; break;
    case CEDM_RESAMPLE_UP: t = o + pad - 2 * i; break;
    default: t = i - o + pad;
    }
    if (t < 0 || t >= op->taps) {
        return 0.0;
    }
    return param(s, op->filter, (size_t)t) *
           (op->mode == CEDM_RESAMPLE_UP ? 2.0 : 1.0);
}

twin_value twin_resample(const stage *s, const void *memory, uint32_t image,
                         int output, size_t e)
{
    const cedm_resample *op = memory;
    size_t channels = op->channels, c = e % channels;
    size_t pixels = (size_t)op->in_height * op->in_width;
    const float *map = stage_in(s, op->src, pixels * channels, image);
    int64_t x = (int64_t)(e / channels % op->width);
    int64_t y = (int64_t)(e / channels / op->width);
    double a = 1, b = 0;
    twin_value sum = {0, 0};

    (void)output;
    if (op->act != CEDM_ACT_NONE) {
        const float *coeff = stage_in(s, op->coeff, 2 * channels, image);

        a = (double)coeff[c];
        b = (double)coeff[channels + c];
    }
    for (size_t i = 0; i < pixels; i++) {
        double weight = tap(s, op, y, (int64_t)(i / op->in_width)) *
                        tap(s, op, x, (int64_t)(i % op->in_width));

        add(&sum, weight,
            activated(op->act, a, (double)map[i * channels + c], b));
    }
    return sum;
}

/* q[t] . k[u] / sqrt(d) of one head, whose channels begin at `first`. */
static twin_value score_of(const cedm_attention *op, const float *src,
                           size_t first, size_t t, size_t u)
{
    size_t channels = op->channels, d = channels / op->heads;
    const float *q = src + 3 * t * channels + first;
    const float *k = src + (3 * u + 1) * channels + first;
    twin_value dot = {0, 0};

    for (size_t i = 0; i < d; i++) {
        add_plain(&dot, (double)q[i] * (double)k[i]);
    }
    dot.value /= sqrt((double)d);
    dot.magnitude /= sqrt((double)d);
    return dot;
}

twin_value twin_attention(const stage *s, const void *memory, uint32_t image,
                          int output, size_t e)
{
    const cedm_attention *op = memory;
    size_t channels = op->channels, d = channels / op->heads;
    size_t t = e / channels, c = e % channels, first = c / d * d;
    const float *src = stage_in(s, op->src, 3 * op->tokens * channels, image);
    double largest = -HUGE_VAL, size = 0, total = 0;
    twin_value sum = {0, 0};

    (void)output;
    for (size_t u = 0; u < op->tokens; u++) {
        twin_value score = score_of(op, src, first, t, u);

        largest = fmax(largest, score.value);
        size = fmax(size, score.magnitude);
    }
    for (size_t u = 0; u < op->tokens; u++) {
        double p = exp(score_of(op, src, first, t, u).value - largest);

        total += p;
        add_plain(&sum, p * (double)src[(3 * u + 2) * channels + c]);
    }
    sum.value /= total;
    /* An absolute error of a score is a relative one of its exponential. */
    sum.magnitude *= (1.0 + size) / total;
    return sum;
}

/* ---- encoders ----------------------------------------------------------- */

#define MOST_SIDE 64u /* of an image of a case */

/* One axis of a preprocess: a sum over taps, `step` elements apart. */
static double axis(const stage *s, const cedm_preprocess *op,
                   cedm_weight table, int number, size_t o, const double *src,
                   size_t step)
{
    uint32_t taps = op->taps[number];
    size_t row = o * (1 + taps), first = (size_t)param(s, table, row);
    double sum = 0.0;

    for (uint32_t i = 0; i < taps; i++) {
        sum += param(s, table, row + 1 + i) * src[(first + i) * step];
    }
    return op->fixed ? fmin(fmax(floor((sum + 0x1p21) / 0x1p22), 0.0), 255.0)
                     : sum;
}

twin_value twin_preprocess(const stage *s, const void *memory, uint32_t image,
                           int output, size_t e)
{
    const cedm_preprocess *op = memory;
    size_t c = e % op->channels, x = e / op->channels % op->width;
    size_t y = e / op->channels / op->width;
    size_t row = (size_t)op->in_width * op->channels;
    const float *src = stage_in(s, op->src, op->in_height * row, image);
    double line[MOST_SIDE], column[MOST_SIDE], value;

    (void)output;
    for (size_t r = 0; r < op->in_height; r++) {
        for (size_t i = 0; i < op->in_width; i++) {
            line[i] = (double)src[r * row + i * op->channels + c];
        }
        column[r] = axis(s, op, op->across, 1, x, line, 1);
    }
    value = fmin(fmax(axis(s, op, op->down, 0, y, column, 1), 0.0), 255.0);
    return (twin_value){value * param(s, op->normal, c) +
                            param(s, op->normal, op->channels + c),
                        255.0 * fabs(param(s, op->normal, c)) +
                            fabs(param(s, op->normal, op->channels + c))};
}

twin_value twin_tokens(const stage *s, const void *memory, uint32_t image,
                       int output, size_t e)
{
    const cedm_tokens *op = memory;
    size_t before = (size_t)op->first * op->channels;
    twin_value sum = {0, 0};

    (void)output;
    add_plain(&sum, param(s, op->table, e));
    if (e >= before) {
        size_t map = (size_t)(op->tokens - op->first) * op->channels;

        add_plain(&sum, (double)stage_in(s, op->src, map, image)[e - before]);
    }
    return sum;
}

twin_value twin_layer_norm(const stage *s, const void *memory, uint32_t image,
                           int output, size_t e)
{
    const cedm_layer_norm *op = memory;
    size_t channels = op->channels, c = e % channels;
    const float *src =
        stage_in(s, op->src, op->tokens * channels, image) + (e - c);
    double mean = 0, variance = 0, gamma = param(s, op->gamma, c);
    double beta = param(s, op->beta, c), inverse;

    (void)output;
    for (size_t i = 0; i < channels; i++) {
        mean += (double)src[i] / (double)channels;
    }
    for (size_t i = 0; i < channels; i++) {
        variance += pow((double)src[i] - mean, 2) / (double)channels;
    }
    inverse = 1.0 / sqrt(variance + (double)op->eps);
    return (twin_value){((double)src[c] - mean) * inverse * gamma + beta,
                        (fabs((double)src[c]) + fabs(mean)) * inverse *
                                fabs(gamma) +
                            fabs(beta)};
}

twin_value twin_gate(const stage *s, const void *memory, uint32_t image,
                     int output, size_t e)
{
    const cedm_gate *op = memory;
    size_t channels = op->channels, t = e / channels, c = e % channels;
    const float *src =
        stage_in(s, op->src, 2 * op->tokens * channels, image) +
        2 * t * channels;
    double a = (double)src[c], b = (double)src[channels + c];

    (void)output;
    return (twin_value){a / (1.0 + exp(-a)) * b, fabs(a * b)};
}

static twin_value pool_pixel(const stage *s, const cedm_pool *op,
                             uint32_t image, size_t e)
{
    size_t channels = op->channels, c = e % channels;
    int64_t x = (int64_t)(e / channels % op->width) * op->stride - op->pad;
    int64_t y = (int64_t)(e / channels / op->width) * op->stride - op->pad;
    const float *src =
        stage_in(s, op->src, op->in_height * op->in_width * channels, image);
    double largest = -HUGE_VAL, count = 0;
    twin_value sum = {0, 0};

    for (int64_t i = 0; i < op->in_height; i++) {
        for (int64_t k = 0; k < op->in_width; k++) {
            double value =
                (double)src[(size_t)(i * op->in_width + k) * channels + c];

            if (op->kernel != 0 && (i < y || i >= y + op->kernel || k < x ||
                                    k >= x + op->kernel)) {
                continue;
            }
            largest = fmax(largest, value);
            add_plain(&sum, value);
            count++;
        }
    }
    return op->mode == CEDM_POOL_MAX
               ? (twin_value){largest, 0}
               : (twin_value){sum.value / count, sum.magnitude / count};
}

twin_value twin_pool(const stage *s, const void *memory, uint32_t image,
                     int output, size_t e)
{
    const cedm_pool *op = memory;
    twin_value beside;

    (void)output;
    return in_slice(s, op->dst, (size_t)op->height * op->width, op->channels,
                    op->dst_index, op->dst_stride, image, &e, &beside)
               ? pool_pixel(s, op, image, e)
               : beside;
}
