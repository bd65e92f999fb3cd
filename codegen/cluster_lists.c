/* SPDX-License-Identifier: MIT
 *
 * cluster_lists.c - what a checkpoint's metadata says of its clusters. */
#include "codegen/cluster_lists.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/error.h"
#include "codegen/ir/memory.h"

static bool read_freq(const cg_file *file, cg_program *p, cg_error *error)
{
    const char *text = cg_find_metadata(file, "cedm.cluster_freq");
    if (text == NULL || p->denoiser.label_dim == 0) {
        return true;
    }
    errno = 0;
    cJSON *list = cJSON_ParseWithOpts(text, NULL, true);
    double *freq = cg_take(p->memory, p->denoiser.label_dim, sizeof(double));
    uint32_t count = 0;
    double sum = 0.0;
    bool ok = cJSON_IsArray(list) && freq != NULL;
    const cJSON *value;
    cJSON_ArrayForEach(value, list)
    {
        ok = ok && count < p->denoiser.label_dim && cJSON_IsNumber(value) &&
             value->valuedouble >= 0.0 && value->valuedouble <= 1e15 &&
             value->valuedouble == floor(value->valuedouble);
        if (ok) {
            freq[count++] = value->valuedouble;
            sum += value->valuedouble;
        }
    }
    bool no_memory = freq == NULL || (list == NULL && errno == ENOMEM);
    cJSON_Delete(list);
    if (no_memory) {
        return cg_fail(error, "%s:cedm.cluster_freq: out of memory",
                       file->path);
    }
    if (!ok || count != p->denoiser.label_dim || !(sum > 0.0)) {
        return cg_fail(error,
                       "%s:cedm.cluster_freq: unusable; wanted %u counts of "
                       "images, one per cluster, got \"%.80s\"; correct or "
                       "remove it",
                       file->path, p->denoiser.label_dim, text);
    }
    p->freq = freq;
    return true;
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* [1, 2, 3] of exactly n integers.  cJSON's numbers are doubles, which round
 * what is beyond 2^53. */
static bool scan_ids(const char *p, int64_t *ids, uint32_t n)
{
    p = skip_space(p);
    for (uint32_t i = 0; i < n; i++) {
        char *end;
        if (*p != (i == 0 ? '[' : ',')) {
            return false;
        }
        p = skip_space(p + 1);
        if (*p != '-' && (*p < '0' || *p > '9')) {
            return false;
        }
        errno = 0;
        ids[i] = strtoll(p, &end, 10);
        if (errno != 0 || end == p) {
            return false;
        }
        p = skip_space(end);
    }
    return *p == ']' && *skip_space(p + 1) == '\0';
}

static bool read_ids(const cg_file *file, cg_program *p, cg_error *error)
{
    const char *text = cg_find_metadata(file, "cedm.cluster_ids");
    if (text == NULL || p->denoiser.label_dim == 0) {
        return true;
    }
    int64_t *ids = cg_take(p->memory, p->denoiser.label_dim, sizeof *ids);
    if (ids == NULL) {
        return cg_fail(error, "%s:cedm.cluster_ids: out of memory",
                       file->path);
    }
    p->ids = ids;
    return scan_ids(text, ids, p->denoiser.label_dim) ||
           cg_fail(error,
                   "%s:cedm.cluster_ids: unusable; wanted a list of %u "
                   "integers, one per cluster, got \"%.80s\"; correct or "
                   "remove it",
                   file->path, p->denoiser.label_dim, text);
}

static const char *word(const cJSON *object, const char *name)
{
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : "";
}

/* Written anew, so that nothing else gets into the blob. */
static bool describe_source(cg_program *p, const cJSON *source)
{
    const char *method = word(source, "method");
    const char *hash = word(source, "features_sha256");
    const cJSON *clusters =
        cJSON_GetObjectItemCaseSensitive(source, "clusters");
    size_t length = strlen(method);
    if (length < 1 || length > 31 ||
        strspn(method, "abcdefghijklmnopqrstuvwxyz-") != length ||
        strlen(hash) != 64 || strspn(hash, "0123456789abcdef") != 64 ||
        !cJSON_IsNumber(clusters) || !(clusters->valuedouble >= 1.0) ||
        !(clusters->valuedouble <= 1e15) ||
        clusters->valuedouble != floor(clusters->valuedouble)) {
        return false;
    }
    p->cluster_source = cg_format(p->memory,
                                  "{\"method\":\"%s\",\"clusters\":%.0f,"
                                  "\"features_sha256\":\"%s\"}",
                                  method, clusters->valuedouble, hash);
    return true;
}

static bool read_source(const cg_file *file, cg_program *p, cg_error *error)
{
    const char *text = cg_find_metadata(file, "cedm.cluster_source");
    if (text == NULL || p->denoiser.label_dim == 0) {
        return true;
    }
    errno = 0;
    cJSON *source = cJSON_ParseWithOpts(text, NULL, true);
    bool no_memory = source == NULL && errno == ENOMEM;
    bool known = describe_source(p, source);
    cJSON_Delete(source);
    if (no_memory || (known && p->cluster_source == NULL)) {
        return cg_fail(error, "%s:cedm.cluster_source: out of memory",
                       file->path);
    }
    return known ||
           cg_fail(error,
                   "%s:cedm.cluster_source: unusable; wanted a method, its "
                   "clusters and the features_sha256, got \"%.80s\"; correct "
                   "or remove it",
                   file->path, text);
}

bool cg_read_clusters(const cg_file *file, cg_program *p, cg_error *error)
{
    return read_freq(file, p, error) && read_ids(file, p, error) &&
           read_source(file, p, error);
}
