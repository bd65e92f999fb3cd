/* SPDX-License-Identifier: MIT
 *
 * cedm-info.c - describes a checkpoint, a blob or a frozen model. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/args.h"
#include "codegen/codegen.h"
#include "host/execution/model.h"
#include "host/files/output.h"

#define MANY 64u /* the second batch that memory is shown for */

enum { OPT_JSON, OPT_VERSION, OPT_HELP, OPT_COUNT };

static const host_args_option options[OPT_COUNT] = {
    {"json", NULL, "print JSON"},
    {"version", NULL, "print the version"},
    {"help", NULL, "print this text"},
};

typedef struct settings {
    const char *path;
    bool json, version, help;
} settings;

/* What is known of a file, whatever its kind. */
typedef struct info {
    const char *kind;
    char name[64], source_sha256[65];
    char network[64];
    uint32_t resolution, channels, clusters, features;
    uint32_t dtype; /* of the blob */
    uint64_t parameters, macs;
    uint64_t blob_bytes, weights_bytes, scratch_bytes, act, f32;
    double *freq; /* [clusters], or NULL */
    int32_t *ids; /* the original ids [clusters], or NULL */
    cedm_sampler_params sampler;
} info;

static bool parse(settings *s, int argc, char **argv, host_failure *f)
{
    char seen[HOST_ARGS_MAX_OPTIONS];
    host_args a = host_args_begin(argc, argv, options, OPT_COUNT, seen);
    int option;
    while ((option = host_args_next(&a, f)) >= 0) {
        switch (option) {
        case OPT_JSON: s->json = true; break;
        case OPT_VERSION: s->version = true; break;
        case OPT_HELP: s->help = true; break;
        default:
            if (s->path != NULL) {
                return host_bad_usage(f, "unexpected '%s'; wanted one file",
                                      a.value);
            }
            s->path = a.value;
        }
    }
    if (option == HOST_ARGS_BAD || s->help || s->version) {
        return option != HOST_ARGS_BAD;
    }
    return s->path != NULL || host_bad_usage(f, "wanted FILE; see --help");
}

/* ---- from a checkpoint ------------------------------------------------ */

static bool describe_program(info *i, const cg_program *p,
                             const cg_file *file, host_failure *f)
{
    i->kind = "checkpoint";
    cg_sha256(file->bytes, file->size, i->source_sha256);
    snprintf(i->network, sizeof i->network, "%s", p->model_type);
    i->resolution = p->denoiser.resolution;
    i->channels = p->denoiser.channels;
    i->clusters = p->denoiser.label_dim;
    i->features = p->denoiser.features.channels;
    i->parameters = p->parameter_count;
    i->macs = p->macs;
    i->blob_bytes = p->data_elements * sizeof(float);
    i->weights_bytes = p->weights_bytes;
    i->scratch_bytes = p->scratch_bytes;
    i->act = p->act.elements;
    i->f32 = p->f32.elements;
    i->sampler = cedm_sampler_params_default();
    if (p->freq != NULL && p->denoiser.label_dim > 0) {
        i->freq = calloc(p->denoiser.label_dim, sizeof *i->freq);
        if (i->freq == NULL) {
            return host_fail(f, "%s: out of memory", file->path);
        }
        memcpy(i->freq, p->freq, p->denoiser.label_dim * sizeof *i->freq);
    }
    return true;
}

static bool describe_checkpoint(info *i, const char *path, host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(path, &error);
    cg_program *program = file != NULL ? cg_build(file, NULL, &error) : NULL;
    bool good = program != NULL ? describe_program(i, program, file, f)
                                : host_fail(f, "%s", error.text);
    cg_program_free(program);
    cg_close(file);
    return good;
}

/* ---- from the description in a blob ----------------------------------- */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static uint64_t count(const cJSON *object, const char *name)
{
    const cJSON *item = member(object, name);
    bool usable = cJSON_IsNumber(item) && item->valuedouble >= 0 &&
                  item->valuedouble <= 0x1p53;
    return usable ? (uint64_t)item->valuedouble : 0;
}

/* Text of a hostile blob may hold what a terminal obeys. */
static void copy_text(char *to, size_t size, const cJSON *item)
{
    const char *text = cJSON_GetStringValue(item);
    snprintf(to, size, "%s", text != NULL ? text : "unknown");
    for (; *to != '\0'; to++) {
        if (*to < 0x20 || *to > 0x7e) {
            *to = '?';
        }
    }
}

/* A list that does not fit the clusters is left out. */
static void describe_clusters(info *i, const cJSON *clusters)
{
    const cJSON *freq = member(clusters, "freq");
    const cJSON *ids = member(clusters, "ids");
    const cJSON *item;
    int n = (int)i->clusters;
    size_t k = 0;
    if (n > 0 && cJSON_GetArraySize(freq) == n) {
        i->freq = calloc(i->clusters, sizeof *i->freq);
    }
    if (i->freq != NULL) {
        cJSON_ArrayForEach(item, freq)
        {
            i->freq[k++] = item->valuedouble;
        }
    }
    k = 0;
    if (n > 0 && cJSON_GetArraySize(ids) == n) {
        i->ids = calloc(i->clusters, sizeof *i->ids);
    }
    if (i->ids != NULL) {
        cJSON_ArrayForEach(item, ids)
        {
            i->ids[k++] = item->valueint;
        }
    }
}

static void describe_json(info *i, const cJSON *root)
{
    const cJSON *network = member(root, "network");
    const cJSON *memory = member(root, "memory");
    copy_text(i->name, sizeof i->name, member(root, "name"));
    copy_text(i->source_sha256, sizeof i->source_sha256,
              member(member(root, "source"), "sha256"));
    copy_text(i->network, sizeof i->network, member(network, "model_type"));
    i->resolution = (uint32_t)count(network, "img_resolution");
    i->channels = (uint32_t)count(network, "img_channels");
    i->clusters = (uint32_t)count(member(root, "clusters"), "count");
    uint64_t noise = count(network, "channel_mult_noise");
    i->features = (uint32_t)(count(network, "model_channels") *
                             (noise > 0 ? noise : 1));
    i->parameters = count(root, "parameters");
    i->macs = count(root, "macs");
    i->act = count(memory, "act_elements");
    i->f32 = count(memory, "f32_elements");
    i->scratch_bytes = count(memory, "scratch_bytes");
    i->weights_bytes = count(memory, "weights_bytes");
    i->sampler = cedm_sampler_params_default();
    host_sampler_from_json(member(root, "sampler"), &i->sampler);
    describe_clusters(i, member(root, "clusters"));
}

static bool describe_model(info *i, const char *path, host_failure *f)
{
    host_model m;
    bool good = host_model_load(&m, path, f);
    if (good) {
        i->kind = "frozen model";
        i->blob_bytes = m.blob_bytes;
        i->dtype = m.code->graph.dtype;
        describe_json(i, m.description);
    }
    host_model_close(&m);
    return good;
}

/* The description of a blob whose model is not at hand: what cedm_bind
 * checks, as far as that is possible without the layout. */
static bool describe_blob(info *i, const char *path, host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_input_file(path, SIZE_MAX / 2, &size, f);
    cedm_blob_header h;
    if (bytes == NULL) {
        return false;
    }
    memset(&h, 0, sizeof h);
    memcpy(&h, bytes, size < sizeof h ? size : sizeof h);
    bool good =
        memcmp(h.magic, CEDM_BLOB_MAGIC, sizeof h.magic) == 0 &&
        h.version == CEDM_BLOB_VERSION &&
        h.header_crc ==
            cedm_crc32c(0, &h, offsetof(cedm_blob_header, header_crc)) &&
        h.total_bytes == size && h.trailer_offset <= size &&
        h.trailer_bytes <= size - h.trailer_offset &&
        h.trailer_crc ==
            cedm_crc32c(0, bytes + h.trailer_offset, (size_t)h.trailer_bytes);
    cJSON *root = NULL;
    if (good) {
        root = cJSON_ParseWithLength((const char *)bytes + h.trailer_offset,
                                     (size_t)h.trailer_bytes);
    }
    free(bytes);
    i->kind = "blob";
    i->blob_bytes = size;
    i->dtype = h.dtype;
    if (root == NULL) {
        return host_fail(f, "%s: is no whole cedm blob", path);
    }
    describe_json(i, root);
    cJSON_Delete(root);
    return true;
}

/* ---- what is printed -------------------------------------------------- */

static uint64_t state(const info *i, uint32_t batch)
{
    uint64_t pixels = (uint64_t)i->resolution * i->resolution * i->channels;
    return CEDM_STATE_BYTES(pixels, i->features, batch);
}

static uint64_t arena(const info *i, uint32_t batch, uint32_t workers)
{
    return CEDM_GRAPH_BYTES(i->act, i->f32, i->scratch_bytes, batch,
                            workers) +
           state(i, batch);
}

static void print_region(const char *name, uint64_t one, uint64_t many)
{
    printf("  %-26s %14" PRIu64 " %14" PRIu64 "\n", name, one, many);
}

static void print_text(const info *i)
{
    printf("%s%s%s: %s, %u x %u x %u, ", i->kind, i->name[0] ? " " : "",
           i->name, i->network, i->resolution, i->resolution, i->channels);
    printf(i->clusters > 0 ? "%u clusters\n" : "unconditional\n",
           i->clusters);
    printf("parameters %" PRIu64 "\n", i->parameters);
    printf("multiply-adds per image and evaluation %" PRIu64 "\n", i->macs);
    printf("%-28s %14s %14s\n", "memory, bytes", "batch 1", "batch 64");
    print_region(i->dtype == CEDM_DTYPE_F16 ? "blob, f16" : "blob, f32",
                 i->blob_bytes, i->blob_bytes);
    print_region("weights, at most", i->weights_bytes, i->weights_bytes);
    print_region("arena, 1 worker", arena(i, 1, 1), arena(i, MANY, 1));
    print_region("  activations", i->act * 4, i->act * 4 * MANY);
    print_region("  vectors", i->f32 * 4, i->f32 * 4 * MANY);
    print_region("  sampler state", state(i, 1), state(i, MANY));
    print_region("  scratch per worker", CEDM_ALIGN_UP(i->scratch_bytes),
                 CEDM_ALIGN_UP(i->scratch_bytes));
    const cedm_sampler_params *p = &i->sampler;
    printf("sampler: %u steps, sigma %g to %g, rho %g, S_churn %g\n",
           p->steps, p->sigma_min, p->sigma_max, p->rho, p->S_churn);
    double sum = 0;
    for (uint32_t c = 0; i->freq != NULL && c < i->clusters; c++) {
        sum += i->freq[c];
    }
    for (uint32_t c = 0; i->freq != NULL && c < i->clusters; c++) {
        printf("cluster %u: %.0f images, %.2f %%", c, i->freq[c],
               100 * i->freq[c] / sum);
        printf(i->ids != NULL ? ", id %d\n" : "\n",
               i->ids != NULL ? i->ids[c] : 0);
    }
    printf("source sha256 %s\n", i->source_sha256);
}

static void add(cJSON *object, const char *name, uint64_t value)
{
    cJSON_AddNumberToObject(object, name, (double)value);
}

static cJSON *json_clusters(const info *i)
{
    cJSON *clusters = cJSON_CreateObject();
    add(clusters, "count", i->clusters);
    cJSON_AddItemToObject(
        clusters, "freq",
        i->freq != NULL ? cJSON_CreateDoubleArray(i->freq, (int)i->clusters)
                        : cJSON_CreateNull());
    cJSON_AddItemToObject(clusters, "ids",
                          i->ids != NULL
                              ? cJSON_CreateIntArray(i->ids, (int)i->clusters)
                              : cJSON_CreateNull());
    return clusters;
}

static void print_json(const info *i)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "kind", i->kind);
    cJSON_AddStringToObject(root, "name", i->name);
    cJSON_AddStringToObject(root, "network", i->network);
    add(root, "resolution", i->resolution);
    add(root, "channels", i->channels);
    add(root, "parameters", i->parameters);
    add(root, "macs", i->macs);
    cJSON *memory = cJSON_AddObjectToObject(root, "memory");
    add(memory, "blob_bytes", i->blob_bytes);
    cJSON_AddStringToObject(memory, "blob_type",
                            i->dtype == CEDM_DTYPE_F16 ? "f16" : "f32");
    add(memory, "weights_bytes", i->weights_bytes);
    add(memory, "arena_bytes_batch_1", arena(i, 1, 1));
    add(memory, "arena_bytes_batch_64", arena(i, MANY, 1));
    add(memory, "activation_bytes_per_image", i->act * 4);
    add(memory, "vector_bytes_per_image", i->f32 * 4);
    add(memory, "scratch_bytes_per_worker", i->scratch_bytes);
    cJSON_AddItemToObject(root, "clusters", json_clusters(i));
    cJSON_AddItemToObject(root, "sampler", host_sampler_to_json(&i->sampler));
    cJSON_AddStringToObject(root, "source_sha256", i->source_sha256);
    char *text = cJSON_Print(root);
    puts(text != NULL ? text : "{}");
    free(text);
    cJSON_Delete(root);
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t a = strlen(text), b = strlen(suffix);
    return a >= b && strcmp(text + a - b, suffix) == 0;
}

static bool go(const settings *s, host_failure *f)
{
    info i;
    memset(&i, 0, sizeof i);
    bool good = has_suffix(s->path, ".so") ? describe_model(&i, s->path, f)
                : has_suffix(s->path, ".cedm")
                    ? describe_blob(&i, s->path, f)
                    : describe_checkpoint(&i, s->path, f);
    if (good && s->json) {
        print_json(&i);
    } else if (good) {
        print_text(&i);
    }
    free(i.freq);
    free(i.ids);
    return good;
}

int main(int argc, char **argv)
{
    settings s = {NULL, false, false, false};
    host_failure f = HOST_FAILURE_UNSAID;
    bool good = parse(&s, argc, argv, &f);
    if (good && s.help) {
        host_args_help(
            "cedm-info FILE: describes a checkpoint (.pkl, .pt or "
            ".safetensors), a blob (.cedm) or a frozen model (.so)",
            options, OPT_COUNT);
    } else if (good && s.version) {
        puts("cedm-info " CEDM_VERSION);
    } else if (good) {
        good = go(&s, &f);
    }
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report("cedm-info", &f);
}
