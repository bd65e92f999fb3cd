/* SPDX-License-Identifier: MIT
 *
 * image_features.c - features of a data set's images by a frozen model. */
#include "host/execution/image_features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/json_number.h"

/* ---- opening ------------------------------------------------------------ */

static bool open_denoiser(host_image_features *x, host_failure *f)
{
    if (!host_denoiser_features_open(&x->denoiser, &x->engine,
                                     &x->config.denoiser, f)) {
        return false;
    }
    x->size = x->model.code->denoiser->resolution;
    x->channels = x->model.code->denoiser->channels;
    x->width = x->denoiser.width;
    x->seeds = calloc(x->engine.batch, sizeof *x->seeds);
    return x->seeds != NULL || host_fail(f, "out of memory");
}

static bool open_encoder(host_image_features *x, host_failure *f)
{
    const cedm_encoder *encoder = x->model.code->encoder;
    x->size = encoder->height;
    x->channels = encoder->channels;
    x->width = encoder->features;
    return encoder->height == encoder->width ||
           host_fail(f,
                     "%s: takes images of %ux%u; wanted squares, as data "
                     "sets have; freeze it with another --input",
                     x->model.label, encoder->height, encoder->width);
}

/* A vector, in one of the graph's outputs. */
static bool find_logits(host_image_features *x, host_failure *f)
{
    const cedm_graph *graph = &x->model.code->graph;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const cedm_port *port = &graph->outputs[i];
        if (strcmp(port->name, "logits") == 0 &&
            port->height * port->width == 1) {
            x->logits = port;
        }
    }
    if (x->logits == NULL) {
        return host_fail(f,
                         "%s: gives no logits of classes; wanted an encoder "
                         "that does, such as FID's Inception",
                         x->model.label);
    }
    x->unread = calloc(x->engine.batch, x->width * sizeof *x->unread);
    x->width = x->logits->channels;
    return x->unread != NULL || host_fail(f, "out of memory");
}

bool host_image_features_open(host_image_features *x,
                              const host_image_features_config *config,
                              host_failure *f)
{
    *x = (host_image_features){.config = *config};
    return host_model_load(&x->model, config->model, f) &&
           host_engine_open(&x->engine, &x->model, &config->engine, f) &&
           (x->model.code->encoder != NULL ? open_encoder(x, f)
                                           : open_denoiser(x, f)) &&
           (!config->probabilities || find_logits(x, f));
}

void host_image_features_close(host_image_features *x)
{
    host_denoiser_features_close(&x->denoiser);
    free(x->seeds);
    free(x->unread);
    host_engine_close(&x->engine);
    host_model_close(&x->model);
}

/* ---- features ----------------------------------------------------------- */

static void softmax(float *row, uint32_t width)
{
    float most = row[0];
    double sum = 0;
    for (uint32_t k = 1; k < width; k++) {
        most = fmaxf(most, row[k]);
    }
    for (uint32_t k = 0; k < width; k++) {
        sum += exp((double)row[k] - (double)most);
    }
    for (uint32_t k = 0; k < width; k++) {
        row[k] = (float)(exp((double)row[k] - (double)most) / sum);
    }
}

/* The logits are still there when the graph has been computed. */
static bool take_probabilities(const host_image_features *x, uint32_t n,
                               float *out)
{
    const float *from = host_engine_tensor(&x->engine, x->logits->ref);
    for (size_t i = 0; i < (size_t)n * x->width; i++) {
        if (!isfinite(from[i])) {
            return false;
        }
        out[i] = from[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        softmax(out + (size_t)i * x->width, x->width);
    }
    return true;
}

static bool encode(host_image_features *x, const uint8_t *images, uint32_t n,
                   float *out, host_failure *f)
{
    bool logits = x->logits != NULL;
    cedm_status status =
        cedm_encode(&x->engine.net, images, n, logits ? x->unread : out);
    if (status == CEDM_OK && logits && !take_probabilities(x, n, out)) {
        status = CEDM_E_NONFINITE;
    }
    return status == CEDM_OK ||
           host_fail(f, "%s: %s", x->model.label, cedm_status_text(status));
}

bool host_image_features_of(host_image_features *x, const uint8_t *images,
                            uint64_t first, uint32_t n, float *out,
                            host_failure *f)
{
    if (x->model.code->encoder != NULL) {
        return encode(x, images, n, out, f);
    }
    for (uint32_t i = 0; i < n; i++) {
        x->seeds[i] = x->config.seed + first + i;
    }
    return host_denoiser_features_of(&x->denoiser, images, x->seeds, n, out,
                                     f);
}

/* ---- what they are ------------------------------------------------------ */

static bool describe_denoiser(cJSON *about, const host_image_features *x)
{
    const host_denoiser_features_config *config = &x->config.denoiser;
    return cJSON_AddStringToObject(about, "module", x->denoiser.module) &&
           cJSON_AddItemToObject(about, "sigma",
                                 host_json_number(config->sigma)) &&
           cJSON_AddNumberToObject(about, "pool", config->pool) &&
           cJSON_AddNumberToObject(about, "seed", (double)x->config.seed);
}

cJSON *host_image_features_describe(const host_image_features *x)
{
    const cedm_model *code = x->model.code;
    bool encodes = code->encoder != NULL;
    const char *kind = x->logits != NULL ? "classifier"
                       : encodes         ? "encoder"
                                         : "denoiser";
    cJSON *about = cJSON_CreateObject();
    if (cJSON_AddStringToObject(about, "kind", kind) &&
        cJSON_AddStringToObject(about, "model", code->name) &&
        cJSON_AddStringToObject(about, "data_sha256", x->model.data_sha256) &&
        cJSON_AddStringToObject(about, "isa", x->engine.backend->name) &&
        (encodes || describe_denoiser(about, x))) {
        return about;
    }
    cJSON_Delete(about);
    return NULL;
}
