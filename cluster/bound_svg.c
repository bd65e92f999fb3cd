/* SPDX-License-Identifier: MIT
 *
 * bound_svg.c - the curve of r_C as a picture. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/bound.h"

#define WIDTH 720.0
#define HEIGHT 420.0
#define LEFT 64.0
#define RIGHT 24.0
#define TOP 44.0
#define BOTTOM 56.0

/* Okabe and Ito's blue, green and vermilion, which stay apart for
 * colour-blind readers. */
static const char style[] =
    "text{font:12px sans-serif;fill:#333}.title{font-size:15px}"
    ".x{text-anchor:middle}.y{text-anchor:end}"
    ".grid{stroke:#ddd;fill:none}.curve{stroke:#0072b2;stroke-width:2;"
    "fill:none}.band{fill:#0072b2;fill-opacity:.2}.dot{fill:#0072b2}"
    ".range{fill:#009e73;fill-opacity:.12}"
    ".alpha{stroke:#d55e00;stroke-dasharray:5 4;fill:none}";

typedef struct plot {
    FILE *out;
    const cluster_bound_point *points;
    size_t count;
    double x0, x1; /* logarithms of the least and the largest C */
    double y0;     /* r_C at the bottom; 1 is at the top */
} plot;

static double across(const plot *p, double clusters)
{
    const double share = (log(clusters) - p->x0) / (p->x1 - p->x0);

    return LEFT + share * (WIDTH - LEFT - RIGHT);
}

static double up(const plot *p, double r_c)
{
    const double share = (r_c - p->y0) / (1.0 - p->y0);

    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
}

/* All r_C and alpha have room, in tenths. */
static void scale(plot *p, double alpha)
{
    double least = alpha;

    for (size_t i = 0; i < p->count; i++) {
        least = fmin(least, p->points[i].least);
    }
    p->y0 = fmax(floor((least - 0.02) * 10.0) / 10.0, 0.0);
    p->x0 = log(p->points[0].clusters);
    p->x1 = log(p->points[p->count - 1].clusters);
    if (p->x1 <= p->x0) { /* one point: in the middle */
        p->x0 -= 1.0;
        p->x1 = p->x0 + 2.0;
    }
}

static void axes(const plot *p)
{
    static const uint32_t factors[] = {1, 2, 5};

    for (int tenth = (int)lround(p->y0 * 10.0); tenth <= 10; tenth++) {
        const double y = up(p, tenth / 10.0);

        fprintf(p->out,
                "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>"
                "<text class=\"y\" x=\"%.1f\" y=\"%.1f\">%.1f</text>\n",
                LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4, tenth / 10.0);
    }
    for (uint64_t decade = 1; decade <= 100000000u; decade *= 10) {
        for (size_t i = 0; i < 3; i++) {
            const uint64_t c = decade * factors[i];
            const double x = across(p, (double)c);

            if (log((double)c) < p->x0 - 1e-9 ||
                log((double)c) > p->x1 + 1e-9) {
                continue;
            }
            fprintf(p->out,
                    "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>"
                    "<text class=\"x\" x=\"%.1f\" y=\"%.1f\">%" PRIu64
                    "</text>\n",
                    x, TOP, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18, c);
        }
    }
    fprintf(p->out,
            "<text class=\"x\" x=\"%.1f\" y=\"%.1f\">clusters asked for, C"
            "</text>\n<text class=\"x\" transform=\"translate(18 %.1f) "
            "rotate(-90)\">clusters used / C</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14,
            (TOP + HEIGHT - BOTTOM) / 2);
}

static void curve(const plot *p)
{
    fprintf(p->out, "<path class=\"band\" d=\"");
    for (size_t i = 0; i < p->count; i++) {
        fprintf(p->out, "%c%.1f %.1f", i == 0 ? 'M' : 'L',
                across(p, p->points[i].clusters), up(p, p->points[i].most));
    }
    for (size_t i = p->count; i-- > 0;) {
        fprintf(p->out, "L%.1f %.1f", across(p, p->points[i].clusters),
                up(p, p->points[i].least));
    }
    fprintf(p->out, "Z\"/>\n<path class=\"curve\" d=\"");
    for (size_t i = 0; i < p->count; i++) {
        fprintf(p->out, "%c%.1f %.1f", i == 0 ? 'M' : 'L',
                across(p, p->points[i].clusters), up(p, p->points[i].mean));
    }
    fprintf(p->out, "\"/>\n");
    for (size_t i = 0; i < p->count; i++) {
        const cluster_bound_point *point = &p->points[i];

        fprintf(p->out,
                "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\">"
                "<title>C %" PRIu32 ": %.4f (%.4f to %.4f, %" PRIu32
                " runs)</title></circle>\n",
                across(p, point->clusters), up(p, point->mean),
                point->clusters, point->mean, point->least, point->most,
                point->runs);
    }
}

static void range(const plot *p, double alpha)
{
    const uint32_t bound = cluster_bound(p->points, p->count, alpha);
    const double y = up(p, alpha);

    if (bound > 0) {
        fprintf(p->out,
                "<rect class=\"range\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                "height=\"%.1f\"/>\n<text class=\"title\" x=\"%.1f\" "
                "y=\"26\">at most %" PRIu32 " clusters</text>\n",
                LEFT, TOP, fmax(across(p, bound) - LEFT, 2.0),
                HEIGHT - TOP - BOTTOM, LEFT, bound);
    } else {
        fprintf(p->out,
                "<text class=\"title\" x=\"%.1f\" y=\"26\">no bound in this "
                "grid</text>\n",
                LEFT);
    }
    fprintf(p->out,
            "<path class=\"alpha\" d=\"M%.1f %.1fH%.1f\"/>"
            "<text class=\"y\" x=\"%.1f\" y=\"%.1f\">%g</text>\n",
            LEFT, y, WIDTH - RIGHT, WIDTH - RIGHT, y - 5, alpha);
}

char *cluster_bound_svg(const cluster_bound_point *points, size_t count,
                        double alpha)
{
    char *text = NULL;
    size_t size;
    plot p = {.out = open_memstream(&text, &size),
              .points = points,
              .count = count};
    bool bad;

    if (p.out == NULL) {
        return NULL;
    }
    scale(&p, alpha);
    fprintf(p.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
            "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n<style>%s</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, style);
    range(&p, alpha);
    axes(&p);
    curve(&p);
    fprintf(p.out, "</svg>\n");
    bad = ferror(p.out) != 0;
    if (fclose(p.out) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}
