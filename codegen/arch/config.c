/* SPDX-License-Identifier: MIT
 *
 * config.c - JSON to cg_config.  Every key is described once, in a table;
 * what the table cannot say (levels divide the resolution, groups divide the
 * channels) is checked afterwards. */
#include "codegen/arch/config.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codegen/error.h"

typedef struct reader {
    const cJSON *root;
    const char *path;
    cg_error *error;
    cg_config *config;
} reader;

static const cJSON *item(const reader *r, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(r->root, key);
}

static bool bad(const reader *r, const char *key, const char *wanted)
{
    const cJSON *value = item(r, key);
    char *text = value == NULL ? NULL : cJSON_PrintUnformatted(value);
    (void)cg_fail(r->error,
                  "%s:cedm.config: unusable %s; wanted %s, got %.80s; "
                  "change the configuration",
                  r->path, key, wanted, text == NULL ? "nothing" : text);
    cJSON_free(text);
    return false;
}

/* A whole number in low..high; `fallback` when absent, unless it is 0 and
 * low is above 0, which makes the key required. */
static bool read_uint(const reader *r, const char *key, uint32_t low,
                      uint32_t high, uint32_t fallback, uint32_t *out)
{
    const cJSON *value = item(r, key);
    if (value == NULL && fallback >= low) {
        *out = fallback;
        return true;
    }
    if (!cJSON_IsNumber(value) || value->valuedouble < (double)low ||
        value->valuedouble > (double)high ||
        value->valuedouble != floor(value->valuedouble)) {
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "a whole number in %u..%u", low,
                       high);
        return bad(r, key, wanted);
    }
    *out = (uint32_t)value->valuedouble;
    return true;
}

static bool read_list(const reader *r, const char *key, uint32_t low,
                      uint32_t max, uint32_t *out, uint32_t *count)
{
    const cJSON *list = item(r, key);
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
    if (n < 0 || n > (int)max) {
        return bad(r, key, "a short list of whole numbers");
    }
    const cJSON *value;
    *count = 0;
    cJSON_ArrayForEach(value, list)
    {
        if (!cJSON_IsNumber(value) || value->valuedouble < (double)low ||
            value->valuedouble > 65536.0 ||
            value->valuedouble != floor(value->valuedouble)) {
            return bad(r, key, "a short list of whole numbers");
        }
        out[(*count)++] = (uint32_t)value->valuedouble;
    }
    return true;
}

/* Index of the key's string in a NULL-terminated list of words. */
static bool read_word(const reader *r, const char *key,
                      const char *const *words, const char *wanted, int *out)
{
    const cJSON *value = item(r, key);
    if (value == NULL) {
        *out = 0;
        return true;
    }
    for (int i = 0; cJSON_IsString(value) && words[i] != NULL; i++) {
        if (strcmp(words[i], value->valuestring) == 0) {
            *out = i;
            return true;
        }
    }
    return bad(r, key, wanted);
}

static bool read_double(const reader *r, const char *key, double fallback,
                        double *out)
{
    const cJSON *value = item(r, key);
    *out = fallback;
    if (value == NULL || cJSON_IsNull(value)) {
        return true;
    }
    if (!cJSON_IsNumber(value) || !isfinite(value->valuedouble) ||
        value->valuedouble < 0.0) {
        return bad(r, key, "a number of at least 0");
    }
    *out = value->valuedouble;
    return true;
}

static bool read_filter(const reader *r)
{
    cg_config *c = r->config;
    const cJSON *list = item(r, "resample_filter");
    if (list == NULL) {
        c->taps = 2;
        c->resample_filter[0] = c->resample_filter[1] = 1.0;
        return true;
    }
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    /* An odd filter makes 2n-1 pixels of n on the way up: no U-Net closes. */
    if (n < 2 || n > (int)CEDM_MAX_TAPS || n % 2 != 0) {
        return bad(r, "resample_filter", "an even number of taps, 2..16");
    }
    const cJSON *value;
    double sum = 0.0;
    c->taps = 0;
    cJSON_ArrayForEach(value, list)
    {
        /* Their sum is squared and divided by: far from any overflow. */
        if (!cJSON_IsNumber(value) || !(fabs(value->valuedouble) <= 1e6)) {
            return bad(r, "resample_filter", "numbers from -1e6 to 1e6");
        }
        c->resample_filter[c->taps++] = value->valuedouble;
        sum += value->valuedouble;
    }
    if (!(fabs(sum) > 1e-6)) {
        return bad(r, "resample_filter", "taps whose sum is not 0");
    }
    return true;
}

static bool is_word(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static bool known_key(const cg_config *c, const char *key)
{
    static const char *const both[] = {
        "model_type", "precond", "img_resolution", "img_channels",
        "label_dim", "augment_dim", "model_channels", "channel_mult",
        "channel_mult_emb", "num_blocks", "attn_resolutions",
        /* of no effect on sampling */
        "dropout", "label_dropout", "use_fp16"};
    static const char *const song[] = {"channel_mult_noise", "embedding_type",
                                       "encoder_type", "decoder_type",
                                       "resample_filter"};
    static const char *const edm[] = {"sigma_data", "sigma_min", "sigma_max"};
    return is_word(both, COUNT(both), key) ||
           (!c->dhariwal && is_word(song, COUNT(song), key)) ||
           (c->precond == CEDM_PRECOND_EDM && is_word(edm, COUNT(edm), key));
}

static bool known_keys(const reader *r)
{
    const cJSON *value;
    cJSON_ArrayForEach(value, r->root)
    {
        if (!known_key(r->config, value->string)) {
            return cg_fail(r->error,
                           "%s:cedm.config: unknown key; wanted a "
                           "constructor argument of this network, got "
                           "\"%.64s\"; it could mean another network: "
                           "remove or rename it",
                           r->path, value->string);
        }
        for (const cJSON *next = value->next; next != NULL;
             next = next->next) {
            if (strcmp(next->string, value->string) == 0) {
                return cg_fail(r->error,
                               "%s:cedm.config: repeated key; wanted "
                               "\"%.64s\" once, got it twice; keep one",
                               r->path, value->string);
            }
        }
    }
    return true;
}

static bool read_kind(const reader *r)
{
    static const char *const types[] = {"SongUNet", "DhariwalUNet", NULL};
    static const char *const preconds[] = {"EDMPrecond", "VPPrecond",
                                           "VEPrecond", "iDDPMPrecond", NULL};
    static const char wanted_type[] = "\"SongUNet\" or \"DhariwalUNet\"";
    static const char wanted_precond[] = "\"EDMPrecond\", \"VPPrecond\", "
                                         "\"VEPrecond\" or "
                                         "\"iDDPMPrecond\"";
    int type, precond;
    if (item(r, "model_type") == NULL) {
        return bad(r, "model_type", wanted_type);
    }
    if (item(r, "precond") == NULL) {
        return bad(r, "precond", wanted_precond);
    }
    if (!read_word(r, "model_type", types, wanted_type, &type) ||
        !read_word(r, "precond", preconds, wanted_precond, &precond)) {
        return false;
    }
    r->config->dhariwal = type == 1;
    r->config->precond = (uint32_t)precond; /* in the enum's order */
    return true;
}

/* Ranges and constants of the preconditionings, FACTS 1.5 [EDM]. */
static bool read_precond(const reader *r)
{
    cg_config *c = r->config;
    c->sigma_data = 0.5;
    switch (c->precond) {
    case CEDM_PRECOND_VP:
        c->beta_d = 19.9;
        c->beta_min = 0.1;
        c->noise_steps = 1000;
        c->sigma_min = 0.0009765625; /* sigma(1e-5) in float32 */
        c->sigma_max = 152.16698;    /* sigma(1) */
        return true;
    case CEDM_PRECOND_VE:
        c->sigma_min = 0.02;
        c->sigma_max = 100.0;
        return true;
    case CEDM_PRECOND_IDDPM: /* the range is read off the table of levels */
        c->noise_steps = 1000;
        return true;
    default:
        return read_double(r, "sigma_data", 0.5, &c->sigma_data) &&
               read_double(r, "sigma_min", 0.0, &c->sigma_min) &&
               read_double(r, "sigma_max", 1e308, &c->sigma_max);
    }
}

static bool read_words(const reader *r)
{
    static const char *const embeddings[] = {"positional", "fourier", NULL};
    static const char *const encoders[] = {"standard", "skip", "residual",
                                           NULL};
    static const char *const decoders[] = {"standard", "skip", NULL};
    int embedding, encoder, decoder;
    if (!read_word(r, "embedding_type", embeddings, "positional or fourier",
                   &embedding) ||
        !read_word(r, "encoder_type", encoders, "standard, skip or residual",
                   &encoder) ||
        !read_word(r, "decoder_type", decoders, "standard or skip",
                   &decoder)) {
        return false;
    }
    r->config->fourier = embedding == 1;
    r->config->encoder = (enum cg_encoder)encoder;
    r->config->decoder = (enum cg_decoder)decoder;
    return true;
}

static bool read_all(const reader *r)
{
    /* The limits keep every size far inside 32 bits of elements. */
    cg_config *c = r->config;
    uint32_t channels = c->dhariwal ? 192 : 128;
    return read_words(r) &&
           read_uint(r, "img_resolution", 1, 1024, 0, &c->img_resolution) &&
           read_uint(r, "img_channels", 1, 4, 0, &c->img_channels) &&
           read_uint(r, "label_dim", 0, 65536, 0, &c->label_dim) &&
           read_uint(r, "augment_dim", 0, 64, 0, &c->augment_dim) &&
           read_uint(r, "model_channels", 4, 1024, channels,
                     &c->model_channels) &&
           read_list(r, "channel_mult", 1, CG_MAX_LEVELS, c->channel_mult,
                     &c->levels) &&
           read_uint(r, "channel_mult_emb", 1, 16, 4, &c->channel_mult_emb) &&
           read_uint(r, "channel_mult_noise", 1, 16, 1,
                     &c->channel_mult_noise) &&
           read_uint(r, "num_blocks", 1, 32, c->dhariwal ? 3 : 4,
                     &c->num_blocks) &&
           read_list(r, "attn_resolutions", 1, CG_MAX_ATTENTION,
                     c->attn_resolutions, &c->attn_count) &&
           read_filter(r) && read_precond(r);
}

static bool check(const reader *r)
{
    const cg_config *c = r->config;
    if (c->levels == 0) {
        return bad(r, "channel_mult", "at least one level");
    }
    if (c->img_resolution % (1u << (c->levels - 1)) != 0) {
        return bad(r, "img_resolution", "a multiple of 2^(levels - 1)");
    }
    for (uint32_t i = 0; i < c->levels; i++) {
        if (c->channel_mult[i] > 16) {
            return bad(r, "channel_mult", "factors of at most 16");
        }
    }
    if (c->model_channels * c->channel_mult_noise % 2 != 0 ||
        c->model_channels * c->channel_mult_noise < 4) {
        return bad(r, "model_channels",
                   "an even number of noise channels, at least 4");
    }
    if (!(c->sigma_data > 0.0) || !(c->sigma_min <= c->sigma_max)) {
        return bad(r, "sigma_data", "sigma_data > 0, sigma_min <= sigma_max");
    }
    return true;
}

bool cg_config_parse(cg_config *config, const char *path, const char *json,
                     cg_error *error)
{
    memset(config, 0, sizeof *config);
    errno = 0;
    cJSON *root = cJSON_Parse(json);
    reader r = {root, path, error, config};
    bool ok;
    if (root == NULL && errno == ENOMEM) {
        ok = cg_fail(error, "%s:cedm.config: out of memory", path);
    } else if (!cJSON_IsObject(root)) {
        ok = cg_fail(error,
                     "%s:cedm.config: not JSON; wanted an object with the "
                     "network's constructor arguments, got \"%.40s\"; "
                     "change the configuration",
                     path, json);
    } else {
        ok = read_kind(&r) && known_keys(&r) && read_all(&r) && check(&r);
    }
    cJSON_Delete(root);
    return ok;
}
