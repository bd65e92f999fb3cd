/* SPDX-License-Identifier: MIT
 *
 * verify_inception.c - FID's Inception from 8-bit images on: what it sees of
 * them, means over maps on the way, features and logits.
 *
 * The golden file calls them IMAGE.ROUTE.POINT, where the route is a way of
 * resizing.  Compared are the images of the size and the points of the route
 * that the model was frozen for; of a GPU, into which nobody looks, features
 * alone. */
#include <stdlib.h>
#include <string.h>

#include "host/execution/trace.h"
#include "host/verify/verify.h"

/* Of resized pixels in -1..1: two passes of a few rounded products each. */
#define RESIZED_LIMIT 2e-6

#define THINNED 13u /* of the rows and columns that were recorded */

typedef struct encoding {
    host_verify *v;
    const char *image, *route;
    bool failed;
    host_failure *f;
} encoding;

/* ---- what the model is ------------------------------------------------- */

static const char *network_word(const host_verify *v, const char *key)
{
    const cJSON *network =
        cJSON_GetObjectItemCaseSensitive(v->model.description, "network");
    const char *word =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(network, key));

    return word != NULL ? word : "";
}

bool host_verify_is_inception(const host_verify *v)
{
    return strcmp(network_word(v, "model_type"), "FIDInception") == 0;
}

/* The file's word for a filter; NULL if it has none. */
static const char *route_of(const host_verify *v)
{
    static const char *const routes[][2] = {{"tf1", "tf1"},
                                            {"pytorch-fid", "pytorchfid"},
                                            {"clean-fid", "clean"}};
    const char *filter = network_word(v, "filter");

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(filter, routes[i][0]) == 0) {
            return routes[i][1];
        }
    }
    return NULL;
}

/* ---- values ------------------------------------------------------------ */

/* A map in the arena, [height][width][channels]. */
typedef struct map {
    const float *at;
    uint32_t height, width, channels;
} map;

/* Number i of a point. */
typedef double value_fn(const map *m, size_t i);

/* The spatial mean of channel i. */
static double mean_of(const map *m, size_t i)
{
    size_t pixels = (size_t)m->height * m->width;
    double sum = 0.0;

    for (size_t p = 0; p < pixels; p++) {
        sum += (double)m->at[p * m->channels + i];
    }
    return sum / (double)pixels;
}

/* Number i of the map's channels one after the other. */
static double planar(const map *m, size_t i)
{
    size_t pixels = (size_t)m->height * m->width;

    return (double)m->at[i % pixels * m->channels + i / pixels];
}

/* Every 13th row and column, channel by channel. */
static double thinned(const map *m, size_t i)
{
    size_t across = (m->width - 1) / THINNED + 1;
    size_t down = (m->height - 1) / THINNED + 1;
    size_t x = i % across * THINNED, y = i / across % down * THINNED;

    return (double)
        m->at[(y * m->width + x) * m->channels + i / across / down];
}

/* Rows of channel 0 at the edges and in the middle. */
static double edge_rows(const map *m, size_t i)
{
    static const uint32_t rows[] = {0, 1, 2, 149, 150, 296, 297, 298};
    size_t y = rows[i / m->width % (sizeof rows / sizeof *rows)];

    return (double)m->at[(y * m->width + i % m->width) * m->channels];
}

/* ---- comparisons ------------------------------------------------------- */

static void judge(const encoding *e, const char *what, host_difference d,
                  bool resized)
{
    if (resized) {
        host_verify_judge(e->v, what, d, d.max,
                          host_verify_limit(e->v, RESIZED_LIMIT));
    } else {
        host_verify_judge_features(e->v, what, d);
    }
}

/* Compares a point that the file has; it has at most `count` numbers. */
static void compare(encoding *e, const char *point, const map *m,
                    value_fn *value, size_t most)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s.%s", e->image, e->route, point);
    const cg_array *array = cg_find(e->v->golden, full);
    if (array == NULL || e->failed) {
        return;
    }
    size_t count = (size_t)array->elements;
    double *values = calloc(2 * count + 1, sizeof *values);
    if (values == NULL || count > most) {
        e->failed =
            !host_fail(e->f,
                       values == NULL ? "%s: out of memory"
                                      : "%s: larger than the model's map",
                       full);
        free(values);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = value(m, i);
        values[count + i] = cg_element(array, i);
    }
    judge(e, full, host_difference_of(values, values + count, count),
          strncmp(point, "resized", 7) == 0);
    free(values);
}

static void compare_means(encoding *e, const char *point, const map *m)
{
    compare(e, point, m, mean_of, m->channels);
}

static void compare_input(encoding *e, const cedm_preprocess *op)
{
    map m = {host_engine_tensor(&e->v->runner->cpu, op->dst), op->height,
             op->width, op->channels};
    size_t numbers = (size_t)m.height * m.width * m.channels;

    compare(e, "resized_every13", &m, thinned, numbers / (THINNED * THINNED));
    compare(e, "resized_c0_rows", &m, edge_rows, 8 * (size_t)m.width);
}

/* A block is what stands before the first point of an op's module.  Its name
 * is that of its means; some have a second. */
static void compare_block(encoding *e, const char *block, const map *m)
{
    static const char *const aliases[][2] = {
        {"maxpool1", "64"}, {"maxpool2", "192"}, {"Mixed_6e", "768"}};

    compare_means(e, block, m);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (strcmp(block, aliases[i][0]) == 0) {
            compare_means(e, aliases[i][1], m);
        }
    }
    if (strcmp(block, "Mixed_6e") == 0) {
        compare(e, "spatial", m, planar,
                (size_t)m->height * m->width * m->channels);
    }
}

/* The op's block, if the op is its last; else "". */
static void ended_block(const encoding *e, uint32_t op, char block[32])
{
    const char *module = host_model_op_module(&e->v->model, op);
    const char *next = host_model_op_module(&e->v->model, op + 1);
    size_t length = module == NULL ? 0 : strcspn(module, ".");

    if (next != NULL && strcspn(next, ".") == length &&
        strncmp(module, next, length) == 0) {
        length = 0;
    }
    snprintf(block, 32, "%.*s", (int)length, module == NULL ? "" : module);
}

static void compare_op(encoding *e, uint32_t op, const map *m)
{
    char block[32];

    ended_block(e, op, block);
    if (block[0] != '\0') {
        compare_block(e, block, m);
    }
}

static void after(void *arg, host_trace_kind kind, const void *descriptor)
{
    encoding *e = arg;
    const cedm_conv *conv = descriptor;
    const cedm_pool *pool = descriptor;

    if (kind == HOST_TRACE_preprocess) {
        compare_input(e, descriptor);
    } else if (kind == HOST_TRACE_conv) {
        map m = {host_engine_tensor(&e->v->runner->cpu, conv->dst),
                 conv->height, conv->width,
                 conv->dst_stride > 0 ? conv->dst_stride : conv->cout};
        compare_op(e, conv->id, &m);
    } else if (kind == HOST_TRACE_pool) {
        map m = {host_engine_tensor(&e->v->runner->cpu, pool->dst),
                 pool->height, pool->width,
                 pool->dst_stride > 0 ? pool->dst_stride : pool->channels};
        compare_op(e, pool->id, &m);
    }
}

/* ---- images ------------------------------------------------------------ */

/* Features and logits, which are maps of one pixel. */
static void compare_outputs(encoding *e)
{
    static const char *const points[] = {"2048", "logits_nobias"};
    const cedm_graph *graph = &e->v->model.code->graph;

    for (uint32_t k = 0; k < graph->output_count && k < 2; k++) {
        const cedm_port *out = &graph->outputs[k];
        map m = {host_engine_tensor(&e->v->runner->cpu, out->ref),
                 out->height, out->width, out->channels};

        compare_means(e, points[k], &m);
    }
}

static bool compare_image(encoding *e, const cg_array *image)
{
    const cedm_encoder *encoder = e->v->model.code->encoder;
    float *out = calloc(encoder->features, sizeof *out);
    if (out == NULL) {
        return host_fail(e->f, "%s: out of memory", image->name);
    }
    host_verify *v = e->v;
    bool gpu = host_verify_on_gpu(v);
    e->image = image->name;
    cedm_status status =
        v->runner->kind->encode(v->runner, image->data, 1, out);
    if (status == CEDM_OK && gpu) {
        map m = {out, 1, 1, encoder->features};
        compare_means(e, "2048", &m);
    } else if (status == CEDM_OK) {
        compare_outputs(e);
    }
    free(out);
    return status == CEDM_OK ? !e->failed
                             : host_verify_failed(v, status, e->f);
}

static bool fits(const cg_array *array, const cedm_encoder *encoder)
{
    return array->dtype == CG_U8 && array->rank == 3 &&
           array->shape[0] == encoder->height &&
           array->shape[1] == encoder->width &&
           array->shape[2] == encoder->channels;
}

bool host_verify_inception(host_verify *v, host_failure *f)
{
    const cedm_encoder *encoder = v->model.code->encoder;
    encoding e = {.v = v, .route = route_of(v), .f = f};
    host_trace trace;
    bool good = true;
    if (e.route == NULL) {
        return host_fail(f, "%s: the model's filter is unknown here",
                         v->model.label);
    }
    if (!host_verify_on_gpu(v)) {
        host_trace_install(&trace, &v->runner->cpu.net, NULL, after, &e);
    }
    for (size_t i = 0; good && i < v->golden->array_count; i++) {
        const cg_array *image = &v->golden->arrays[i];
        good = !fits(image, encoder) || compare_image(&e, image);
    }
    return good &&
           (v->items > 0 ||
            host_fail(f,
                      "%s: holds no image of this model's size; wanted "
                      "%u x %u x %u, 8 bits",
                      v->golden->path, encoder->height, encoder->width,
                      encoder->channels));
}
