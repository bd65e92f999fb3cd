/* SPDX-License-Identifier: MIT
 *
 * synth.c - writes a checkpoint of random weights for a configuration:
 *
 *     synth CONFIG.json OUT.safetensors [SEED]
 *
 * so that networks of any size can be frozen, sampled and timed without
 * their trained weights.  Every tensor is visible in the output, and signals
 * keep their size from layer to layer: weights are N(0, 1/fan_in).  The same
 * configuration and seed give the same bytes. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"

#define PI 3.14159265358979323846
#define CHUNK 16384u /* floats between two writes */

/* ---- random numbers ---------------------------------------------------- */

typedef struct source {
    uint64_t state;
    double spare; /* Box-Muller makes two at a time */
    bool has_spare;
} source;

/* splitmix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014. */
static uint64_t next_bits(source *s)
{
    uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* in (0, 1], so that its logarithm exists */
static double uniform(source *s)
{
    return ((double)(next_bits(s) >> 11) + 1.0) * 0x1p-53;
}

static double normal(source *s)
{
    if (s->has_spare) {
        s->has_spare = false;
        return s->spare;
    }
    double radius = sqrt(-2.0 * log(uniform(s)));
    double angle = 2.0 * PI * uniform(s);
    s->spare = radius * sin(angle);
    s->has_spare = true;
    return radius * cos(angle);
}

/* ---- tensors ----------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static uint64_t elements_from(const cg_spec *spec, int first)
{
    uint64_t product = 1;
    for (int i = first; i < spec->rank; i++) {
        product *= spec->shape[i];
    }
    return product;
}

/* outer(h, h) / sum(h)^2 at element i, h from the configuration ([1, 1]
 * where it names none) */
static double filter_tap(const cJSON *config, const cg_spec *spec, uint64_t i)
{
    const cJSON *taps =
        cJSON_GetObjectItemCaseSensitive(config, "resample_filter");
    int n = (int)spec->shape[3];
    if (taps == NULL) {
        return 1.0 / (double)(n * n);
    }
    double sum = 0.0;
    const cJSON *tap;
    cJSON_ArrayForEach(tap, taps)
    {
        sum += tap->valuedouble;
    }
    int row = (int)i / n, column = (int)i % n;
    return cJSON_GetArrayItem(taps, row)->valuedouble *
           cJSON_GetArrayItem(taps, column)->valuedouble / (sum * sum);
}

static double draw(source *s, const cJSON *config, const cg_spec *spec,
                   uint64_t i)
{
    const char *name = spec->name;
    if (ends_with(name, ".resample_filter")) {
        return filter_tap(config, spec, i);
    }
    if (ends_with(name, ".freqs")) {
        return 16.0 * normal(s);
    }
    if (ends_with(name, ".bias")) {
        return 0.1 * normal(s);
    }
    if (strstr(name, "norm") != NULL) {
        return 0.8 + 0.4 * uniform(s);
    }
    return normal(s) / sqrt((double)elements_from(spec, 1));
}

static bool write_tensor(FILE *file, source *s, const cJSON *config,
                         const cg_spec *spec)
{
    static unsigned char bytes[4 * CHUNK];
    uint64_t count = elements_from(spec, 0);
    size_t used = 0;
    for (uint64_t i = 0; i < count; i++) {
        float value = (float)draw(s, config, spec, i);
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        for (unsigned k = 0; k < 4; k++) {
            bytes[used++] = (unsigned char)(bits >> (8 * k));
        }
        if (used == sizeof bytes || i + 1 == count) {
            if (fwrite(bytes, 1, used, file) != used) {
                return false;
            }
            used = 0;
        }
    }
    return true;
}

/* ---- the file ---------------------------------------------------------- */

/* Published vision transformers carry no configuration. */
static char *metadata(source *s, const cJSON *config)
{
    const cJSON *clusters =
        cJSON_GetObjectItemCaseSensitive(config, "label_dim");
    cJSON *root = cJSON_CreateObject();
    if (cJSON_HasObjectItem(config, "patch")) {
        char *none = cJSON_PrintUnformatted(root);
        cJSON_Delete(root);
        return none;
    }
    char *text = cJSON_PrintUnformatted(config);
    (void)cJSON_AddStringToObject(root, "cedm.config", text);
    cJSON_free(text);
    if (cJSON_IsNumber(clusters) && clusters->valueint > 0) {
        cJSON *freq = cJSON_CreateArray();
        for (int i = 0; i < clusters->valueint; i++) {
            double images = (double)(100 + next_bits(s) % 900);
            (void)cJSON_AddItemToArray(freq, cJSON_CreateNumber(images));
        }
        text = cJSON_PrintUnformatted(freq);
        (void)cJSON_AddStringToObject(root, "cedm.cluster_freq", text);
        cJSON_free(text);
        cJSON_Delete(freq);
    }
    text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

/* Names are the architecture's own: nothing in them needs an escape. */
static bool write_header(FILE *file, const char *meta, const cg_spec *specs,
                         size_t count)
{
    char *text = NULL;
    size_t length = 0;
    uint64_t offset = 0;
    FILE *header = open_memstream(&text, &length);
    if (header == NULL) {
        return false;
    }
    (void)fprintf(header, "{\"__metadata__\":%s", meta);
    for (size_t i = 0; i < count; i++) {
        uint64_t end = offset + 4 * elements_from(&specs[i], 0);
        (void)fprintf(header, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[",
                      specs[i].name);
        for (int k = 0; k < specs[i].rank; k++) {
            (void)fprintf(header, "%s%ju", k > 0 ? "," : "",
                          (uintmax_t)specs[i].shape[k]);
        }
        (void)fprintf(header, "],\"data_offsets\":[%ju,%ju]}",
                      (uintmax_t)offset, (uintmax_t)end);
        offset = end;
    }
    (void)fputc('}', header);
    (void)fflush(header);
    while (length % 8 != 0) { /* the data begins at a multiple of 8 */
        (void)fputc(' ', header);
        (void)fflush(header);
    }
    bool ok = fclose(header) == 0;
    for (unsigned k = 0; ok && k < 8; k++) {
        ok = fputc((int)(((uint64_t)length >> (8 * k)) & 255u), file) != EOF;
    }
    ok = ok && fwrite(text, 1, length, file) == length;
    free(text);
    return ok;
}

static bool write_checkpoint(const char *path, uint64_t seed,
                             const cJSON *config, const cg_spec *specs,
                             size_t count)
{
    char part[1024];
    source s = {.state = seed};
    if (snprintf(part, sizeof part, "%s.tmp", path) >= (int)sizeof part) {
        return false;
    }
    FILE *file = fopen(part, "wb");
    if (file == NULL) {
        return false;
    }
    char *meta = metadata(&s, config);
    bool ok = meta != NULL && write_header(file, meta, specs, count);
    cJSON_free(meta);
    for (size_t i = 0; ok && i < count; i++) {
        ok = write_tensor(file, &s, config, &specs[i]);
    }
    ok = fclose(file) == 0 && ok && rename(part, path) == 0;
    if (!ok) {
        (void)remove(part);
    }
    return ok;
}

static char *read_text(const char *path)
{
    char *text = calloc(1, 65536); /* configurations are short */
    FILE *file = fopen(path, "rb");
    if (text != NULL && file != NULL && fread(text, 1, 65535, file) > 0) {
        (void)fclose(file);
        return text;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(text);
    return NULL;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long long seed = argc > 3 ? strtoull(argv[3], &end, 10) : 0;
    if (argc < 3 || argc > 4 || (end != NULL && *end != '\0')) {
        (void)fprintf(stderr,
                      "usage: synth CONFIG.json OUT.safetensors [SEED]\n");
        return 2;
    }
    size_t count = 0;
    cg_error error;
    char *text = read_text(argv[1]);
    if (text == NULL) {
        (void)fprintf(stderr,
                      "synth: %s: cannot be read; wanted a JSON "
                      "configuration, got nothing; check the path\n",
                      argv[1]);
        return 1;
    }
    cg_spec *specs = cg_expected(text, &count, &error);
    cJSON *config = cJSON_Parse(text);
    int status = 1;
    if (specs == NULL || config == NULL) {
        (void)fprintf(stderr, "synth: %s: %s\n", argv[1], error.text);
    } else if (!write_checkpoint(argv[2], seed, config, specs, count)) {
        (void)fprintf(stderr,
                      "synth: %s: cannot be written; wanted room for "
                      "a checkpoint, got an error; check the directory\n",
                      argv[2]);
    } else {
        status = 0;
    }
    cJSON_Delete(config);
    cg_expected_free(specs, count);
    free(text);
    return status;
}
