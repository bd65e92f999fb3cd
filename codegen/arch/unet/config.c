/* SPDX-License-Identifier: MIT
 *
 * config.c - JSON to cg_unet_config.  Every key is described once; what a
 * range cannot say (levels divide the resolution, groups divide the channels)
 * is checked afterwards. */
#include "codegen/arch/unet/config.h"

#include <math.h>
#include <string.h>

/* ---- members ------------------------------------------------------------- */

static bool read_filter(const cg_reader *r, cg_unet_config *c)
{
    const cJSON *list = cg_read_item(r, "resample_filter");
    if (list == NULL) {
        c->taps = 2;
        c->resample_filter[0] = c->resample_filter[1] = 1.0;
        return true;
    }
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    /* An odd filter makes 2n-1 pixels of n on the way up: no U-Net closes. */
    if (n < 2 || n > (int)CEDM_MAX_TAPS || n % 2 != 0) {
        return cg_read_bad(r, "resample_filter",
                           "an even number of taps, 2..16");
    }
    const cJSON *value;
    double sum = 0.0;
    c->taps = 0;
    cJSON_ArrayForEach(value, list)
    {
        /* Their sum is squared and divided by: far from any overflow. */
        if (!cJSON_IsNumber(value) || !(fabs(value->valuedouble) <= 1e6)) {
            return cg_read_bad(r, "resample_filter",
                               "numbers from -1e6 to 1e6");
        }
        c->resample_filter[c->taps++] = value->valuedouble;
        sum += value->valuedouble;
    }
    if (!(fabs(sum) > 1e-6)) {
        return cg_read_bad(r, "resample_filter", "taps whose sum is not 0");
    }
    return true;
}

#define STEPS_MAX 1000000u /* of VP and iDDPM */

/* The level of VP at t, [EDM] (table 1). */
static double vp_level(const cedm_denoiser *d, double t)
{
    return sqrt(expm1(t * (d->beta_d * t / 2 + d->beta_min)));
}

static bool read_vp(const cg_reader *r, cedm_denoiser *d)
{
    double epsilon;
    if (!cg_read_double(r, "beta_d", 19.9, &d->beta_d) ||
        !cg_read_double(r, "beta_min", 0.1, &d->beta_min) ||
        !cg_read_double(r, "epsilon_t", 1e-5, &epsilon) ||
        !cg_read_uint(r, "M", 1, STEPS_MAX, 1000, &d->noise_steps)) {
        return false;
    }
    if (!(d->beta_d > 0) || !(d->beta_d / 2 + d->beta_min < 700)) {
        return cg_read_bad(r, "beta_d",
                           "more than 0, and no level of e^350 or more");
    }
    if (!(epsilon > 0) || !(epsilon < 1)) {
        return cg_read_bad(r, "epsilon_t", "a number between 0 and 1");
    }
    if (d->beta_d == 19.9 && d->beta_min == 0.1 && epsilon == 1e-5) {
        d->sigma_min = 0.0009765625; /* sigma(1e-5) in float32 */
        d->sigma_max = 152.16698;    /* sigma(1) */
        return true;
    }
    d->sigma_min = vp_level(d, epsilon);
    d->sigma_max = vp_level(d, 1);
    return true;
}

/* Ranges and constants of the preconditionings, [EDM]. */
static bool read_precond(const cg_reader *r, cedm_denoiser *d)
{
    d->sigma_data = 0.5;
    switch (d->precond) {
    case CEDM_PRECOND_VP: return read_vp(r, d);
    case CEDM_PRECOND_VE:
        return cg_read_double(r, "sigma_min", 0.02, &d->sigma_min) &&
               cg_read_double(r, "sigma_max", 100.0, &d->sigma_max);
    case CEDM_PRECOND_IDDPM: /* the range is read off the table of levels */
        return cg_read_uint(r, "M", 1, STEPS_MAX, 1000, &d->noise_steps);
    default:
        return cg_read_double(r, "sigma_data", 0.5, &d->sigma_data) &&
               cg_read_double(r, "sigma_min", 0.0, &d->sigma_min) &&
               cg_read_double(r, "sigma_max", 1e308, &d->sigma_max);
    }
}

static bool read_words(const cg_reader *r, cg_unet_config *c)
{
    static const char *const embeddings[] = {"positional", "fourier", NULL};
    static const char *const encoders[] = {"standard", "skip", "residual",
                                           NULL};
    static const char *const decoders[] = {"standard", "skip", NULL};
    int embedding, encoder, decoder;
    if (!cg_read_word(r, "embedding_type", embeddings,
                      "positional or fourier", &embedding) ||
        !cg_read_word(r, "encoder_type", encoders,
                      "standard, skip or residual", &encoder) ||
        !cg_read_word(r, "decoder_type", decoders, "standard or skip",
                      &decoder)) {
        return false;
    }
    c->fourier = embedding == 1;
    c->encoder = (enum cg_unet_encoder)encoder;
    c->decoder = (enum cg_unet_decoder)decoder;
    return true;
}

static bool read_all(const cg_reader *r, cg_unet_config *c,
                     const cg_unet_constructor *constructor)
{
    /* The limits keep every size far inside 32 bits of elements. */
    return read_words(r, c) &&
           cg_read_uint(r, "img_resolution", 1, 1024, 0,
                        &c->denoiser.resolution) &&
           cg_read_uint(r, "img_channels", 1, 4, 0, &c->denoiser.channels) &&
           cg_read_uint(r, "label_dim", 0, 65536, 0,
                        &c->denoiser.label_dim) &&
           cg_read_uint(r, "augment_dim", 0, 64, 0, &c->augment_dim) &&
           cg_read_uint(r, "model_channels", 4, 1024,
                        constructor->model_channels, &c->model_channels) &&
           cg_read_list(r, "channel_mult", 1, CG_UNET_LEVELS, c->channel_mult,
                        &c->levels) &&
           cg_read_uint(r, "channel_mult_emb", 1, 16, 4,
                        &c->channel_mult_emb) &&
           cg_read_uint(r, "channel_mult_noise", 1, 16, 1,
                        &c->channel_mult_noise) &&
           cg_read_uint(r, "num_blocks", 1, 32, constructor->num_blocks,
                        &c->num_blocks) &&
           cg_read_list(r, "attn_resolutions", 1, CG_UNET_ATTENTION,
                        c->attn_resolutions, &c->attn_count) &&
           read_filter(r, c) && read_precond(r, &c->denoiser);
}

static bool check(const cg_reader *r, const cg_unet_config *c)
{
    if (c->levels == 0) {
        return cg_read_bad(r, "channel_mult", "at least one level");
    }
    if (c->denoiser.resolution % (1u << (c->levels - 1)) != 0) {
        return cg_read_bad(r, "img_resolution",
                           "a multiple of 2^(levels - 1)");
    }
    for (uint32_t i = 0; i < c->levels; i++) {
        if (c->channel_mult[i] > 16) {
            return cg_read_bad(r, "channel_mult", "factors of at most 16");
        }
    }
    if (c->model_channels * c->channel_mult_noise % 2 != 0 ||
        c->model_channels * c->channel_mult_noise < 4) {
        return cg_read_bad(r, "model_channels",
                           "an even number of noise channels, at least 4");
    }
    if (!(c->denoiser.sigma_data > 0.0) ||
        !(c->denoiser.sigma_min <= c->denoiser.sigma_max)) {
        return cg_read_bad(r, "sigma_data",
                           "sigma_data > 0, sigma_min <= sigma_max");
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------- */

static bool read_precond_kind(const cg_reader *r, cedm_denoiser *d)
{
    static const char *const preconds[] = {"EDMPrecond", "VPPrecond",
                                           "VEPrecond", "iDDPMPrecond", NULL};
    static const char wanted[] = "\"EDMPrecond\", \"VPPrecond\", "
                                 "\"VEPrecond\" or \"iDDPMPrecond\"";
    int precond;
    if (cg_read_item(r, "precond") == NULL) {
        return cg_read_bad(r, "precond", wanted);
    }
    if (!cg_read_word(r, "precond", preconds, wanted, &precond)) {
        return false;
    }
    d->precond = (uint32_t)precond; /* in the enum's order */
    return true;
}

static bool known_keys(const cg_reader *r, const cg_unet_config *c,
                       const cg_unet_constructor *constructor)
{
    static const char *const all[] = {
        "model_type", "precond", "img_resolution", "img_channels",
        "label_dim", "augment_dim", "model_channels", "channel_mult",
        "channel_mult_emb", "num_blocks", "attn_resolutions",
        /* of no effect on sampling */
        "dropout", "label_dropout", "use_fp16", NULL};
    static const char *const edm[] = {"sigma_data", "sigma_min", "sigma_max",
                                      NULL};
    static const char *const vp[] = {"beta_d", "beta_min", "M", "epsilon_t",
                                     NULL};
    static const char *const ve[] = {"sigma_min", "sigma_max", NULL};
    /* The table of levels, a tensor, is what C_1 and C_2 made. */
    static const char *const iddpm[] = {"M", "C_1", "C_2", NULL};
    const char *const *const constants[] = {[CEDM_PRECOND_EDM] = edm,
                                            [CEDM_PRECOND_VP] = vp,
                                            [CEDM_PRECOND_VE] = ve,
                                            [CEDM_PRECOND_IDDPM] = iddpm};
    const char *const *const lists[] = {all, constructor->keys,
                                        constants[c->denoiser.precond]};

    return cg_read_known(r, lists, sizeof lists / sizeof lists[0]);
}

bool cg_unet_config_parse(cg_unet_config *config, const cg_reader *r,
                          const cg_unet_constructor *constructor)
{
    memset(config, 0, sizeof *config);
    return read_precond_kind(r, &config->denoiser) &&
           known_keys(r, config, constructor) &&
           read_all(r, config, constructor) && check(r, config);
}
