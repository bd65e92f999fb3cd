/* SPDX-License-Identifier: MIT
 *
 * curve.c - a line, two axes with marks, a title. */
#include "trainer/curve.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/output.h"
#include "host/files/png_file.h"
#include "trainer/glyphs.h"

#define WIDTH 640
#define HEIGHT 360
#define LEFT 72
#define RIGHT 24
#define TOP 32
#define BOTTOM 48

/* From one character to the next. */
#define ADVANCE (TRAIN_GLYPH_WIDTH + 1)

const train_curve train_curve_loss = {
    "loss", "training loss of a pixel, mean of each tick"};
const train_curve train_curve_distance = {
    "fd", "frechet distance of the snapshots"};

typedef struct curve {
    double *seen, *value;
    size_t count;
    double low, high; /* of the value */
    uint8_t *pixels;  /* grey */
} curve;

static void set(curve *c, int x, int y, uint8_t shade)
{
    if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT &&
        c->pixels[y * WIDTH + x] > shade) {
        c->pixels[y * WIDTH + x] = shade;
    }
}

/* The dots of one character, its upper left corner at x, y. */
static void put_glyph(curve *c, int x, int y, char character)
{
    const uint8_t *rows = train_glyph(character);

    for (int i = 0; i < TRAIN_GLYPH_HEIGHT * TRAIN_GLYPH_WIDTH; i++) {
        int row = i / TRAIN_GLYPH_WIDTH, column = i % TRAIN_GLYPH_WIDTH;

        if (rows[row] >> (TRAIN_GLYPH_WIDTH - 1 - column) & 1) {
            set(c, x + column, y + row, 0);
        }
    }
}

enum { ALIGN_LEFT, ALIGN_MIDDLE, ALIGN_RIGHT };

/* A line whose left end, middle or right end is at x, its middle at y. */
static void put_text(curve *c, int x, int y, int align, const char *text)
{
    int width = (int)strlen(text) * ADVANCE - 1;

    x -= align == ALIGN_LEFT ? 0 : align == ALIGN_MIDDLE ? width / 2 : width;
    for (; *text != '\0'; text++, x += ADVANCE) {
        put_glyph(c, x, y - TRAIN_GLYPH_HEIGHT / 2, *text);
    }
}

/* ---- the curve ---------------------------------------------------------- */

static double at_x(const curve *c, double seen)
{
    return LEFT + seen / c->seen[c->count - 1] * (WIDTH - LEFT - RIGHT);
}

static double at_y(const curve *c, double value)
{
    double share = (log(value) - log(c->low)) / (log(c->high) - log(c->low));

    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

static void line(curve *c, double x0, double y0, double x1, double y1)
{
    int steps = (int)ceil(fmax(fabs(x1 - x0), fabs(y1 - y0))) + 1;

    for (int i = 0; i <= steps; i++) {
        double t = (double)i / steps;
        int x = (int)lround(x0 + t * (x1 - x0));
        int y = (int)lround(y0 + t * (y1 - y0));

        set(c, x, y, 0);
        set(c, x, y + 1, 0);
    }
}

static void draw_curve(curve *c)
{
    for (size_t i = 1; i < c->count; i++) {
        line(c, at_x(c, c->seen[i - 1]), at_y(c, c->value[i - 1]),
             at_x(c, c->seen[i]), at_y(c, c->value[i]));
    }
}

/* ---- the axes ----------------------------------------------------------- */

static void mark_y(curve *c, double value)
{
    char text[32];
    int y = (int)lround(at_y(c, value));

    for (int x = LEFT; x < WIDTH - RIGHT; x++) {
        set(c, x, y, 224);
    }
    (void)snprintf(text, sizeof text, "%.4g", value);
    put_text(c, LEFT - 6, y, ALIGN_RIGHT, text);
}

/* 1, 2 and 5 times powers of ten; the ends where those are too few. */
static void mark_values(curve *c)
{
    static const double steps[] = {1.0, 2.0, 5.0};
    int marks = 0;

    for (int k = (int)floor(log10(c->low)); k <= (int)log10(c->high) + 1;
         k++) {
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            double value = steps[i] * pow(10.0, k);

            if (value >= c->low && value <= c->high) {
                mark_y(c, value);
                marks++;
            }
        }
    }
    if (marks < 2) {
        mark_y(c, c->low);
        mark_y(c, c->high);
    }
}

/* At most six steps of 1, 2 or 5 times a power of ten. */
static double step_of(double last)
{
    double step = pow(10.0, floor(log10(last)) - 1.0);
    static const double factors[] = {2.0, 2.5, 2.0};

    for (int i = 0; last / step > 6.0; i++) {
        step *= factors[i % 3];
    }
    return step;
}

static void mark_images(curve *c)
{
    double last = c->seen[c->count - 1], step = step_of(last);
    double unit = last < 1e4 ? 1.0 : last < 1e7 ? 1e3 : 1e6;
    char text[32];

    for (double seen = 0.0; seen <= last * (1.0 + 1e-9); seen += step) {
        int x = (int)lround(at_x(c, seen));

        for (int y = HEIGHT - BOTTOM; y < HEIGHT - BOTTOM + 4; y++) {
            set(c, x, y, 128);
        }
        (void)snprintf(text, sizeof text, "%.6g", seen / unit);
        put_text(c, x, HEIGHT - BOTTOM + 12, ALIGN_MIDDLE, text);
    }
    put_text(c, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, ALIGN_MIDDLE,
             last < 1e4   ? "images seen"
             : last < 1e7 ? "thousand images seen"
                          : "million images seen");
}

static void draw(curve *c, const char *title)
{
    memset(c->pixels, 255, WIDTH * HEIGHT);
    mark_values(c);
    for (int x = LEFT; x < WIDTH - RIGHT; x++) {
        set(c, x, HEIGHT - BOTTOM, 128);
    }
    for (int y = TOP; y < HEIGHT - BOTTOM; y++) {
        set(c, LEFT, y, 128);
    }
    mark_images(c);
    draw_curve(c);
    put_text(c, LEFT, TOP / 2, ALIGN_LEFT, title);
}

/* ---- the numbers -------------------------------------------------------- */

double train_curve_field(const char *line, const char *name)
{
    char key[32];
    size_t length = (size_t)snprintf(key, sizeof key, "\"%s\":", name);

    for (; *line != '\0' && *line != '\n'; line++) {
        if (strncmp(line, key, length) == 0) {
            return strtod(line + length, NULL);
        }
    }
    return -1.0;
}

/* Ticks in the order of their images, with a value above 0; a diverged run's
 * others leave a gap.  Images are counted below 2^53. */
static void read_ticks(curve *c, const char *stats, const char *name)
{
    double last = 0.0;

    for (const char *at = stats; at != NULL && *at != '\0';) {
        double seen = train_curve_field(at, "seen");
        double value = train_curve_field(at, name);

        if (seen >= 1.0 && seen > last && seen < 0x1p53 && value > 1e-30 &&
            value < 1e30) {
            c->seen[c->count] = last = seen;
            c->value[c->count++] = value;
            c->low = fmin(c->low, value);
            c->high = fmax(c->high, value);
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
}

bool train_curve_write(const char *stats, const train_curve *what,
                       const char *path, host_failure *f)
{
    curve c = {.low = HUGE_VAL, .high = 0.0};
    size_t lines = 1, size;
    unsigned char *png = NULL;
    bool good;

    for (const char *at = stats; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    c.seen = malloc(lines * sizeof(double));
    c.value = malloc(lines * sizeof(double));
    c.pixels = malloc(WIDTH * HEIGHT);
    good = c.seen != NULL && c.value != NULL && c.pixels != NULL;
    if (!good) {
        host_fail(f, "out of memory for a curve");
    } else {
        read_ticks(&c, stats, what->field);
    }
    if (good && c.count >= 2 && log(c.low) < log(c.high)) {
        draw(&c, what->title);
        png = host_png_file_encode(c.pixels, WIDTH, HEIGHT, 1,
                                   "{\"program\":\"cedm-train\"}", &size, f);
        good = png != NULL && host_output_file(path, png, size, f);
    }
    free(png);
    free(c.seen);
    free(c.value);
    free(c.pixels);
    return good;
}
