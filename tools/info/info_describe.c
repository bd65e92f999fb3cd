/* SPDX-License-Identifier: MIT
 *
 * info_describe.c - what a checkpoint, a blob or a frozen model says of
 * itself. */
#include "tools/info/info_describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "host/execution/model.h"
#include "host/files/freq.h"
#include "host/files/json_number.h"
#include "host/files/output.h"

/* ---- from a checkpoint ------------------------------------------------ */

static void describe_kind(info_file *i, const cg_program *p)
{
    i->encodes = p->encodes;
    if (p->encodes) {
        i->height = p->encoder.height;
        i->width = p->encoder.width;
        i->channels = p->encoder.channels;
        i->features = p->encoder.features;
        return;
    }
    i->resolution = p->denoiser.resolution;
    i->channels = p->denoiser.channels;
    i->clusters = p->denoiser.label_dim;
    i->features = p->denoiser.features.channels;
}

static bool describe_program(info_file *i, const cg_program *p,
                             const cg_file *file, host_failure *f)
{
    i->kind = "checkpoint";
    cg_sha256(file->bytes, file->size, i->source_sha256);
    snprintf(i->network, sizeof i->network, "%s", p->model_type);
    describe_kind(i, p);
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
    if (p->ids != NULL && p->denoiser.label_dim > 0) {
        i->ids = calloc(p->denoiser.label_dim, sizeof *i->ids);
        if (i->ids == NULL) {
            return host_fail(f, "%s: out of memory", file->path);
        }
        memcpy(i->ids, p->ids, p->denoiser.label_dim * sizeof *i->ids);
    }
    return true;
}

static bool describe_checkpoint(info_file *i, const char *path,
                                host_failure *f)
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

static void read_ids(info_file *i, const cJSON *ids)
{
    const cJSON *item;
    size_t k = 0;
    bool good =
        i->clusters > 0 && cJSON_GetArraySize(ids) == (int)i->clusters;
    i->ids = good ? calloc(i->clusters, sizeof *i->ids) : NULL;
    good = i->ids != NULL;
    cJSON_ArrayForEach(item, ids)
    {
        good = good && host_json_integer(item, &i->ids[k++]);
    }
    if (!good) {
        free(i->ids);
        i->ids = NULL;
    }
}

/* A list that does not fit the clusters is left out. */
static void describe_clusters(info_file *i, const cJSON *clusters)
{
    const cJSON *freq = member(clusters, "freq");
    int n = (int)i->clusters;
    if (n > 0 && cJSON_GetArraySize(freq) == n) {
        i->freq = calloc(i->clusters, sizeof *i->freq);
    }
    if (i->freq != NULL && !host_freq_from_json(freq, i->freq, i->clusters)) {
        free(i->freq);
        i->freq = NULL;
    }
    read_ids(i, member(clusters, "ids"));
    const cJSON *source = member(clusters, "source");
    i->made_of = count(source, "clusters");
    copy_text(i->method, sizeof i->method, member(source, "method"));
    copy_text(i->features_sha256, sizeof i->features_sha256,
              member(source, "features_sha256"));
}

/* The sizes of images and features, by the kind of model. */
static void read_kind(info_file *i, const cJSON *root, const cJSON *network)
{
    const cJSON *encoder = member(root, "encoder");
    i->encodes = cJSON_IsObject(encoder);
    if (i->encodes) {
        i->height = (uint32_t)count(encoder, "height");
        i->width = (uint32_t)count(encoder, "width");
        i->channels = (uint32_t)count(encoder, "channels");
        i->features = (uint32_t)count(encoder, "features");
        return;
    }
    i->resolution = (uint32_t)count(network, "img_resolution");
    i->channels = (uint32_t)count(network, "img_channels");
    i->clusters = (uint32_t)count(member(root, "clusters"), "count");
    uint64_t noise = count(network, "channel_mult_noise");
    i->features = (uint32_t)(count(network, "model_channels") *
                             (noise > 0 ? noise : 1));
}

bool info_describe_json(info_file *i, const cJSON *root, const char *path,
                        host_failure *f)
{
    const cJSON *sampler = member(root, "sampler");
    const cJSON *network = member(root, "network");
    const cJSON *memory = member(root, "memory");
    copy_text(i->name, sizeof i->name, member(root, "name"));
    copy_text(i->source_sha256, sizeof i->source_sha256,
              member(member(root, "source"), "sha256"));
    copy_text(i->network, sizeof i->network, member(network, "model_type"));
    read_kind(i, root, network);
    i->parameters = count(root, "parameters");
    i->macs = count(root, "macs");
    i->act = count(memory, "act_elements");
    i->f32 = count(memory, "f32_elements");
    i->scratch_bytes = count(memory, "scratch_bytes");
    i->weights_bytes = count(memory, "weights_bytes");
    describe_clusters(i, member(root, "clusters"));
    i->sampler = cedm_sampler_params_default();
    return sampler == NULL ||
           host_sampler_from_json(sampler, &i->sampler, path, f);
}

static bool describe_model(info_file *i, const char *path, host_failure *f)
{
    host_model m;
    bool good = host_model_load(&m, path, f);
    if (good) {
        i->kind = "frozen model";
        i->blob_bytes = m.blob_bytes;
        i->dtype = m.code->graph.dtype;
        good = info_describe_json(i, m.description, path, f);
    }
    host_model_close(&m);
    return good;
}

/* The description of a blob whose model is not at hand. */
static bool describe_blob(info_file *i, const char *path, host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_input_file(path, SIZE_MAX / 2, &size, f);
    cedm_blob_header h;
    if (bytes == NULL) {
        return false;
    }
    cJSON *root = NULL;
    cedm_status status = cedm_inspect(&h, bytes, size);
    if (status == CEDM_OK) {
        root = cJSON_ParseWithLength((const char *)bytes + h.trailer_offset,
                                     (size_t)h.trailer_bytes);
    }
    free(bytes);
    if (root == NULL) {
        return host_fail(f, "%s: %s; wanted a whole cedm blob", path,
                         status == CEDM_OK ? "the description is not JSON"
                                           : cedm_status_text(status));
    }
    i->kind = "blob";
    i->blob_bytes = size;
    i->dtype = h.dtype;
    bool good = info_describe_json(i, root, path, f);
    cJSON_Delete(root);
    return good;
}

/* ---- by the file's name ------------------------------------------------ */

static bool has_suffix(const char *text, const char *suffix)
{
    size_t a = strlen(text), b = strlen(suffix);
    return a >= b && strcmp(text + a - b, suffix) == 0;
}

bool info_describe(info_file *i, const char *path, host_failure *f)
{
    memset(i, 0, sizeof *i);
    return has_suffix(path, ".so")     ? describe_model(i, path, f)
           : has_suffix(path, ".cedm") ? describe_blob(i, path, f)
                                       : describe_checkpoint(i, path, f);
}

void info_free(info_file *i)
{
    free(i->freq);
    free(i->ids);
}
