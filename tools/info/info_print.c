/* SPDX-License-Identifier: MIT
 *
 * info_print.c - a description as text for people and as JSON. */
#include "tools/info/info_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/execution/sampler_params.h"

#define MANY 64u /* the second batch that memory is shown for */

static uint64_t state(const info_file *i, uint32_t batch)
{
    if (i->encodes) {
        return 0;
    }
    uint64_t pixels = (uint64_t)i->resolution * i->resolution * i->channels;
    return CEDM_STATE_BYTES(pixels, i->features, batch);
}

static uint64_t arena(const info_file *i, uint32_t batch, uint32_t workers)
{
    return CEDM_GRAPH_BYTES(i->act, i->f32, i->scratch_bytes, batch,
                            workers) +
           state(i, batch);
}

static void print_region(const char *name, uint64_t one, uint64_t many)
{
    printf("  %-26s %14" PRIu64 " %14" PRIu64 "\n", name, one, many);
}

static void print_clusters(const info_file *i)
{
    double sum = 0;
    if (i->made_of > 0) {
        printf("clusters by %s, %" PRIu64 " of features sha256 %s\n",
               i->method, i->made_of, i->features_sha256);
    }
    for (uint32_t c = 0; i->freq != NULL && c < i->clusters; c++) {
        sum += i->freq[c];
    }
    if (i->freq == NULL && i->ids == NULL) {
        return;
    }
    for (uint32_t c = 0; c < i->clusters; c++) {
        printf("cluster %u:", c);
        if (i->freq != NULL) {
            printf(" %.0f images, %.2f %%", i->freq[c],
                   100 * i->freq[c] / sum);
        }
        if (i->ids != NULL) {
            printf("%s id %" PRId64, i->freq != NULL ? "," : "", i->ids[c]);
        }
        puts("");
    }
}

static void print_kind(const info_file *i)
{
    printf("%s%s%s: %s, %u x %u x %u, ", i->kind, i->name[0] ? " " : "",
           i->name, i->network, i->encodes ? i->height : i->resolution,
           i->encodes ? i->width : i->resolution, i->channels);
    if (i->encodes) {
        printf("%u features\n", i->features);
    } else {
        printf(i->clusters > 0 ? "%u clusters\n" : "unconditional\n",
               i->clusters);
    }
}

/* Every solver, its orders, and the maps of state that it needs. */
static void print_solvers(void)
{
    const cedm_solver_facts *facts;
    printf("solvers, by maps of state of the %u that an arena has:",
           CEDM_STATE_MAPS);
    for (int k = 0;
         (facts = cedm_solver_describe((enum cedm_solver)k)) != NULL; k++) {
        printf("%s %s", k > 0 ? "," : "", facts->word);
        if (facts->least < facts->most) {
            printf(" of order %u to %u", facts->least, facts->most);
        }
        printf(" %u", facts->maps);
    }
    puts("");
}

/* How it draws, of which an encoder knows nothing. */
static void print_sampler(const cedm_sampler_params *p)
{
    printf("sampler: %u steps, sigma %g to %g, rho %g, S_churn %g\n",
           p->steps, p->sigma_min, p->sigma_max, p->rho, p->S_churn);
    print_solvers();
}

void info_print_text(const info_file *i)
{
    print_kind(i);
    printf("parameters %" PRIu64 "\n", i->parameters);
    printf("multiply-adds per image and evaluation %" PRIu64 "\n", i->macs);
    printf("%-28s %14s %14s\n", "memory, bytes", "batch 1", "batch 64");
    print_region(i->dtype == CEDM_DTYPE_F16 ? "blob, f16" : "blob, f32",
                 i->blob_bytes, i->blob_bytes);
    print_region("weights, at most", i->weights_bytes, i->weights_bytes);
    print_region("arena, 1 worker", arena(i, 1, 1), arena(i, MANY, 1));
    print_region("  activations", i->act * 4, i->act * 4 * MANY);
    print_region("  vectors", i->f32 * 4, i->f32 * 4 * MANY);
    if (!i->encodes) {
        print_region("  sampler state", state(i, 1), state(i, MANY));
    }
    print_region("  scratch per worker", CEDM_ALIGN_UP(i->scratch_bytes),
                 CEDM_ALIGN_UP(i->scratch_bytes));
    if (!i->encodes) {
        print_sampler(&i->sampler);
    }
    print_clusters(i);
    printf("source sha256 %s\n", i->source_sha256);
}

static void add(cJSON *object, const char *name, uint64_t value)
{
    cJSON_AddNumberToObject(object, name, (double)value);
}

static void add_source(cJSON *clusters, const info_file *i)
{
    if (i->made_of > 0) {
        cJSON *source = cJSON_AddObjectToObject(clusters, "source");
        cJSON_AddStringToObject(source, "method", i->method);
        add(source, "clusters", i->made_of);
        cJSON_AddStringToObject(source, "features_sha256",
                                i->features_sha256);
    }
}

static cJSON *json_solvers(void)
{
    cJSON *solvers = cJSON_CreateArray();
    const cedm_solver_facts *facts;
    for (int k = 0;
         (facts = cedm_solver_describe((enum cedm_solver)k)) != NULL; k++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "solver", facts->word);
        add(item, "least_order", facts->least);
        add(item, "most_order", facts->most);
        add(item, "state_maps", facts->maps);
        cJSON_AddItemToArray(solvers, item);
    }
    return solvers;
}

static cJSON *json_clusters(const info_file *i)
{
    cJSON *clusters = cJSON_CreateObject();
    add(clusters, "count", i->clusters);
    add_source(clusters, i);
    cJSON_AddItemToObject(
        clusters, "freq",
        i->freq != NULL ? cJSON_CreateDoubleArray(i->freq, (int)i->clusters)
                        : cJSON_CreateNull());
    if (i->ids == NULL) {
        cJSON_AddNullToObject(clusters, "ids");
        return clusters;
    }
    cJSON *ids = cJSON_AddArrayToObject(clusters, "ids");
    for (uint32_t c = 0; c < i->clusters; c++) {
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, i->ids[c]);
        cJSON_AddItemToArray(ids, cJSON_CreateRaw(text));
    }
    return clusters;
}

void info_print_json(const info_file *i)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "kind", i->kind);
    cJSON_AddStringToObject(root, "name", i->name);
    cJSON_AddStringToObject(root, "network", i->network);
    if (i->encodes) {
        add(root, "height", i->height);
        add(root, "width", i->width);
        add(root, "features", i->features);
    } else {
        add(root, "resolution", i->resolution);
    }
    add(root, "channels", i->channels);
    add(root, "parameters", i->parameters);
    add(root, "macs", i->macs);
    cJSON *memory = cJSON_AddObjectToObject(root, "memory");
    add(memory, "blob_bytes", i->blob_bytes);
    cJSON_AddStringToObject(memory, "blob_type",
                            i->dtype == CEDM_DTYPE_F16 ? "f16" : "f32");
    add(memory, "weights_bytes", i->weights_bytes);
    add(memory, "arena_bytes_batch_1", arena(i, 1, 1));
    add(memory, "arena_bytes_batch_64", arena(i, MANY, 1));
    add(memory, "activation_bytes_per_image", i->act * 4);
    add(memory, "vector_bytes_per_image", i->f32 * 4);
    add(memory, "scratch_bytes_per_worker", i->scratch_bytes);
    if (!i->encodes) {
        add(memory, "state_maps", CEDM_STATE_MAPS);
        cJSON_AddItemToObject(root, "solvers", json_solvers());
        cJSON_AddItemToObject(root, "clusters", json_clusters(i));
        cJSON_AddItemToObject(root, "sampler",
                              host_sampler_to_json(&i->sampler));
    }
    cJSON_AddStringToObject(root, "source_sha256", i->source_sha256);
    char *text = cJSON_Print(root);
    puts(text != NULL ? text : "{}");
    free(text);
    cJSON_Delete(root);
}
