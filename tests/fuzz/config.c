/* SPDX-License-Identifier: MIT
 *
 * config.c - fuzz target of what lies between a well-formed file and its
 * program: the configuration's JSON, the tensors it asks for, the plan.
 *
 * An input is three texts with zero bytes between them: the configuration,
 * the images per cluster, and up to four bytes: what damage, where, and how
 * convolutions and the blob are made.  The tensors that the configuration asks
 * for are made in memory and one of them is damaged.
 * A configuration gives a message or a list of tensors; an undamaged list
 * gives a program, a damaged one a message.  Programs that are small enough
 * run on every backend, in memory of exactly the sizes that were planned. */
#include <cjson/cJSON.h>
#include <math.h>

#include "tests/fuzz/planned.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MAX_ELEMENTS 150000u /* of a checkpoint that is made */
#define MAX_MACS 2000000u    /* of a program that is run */
#define PATH "fuzz"

/* ---- a checkpoint in memory -------------------------------------------- */

enum damage {
    NONE,
    LOST,
    LONGER,
    DEEPER,
    WHOLE_NUMBERS,
    NOT_FINITE,
    EXTRA,
    DOUBLES,
    DAMAGES
};

static const char *const extra_names[] = {"model.", "../x", "a*/b\"", "u",
                                          "model.map_noise.freqs2"};

/* The filter of a configuration that was accepted. */
typedef struct filter {
    uint32_t taps;
    double values[CEDM_MAX_TAPS];
} filter;

static filter filter_of(const char *json)
{
    filter f = {.taps = 2, .values = {1.0, 1.0}};
    cJSON *root = cJSON_Parse(json);
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(root, "resample_filter");
    if (list != NULL) {
        f.taps = (uint32_t)cJSON_GetArraySize(list);
        want(f.taps <= CEDM_MAX_TAPS);
        for (uint32_t i = 0; i < f.taps; i++) {
            f.values[i] = cJSON_GetArrayItem(list, (int)i)->valuedouble;
        }
    }
    cJSON_Delete(root);
    return f;
}

static float value_of(const cg_spec *spec, uint64_t i, const filter *c)
{
    double sum = 0.0;
    if (strcmp(spec->name, "u") == 0) {
        return 1000.0f - (float)i;
    }
    if (strstr(spec->name, "resample_filter") == NULL) {
        return 0.125f;
    }
    for (uint32_t k = 0; k < c->taps; k++) {
        sum += c->values[k];
    }
    return (float)(c->values[i / c->taps] * c->values[i % c->taps] /
                   (sum * sum));
}

static cg_array make_array(const cg_spec *spec, const filter *c)
{
    cg_array a = {.name = spec->name,
                  .dtype = CG_F32,
                  .rank = spec->rank,
                  .elements = 1};
    for (int i = 0; i < a.rank; i++) {
        a.shape[i] = spec->shape[i];
        a.elements *= a.shape[i];
    }
    float *data = malloc((size_t)a.elements * sizeof *data);
    want(data != NULL);
    for (uint64_t i = 0; i < a.elements; i++) {
        data[i] = value_of(spec, i, c);
    }
    a.data = (const unsigned char *)data;
    return a;
}

/* Arrays of another size get zeros of that size. */
static void set_data(cg_array *a, size_t bytes)
{
    free((void *)(uintptr_t)a->data);
    a->data = take(bytes);
}

static void damage(cg_file *file, enum damage kind, unsigned which)
{
    cg_array *a = &file->arrays[which % file->array_count];
    float not_finite = which % 2 == 0 ? NAN : INFINITY;
    unsigned char *data = (unsigned char *)(uintptr_t)a->data;
    switch (kind) {
    case LOST: a->name = "lost"; break;
    case LONGER:
        a->elements += a->elements / a->shape[0];
        a->shape[0]++;
        set_data(a, a->elements * 4);
        break;
    case DEEPER: a->shape[a->rank++] = 1; break;
    case WHOLE_NUMBERS: a->dtype = CG_I32; break;
    case NOT_FINITE:
        memcpy(data + 4 * (which % a->elements), &not_finite, 4);
        break;
    case EXTRA:
        a = &file->arrays[file->array_count++];
        *a = (cg_array){.name = extra_names[which % 5],
                        .dtype = CG_U8,
                        .rank = 1,
                        .shape = {1},
                        .elements = 1,
                        .data = take(1)};
        break;
    case DOUBLES: /* allowed, but a filter or a table is then of zeros */
        a->dtype = CG_F64;
        set_data(a, a->elements * 8);
        break;
    case NONE:
    case DAMAGES: break;
    }
}

/* ---- a program --------------------------------------------------------- */

static void run(const cg_program *p, const cedm_backend *backend)
{
    enum { BATCH = 2 };
    int32_t cluster[BATCH] = {-1, (int32_t)p->denoiser.label_dim - 1};
    size_t scratch = (size_t)CEDM_ALIGN_UP(p->scratch_bytes);
    float *data = take((size_t)p->data_elements * 4);
    unsigned char *weights = take((size_t)p->weights_bytes);
    cedm_exec e = {.data = data,
                   .act = take((size_t)BATCH * p->act.elements * 4),
                   .f32 = take((size_t)BATCH * p->f32.elements * 4),
                   .scratch = take(scratch),
                   .scratch_stride = scratch,
                   .cluster = cluster,
                   .batch = BATCH,
                   .n = BATCH,
                   .workers = 1};
    if (backend->prepare != NULL) {
        cedm_prepare_ctx ctx = {.data = data,
                                .weights = weights,
                                .used = CEDM_ALIGN_UP(p->op_count * 4u)};
        cg_run(p, backend->prepare, &ctx);
        want(ctx.used <= p->weights_bytes);
        e.weights = weights;
    }
    cg_run(p, backend->run, &e);
    free(e.act);
    free(e.f32);
    free(e.scratch);
    free(weights);
    free(data);
}

static void check_program(const cg_program *p)
{
    check_plan(p);
    if (p->macs <= MAX_MACS) {
        run(p, cedm_backend_portable());
        run(p, cedm_backend_cpu(CEDM_ISA_ALL));
    }
}

/* ---- one input --------------------------------------------------------- */

static void build(const cg_file *file, const cg_options *options,
                  enum damage kind, bool sure)
{
    cg_error error = {{0}};
    cg_program *program = cg_build(file, options, &error);
    if (program == NULL) {
        check_message(&error);
        want(strncmp(error.text, PATH ":", strlen(PATH) + 1) == 0);
        want(kind != NONE || !sure);
        return;
    }
    want(kind == NONE || kind == DOUBLES);
    check_program(program);
    cg_program_free(program);
}

/* The texts of an input; what is not there is empty. */
typedef struct input {
    char *json, *freq;
    const unsigned char *rest;
    size_t rest_bytes;
} input;

static void build_from(const cg_spec *specs, size_t count, const input *in)
{
    const filter config = filter_of(in->json);
    cg_metadata metadata[] = {{"cedm.cluster_freq", in->freq},
                              {"cedm.config", in->json}};
    bool freq = in->freq[0] != '\0';
    cg_file file = {.path = PATH,
                    .metadata = metadata + !freq,
                    .metadata_count = 1 + freq};
    file.arrays = take((count + 1) * sizeof *file.arrays);
    for (size_t i = 0; i < count; i++) {
        file.arrays[file.array_count++] = make_array(&specs[i], &config);
    }
    enum damage kind = NONE;
    if (in->rest_bytes >= 3) {
        kind = (enum damage)(in->rest[0] % DAMAGES);
        damage(&file, kind, in->rest[1] | (unsigned)in->rest[2] << 8);
    }
    qsort(file.arrays, file.array_count, sizeof *file.arrays, by_name);
    cg_options options = {.cpu_conv = CG_CPU_CONV_AUTO};
    if (in->rest_bytes >= 4) {
        options.cpu_conv = (cg_cpu_conv)(in->rest[3] % 3);
        options.weights =
            in->rest[3] / 3 % 2 == 0 ? CEDM_DTYPE_F32 : CEDM_DTYPE_F16;
    }
    build(&file, &options, kind, !freq);
    for (size_t i = 0; i < file.array_count; i++) {
        free((void *)(uintptr_t)file.arrays[i].data);
    }
    free(file.arrays);
}

static void test(const input *in)
{
    size_t count = 0;
    uint64_t elements = 0;
    cg_error error = {{0}};
    cg_spec *specs = cg_expected(in->json, &count, &error);
    if (specs == NULL) {
        check_message(&error);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t product = 1;
        for (int k = 0; k < specs[i].rank; k++) {
            want(specs[i].shape[k] > 0 && specs[i].shape[k] <= 1u << 20);
            product *= specs[i].shape[k];
        }
        elements += product;
    }
    if (elements <= MAX_ELEMENTS) {
        build_from(specs, count, in);
    }
    cg_expected_free(specs, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 2);
    want(copy != NULL);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    copy[size] = copy[size + 1] = '\0';
    input in = {.json = copy};
    size_t at = strlen(copy) + 1;
    in.freq = at > size ? copy + size : copy + at;
    at += at > size ? 0 : strlen(in.freq) + 1;
    in.rest = bytes + (at > size ? size : at);
    in.rest_bytes = at > size ? 0 : size - at;
    test(&in);
    free(copy);
    return 0;
}
