/* SPDX-License-Identifier: MIT
 *
 * init.c - initial values by the name of a tensor [EDM].
 *
 * SongUNet: Xavier's uniform distribution, but 1e-5 of it for what ends a
 * residual branch and sqrt(0.2) of it for q, k, v; biases 0.  DhariwalUNet:
 * Kaiming's uniform distribution times sqrt(1/3) for weights and biases, 0
 * for what ends a branch. */
#include "trainer/init.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "trainer/purposes.h"

typedef struct drawing {
    host_random_key key;
    double scale;
    bool normal;
} drawing;

static void draw(const drawing *d, uint64_t count, float *values)
{
    for (uint64_t i = 0; i < count; i++) {
        double z[2];

        if (d->normal) {
            host_random_normal(&d->key, (uint32_t)i, z);
        } else {
            z[0] = 2.0 * host_random_uniform(&d->key, (uint32_t)i) - 1.0;
        }
        values[i] = (float)(d->scale * z[0]);
    }
}

static bool has(const char *name, const char *word)
{
    return strstr(name, word) != NULL;
}

/* Norms are called norm0, norm1, norm2, aux_norm, out_norm. */
static bool is_norm(const char *name)
{
    return has(name, ".norm") || has(name, "_norm.");
}

static bool ends_branch(const char *name)
{
    return has(name, ".conv1.") || has(name, ".proj.") ||
           has(name, "aux_conv.") || has(name, ".out_conv.");
}

static bool is_bias(const cg_spec *spec)
{
    size_t n = strlen(spec->name);

    return n > 5 && strcmp(spec->name + n - 5, ".bias") == 0;
}

/* Inputs of one output of a weight of that shape. */
static double fan_in(const cg_spec *spec)
{
    double fan = 1.0;

    for (int r = 1; r < spec->rank; r++) {
        fan *= (double)spec->shape[r];
    }
    return fan;
}

static double fan_out(const cg_spec *spec)
{
    return fan_in(spec) / (double)spec->shape[1] * (double)spec->shape[0];
}

static double song_scale(const cg_spec *spec)
{
    double scale = sqrt(6.0 / (fan_in(spec) + fan_out(spec)));

    if (ends_branch(spec->name)) {
        scale *= 1e-5;
    } else if (has(spec->name, ".qkv.")) {
        scale *= sqrt(0.2);
    }
    return scale;
}

/* weight: the spec itself, or the weight that a bias belongs to. */
static drawing dhariwal(const cg_spec *weight, drawing d)
{
    if (ends_branch(weight->name) || has(weight->name, ".map_augment.")) {
        d.scale = 0.0;
    } else if (has(weight->name, ".map_label.")) {
        d.normal = true;
        d.scale = 1.0; /* sqrt(labels) sqrt(1 / labels) */
    } else {
        d.scale = sqrt(3.0 / fan_in(weight)) * sqrt(1.0 / 3.0);
    }
    return d;
}

/* f f^T / sum^2 of the configured taps, [1, 1] by default. */
static bool filter(const cg_spec *spec, const cJSON *config, float *values)
{
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(config, "resample_filter");
    uint64_t n = spec->shape[2];
    double taps[CEDM_MAX_TAPS], sum = 0.0;

    if (n > CEDM_MAX_TAPS) {
        return false;
    }
    for (uint64_t i = 0; i < n; i++) {
        const cJSON *tap = cJSON_GetArrayItem(list, (int)i);

        taps[i] = tap == NULL ? 1.0 : tap->valuedouble;
        sum += taps[i];
    }
    for (uint64_t i = 0; i < n * n; i++) {
        values[i] = (float)(taps[i / n] * taps[i % n] / (sum * sum));
    }
    return true;
}

static bool is_dhariwal(const cJSON *config)
{
    const cJSON *type =
        cJSON_GetObjectItemCaseSensitive(config, "model_type");

    return cJSON_IsString(type) &&
           strcmp(type->valuestring, "DhariwalUNet") == 0;
}

bool train_init_tensor(const cg_spec *specs, uint32_t index,
                       const char *config, uint32_t seed, float *values)
{
    const cg_spec *spec = &specs[index];
    cJSON *json = cJSON_Parse(config);
    drawing d = {
        .key = {.seed = seed, .purpose = TRAIN_DRAW_INIT, .image = index}};
    uint64_t count = 1;
    bool good = json != NULL;

    for (int r = 0; r < spec->rank; r++) {
        count *= spec->shape[r];
    }
    if (!good) {
        return false;
    }
    if (has(spec->name, "resample_filter")) {
        good = filter(spec, json, values);
    } else if (has(spec->name, ".freqs")) {
        d.normal = true;
        d.scale = 16.0;
        draw(&d, count, values);
    } else if (is_norm(spec->name) && !is_bias(spec)) {
        for (uint64_t i = 0; i < count; i++) {
            values[i] = 1.0f;
        }
    } else if (is_dhariwal(json) && !is_norm(spec->name)) {
        d = dhariwal(spec - is_bias(spec), d);
        draw(&d, count, values);
    } else if (!is_bias(spec)) {
        d.scale = song_scale(spec);
        draw(&d, count, values);
    } /* other biases stay 0 */
    cJSON_Delete(json);
    return good;
}
