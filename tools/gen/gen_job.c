/* SPDX-License-Identifier: MIT
 *
 * gen_job.c - which images to draw, and the JSON record that redraws them. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/device.h"
#include "host/execution/engine.h"
#include "host/files/json_number.h"
#include "tools/gen/gen_job.h"

static bool set_list(gen_job *j, const char *text, host_failure *f)
{
    if (!host_args_list_parse("cluster", text, &j->list, f)) {
        return false;
    }
    uint32_t clusters = j->code->denoiser->label_dim;
    if (host_args_list_max(&j->list) >= clusters) {
        return host_bad_usage(
            f,
            "--cluster: %" PRIu64 " is out of range; model %s "
            "has clusters 0 to %u",
            host_args_list_max(&j->list), j->code->name, clusters - 1);
    }
    j->mode = GEN_JOB_LIST;
    return true;
}

bool gen_job_set_clusters(gen_job *j, const char *text, host_failure *f)
{
    bool unconditional = j->code->denoiser->label_dim == 0;
    if (text == NULL) {
        j->mode = unconditional ? GEN_JOB_NONE : GEN_JOB_RANDOM;
        return true;
    }
    if (strcmp(text, "none") == 0) {
        j->mode = GEN_JOB_NONE;
        return true;
    }
    if (unconditional) {
        return host_bad_usage(
            f,
            "--cluster: model %s is unconditional; wanted none, "
            "got '%s'",
            j->code->name, text);
    }
    if (strcmp(text, "all") == 0) {
        j->mode = GEN_JOB_ALL;
        return true;
    }
    if (strcmp(text, "random") == 0) {
        j->mode = GEN_JOB_RANDOM;
        return true;
    }
    return set_list(j, text, f);
}

bool gen_job_set_mix(gen_job *j, const char *text, host_failure *f)
{
    j->mode = GEN_JOB_MIX;
    return gen_conditions_set_mix(&j->conditions, text,
                                  j->code->denoiser->label_dim, f);
}

/* Images that there are for each seed. */
static uint64_t rows_of(const gen_job *j)
{
    return j->mode == GEN_JOB_ALL   ? j->code->denoiser->label_dim
           : j->mode == GEN_JOB_MIX ? j->conditions.mix_steps
                                    : 1;
}

bool gen_job_count(gen_job *j, host_failure *f)
{
    uint64_t rows = rows_of(j);
    if (j->mode == GEN_JOB_MIX && j->seeds.count % 2 != 0) {
        return host_bad_usage(f,
                              "--mix: a row goes from one seed to another; "
                              "wanted an even number of seeds, got %" PRIu64,
                              j->seeds.count);
    }
    if (j->seeds.count > UINT64_MAX / rows) {
        return host_bad_usage(f,
                              "--n: %" PRIu64 " seeds with %" PRIu64
                              " images each are beyond 64 bits",
                              j->seeds.count, rows);
    }
    j->count = j->seeds.count * rows / (j->mode == GEN_JOB_MIX ? 2 : 1);
    j->whole = j->count;
    return true;
}

void gen_job_keep(gen_job *j, uint64_t first, uint64_t count)
{
    j->first += first;
    j->count = count;
}

uint64_t gen_job_seed(const gen_job *j, uint64_t i)
{
    uint64_t at = j->first + i;
    return host_args_list_at(&j->seeds, j->mode == GEN_JOB_MIX
                                            ? at / j->conditions.mix_steps * 2
                                            : at % j->seeds.count);
}

int32_t gen_job_cluster(const gen_job *j, uint64_t i)
{
    uint64_t at = j->first + i;
    switch (j->mode) {
    case GEN_JOB_LIST:
        return (int32_t)host_args_list_at(&j->list, at % j->list.count);
    case GEN_JOB_ALL: return (int32_t)(at / j->seeds.count);
    case GEN_JOB_RANDOM:
        return cedm_draw_cluster(j->code, gen_job_seed(j, i), j->freq);
    case GEN_JOB_GIVEN: return j->given[at];
    case GEN_JOB_MIX: return j->conditions.mix_ends[0];
    case GEN_JOB_NONE:
    default: return -1;
    }
}

gen_way gen_job_way(const gen_job *j, uint64_t i)
{
    const gen_conditions *c = &j->conditions;
    uint64_t at = j->first + i;
    if (c->ways != NULL) {
        return c->ways[at];
    }
    if (j->mode != GEN_JOB_MIX) {
        return (gen_way){0, -1, 0};
    }
    uint64_t row = at / c->mix_steps, step = at % c->mix_steps;
    return (gen_way){host_args_list_at(&j->seeds, 2 * row + 1),
                     c->mix_ends[1],
                     (double)step / (double)(c->mix_steps - 1)};
}

/* Every step is done in each round but the last, which ends at 0. */
double gen_job_evaluations(const gen_job *j)
{
    cedm_sampler_params last = j->params;
    double all = host_sampler_evaluations(&j->params);
    if (j->conditions.rounds <= 1) {
        return all;
    }
    last.start = last.steps - 1;
    double end = host_sampler_evaluations(&last);
    return (all - end) * j->conditions.rounds + end;
}

/* ---- writing a record ------------------------------------------------- */

/* JSON's numbers are doubles; a seed counts modulo 2^32 anyway. */
static double seed_number(uint64_t seed)
{
    return (double)(seed <= (UINT64_C(1) << 53) ? seed : seed & UINT32_MAX);
}

/* How the clusters were made, if the model says it. */
static void add_source(cJSON *record, const host_model *m)
{
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(m->description, "clusters"),
        "source");
    cJSON *copy = source != NULL ? cJSON_Duplicate(source, true) : NULL;
    if (copy != NULL &&
        !cJSON_AddItemToObject(record, "cluster_source", copy)) {
        cJSON_Delete(copy);
    }
}

/* What cJSON has no memory for it leaves out; gen_job_record finds out. */
static void append(cJSON *array, cJSON *item)
{
    if (!cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
    }
}

static void add_ways(const gen_job *j, cJSON *record, uint64_t first,
                     uint64_t n)
{
    if (j->mode != GEN_JOB_MIX && j->conditions.ways == NULL) {
        return;
    }
    cJSON *mix = cJSON_AddArrayToObject(record, "mix");
    for (uint64_t i = first; i < first + n; i++) {
        gen_way way = gen_job_way(j, i);
        cJSON *item = cJSON_CreateArray();
        append(item, host_json_number(seed_number(way.seed)));
        append(item, cJSON_CreateNumber(way.cluster));
        append(item, host_json_number(way.share));
        append(mix, item);
    }
}

char *gen_job_record(const gen_job *j, const host_model *m,
                     const gen_job_machine *machine, uint64_t first,
                     uint64_t n, uint64_t columns, uint64_t rows)
{
    errno = 0;
    cJSON *record = cJSON_CreateObject();
    cJSON_AddStringToObject(record, "model", m->code->name);
    cJSON_AddStringToObject(record, "data_sha256", m->data_sha256);
    cJSON *seeds = cJSON_AddArrayToObject(record, "seeds");
    cJSON *clusters = cJSON_AddArrayToObject(record, "clusters");
    for (uint64_t i = first; i < first + n; i++) {
        append(seeds, host_json_number(seed_number(gen_job_seed(j, i))));
        append(clusters, cJSON_CreateNumber(gen_job_cluster(j, i)));
    }
    add_source(record, m);
    add_ways(j, record, first, n);
    gen_conditions_to_json(&j->conditions, record, j->first + first, n);
    cJSON *sampler = host_sampler_to_json(&j->params);
    if (!cJSON_AddItemToObject(record, "sampler", sampler)) {
        cJSON_Delete(sampler);
    }
    cJSON_AddStringToObject(record, "precision", machine->precision);
    cJSON_AddStringToObject(record, "isa", machine->isa);
    if (machine->batch > 0) {
        cJSON_AddNumberToObject(record, "batch", machine->batch);
    }
    if (columns > 0) {
        cJSON_AddNumberToObject(record, "columns", (double)columns);
    }
    if (rows > 0) {
        cJSON_AddNumberToObject(record, "rows", (double)rows);
    }
    char *text = cJSON_PrintUnformatted(record);
    cJSON_Delete(record);
    if (errno == ENOMEM) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- reading one ------------------------------------------------------ */

static bool whole(const cJSON *item, double low, double high)
{
    return cJSON_IsNumber(item) && item->valuedouble >= low &&
           item->valuedouble <= high &&
           floor(item->valuedouble) == item->valuedouble;
}

static bool read_seeds(gen_job *j, const cJSON *seeds, uint64_t n)
{
    j->seeds.ranges = calloc((size_t)n, sizeof *j->seeds.ranges);
    if (j->seeds.ranges == NULL) {
        return false;
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, seeds)
    {
        if (!whole(item, 0, 0x1p53)) {
            return false;
        }
        uint64_t seed = (uint64_t)item->valuedouble;
        j->seeds.ranges[j->seeds.range_count++] =
            (host_args_range){seed, seed};
        j->seeds.count++;
    }
    return true;
}

static bool read_clusters(gen_job *j, const cJSON *clusters, uint64_t n)
{
    j->mode = GEN_JOB_GIVEN;
    j->given = calloc((size_t)n, sizeof *j->given);
    if (j->given == NULL) {
        return false;
    }
    size_t i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, clusters)
    {
        if (!whole(item, -1, (double)j->code->denoiser->label_dim - 1)) {
            return false;
        }
        j->given[i++] = (int32_t)item->valuedouble;
    }
    return true;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Records of earlier versions have no rows. */
static bool read_grid(gen_job *j, const cJSON *record)
{
    const cJSON *columns = member(record, "columns");
    const cJSON *rows = member(record, "rows");
    if (columns != NULL) {
        if (!whole(columns, 1, INT32_MAX)) {
            return false;
        }
        j->columns = (uint64_t)columns->valuedouble;
    }
    if (rows != NULL) {
        if (columns == NULL || !whole(rows, 1, INT32_MAX)) {
            return false;
        }
        j->rows = (uint64_t)rows->valuedouble;
    }
    return true;
}

/* What computed: its precision, and whether that of a CPU was paired. */
static bool read_machine(gen_job *j, const cJSON *record)
{
    const char *word = cJSON_GetStringValue(member(record, "precision"));
    const char *isa = cJSON_GetStringValue(member(record, "isa"));
    j->pairs = isa != NULL && strcmp(isa, HOST_ISA_PAIRS) == 0;
    for (int i = 0; word != NULL && i < CEDM_CUDA_PRECISIONS; i++) {
        const char *name = host_precision_name((enum cedm_cuda_precision)i);
        if (strcmp(name, word) == 0) {
            j->precision = i;
            return true;
        }
    }
    return false;
}

static bool read_images(gen_job *j, const cJSON *record)
{
    const cJSON *seeds = member(record, "seeds");
    const cJSON *clusters = member(record, "clusters");
    int n = cJSON_GetArraySize(seeds);
    if (n < 1 || cJSON_GetArraySize(clusters) != n ||
        !read_seeds(j, seeds, (uint64_t)n) ||
        !read_clusters(j, clusters, (uint64_t)n)) {
        return false;
    }
    j->count = (uint64_t)n;
    j->whole = j->count;
    return true;
}

/* A list of levels that is not as long as steps and solver say is damaged. */
static bool read_sampler(gen_job *j, const cJSON *sampler, const char *path,
                         host_failure *f)
{
    uint32_t count;
    j->sigmas = host_sampler_levels_from_json(sampler, &count);
    j->params.sigmas = j->sigmas;
    if (!host_sampler_from_json(sampler, &j->params, path, f)) {
        return false;
    }
    uint32_t wanted = host_sampler_level_count(&j->params);
    return j->params.discretization != CEDM_DISCRETIZATION_list ||
           count == wanted ||
           host_fail(f, "%s: its record is damaged; wanted %u levels, got %u",
                     path, wanted, count);
}

static bool read_record(gen_job *j, const cJSON *record, const char *path,
                        host_failure *f)
{
    if (!read_images(j, record)) {
        return host_fail(f, "%s: its record of seeds and clusters is damaged",
                         path);
    }
    if (!read_grid(j, record) || !read_machine(j, record)) {
        return host_fail(f,
                         "%s: its record is damaged; wanted columns and rows "
                         "of a grid and a precision, fp16, bf16 or fp32",
                         path);
    }
    return read_sampler(j, member(record, "sampler"), path, f) &&
           gen_conditions_from_json(&j->conditions, record, j->count,
                                    j->code->denoiser->label_dim, path, f);
}

bool gen_job_from_record(gen_job *j, const host_model *m, const char *path,
                         const char *text, host_failure *f)
{
    errno = 0;
    cJSON *record = cJSON_ParseWithOpts(text, NULL, true);
    const char *hash = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(record, "data_sha256"));
    bool good;
    if (record == NULL && errno == ENOMEM) {
        good = host_fail(f, "%s: out of memory", path);
    } else if (hash == NULL || strcmp(hash, m->data_sha256) != 0) {
        good =
            host_fail(f,
                      "%s: drawn by another model; wanted data_sha256 %.12s, "
                      "got %.12s",
                      path, m->data_sha256, hash != NULL ? hash : "none");
    } else {
        good = read_record(j, record, path, f);
    }
    cJSON_Delete(record);
    return good;
}

void gen_job_free(gen_job *j)
{
    host_args_list_free(&j->seeds);
    host_args_list_free(&j->list);
    free(j->given);
    free(j->sigmas);
    gen_conditions_free(&j->conditions);
    memset(j, 0, sizeof *j);
}
