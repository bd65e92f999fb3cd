/* SPDX-License-Identifier: MIT
 *
 * freq.c - images per cluster, from a file a person wrote or PyTorch, or from
 * the description of a model.
 *
 * A flat JSON array of numbers is plain text with brackets around it, so
 * that one scanner reads both. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/freq.h"
#include "host/files/output.h"
#include "host/files/tensor.h"

#define LIMIT (16u << 20) /* bytes: far above 65536 clusters */

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* Reads into freq[count]; how many numbers there are, at most count + 1, or
 * -1 if the text is something else. */
static int64_t scan(const char *p, double *freq, uint32_t count)
{
    p = skip_space(p);
    bool bracket = *p == '[';
    p = skip_space(p + bracket);
    int64_t found = 0;
    while (*p != '\0' && *p != ']' && found <= (int64_t)count) {
        char *end;
        double value = strtod(p, &end);
        if (end == p) {
            return -1;
        }
        if (found < (int64_t)count) {
            freq[found] = value;
        }
        found++;
        p = skip_space(end);
        p = skip_space(p + (*p == ','));
    }
    if (found <= (int64_t)count) {
        if (bracket != (*p == ']') || *skip_space(p + bracket) != '\0') {
            return -1;
        }
    }
    return found;
}

/* To be freed; NULL on error. */
static double *read_text(const char *path, const char *text, uint32_t count,
                         host_failure *f)
{
    double *freq = calloc(count, sizeof *freq);
    if (freq == NULL) {
        host_fail(f, "%s: out of memory", path);
        return NULL;
    }
    int64_t found = scan(text, freq, count);
    if (found == (int64_t)count) {
        return freq;
    }
    free(freq);
    if (found < 0) {
        host_fail(f,
                  "%s: not a list of counts; wanted %u numbers or a tensor",
                  path, count);
    } else {
        host_fail(f, "%s: wanted %u counts, one per cluster, got %s%lld",
                  path, count, found > (int64_t)count ? "over " : "",
                  (long long)(found > (int64_t)count ? count : found));
    }
    return NULL;
}

static bool check(const char *path, const double *freq, uint32_t count,
                  host_failure *f)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!(freq[i] >= 0) || isinf(freq[i])) {
            return host_fail(f, "%s: count %u is %g; wanted 0 or more", path,
                             i, freq[i]);
        }
        sum += freq[i];
    }
    return (sum > 0 && isfinite(sum)) ||
           host_fail(f, "%s: the counts sum to %g; wanted more than 0", path,
                     sum);
}

double *host_freq_read(const char *path, uint32_t count, host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_input_file(path, LIMIT, &size, f);
    if (bytes == NULL) {
        return NULL;
    }
    double *freq = host_tensor_begins(bytes, size)
                       ? host_tensor_read(path, count, "cluster", f)
                       : read_text(path, (const char *)bytes, count, f);
    free(bytes);
    if (freq != NULL && !check(path, freq, count, f)) {
        free(freq);
        return NULL;
    }
    return freq;
}

bool host_freq_from_json(const cJSON *list, double *freq, uint32_t count)
{
    uint32_t i = 0;
    double sum = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (i == count || !cJSON_IsNumber(item) || item->valuedouble < 0 ||
            !isfinite(item->valuedouble)) {
            return false;
        }
        sum += item->valuedouble;
        freq[i++] = item->valuedouble;
    }
    return cJSON_IsArray(list) && i == count && sum > 0 && isfinite(sum);
}
