/* SPDX-License-Identifier: MIT
 *
 * gen_conditions.c - what images are given beside seeds and clusters, and how
 * a record says it. */
#include "tools/gen/gen_conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/json_number.h"

#define MAX_MIX_STEPS 65536u

/* ---- what was asked ------------------------------------------------------ */

bool gen_conditions_set_mix(gen_conditions *c, const char *text,
                            uint32_t clusters, host_failure *f)
{
    unsigned a, b, steps;
    int used = 0;
    bool read = strlen(text) < 32 &&
                strspn(text, "0123456789:") == strlen(text) &&
                sscanf(text, "%u:%u:%u%n", &a, &b, &steps, &used) == 3 &&
                text[used] == '\0' && steps >= 2 && steps <= MAX_MIX_STEPS;
    if (!read) {
        return host_bad_usage(f,
                              "--mix: wanted CLUSTER:CLUSTER:STEPS, 2 to %u "
                              "steps, e.g. 5:7:9, got '%s'",
                              MAX_MIX_STEPS, text);
    }
    if (a >= clusters || b >= clusters) {
        return clusters > 0
                   ? host_bad_usage(f,
                                    "--mix: cluster %u is out of range; the "
                                    "model has clusters 0 to %u",
                                    a >= clusters ? a : b, clusters - 1)
                   : host_bad_usage(f, "--mix: the model has no clusters");
    }
    c->mix_steps = steps;
    c->mix_ends[0] = (int32_t)a;
    c->mix_ends[1] = (int32_t)b;
    return true;
}

const char *gen_conditions_option(const gen_conditions *c)
{
    return c->mix_steps > 0 || c->ways != NULL ? "--mix"
           : c->mask.count > 0                 ? "--mask"
           : c->init.count > 0                 ? "--init"
           : c->guide != NULL                  ? "--guide"
                                               : NULL;
}

bool gen_conditions_begin_at_pictures(const gen_conditions *c,
                                      const cedm_sampler_params *params)
{
    return c->init.count > 0 && (c->mask.count == 0 || params->start > 0);
}

size_t gen_conditions_picture(const gen_conditions *c, uint64_t at)
{
    return c->picks != NULL ? c->picks[at] : (size_t)(at % c->init.count);
}

void gen_conditions_free(gen_conditions *c)
{
    free(c->ways);
    free(c->picks);
    gen_pictures_free(&c->init);
    gen_pictures_free(&c->mask);
    memset(c, 0, sizeof *c);
}

/* ---- a checksum ---------------------------------------------------------- */

static uint32_t sum_pictures(uint32_t sum, const gen_pictures *p)
{
    return p->count > 0
               ? cedm_crc32c(sum, p->hashes, p->count * sizeof *p->hashes)
               : sum;
}

/* Nothing of it adds nothing: names stay what they were. */
uint32_t gen_conditions_sum(const gen_conditions *c, uint32_t sum)
{
    if (c->mix_steps > 0) {
        sum = cedm_crc32c(sum, &c->mix_steps, sizeof c->mix_steps);
        sum = cedm_crc32c(sum, c->mix_ends, sizeof c->mix_ends);
    }
    for (uint64_t i = 0; c->ways != NULL && i < c->picked; i++) {
        const gen_way *w = &c->ways[i];
        sum = cedm_crc32c(sum, &w->seed, sizeof w->seed);
        sum = cedm_crc32c(sum, &w->cluster, sizeof w->cluster);
        sum = cedm_crc32c(sum, &w->share, sizeof w->share);
    }
    sum = sum_pictures(sum, &c->init);
    if (c->picks != NULL) {
        sum = cedm_crc32c(sum, c->picks, c->picked * sizeof *c->picks);
    }
    sum = sum_pictures(sum, &c->mask);
    if (c->rounds > 1) {
        sum = cedm_crc32c(sum, &c->rounds, sizeof c->rounds);
    }
    return c->guide != NULL ? cedm_crc32c(sum, c->guide, strlen(c->guide))
                            : sum;
}

/* ---- writing a record ---------------------------------------------------- */

/* What cJSON has no memory for it leaves out; the caller finds out. */
static void append(cJSON *array, cJSON *item)
{
    if (!cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
    }
}

void gen_conditions_to_json(const gen_conditions *c, cJSON *record,
                            uint64_t at, uint64_t n)
{
    if (c->init.count > 0) {
        cJSON *init = cJSON_AddArrayToObject(record, "init");
        for (uint64_t i = at; i < at + n; i++) {
            size_t picture = gen_conditions_picture(c, i);
            append(init, cJSON_CreateString(c->init.hashes[picture]));
        }
    }
    if (c->mask.count > 0) {
        cJSON_AddStringToObject(record, "mask", c->mask.hashes[0]);
        cJSON_AddNumberToObject(record, "resample",
                                c->rounds > 0 ? c->rounds : 1);
    }
    if (c->guide != NULL) {
        cJSON_AddStringToObject(record, "guide", c->guide);
    }
}

/* ---- reading one --------------------------------------------------------- */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool read_way(const cJSON *item, uint32_t clusters, gen_way *way)
{
    const cJSON *share = cJSON_GetArrayItem(item, 2);
    int64_t seed, cluster;
    if (cJSON_GetArraySize(item) != 3 ||
        !host_json_integer(cJSON_GetArrayItem(item, 0), &seed) || seed < 0 ||
        !host_json_integer(cJSON_GetArrayItem(item, 1), &cluster) ||
        cluster < -1 || cluster >= (int64_t)clusters ||
        !cJSON_IsNumber(share) ||
        !(share->valuedouble >= 0 && share->valuedouble <= 1)) {
        return false;
    }
    *way = (gen_way){(uint64_t)seed, (int32_t)cluster, share->valuedouble};
    return true;
}

static bool read_ways(gen_conditions *c, const cJSON *mix, uint64_t n,
                      uint32_t clusters, const char *path, host_failure *f)
{
    if (mix == NULL) {
        return true;
    }
    bool good = cJSON_GetArraySize(mix) == (int)n;
    c->ways = calloc((size_t)n, sizeof *c->ways);
    if (c->ways == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    size_t i = 0;
    for (const cJSON *item = good ? mix->child : NULL; good && item != NULL;
         item = item->next) {
        good = read_way(item, clusters, &c->ways[i++]);
    }
    return good || host_fail(f,
                             "%s: its record is damaged; wanted a seed, a "
                             "cluster and a share of each image for mix",
                             path);
}

static bool read_picks(gen_conditions *c, const cJSON *init, uint64_t n,
                       const char *path, host_failure *f)
{
    if (init == NULL) {
        return true;
    }
    if (c->init.count == 0) {
        return host_fail(f, "%s: begins at pictures; wanted them by --init",
                         path);
    }
    if (cJSON_GetArraySize(init) != (int)n) {
        return host_fail(f, "%s: its record of pictures is damaged", path);
    }
    c->picks = calloc((size_t)n, sizeof *c->picks);
    if (c->picks == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    size_t i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, init)
    {
        const char *hash = cJSON_GetStringValue(item);
        c->picks[i] = gen_pictures_find(&c->init, hash != NULL ? hash : "");
        if (c->picks[i++] == c->init.count) {
            return host_fail(f,
                             "%s: image %zu began at a picture of sha256 "
                             "%.12s, which --init does not have",
                             path, i - 1, hash != NULL ? hash : "none");
        }
    }
    return true;
}

/* A thing that a record names by its hash: given, and the same. */
static bool is_given(const cJSON *item, const char *given, const char *option,
                     const char *path, host_failure *f)
{
    const char *hash = cJSON_GetStringValue(item);
    if (item == NULL) {
        return true;
    }
    if (given == NULL) {
        return host_fail(f, "%s: was drawn with %s; wanted it again", path,
                         option);
    }
    return (hash != NULL && strcmp(hash, given) == 0) ||
           host_fail(f,
                     "%s: was drawn with another %s; wanted sha256 %.12s, "
                     "got %.12s",
                     path, option, hash != NULL ? hash : "none", given);
}

static bool read_rounds(gen_conditions *c, const cJSON *item,
                        const char *path, host_failure *f)
{
    int64_t rounds = 1;
    if (item != NULL && (!host_json_integer(item, &rounds) || rounds < 1 ||
                         rounds > CEDM_MAX_ROUNDS)) {
        return host_fail(f,
                         "%s: its record is damaged; wanted resample from "
                         "1 to %u",
                         path, CEDM_MAX_ROUNDS);
    }
    if (c->rounds == 0) {
        c->rounds = (uint32_t)rounds;
    }
    return true;
}

bool gen_conditions_from_json(gen_conditions *c, const cJSON *record,
                              uint64_t n, uint32_t clusters, const char *path,
                              host_failure *f)
{
    const char *mask = c->mask.count > 0 ? c->mask.hashes[0] : NULL;
    c->picked = n;
    return read_ways(c, member(record, "mix"), n, clusters, path, f) &&
           read_picks(c, member(record, "init"), n, path, f) &&
           is_given(member(record, "mask"), mask, "--mask", path, f) &&
           read_rounds(c, member(record, "resample"), path, f) &&
           is_given(member(record, "guide"), c->guide, "--guide", path, f);
}
