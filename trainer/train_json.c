/* SPDX-License-Identifier: MIT
 *
 * train_json.c - a network's configuration and a run's recipe as JSON. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "trainer/train_options.h"

static void add_list(cJSON *json, const char *key, const train_list *list)
{
    cJSON *array = cJSON_AddArrayToObject(json, key);

    for (uint32_t i = 0; i < list->count; i++) {
        cJSON_AddItemToArray(array, cJSON_CreateNumber(list->values[i]));
    }
}

static void add_song(cJSON *json, bool ncsnpp)
{
    static const train_list plain = {{1, 1}, 2}, smooth = {{1, 3, 3, 1}, 4};

    cJSON_AddStringToObject(json, "embedding_type",
                            ncsnpp ? "fourier" : "positional");
    cJSON_AddStringToObject(json, "encoder_type",
                            ncsnpp ? "residual" : "standard");
    cJSON_AddStringToObject(json, "decoder_type", "standard");
    cJSON_AddNumberToObject(json, "channel_mult_noise", ncsnpp ? 2 : 1);
    add_list(json, "resample_filter", ncsnpp ? &smooth : &plain);
}

/* cJSON leaves out what it has no memory for, and prints to memory of its own
 * allocator. */
static char *print(cJSON *json)
{
    char *text = cJSON_PrintUnformatted(json);
    char *copy = text == NULL || errno == ENOMEM ? NULL : strdup(text);

    cJSON_free(text);
    cJSON_Delete(json);
    return copy;
}

char *train_options_config(const train_options *o, uint32_t resolution,
                           uint32_t channels, uint32_t label_dim)
{
    bool adm = strcmp(o->arch, "adm") == 0;
    cJSON *json;

    errno = 0;
    json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "model_type",
                            adm ? "DhariwalUNet" : "SongUNet");
    cJSON_AddStringToObject(json, "precond", "EDMPrecond");
    cJSON_AddNumberToObject(json, "img_resolution", resolution);
    cJSON_AddNumberToObject(json, "img_channels", channels);
    cJSON_AddNumberToObject(json, "label_dim", label_dim);
    cJSON_AddNumberToObject(json, "model_channels", o->cbase);
    add_list(json, "channel_mult", &o->cres);
    cJSON_AddNumberToObject(json, "num_blocks", o->num_blocks);
    add_list(json, "attn_resolutions", &o->attn);
    cJSON_AddNumberToObject(json, "dropout", o->dropout);
    cJSON_AddNumberToObject(json, "augment_dim", o->augment > 0.0 ? 9 : 0);
    if (!adm) {
        add_song(json, strcmp(o->arch, "ncsnpp") == 0);
    }
    return print(json);
}

char *train_options_recipe(const train_options *o,
                           enum cedm_cuda_precision precision)
{
    cJSON *json;

    errno = 0;
    json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "batch", o->batch);
    cJSON_AddNumberToObject(json, "lr", o->lr);
    cJSON_AddNumberToObject(json, "lr_rampup", o->lr_rampup);
    cJSON_AddNumberToObject(json, "ema", o->ema);
    cJSON_AddNumberToObject(json, "dropout", o->dropout);
    cJSON_AddNumberToObject(json, "augment", o->augment);
    cJSON_AddNumberToObject(json, "p_uncond", o->p_uncond);
    cJSON_AddBoolToObject(json, "xflip", o->xflip);
    cJSON_AddNumberToObject(json, "seed", o->seed);
    cJSON_AddStringToObject(json, "precision",
                            host_precision_name(precision));
    if (o->posthoc_ema) { /* states of runs without it do not know it */
        cJSON_AddTrueToObject(json, "posthoc_ema");
    }
    return print(json);
}
