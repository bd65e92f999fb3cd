/* SPDX-License-Identifier: MIT
 *
 * gen_name.c - what files of images are called. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/output.h"
#include "host/files/png_text.h"
#include "tools/gen/gen_name.h"

/* ---- a checksum of what decides ----------------------------------------- */

static uint32_t sum_text(uint32_t sum, const char *text)
{
    return cedm_crc32c(sum, text, strlen(text) + 1);
}

/* Ranges that follow each other are one: 0-1,2 is 0-2. */
static uint32_t sum_list(uint32_t sum, const host_args_list *list)
{
    for (size_t i = 0; i < list->range_count;) {
        host_args_range r = list->ranges[i++];
        while (i < list->range_count && r.last != UINT64_MAX &&
               list->ranges[i].first == r.last + 1) {
            r.last = list->ranges[i++].last;
        }
        sum = cedm_crc32c(sum, &r, sizeof r);
    }
    return sum;
}

static uint32_t sum_clusters(uint32_t sum, const gen_job *j)
{
    uint32_t mode = (uint32_t)j->mode;
    sum = cedm_crc32c(sum, &mode, sizeof mode);
    if (j->mode == GEN_JOB_LIST) {
        sum = sum_list(sum, &j->list);
    } else if (j->mode == GEN_JOB_GIVEN) {
        sum = cedm_crc32c(sum, j->given, (size_t)j->count * sizeof *j->given);
    } else if (j->mode == GEN_JOB_RANDOM && j->freq != NULL) {
        sum = cedm_crc32c(sum, j->freq,
                          j->code->denoiser->label_dim * sizeof *j->freq);
    }
    return sum;
}

static uint32_t sum_job(const gen_options *o, const gen_job *j,
                        const char *data_sha256)
{
    uint64_t grid[2] = {o->columns, o->rows};
    cJSON *sampler = host_sampler_to_json(&j->params);
    char *text = cJSON_PrintUnformatted(sampler);
    uint32_t sum = sum_text(0, data_sha256);
    sum = sum_list(sum, &j->seeds);
    sum = sum_clusters(sum, j);
    sum = gen_conditions_sum(&j->conditions, sum);
    sum = sum_text(sum, text != NULL ? text : "");
    sum = cedm_crc32c(sum, grid, sizeof grid);
    sum = cedm_crc32c(sum, &o->precision, sizeof o->precision);
    free(text);
    cJSON_Delete(sampler);
    return sum;
}

/* ---- the default name ---------------------------------------------------- */

/* Commas make awkward file names. */
static void append(char name[GEN_NAME_BYTES], const char *text)
{
    size_t used = strlen(name);
    for (; *text != '\0' && used + 1 < GEN_NAME_BYTES; text++) {
        name[used++] = *text == ',' ? '+' : *text;
    }
    name[used] = '\0';
}

/* "c5", "c0-3+7", or the word. */
static void name_clusters(const gen_options *o, const gen_job *j, char *text,
                          size_t size)
{
    bool same = j->mode == GEN_JOB_GIVEN;
    for (uint64_t i = 1; same && i < j->count; i++) {
        same = j->given[i] == j->given[0];
    }
    if (j->mode == GEN_JOB_LIST) {
        snprintf(text, size, "c%s", o->clusters);
    } else if (j->mode == GEN_JOB_MIX) {
        snprintf(text, size, "c%d-to-c%d", j->conditions.mix_ends[0],
                 j->conditions.mix_ends[1]);
    } else if (same && j->given[0] >= 0) {
        snprintf(text, size, "c%d", j->given[0]);
    } else {
        snprintf(text, size, "%s",
                 j->mode == GEN_JOB_ALL              ? "all"
                 : j->mode == GEN_JOB_RANDOM         ? "random"
                 : j->mode == GEN_JOB_GIVEN && !same ? "mixed"
                                                     : "none");
    }
}

void gen_name_default(const gen_options *o, const gen_job *j,
                      const char *data_sha256, char name[GEN_NAME_BYTES])
{
    static const char *const extensions[] = {".png", ".npy", ".raw"};
    char clusters[64], seeds[64], sum[16];
    name_clusters(o, j, clusters, sizeof clusters);
    if (o->seeds_text != NULL) {
        snprintf(seeds, sizeof seeds, "-s%s", o->seeds_text);
    } else {
        snprintf(seeds, sizeof seeds, "-s%" PRIu64, gen_job_seed(j, 0));
    }
    snprintf(sum, sizeof sum, "-%08" PRIx32, sum_job(o, j, data_sha256));
    name[0] = '\0';
    append(name, j->code->name);
    append(name, "-");
    append(name, clusters);
    append(name, seeds);
    append(name, sum);
    append(name, o->separate ? "" : extensions[o->format]);
}

/* ---- a file that has the name ------------------------------------------- */

/* Which machine drew it does not matter here. */
static cJSON *recipe(const char *text)
{
    cJSON *record = cJSON_Parse(text);
    cJSON_DeleteItemFromObjectCaseSensitive(record, "isa");
    cJSON_DeleteItemFromObjectCaseSensitive(record, "precision");
    cJSON_DeleteItemFromObjectCaseSensitive(record, "batch");
    return record;
}

static bool same_recipe(const char *a, const char *b)
{
    cJSON *x = recipe(a), *y = recipe(b);
    bool same = x != NULL && y != NULL && cJSON_Compare(x, y, true);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return same;
}

bool gen_name_free(const gen_job *j, const host_model *m, const char *name,
                   uint64_t columns, uint64_t rows, host_failure *f)
{
    static const gen_job_machine any = {"", "", 0};
    size_t size, length = strlen(name);
    if (access(name, F_OK) != 0 || length < 4 ||
        strcmp(name + length - 4, ".png") != 0) {
        return true;
    }
    unsigned char *png = host_input_file(name, SIZE_MAX / 2, &size, f);
    char *there = png != NULL ? host_png_text(png, size, name, f) : NULL;
    char *ours = there != NULL
                     ? gen_job_record(j, m, &any, 0, j->count, columns, rows)
                     : NULL;
    bool same = ours != NULL && same_recipe(there, ours);
    free(png);
    free(there);
    free(ours);
    return same || host_fail(f,
                             "%s: exists, and holds something else; give "
                             "--out PATH, or --force to replace it",
                             name);
}

/* ---- a file for each image ---------------------------------------------- */

typedef struct pair {
    uint32_t seed; /* seeds count modulo 2^32 */
    int32_t cluster;
} pair;

static int compare_pairs(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    return x->seed != y->seed
               ? (x->seed > y->seed) - (x->seed < y->seed)
               : (x->cluster > y->cluster) - (x->cluster < y->cluster);
}

/* The images of a record: seeds may repeat, pairs must not. */
static bool check_pairs(gen_job *j, host_failure *f)
{
    pair *pairs = calloc((size_t)j->count, sizeof *pairs);
    if (pairs == NULL) {
        return host_fail(f, "out of memory for %" PRIu64 " names", j->count);
    }
    for (uint64_t i = 0; i < j->count; i++) {
        pairs[i] = (pair){(uint32_t)gen_job_seed(j, i), j->given[i]};
    }
    qsort(pairs, (size_t)j->count, sizeof *pairs, compare_pairs);
    bool distinct = true;
    for (uint64_t i = 1; i < j->count; i++) {
        bool again = pairs[i].seed == pairs[i - 1].seed;
        j->by_cluster = j->by_cluster || again;
        distinct =
            distinct && !(again && pairs[i].cluster == pairs[i - 1].cluster);
    }
    free(pairs);
    return distinct || host_bad_usage(f, "--grid none: the record has an "
                                         "image twice");
}

bool gen_name_distinct(gen_job *j, host_failure *f)
{
    if (j->mode == GEN_JOB_MIX || j->conditions.ways != NULL) {
        return host_bad_usage(f, "--grid none: images between clusters have "
                                 "no names of their own; wanted a grid");
    }
    j->by_cluster = j->mode == GEN_JOB_ALL;
    if (j->mode == GEN_JOB_GIVEN) {
        return check_pairs(j, f);
    }
    return !host_args_list_repeats(&j->seeds, UINT32_MAX) ||
           host_bad_usage(f,
                          "--grid none: a seed is given twice, modulo 2^32, "
                          "and would be drawn twice");
}

char *gen_name_image(const gen_job *j, uint64_t i, const char *directory,
                     const char *extension)
{
    size_t size = strlen(directory) + 64;
    char *name = malloc(size);
    char cluster[16] = "";
    if (j->by_cluster) {
        snprintf(cluster, sizeof cluster, "-c%d", gen_job_cluster(j, i));
    }
    if (name != NULL) {
        snprintf(name, size, "%s/%06" PRIu64 "%s.%s", directory,
                 gen_job_seed(j, i), cluster, extension);
    }
    return name;
}
