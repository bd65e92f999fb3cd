/* SPDX-License-Identifier: MIT
 *
 * predict.c - what a network should take on a device of 9.0, without one.
 *
 *     for o in conv_warpgroup conv norm_coeff; do
 *         cuobjdump -arch sm_90a -sass $o.o
 *     done >LISTING
 *     build/bench/lab_predict M.so BATCH <LISTING
 *
 * The listing says what a warp does for a tile (sass.h), the kernels' own
 * constants how rings work (rings.h), the host side which kernel makes an op
 * by which tiles (choice.h).  Printed are cycles by role, how much of the
 * device has a tile, bytes from L2, and times; `peak` is the share of what
 * tensor cores can do.  Everything is fp16.  Convolutions and norms
 * are modelled, other ops are bytes at the rate of L2 and a constant for each
 * node of a graph. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "bench/lab/choice.h"
#include "bench/lab/rings.h"
#include "bench/lab/sass.h"
#include "bench/work.h"

/* An H200: clock under load, multiply-adds of its tensor cores in a clock of a
 * multiprocessor, bytes from L2 in a second, seconds between two kernels of a
 * graph that depend on each other; `mma.sync` reaches 0.62 of the rate of
 * `wgmma` [LUO]. */
#define CLOCK 1.755e9
#define RATE 2048.0
#define L2_RATE 5.5e12
#define NODE 1.3e-6
#define MATRIX_SHARE 0.62
#define SOURCE_WAIT 1000.0 /* cycles of a copy of a box, with its queue */
#define WEIGHT_WAIT 800.0
#define COPY 150.0      /* issue of one, by one thread */
#define ACTIVATING 24.0 /* rows at a time */
#define SCHEDULERS 4.0

#define ROWS_MAX 256
#define KERNELS_MAX 64

typedef struct row {
    char name[48], kernel[24];
    uint32_t ops, tiles;
    double flop, seconds, waves, bytes, main, write, activate;
} row;

static struct {
    const cedm_model *model;
    uint32_t batch, rows, kernels;
    row row[ROWS_MAX];
    sass_kernel kernel[KERNELS_MAX];
} lab;

static _Noreturn void stop(const char *where, const char *what)
{
    fprintf(stderr, "predict: %s: %s\n", where, what);
    exit(1);
}

/* ---- kernels ----------------------------------------------------------- */

static void read_kernels(void)
{
    sass_kernel k;

    while (sass_read(&k, stdin)) {
        if (strstr(k.name, "10conv_") != NULL ||
            strstr(k.name, "14conv_warpgroup") != NULL ||
            strstr(k.name, "10norm_coeff") != NULL) {
            if (lab.kernels == KERNELS_MAX) {
                stop("listing", "too many kernels");
            }
            lab.kernel[lab.kernels++] = k;
        } else {
            free(k.lines);
        }
    }
}

static const sass_kernel *find_kernel(const char *a, const char *b)
{
    for (uint32_t i = 0; i < lab.kernels; i++) {
        const char *at = strstr(lab.kernel[i].name, a);

        if (at != NULL && strstr(at, b) != NULL) {
            return &lab.kernel[i];
        }
    }
    stop("listing",
         "lacks a kernel; wanted those of conv_warpgroup, conv and "
         "norm_coeff");
}

/* Of loops that have both operations, the one with the first most often for
 * its length; *count: how often. */
static sass_cost loop_of(const sass_kernel *k, const char *op,
                         const char *also, uint32_t *count)
{
    uint32_t first, last, best = 0, end = 0;
    double most = 0;

    for (uint32_t at = sass_find(k, 0, op); at < k->count;
         at = sass_find(k, at + 1, op)) {
        if (sass_loop(k, at, &first, &last) &&
            sass_count(k, first, last, also) != 0 &&
            sass_count(k, first, last, op) > most * (last - first)) {
            most = (double)sass_count(k, first, last, op) / (last - first);
            best = first;
            end = last;
        }
    }
    if (end == 0) {
        stop(k->name, "lacks a loop");
    }
    *count = sass_count(k, best, end, op);
    return sass_walk(k, best, end, 0);
}

/* ---- convolutions by warpgroups ---------------------------------------- */

/* From the last wait for products to the end of the walk over tiles. */
static double write_cycles(const sass_kernel *k, double loads)
{
    uint32_t at = 0, first, last, next;
    sass_cost cost;
    double issue;

    while ((next = sass_find(k, at + 1, "HGMMA")) != k->count) {
        at = next;
    }
    at = sass_find(k, at, "WARPGROUP.DEPBAR");
    at = sass_find(k, at + 1, "WARPGROUP.DEPBAR"); /* past the loop's own */
    if (!sass_loop(k, at, &first, &last)) {
        stop(k->name, "does not walk over tiles");
    }
    cost = sass_walk(k, at, last, loads);
    issue = cost.slots * 8 / SCHEDULERS;
    issue = issue > cost.shared * 8 ? issue : cost.shared * 8;
    return issue > cost.cycles ? issue : cost.cycles;
}

static void model_warpgroup(row *r, const lab_choice *c, const cedm_conv *op)
{
    char tile[32];
    const sass_kernel *k;
    rings_tile t = {.sources = 3, .weights = 8, .copy = COPY};
    uint32_t chunks = 0;
    double waves = (double)c->tiles / LAB_MULTIPROCESSORS, all;

    snprintf(tile, sizeof tile, "6__halfLi%uELi%uE", c->pixels, c->columns);
    k = find_kernel("14conv_warpgroup", tile);
    t.slices = c->slices;
    t.taps = c->taps;
    t.step = (double)c->pixels * c->columns * 32 / RATE;
    t.source_wait = SOURCE_WAIT;
    t.weight_wait = WEIGHT_WAIT;
    r->activate = loop_of(k, "MUFU.EX2", "STS", &chunks).cycles;
    r->activate /= (double)chunks / 8;
    r->activate *= op->act == CEDM_ACT_NONE ? 0 : c->rows / ACTIVATING;
    t.activate = r->activate + 120;
    r->write = write_cycles(k, c->pixels / 4);
    t.write = r->write;
    all = rings_cycles(&t) + c->skip_slices * t.step;
    r->main = all - r->write;
    r->waves = waves;
    waves = (double)((c->tiles - 1) / LAB_MULTIPROCESSORS + 1);
    r->seconds = (waves * all + rings_start(&t)) / CLOCK;
    r->bytes = (double)c->tiles * 64 *
               ((double)c->rows * (c->slices + c->skip_slices) +
                (double)c->columns * (c->slices * c->taps + c->skip_slices));
}

/* ---- the others -------------------------------------------------------- */

static void model_matrix(row *r, const lab_choice *c)
{
    double steps = (double)c->slices * c->taps + c->skip_slices;
    double share = (double)c->tiles / LAB_MULTIPROCESSORS;

    r->main = steps * c->pixels * c->columns * 32 / (RATE * MATRIX_SHARE);
    r->waves = share / 2; /* two blocks are there at a time */
    r->seconds = (share < 1 ? 1 : share) * r->main / CLOCK;
    r->bytes = (double)c->tiles * 64 *
               ((double)c->rows * (c->slices + c->skip_slices) +
                (double)c->columns * steps);
}

/* By slots of instructions, or by the time of a block where few are there. */
static void model_plain(row *r, const lab_choice *c, const cedm_conv *op)
{
    const double threads = 256, resident = 6; /* blocks at a time */
    const sass_kernel *k =
        find_kernel("10conv_plain", c->columns == 4 ? "6__halffLi64ELi4E"
                                                    : "6__halffLi64ELi64E");
    uint32_t elements, count;
    sass_cost stage = loop_of(k, "MUFU.EX2", "STS", &elements);
    sass_cost multiply = loop_of(k, "FFMA", "LDS", &count);
    double activated = c->activated / threads / elements;
    double multiplied = c->multiplied / threads / multiply.ffma;
    double slots, alone, blocks = (double)c->tiles / LAB_MULTIPROCESSORS;

    (void)op;
    slots = activated * stage.slots + multiplied * multiply.slots;
    alone = activated * stage.cycles + multiplied * multiply.cycles;
    r->main = slots * threads / 32 / SCHEDULERS;
    alone /= blocks < resident ? (blocks < 1 ? 1 : blocks) : resident;
    r->activate = activated * stage.slots * threads / 32 / SCHEDULERS;
    r->main = r->main > alone ? r->main : alone;
    r->waves = blocks / resident;
    r->seconds = (blocks < 1 ? 1 : blocks) * r->main / CLOCK;
}

/* ---- ops --------------------------------------------------------------- */

static row *row_for(const char *name)
{
    row *r = lab.row;

    while (r < lab.row + lab.rows && strcmp(r->name, name) != 0) {
        r++;
    }
    if (r == lab.row + ROWS_MAX) {
        stop("model", "has too many shapes");
    }
    if (r == lab.row + lab.rows) {
        lab.rows++;
        memset(r, 0, sizeof *r);
        snprintf(r->name, sizeof r->name, "%s", name);
    }
    r->ops++;
    return r;
}

static double map_bytes(const cedm_conv *op)
{
    return 2.0 * lab.batch * op->height * op->width * op->cout;
}

/* Whether the skip that dst lies over is copied before. */
static bool copies(const cedm_conv *op, const lab_choice *c)
{
    bool over = (op->skip_cin[0] != 0 && op->skip_src[0] == op->dst) ||
                (op->skip_cin[1] != 0 && op->skip_src[1] == op->dst);

    return over && op->cout > c->columns;
}

static void model_conv(void *ctx, const cedm_conv *op)
{
    static const char *const kinds[] = {"wgmma", "mma", "plain", "cuBLAS"};
    lab_choice c = lab_choose(lab.model, op, lab.batch);
    char name[48];
    row *r, before;

    (void)ctx;
    snprintf(name, sizeof name, "%u: %u+%u to %u @%u%s%s%s", op->kernel[0],
             op->cin[0] + op->cin[1], op->skip_cin[0] + op->skip_cin[1],
             op->cout, op->height, op->up ? " up" : "",
             op->skip_up ? " skip/2" : "",
             op->act == CEDM_ACT_AFFINE ? " affine" : "");
    r = row_for(name);
    before = *r;
    snprintf(r->kernel, sizeof r->kernel, "%s %ux%u", kinds[c.kind], c.pixels,
             c.columns);
    r->tiles = c.tiles;
    if (c.kind == LAB_WARPGROUP) {
        model_warpgroup(r, &c, op);
    } else if (c.kind == LAB_PLAIN) {
        model_plain(r, &c, op);
    } else {
        model_matrix(r, &c);
    }
    r->seconds += NODE;
    if (copies(op, &c)) {
        r->seconds += NODE + 2 * map_bytes(op) / L2_RATE;
    }
    if (op->stats != CEDM_NONE && (!c.with_stats || c.kind == LAB_PRODUCT)) {
        r->seconds += NODE + 2 * map_bytes(op) / L2_RATE;
    }
    r->seconds += before.seconds;
    r->bytes += before.bytes;
    r->flop = before.flop + lab.batch * flop_conv(op);
}

static void model_other(const char *name, double seconds, double bytes,
                        double work)
{
    row *r = row_for(name);

    r->seconds +=
        NODE + seconds + bytes / L2_RATE +
        work / (2 * RATE * CLOCK * LAB_MULTIPROCESSORS * MATRIX_SHARE);
    r->bytes += bytes;
}

/* One warp to its end, before which no loop turns twice where a group has at
 * most 32 channels and a lane the partials that it loads at once; or slots of
 * all warps. */
static void model_norm_coeff(void *ctx, const cedm_norm_coeff *op)
{
    const sass_kernel *k = find_kernel("10norm_coeff", "norm_args");
    double warps = (double)lab.batch * op->groups / LAB_MULTIPROCESSORS;
    uint32_t end = sass_find(k, 0, "EXIT");
    sass_cost cost;
    double slots;

    (void)ctx;
    while (end != k->count && !k->lines[end].always) {
        end = sass_find(k, end + 1, "EXIT");
    }
    cost = sass_walk(k, 0, end, 0);
    slots = cost.slots * warps / SCHEDULERS;
    model_other("norm_coeff",
                (slots > cost.cycles ? slots : cost.cycles) / CLOCK, 0, 0);
}

static void model_attention(void *ctx, const cedm_attention *op)
{
    (void)ctx;
    model_other("attention", 0, 8.0 * lab.batch * op->tokens * op->channels,
                lab.batch * flop_attention(op));
}

static void model_resample(void *ctx, const cedm_resample *op)
{
    (void)ctx;
    model_other("resample", 0,
                2.0 * lab.batch * op->channels *
                    ((double)op->height * op->width +
                     (double)op->in_height * op->in_width),
                0);
}

static void model_linear(void *ctx, const cedm_linear *op)
{
    (void)ctx;
    model_other("linear", 0, 4.0 * op->in * op->out, 0);
}

static void model_embed(void *ctx, const cedm_embed *op)
{
    (void)ctx;
    model_other("embed", 0, 4.0 * lab.batch * op->channels, 0);
}

/* What no denoiser has, and what nobody has modelled yet. */
#define NODE_ALONE(name)                                                     \
    static void alone_##name(void *ctx, const cedm_##name *op)               \
    {                                                                        \
        (void)ctx;                                                           \
        (void)op;                                                            \
        model_other(#name, 0, 0, 0);                                         \
    }
CEDM_GRAPH_OPS(NODE_ALONE)
#undef NODE_ALONE

#pragma GCC diagnostic ignored "-Woverride-init"
#define ALONE(name) .name = alone_##name,
static const cedm_ops models = {CEDM_GRAPH_OPS(ALONE).conv = model_conv,
                                .norm_coeff = model_norm_coeff,
                                .attention = model_attention,
                                .resample = model_resample,
                                .linear = model_linear,
                                .embed = model_embed};
#undef ALONE

/* ---- the table --------------------------------------------------------- */

static void print_row(const row *r, double all)
{
    double peak = 2 * RATE * CLOCK * LAB_MULTIPROCESSORS;

    printf("%-26s, %3u, %-14s, %6u, %5.2f, %7.0f, %7.0f, %7.0f, %6.0f, "
           "%7.1f, %4.1f, %4.2f\n",
           r->name, r->ops, r->kernel, r->tiles, r->waves, r->main,
           r->activate, r->write, r->bytes / 1e6, r->seconds * 1e6,
           100 * r->seconds / all, r->flop / r->seconds / peak);
}

static void print_table(void)
{
    row sum = {.name = "all"};

    for (uint32_t i = 0; i < lab.rows; i++) {
        sum.ops += lab.row[i].ops;
        sum.seconds += lab.row[i].seconds;
        sum.flop += lab.row[i].flop;
        sum.bytes += lab.row[i].bytes;
    }
    printf("# batch %u, %u multiprocessors, predicted\n", lab.batch,
           LAB_MULTIPROCESSORS);
    printf("# %-24s, ops, kernel        ,  tiles, waves,    main, activ.,"
           "   write,     MB,      us,    %%, peak\n",
           "op");
    for (uint32_t i = 0; i < lab.rows; i++) {
        print_row(&lab.row[i], sum.seconds);
    }
    print_row(&sum, sum.seconds);
}

static const cedm_model *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol =
        library == NULL ? NULL : dlsym(library, "cedm_model_entry");
    cedm_model_entry_fn *entry;

    if (symbol == NULL) {
        stop(path, dlerror());
    }
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

int main(int argc, char **argv)
{
    if (argc != 3 || (lab.batch = (uint32_t)atoi(argv[2])) == 0) {
        fputs("usage: predict M.so BATCH <LISTING\n", stderr);
        return 2;
    }
    lab.model = load(argv[1]);
    read_kernels();
    lab.model->graph.eval(&models, NULL);
    print_table();
    return 0;
}
