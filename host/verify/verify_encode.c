/* SPDX-License-Identifier: MIT
 *
 * verify_encode.c - features of an encoder against the reference in float64.
 *
 * Golden files hold inputs of several sizes, x0, x1, ...  Those of the size
 * that the network sees are compared from there on: what `preprocess` leaves
 * is replaced by them.  A file with an 8-bit image of the size that the model
 * was frozen for is compared from the image on; a GPU, into which nobody
 * looks, by that alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/trace.h"
#include "host/verify/verify.h"

typedef struct encoding {
    host_verify *v;
    const double *input; /* one normalised image, NHWC; NULL: as it is */
    const char *item;    /* x0 */
    uint64_t image;      /* of the item */
    uint32_t residuals;  /* convolutions that added one so far */
    float *features;     /* of the image */
    bool failed;
    host_failure *f;
} encoding;

/* Judges `count` numbers against those of an array from `first` on. */
static void judge(encoding *e, const char *what, const float *got,
                  const cg_array *array, uint64_t first, size_t count)
{
    double *values = calloc(2 * count + 1, sizeof *values);
    if (values == NULL) {
        e->failed = !host_fail(e->f, "%s: out of memory", what);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)got[i];
        values[count + i] = cg_element(array, first + i);
    }
    host_verify_judge_features(
        e->v, what, host_difference_of(values, values + count, count));
    free(values);
}

/* Compares `count` numbers from `got` on with what the file calls
 * ITEM.NAME, if it has that, for the image that is being encoded. */
static void compare(encoding *e, const char *name, const float *got,
                    size_t count)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", e->item, name);
    const cg_array *array = cg_find(e->v->golden, full);
    if (array == NULL || array->elements < (e->image + 1) * count) {
        return;
    }
    snprintf(full, sizeof full, "%s.%s, image %" PRIu64, e->item, name,
             e->image);
    judge(e, full, got, array, e->image * count, count);
}

/* ---- inside the network -------------------------------------------------- */

static void replace_input(encoding *e, const cedm_preprocess *op)
{
    size_t count = (size_t)op->height * op->width * op->channels;
    float *dst = host_engine_tensor(&e->v->runner->cpu, op->dst);
    for (size_t i = 0; e->input != NULL && i < count; i++) {
        dst[i] = (float)e->input[i];
    }
}

/* Positions of patches, without the class token that is added to theirs. */
static void compare_positions(encoding *e, const cedm_tokens *op)
{
    char full[64];
    snprintf(full, sizeof full, "%s.pos", e->item);
    const cg_array *array = cg_find(e->v->golden, full);
    size_t count = (size_t)(op->tokens - op->first) * op->channels;
    if (array == NULL || e->image > 0 ||
        array->elements != count + op->channels) {
        return;
    }
    judge(e, full,
          e->v->runner->cpu.net.exec.data + op->table +
              (size_t)op->first * op->channels,
          array, op->channels, count);
}

/* The second sum of a block is its result. */
static void compare_block(encoding *e, const cedm_conv *op)
{
    char name[32];
    if (op->residual == CEDM_NONE || e->residuals++ % 2 == 0) {
        return;
    }
    snprintf(name, sizeof name, "block%u", e->residuals / 2 - 1);
    compare(e, name, host_engine_tensor(&e->v->runner->cpu, op->dst),
            (size_t)op->height * op->width * op->cout);
}

static void after(void *arg, host_trace_kind kind, const void *op)
{
    encoding *e = arg;
    if (kind == HOST_TRACE_preprocess) {
        replace_input(e, op);
    } else if (kind == HOST_TRACE_tokens) {
        compare_positions(e, op);
    } else if (kind == HOST_TRACE_conv) {
        compare_block(e, op);
    }
}

/* ---- items --------------------------------------------------------------- */

/* Class token, registers and patches, or all that an output has. */
static void compare_output(encoding *e)
{
    const cedm_model *code = e->v->model.code;
    const cedm_port *out = &code->graph.outputs[0];
    const float *got = host_engine_tensor(&e->v->runner->cpu, out->ref);
    size_t width = out->channels;
    char full[64];
    snprintf(full, sizeof full, "%s.patch", e->item);
    const cg_array *patch = cg_find(e->v->golden, full);
    size_t patches =
        patch != NULL && patch->rank == 3 ? (size_t)patch->shape[1] : 0;

    compare(e, "cls", got, width);
    compare(e, "hidden", got, out->height * width);
    if (patches > 0 && patches < out->height) {
        compare(e, "reg", got + width, (out->height - 1 - patches) * width);
        compare(e, "patch", got + (out->height - patches) * width,
                patches * width);
    }
}

static bool encode(encoding *e, const uint8_t *image, host_failure *f)
{
    host_verify *v = e->v;
    e->residuals = 0;
    cedm_status status =
        v->runner->kind->encode(v->runner, image, 1, e->features);
    return status == CEDM_OK ? !e->failed : host_verify_failed(v, status, f);
}

/* The op that makes what the network sees. */
static void find_window(void *arg, host_trace_kind kind, const void *op)
{
    cedm_preprocess *found = arg;
    if (kind == HOST_TRACE_preprocess) {
        *found = *(const cedm_preprocess *)op;
    }
}

/* The images of an item whose size is the network's. */
static bool compare_item(encoding *e, const cg_array *x,
                         const cedm_preprocess *window, host_failure *f)
{
    if (x->rank != 4 || x->shape[1] != window->channels ||
        x->shape[2] != window->height || x->shape[3] != window->width) {
        return true;
    }
    size_t count = (size_t)(x->elements / x->shape[0]);
    size_t pixels =
        (size_t)window->in_height * window->in_width * window->channels;
    double *maps = host_golden_maps(e->v->golden, x, f);
    uint8_t *blank = calloc(pixels, 1);
    bool good = maps != NULL && blank != NULL;
    for (e->image = 0; good && e->image < x->shape[0]; e->image++) {
        e->input = maps + e->image * count;
        good = encode(e, blank, f);
        if (good) {
            compare_output(e);
        }
    }
    free(maps);
    free(blank);
    return good;
}

static bool is_image(const cg_array *array, const cedm_encoder *encoder)
{
    return array != NULL && array->dtype == CG_U8 && array->rank == 3 &&
           array->shape[0] == encoder->height &&
           array->shape[1] == encoder->width &&
           array->shape[2] == encoder->channels;
}

/* From 8-bit images: `image`, or `crop`, which is the image resized and
 * cut, whichever has the size that the model was frozen for. */
static bool compare_image(encoding *e, host_failure *f)
{
    const cedm_encoder *encoder = e->v->model.code->encoder;
    const cg_array *cls = cg_find(e->v->golden, "cls");
    static const char *const names[] = {"image", "crop"};
    e->input = NULL;
    for (size_t k = 0; cls != NULL && k < 2; k++) {
        const cg_array *image = cg_find(e->v->golden, names[k]);
        if (!is_image(image, encoder) || cls->elements != encoder->features) {
            continue;
        }
        if (!encode(e, image->data, f)) {
            return false;
        }
        judge(e, names[k], e->features, cls, 0, (size_t)cls->elements);
    }
    return !e->failed;
}

/* From what the network sees on, whatever has the size of that. */
static bool compare_items(encoding *e, host_trace *trace, host_failure *f)
{
    host_verify *v = e->v;
    cedm_preprocess window = {0};
    host_trace_install(trace, &v->runner->cpu.net, NULL, find_window,
                       &window);
    uint8_t *blank = calloc((size_t)v->model.code->encoder->height *
                                v->model.code->encoder->width,
                            v->model.code->encoder->channels);
    bool good = blank != NULL && encode(e, blank, f);
    free(blank);
    trace->after = after;
    trace->arg = e;
    for (size_t i = 0; good && i < v->golden->array_count; i++) {
        const cg_array *x = &v->golden->arrays[i];
        if (x->name[0] == 'x' && strchr(x->name, '.') == NULL) {
            e->item = x->name;
            good = compare_item(e, x, &window, f);
        }
    }
    return good;
}

bool host_verify_encode(host_verify *v, host_failure *f)
{
    cedm_sampler_params none = {0};
    host_trace trace; /* as long as the net */
    if (!host_model_is(&v->model, true, f) ||
        !host_verify_open_runner(v, 1, &none, f)) {
        return false;
    }
    if (host_verify_is_inception(v)) {
        return host_verify_inception(v, f);
    }
    const cedm_encoder *encoder = v->model.code->encoder;
    encoding e = {
        .v = v, .features = calloc(encoder->features, sizeof(float)), .f = f};
    bool good = (e.features != NULL || host_fail(f, "out of memory")) &&
                (host_verify_on_gpu(v) || compare_items(&e, &trace, f));
    e.item = "image";
    good = good && compare_image(&e, f);
    free(e.features);
    return good &&
           (v->items > 0 ||
            host_fail(f,
                      "%s: holds nothing of this model's size; wanted 8-bit "
                      "images of %u x %u, or inputs made of such",
                      v->golden->path, encoder->height, encoder->width));
}
