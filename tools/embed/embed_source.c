/* SPDX-License-Identifier: MIT
 *
 * embed_source.c - where features come from: a model that denoises, or one that
 * encodes. */
#include <stdlib.h>
#include <string.h>

#include "host/files/json_number.h"
#include "tools/embed/embed_source.h"

static bool open_denoiser(embed_source *s, const embed_options *o,
                          host_failure *f)
{
    const host_denoiser_features_config config = {o->module, o->sigma,
                                                  (uint32_t)o->pool};
    if (!host_denoiser_features_open(&s->denoiser, &s->engine, &config, f)) {
        return false;
    }
    s->size = s->model.code->denoiser->resolution;
    s->channels = s->model.code->denoiser->channels;
    s->width = s->denoiser.width;
    s->seeds = calloc(s->engine.batch, sizeof *s->seeds);
    return s->seeds != NULL || host_fail(f, "out of memory");
}

/* The whole of such a model is the encoder: there is nothing to choose. */
static bool open_encoder(embed_source *s, const embed_options *o,
                         host_failure *f)
{
    const cedm_encoder *encoder = s->model.code->encoder;
    if (o->denoiser_only != NULL) {
        return host_bad_usage(f,
                              "--%s: is for models that denoise; %s "
                              "encodes images",
                              o->denoiser_only, s->model.label);
    }
    s->size = encoder->height;
    s->channels = encoder->channels;
    s->width = encoder->features;
    return encoder->height == encoder->width ||
           host_fail(f,
                     "%s: takes images of %ux%u; wanted squares, as data "
                     "sets have; freeze it with another --input",
                     s->model.label, encoder->height, encoder->width);
}

bool embed_source_open(embed_source *s, const embed_options *o,
                       host_failure *f)
{
    const host_engine_config config = {o->isa, (uint32_t)o->batch,
                                       (uint32_t)o->threads};
    memset(s, 0, sizeof *s);
    return host_model_load(&s->model, o->model, f) &&
           host_engine_open(&s->engine, &s->model, &config, f) &&
           (s->model.code->encoder != NULL ? open_encoder(s, o, f)
                                           : open_denoiser(s, o, f));
}

void embed_source_close(embed_source *s)
{
    host_denoiser_features_close(&s->denoiser);
    free(s->seeds);
    host_engine_close(&s->engine);
    host_model_close(&s->model);
}

bool embed_source_run(embed_source *s, const embed_options *o,
                      const uint8_t *images, uint64_t first, uint32_t n,
                      float *out, host_failure *f)
{
    if (s->model.code->encoder != NULL) {
        cedm_status status = cedm_encode(&s->engine.net, images, n, out);
        return status == CEDM_OK || host_fail(f, "%s: %s", s->model.label,
                                              cedm_status_text(status));
    }
    for (uint32_t i = 0; i < n; i++) {
        s->seeds[i] = o->seed + first + i;
    }
    return host_denoiser_features_of(&s->denoiser, images, s->seeds, n, out,
                                     f);
}

static bool describe_denoiser(cJSON *about, const embed_source *s,
                              const embed_options *o)
{
    return cJSON_AddStringToObject(about, "module", s->denoiser.module) &&
           cJSON_AddItemToObject(about, "sigma",
                                 host_json_number(o->sigma)) &&
           cJSON_AddNumberToObject(about, "pool", (double)o->pool) &&
           cJSON_AddNumberToObject(about, "seed", (double)o->seed);
}

cJSON *embed_source_describe(const embed_source *s, const embed_options *o)
{
    const cedm_model *code = s->model.code;
    bool encodes = code->encoder != NULL;
    cJSON *about = cJSON_CreateObject();
    if (cJSON_AddStringToObject(about, "kind",
                                encodes ? "encoder" : "denoiser") &&
        cJSON_AddStringToObject(about, "model", code->name) &&
        cJSON_AddStringToObject(about, "data_sha256", s->model.data_sha256) &&
        cJSON_AddStringToObject(about, "isa", s->engine.backend->name) &&
        (encodes || describe_denoiser(about, s, o))) {
        return about;
    }
    cJSON_Delete(about);
    return NULL;
}
