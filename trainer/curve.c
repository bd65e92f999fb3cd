/* SPDX-License-Identifier: MIT
 *
 * curve.c - a line, two axes, and the numbers at their ends. */
#include "trainer/curve.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/output.h"
#include "host/files/png_file.h"

#define WIDTH 640
#define HEIGHT 360
#define LEFT 64
#define RIGHT 16
#define TOP 16
#define BOTTOM 32

/* Pixels of a dot of a digit: digits are 3 by 5 dots. */
#define DOT 2

typedef struct curve {
    double *seen, *loss;
    size_t count;
    double low, high; /* of the loss */
    uint8_t *pixels;  /* grey */
} curve;

/* Rows of a digit from the top, three bits each, the left one highest. */
static const uint16_t digits[11] = {075557, 026227, 071747, 071717,
                                    055711, 074717, 074757, 071111,
                                    075757, 075717, 000002 /* the point */};

static void set(curve *c, int x, int y, uint8_t shade)
{
    if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT &&
        c->pixels[y * WIDTH + x] > shade) {
        c->pixels[y * WIDTH + x] = shade;
    }
}

static void put_digit(curve *c, int x, int y, uint16_t rows)
{
    for (int i = 0; i < 15 * DOT * DOT; i++) {
        int dot = i / (DOT * DOT), in = i % (DOT * DOT);

        if (rows >> (14 - dot) & 1) {
            set(c, x + dot % 3 * DOT + in % DOT, y + dot / 3 * DOT + in / DOT,
                0);
        }
    }
}

/* A number with its right end at x, its middle at y. */
static void put_number(curve *c, int x, int y, double value)
{
    char text[32];
    size_t n;

    (void)snprintf(text, sizeof text, "%.*f", value < 100.0 ? 3 : 0, value);
    n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        int digit = text[i] == '.' ? 10 : text[i] - '0';

        if (digit >= 0 && digit <= 10) {
            put_digit(c, x - (int)(n - i) * 4 * DOT, y - 5 * DOT / 2,
                      digits[digit]);
        }
    }
}

/* ---- the curve ---------------------------------------------------------- */

static double place_x(const curve *c, size_t i)
{
    return LEFT + c->seen[i] / c->seen[c->count - 1] * (WIDTH - LEFT - RIGHT);
}

static double place_y(const curve *c, double loss)
{
    double share = (log(loss) - log(c->low)) / (log(c->high) - log(c->low));

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

static void draw(curve *c)
{
    memset(c->pixels, 255, WIDTH * HEIGHT);
    for (int x = LEFT; x < WIDTH - RIGHT; x++) {
        set(c, x, TOP, 200);
        set(c, x, HEIGHT - BOTTOM, 128);
    }
    for (int y = TOP; y < HEIGHT - BOTTOM; y++) {
        set(c, LEFT, y, 128);
    }
    for (size_t i = 1; i < c->count; i++) {
        line(c, place_x(c, i - 1), place_y(c, c->loss[i - 1]), place_x(c, i),
             place_y(c, c->loss[i]));
    }
    put_number(c, LEFT - 4, TOP + 4, c->high);
    put_number(c, LEFT - 4, HEIGHT - BOTTOM, c->low);
    put_number(c, WIDTH - RIGHT, HEIGHT - BOTTOM / 2,
               c->seen[c->count - 1] / 1e3);
}

/* ---- the numbers -------------------------------------------------------- */

static double field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at == NULL ? -1.0 : strtod(at + strlen(name), NULL);
}

/* Ticks with a loss above 0; a diverged run's others leave a gap. */
static void read_ticks(curve *c, const char *stats)
{
    for (const char *at = stats; at != NULL && *at != '\0';) {
        double seen = field(at, "\"seen\":"), loss = field(at, "\"loss\":");

        if (seen > 0.0 && loss > 0.0 && loss < 1e30) {
            c->seen[c->count] = seen;
            c->loss[c->count++] = loss;
            c->low = fmin(c->low, loss);
            c->high = fmax(c->high, loss);
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
}

bool train_curve_write(const char *stats, const char *path, host_failure *f)
{
    curve c = {.low = HUGE_VAL, .high = 0.0};
    size_t lines = 1, size;
    unsigned char *png = NULL;
    bool good;

    for (const char *at = stats; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    c.seen = malloc(lines * sizeof(double));
    c.loss = malloc(lines * sizeof(double));
    c.pixels = malloc(WIDTH * HEIGHT);
    good = c.seen != NULL && c.loss != NULL && c.pixels != NULL;
    if (!good) {
        host_fail(f, "out of memory for the loss curve");
    } else {
        read_ticks(&c, stats);
    }
    if (good && c.count >= 2 && c.low < c.high) {
        draw(&c);
        png = host_png_file_encode(c.pixels, WIDTH, HEIGHT, 1,
                                   "{\"program\":\"cedm-train\"}", &size, f);
        good = png != NULL && host_output_file(path, png, size, f);
    }
    free(png);
    free(c.seen);
    free(c.loss);
    free(c.pixels);
    return good;
}
