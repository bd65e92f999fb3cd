/* SPDX-License-Identifier: MIT
 *
 * resize_test.c - resizing against what Pillow and two ports of Inception's
 * input gave, and against the definition in one slow function. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "runtime/resize.h"

#define PILLOW "tests/golden/resize-pillow.safetensors"
#define INCEPTION "tests/golden/resize-inception.safetensors"

static const char *const filters[CEDM_RESIZE_FILTERS] = {
    "box", "bilinear", "hamming", "bicubic", "lanczos"};

static cg_file *open_golden(const char *path)
{
    cg_error error = {{0}};
    cg_file *file = cg_open(path, &error);

    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

static const cg_array *find(const cg_file *file, const char *item,
                            const char *what)
{
    char name[64];
    const cg_array *array;

    (void)snprintf(name, sizeof name, "%s%s%s", item, *what ? "." : "", what);
    array = cg_find(file, name);
    if (array == NULL) {
        fail_msg("no %s", name);
    }
    return array;
}

static cedm_resize_shape shape_of(const cg_array *in, const cg_array *out,
                                  uint32_t filter)
{
    return (cedm_resize_shape){.filter = filter,
                               .channels =
                                   in->rank == 3 ? (uint32_t)in->shape[2] : 1,
                               .in_height = (uint32_t)in->shape[0],
                               .in_width = (uint32_t)in->shape[1],
                               .out_height = (uint32_t)out->shape[0],
                               .out_width = (uint32_t)out->shape[1]};
}

/* Every worker exists, tasks come in the wrong order. */
static void backwards(void *pool, cedm_task *task, void *arg, uint32_t count)
{
    uint32_t workers = *(const uint32_t *)pool;

    for (uint32_t i = count; i-- > 0;) {
        task(arg, i, i % workers);
    }
}

/* In memory of exactly the sizes that are asked for; to be freed. */
static uint8_t *resized(const cedm_resize_shape *s, const uint8_t *src,
                        size_t stride, uint32_t workers)
{
    void *scratch = malloc(cedm_resize_u8_bytes(s, workers));
    uint8_t *dst = malloc((size_t)s->out_height * s->out_width * s->channels);
    cedm_resize r;

    assert_true(scratch != NULL && dst != NULL);
    cedm_resize_u8_init(&r, s, scratch, workers);
    cedm_resize_u8(&r, dst, src, stride, workers > 1 ? backwards : NULL,
                   &workers);
    free(scratch);
    return dst;
}

static void check_pillow(const cg_array *in, const cg_array *out,
                         uint32_t filter)
{
    cedm_resize_shape s = shape_of(in, out, filter);
    uint8_t *got = resized(&s, in->data, (size_t)s.in_width * s.channels, 1);

    for (uint64_t i = 0; i < out->elements; i++) {
        if (got[i] != out->data[i]) {
            fail_msg("%s[%llu]: got %u, wanted %u", out->name,
                     (unsigned long long)i, got[i], out->data[i]);
        }
    }
    free(got);
}

static void equals_pillow(void **state)
{
    cg_file *file = open_golden(PILLOW);
    int count = 0;

    (void)state;
    for (uint64_t i = 0; i < file->array_count; i++) {
        const cg_array *out = &file->arrays[i];
        const char *dot = strchr(out->name, '.');
        char item[16] = {0};

        assert_non_null(dot);
        memcpy(item, out->name, (size_t)(dot - out->name));
        for (uint32_t k = 0; k < CEDM_RESIZE_FILTERS; k++) {
            if (strcmp(dot + 1, filters[k]) == 0) {
                check_pillow(find(file, item, "in"), out, k);
                count++;
            }
        }
    }
    assert_int_equal(count, 54);
    cg_close(file);
}

/* Channel c of an image of bytes; to be freed. */
static float *floats(const cg_array *in, uint32_t channels, uint32_t c)
{
    uint64_t n = in->elements / channels;
    float *values = malloc(n * sizeof *values);

    assert_non_null(values);
    for (uint64_t i = 0; i < n; i++) {
        values[i] = (float)in->data[i * channels + c];
    }
    return values;
}

static float *resized_floats(const cedm_resize_shape *s, const float *src)
{
    void *scratch = malloc(cedm_resize_f32_bytes(s));
    float *dst = malloc((size_t)s->out_height * s->out_width * s->channels *
                        sizeof *dst);
    cedm_resize r;

    assert_true(scratch != NULL && dst != NULL);
    cedm_resize_f32_init(&r, s, scratch);
    cedm_resize_f32(&r, dst, src);
    free(scratch);
    return dst;
}

static void floats_equal_pillow(void **state)
{
    static const char *const items[] = {"s0c1", "s1c1", "s2c1", "s3c1"};
    cg_file *file = open_golden(PILLOW);

    (void)state;
    for (size_t k = 0; k < sizeof items / sizeof *items; k++) {
        const cg_array *in = find(file, items[k], "in");
        const cg_array *out = find(file, items[k], "F_bicubic");
        cedm_resize_shape s = shape_of(in, out, CEDM_RESIZE_BICUBIC);
        float *src = floats(in, 1, 0), *got = resized_floats(&s, src);

        for (uint64_t i = 0; i < out->elements; i++) {
            float wanted = (float)cg_element(out, i);

            if (got[i] != wanted) {
                fail_msg("%s[%llu]: got %a, wanted %a", out->name,
                         (unsigned long long)i, (double)got[i],
                         (double)wanted);
            }
        }
        free(src);
        free(got);
    }
    cg_close(file);
}

/* ---- the input of Inception: 299 x 299, every 13th row and column ------ */

#define SIDE 299u

/* Goldens are doubles; a float of up to 255, over 128, is off by 2^-17/128. */
#define HALF_ULP 6e-8

static void check_every_13(const cg_array *golden, uint32_t c,
                           const float *plane, size_t step, double scale,
                           double shift)
{
    for (uint32_t i = 0; i < 23 * 23; i++) {
        size_t at = (i / 23 * 13 * SIDE + i % 23 * 13) * step;
        double got = (double)plane[at] * scale - shift;
        double wanted = cg_element(golden, c * 23u * 23u + i);

        if (!(fabs(got - wanted) <= HALF_ULP)) {
            fail_msg("%s[%u][%u]: got %.9f, wanted %.9f", golden->name, c, i,
                     got, wanted);
        }
    }
}

static void check_grids(const cg_file *file, const char *item)
{
    const cg_array *in = find(file, item, "");
    cedm_resize_shape s = shape_of(in, in, CEDM_RESIZE_BICUBIC);
    float *dst = malloc((size_t)SIDE * SIDE * 3 * sizeof *dst);

    assert_non_null(dst);
    s.out_height = s.out_width = SIDE;
    cedm_resize_bilinear(&s, CEDM_RESIZE_CORNER, dst, in->data);
    for (uint32_t c = 0; c < 3; c++) {
        check_every_13(find(file, item, "tf1"), c, dst + c, 3, 1.0 / 128.0,
                       1.0);
    }
    cedm_resize_bilinear(&s, CEDM_RESIZE_CENTRE, dst, in->data);
    for (uint32_t c = 0; c < 3; c++) {
        check_every_13(find(file, item, "pytorchfid"), c, dst + c, 3,
                       2.0 / 255.0, 1.0);
    }
    free(dst);
}

/* clean-fid: mode F by channels, clipped. */
static void check_clean(const cg_file *file, const char *item)
{
    const cg_array *in = find(file, item, "");
    cedm_resize_shape s = shape_of(in, in, CEDM_RESIZE_BICUBIC);

    s.out_height = s.out_width = SIDE;
    s.channels = 1;
    for (uint32_t c = 0; c < 3; c++) {
        float *src = floats(in, 3, c), *got = resized_floats(&s, src);

        for (size_t i = 0; i < SIDE * SIDE; i++) {
            got[i] = fminf(fmaxf(got[i], 0.0f), 255.0f);
        }
        check_every_13(find(file, item, "clean"), c, got, 1, 1.0 / 128.0,
                       1.0);
        free(src);
        free(got);
    }
}

static void equals_inceptions_input(void **state)
{
    static const char *const items[] = {"im0", "im1", "im2"};
    cg_file *file = open_golden(INCEPTION);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        check_grids(file, items[i]);
        check_clean(file, items[i]);
    }
    cg_close(file);
}

/* ---- the definition ---------------------------------------------------- */

static double sinc(double x)
{
    double t = x * 3.14159265358979323846;

    return x == 0.0 ? 1.0 : sin(t) / t;
}

static double filter_at(uint32_t filter, double x)
{
    double t = fabs(x);

    switch (filter) {
    case CEDM_RESIZE_BOX: return x > -0.5 && x <= 0.5;
    case CEDM_RESIZE_BILINEAR: return t < 1.0 ? 1.0 - t : 0.0;
    case CEDM_RESIZE_HAMMING:
        return t < 1.0
                   ? sinc(t) * (0.54 + 0.46 * cos(t * 3.14159265358979323846))
                   : 0.0;
    case CEDM_RESIZE_BICUBIC:
        return t < 1.0   ? (1.5 * t - 2.5) * t * t + 1.0
               : t < 2.0 ? -0.5 * (((t - 5.0) * t + 8.0) * t - 4.0)
                         : 0.0;
    default: return t < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
    }
}

/* One output of a side, from samples `step` apart. */
static uint8_t define(uint32_t filter, uint32_t in, uint32_t out, uint32_t o,
                      const uint8_t *src, size_t step)
{
    static const double supports[] = {0.5, 1.0, 1.0, 2.0, 3.0};
    double scale = (double)in / out, wide = fmax(scale, 1.0), sum = 0.0;
    double centre = (o + 0.5) * scale, support = supports[filter] * wide;
    int64_t low = (int64_t)fmax(trunc(centre - support + 0.5), 0.0);
    int64_t high = (int64_t)fmin(trunc(centre + support + 0.5), in);
    int64_t total = 1 << 21;

    for (int64_t i = low; i < high; i++) {
        sum += filter_at(filter, ((double)i - centre + 0.5) * (1.0 / wide));
    }
    for (int64_t i = low; i < high; i++) {
        double w =
            filter_at(filter, ((double)i - centre + 0.5) * (1.0 / wide)) /
            sum * 4194304.0;

        total +=
            (int64_t)(w + (w < 0.0 ? -0.5 : 0.5)) * src[(size_t)i * step];
    }
    total = total < 0 ? 0 : total >> 22;
    return (uint8_t)(total > 255 ? 255 : total);
}

static uint8_t *defined(const cedm_resize_shape *s, const uint8_t *src,
                        size_t stride)
{
    size_t c = s->channels, row = s->out_width * c;
    uint8_t *between = malloc(s->in_height * row);
    uint8_t *dst = malloc(s->out_height * row);

    assert_true(between != NULL && dst != NULL);
    for (size_t i = 0; i < s->in_height * row; i++) {
        const uint8_t *from = src + i / row * stride + i % c;

        between[i] = s->in_width == s->out_width
                         ? from[i % row / c * c]
                         : define(s->filter, s->in_width, s->out_width,
                                  (uint32_t)(i % row / c), from, c);
    }
    for (size_t i = 0; i < s->out_height * row; i++) {
        dst[i] = s->in_height == s->out_height
                     ? between[i]
                     : define(s->filter, s->in_height, s->out_height,
                              (uint32_t)(i / row), between + i % row, row);
    }
    free(between);
    return dst;
}

static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

/* Noise, or the black and white that overshoots most. */
static void check_definition(const cedm_resize_shape *s, bool extreme)
{
    size_t stride = (size_t)s->in_width * s->channels + below(5);
    size_t bytes = (size_t)s->out_height * s->out_width * s->channels;
    uint8_t *src = malloc(stride * s->in_height), *wanted;

    assert_non_null(src);
    for (size_t i = 0; i < stride * s->in_height; i++) {
        src[i] = (uint8_t)(extreme ? 255 * below(2) : below(256));
    }
    wanted = defined(s, src, stride);
    for (uint32_t workers = 1; workers <= 3; workers++) {
        uint8_t *got = resized(s, src, stride, workers);

        for (size_t i = 0; i < bytes; i++) {
            if (got[i] != wanted[i]) {
                fail_msg("%s %ux%u to %ux%u, %u workers, byte %zu: got %u, "
                         "wanted %u",
                         filters[s->filter], s->in_width, s->in_height,
                         s->out_width, s->out_height, workers, i, got[i],
                         wanted[i]);
            }
        }
        free(got);
    }
    free(src);
    free(wanted);
}

static void equals_the_definition(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 500; i++) {
        cedm_resize_shape s = {.filter = i % CEDM_RESIZE_FILTERS,
                               .channels = 1 + below(4),
                               .in_height = 1 + below(60),
                               .in_width = 1 + below(60),
                               .out_height = 1 + below(60),
                               .out_width = 1 + below(60)};

        if (below(8) == 0) {
            s.out_width = s.in_width;
        }
        if (below(8) == 0) {
            s.out_height = s.in_height;
        }
        check_definition(&s, i % 3 == 0);
    }
}

/* The most that sums of 32 bits have to hold, and more weights than one sum
 * takes. */
static void holds_at_the_ends(void **state)
{
    static const cedm_resize_shape shapes[] = {
        {CEDM_RESIZE_LANCZOS, 1, 1, 65535, 1, 1},
        {CEDM_RESIZE_LANCZOS, 1, 65535, 1, 2, 1},
        {CEDM_RESIZE_LANCZOS, 2, 3, 40000, 3, 7},
        {CEDM_RESIZE_BOX, 1, 1, 65535, 1, 1},
        {CEDM_RESIZE_BICUBIC, 1, 1, 1, 1, 65535},
        {CEDM_RESIZE_LANCZOS, 4, 1, 1, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        check_definition(&shapes[i], false);
        check_definition(&shapes[i], true);
    }
}

static void refuses_shapes(void **state)
{
    cedm_resize_shape s = {CEDM_RESIZE_BOX, 1, 1, 1, 1, 1};

    (void)state;
    assert_true(cedm_resize_u8_bytes(&s, 1) > 0);
    s.in_width = CEDM_RESIZE_MOST + 1;
    assert_true(cedm_resize_u8_bytes(&s, 1) == 0);
    s.in_width = 0;
    assert_true(cedm_resize_u8_bytes(&s, 1) == 0);
    s.in_width = 1;
    s.channels = 5;
    assert_true(cedm_resize_u8_bytes(&s, 1) == 0);
    s.channels = 1;
    s.filter = CEDM_RESIZE_FILTERS;
    assert_true(cedm_resize_u8_bytes(&s, 1) == 0);
    assert_true(cedm_resize_f32_bytes(&s) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(floats_equal_pillow),
        cmocka_unit_test(equals_inceptions_input),
        cmocka_unit_test(equals_the_definition),
        cmocka_unit_test(holds_at_the_ends),
        cmocka_unit_test(refuses_shapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
