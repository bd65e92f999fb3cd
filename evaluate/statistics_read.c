/* SPDX-License-Identifier: MIT
 *
 * statistics_read.c - mean and covariance from an archive of NumPy arrays. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "evaluate/decomposition.h"
#include "evaluate/statistics.h"
#include "host/files/npy_read.h"
#include "host/files/rows.h"

/* One byte of deflated data can stand for no more than 1032. */
#define RATIO_MAX 1032u

/* ---- entries ------------------------------------------------------------ */

/* The array in an entry, copied out of it. */
typedef struct entry {
    char name[512]; /* path:entry, for messages */
    unsigned char *bytes;
    cg_array array;
} entry;

static bool check_entry(const entry *e, const zip_stat_t *s, host_failure *f)
{
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                ZIP_STAT_COMP_METHOD |
                                ZIP_STAT_ENCRYPTION_METHOD;
    bool deflated = s->comp_method == ZIP_CM_DEFLATE;
    if ((s->valid & needed) != needed ||
        (!deflated && s->comp_method != ZIP_CM_STORE) ||
        s->encryption_method != ZIP_EM_NONE) {
        return host_fail(f,
                         "%s: the entry cannot be unpacked; wanted a stored "
                         "or deflated one, got another; write it with "
                         "numpy.savez",
                         e->name);
    }
    zip_uint64_t ratio = deflated ? RATIO_MAX : 1;
    return s->size / ratio <= s->comp_size ||
           host_fail(f,
                     "%s: a size that cannot be right; wanted at most %u "
                     "bytes for each of %ju, got %ju; get the file again",
                     e->name, (unsigned)ratio, (uintmax_t)s->comp_size,
                     (uintmax_t)s->size);
}

/* Reads to the end and once more: only there the checksum is compared. */
static bool read_entry(entry *e, zip_t *zip, zip_uint64_t index,
                       zip_uint64_t size, host_failure *f)
{
    zip_file_t *in = zip_fopen_index(zip, index, 0);
    if (in == NULL) {
        return host_fail(f, "%s: cannot be read: %s", e->name,
                         zip_strerror(zip));
    }
    zip_int64_t count = zip_fread(in, e->bytes, size);
    unsigned char more;
    bool good = count >= 0 && (zip_uint64_t)count == size &&
                zip_fread(in, &more, 1) == 0;
    if (!good) {
        (void)host_fail(
            f,
            "%s: the entry is damaged; wanted %ju bytes and their "
            "checksum, got %s; get the file again",
            e->name, (uintmax_t)size,
            count < 0 ? zip_file_strerror(in) : "others");
    }
    (void)zip_fclose(in);
    return good;
}

/* Takes an entry of at most `limit` bytes; e->bytes is to be freed. */
static bool take_entry(entry *e, zip_t *zip, const char *path,
                       const char *name, uint64_t limit, host_failure *f)
{
    zip_stat_t s;
    *e = (entry){.bytes = NULL};
    (void)snprintf(e->name, sizeof e->name, "%s:%s", path, name);
    zip_int64_t index = zip_name_locate(zip, name, 0);
    zip_stat_init(&s);
    if (index < 0 || zip_stat_index(zip, (zip_uint64_t)index, 0, &s) != 0) {
        return host_fail(f,
                         "%s: missing in the archive; wanted statistics with "
                         "mu.npy and sigma.npy, got others; make them with "
                         "cedm-eval ref",
                         e->name);
    }
    if (!check_entry(e, &s, f)) {
        return false;
    }
    if (s.size > limit) {
        return host_fail(f,
                         "%s: too large; wanted at most %" PRIu64 " bytes, "
                         "got %ju; get the file again",
                         e->name, limit, (uintmax_t)s.size);
    }
    e->bytes = malloc(s.size > 0 ? s.size : 1);
    if (e->bytes == NULL) {
        return host_fail(f, "%s: out of memory", e->name);
    }
    return read_entry(e, zip, (zip_uint64_t)index, s.size, f) &&
           host_npy_parse(&e->array, e->bytes, s.size, e->name, f);
}

/* ---- what they must hold ------------------------------------------------ */

/* Bytes of the longest NumPy file of so many doubles. */
static uint64_t file_bytes(uint64_t count)
{
    return 12 + 10000 + 8 * count;
}

static bool take_doubles(double **out, const entry *e, int rank,
                         uint64_t width, host_failure *f)
{
    const cg_array *a = &e->array;
    bool square = rank == 1 || (a->rank == 2 && a->shape[1] == a->shape[0]);
    if ((a->dtype != CG_F64 && a->dtype != CG_F32) || a->rank != rank ||
        !square || a->shape[0] != width || width == 0 ||
        width > EVALUATE_SYMMETRIC_MAX) {
        return host_fail(
            f,
            "%s: another array; wanted floats or doubles [%" PRIu64
            "]%s of at most %u features, got %d axes and %" PRIu64
            " elements; make it with cedm-eval ref",
            e->name, width, rank == 2 ? " squared" : "",
            EVALUATE_SYMMETRIC_MAX, a->rank, a->elements);
    }
    *out = malloc(a->elements * sizeof **out);
    if (*out == NULL) {
        return host_fail(f, "%s: out of memory", e->name);
    }
    host_rows_f64(a, 0, a->shape[0], *out);
    for (uint64_t i = 0; i < a->elements; i++) {
        if (!isfinite((*out)[i])) {
            return host_fail(f,
                             "%s: element %" PRIu64 " is not finite; wanted "
                             "finite numbers, got %g; make it again",
                             e->name, i, (*out)[i]);
        }
    }
    return true;
}

/* |s_ik|^2 <= s_ii s_kk in every covariance; a float's rounding is let
 * pass. */
static bool check_covariance(const double *sigma, uint64_t width,
                             const char *name, host_failure *f)
{
    const double slack = 1 + 1e-6;
    for (uint64_t i = 0; i < width; i++) {
        double variance = sigma[i * width + i];
        for (uint64_t k = 0; k <= i; k++) {
            double x = sigma[i * width + k], y = sigma[k * width + i];
            double bound =
                sqrt(variance) * sqrt(sigma[k * width + k]) * slack;
            if (!(fabs(x) <= bound) || fabs(x - y) > (slack - 1) * bound) {
                return host_fail(
                    f,
                    "%s: no covariance; wanted a symmetric matrix "
                    "with no entry above its diagonal's means, "
                    "got %g and %g in row and column %" PRIu64 " and %" PRIu64
                    "; make it again",
                    name, x, y, i, k);
            }
        }
    }
    return true;
}

static bool read_mean(evaluate_statistics *s, zip_t *zip, const char *path,
                      host_failure *f)
{
    entry e;
    bool good = take_entry(&e, zip, path, "mu.npy",
                           file_bytes(EVALUATE_SYMMETRIC_MAX), f);
    if (good) {
        uint64_t width = e.array.rank == 1 ? e.array.shape[0] : 0;
        good = take_doubles(&s->mean, &e, 1, width, f);
        s->width = (uint32_t)width;
    }
    free(e.bytes);
    return good;
}

static bool read_covariance(evaluate_statistics *s, zip_t *zip,
                            const char *path, host_failure *f)
{
    entry e;
    uint64_t width = s->width;
    bool good = take_entry(&e, zip, path, "sigma.npy",
                           file_bytes(width * width), f) &&
                take_doubles(&s->covariance, &e, 2, width, f) &&
                check_covariance(s->covariance, width, e.name, f);
    free(e.bytes);
    return good;
}

bool evaluate_statistics_read(evaluate_statistics *s, const char *path,
                              host_failure *f)
{
    cg_map map;
    zip_error_t reason;
    *s = (evaluate_statistics){0, NULL, NULL};
    if (!host_map_open(&map, path, f)) {
        return false;
    }
    zip_error_init(&reason);
    zip_source_t *source =
        zip_source_buffer_create(map.bytes, map.size, 0, &reason);
    zip_t *zip = source == NULL
                     ? NULL
                     : zip_open_from_source(
                           source, ZIP_RDONLY | ZIP_CHECKCONS, &reason);
    bool good = zip != NULL;
    if (good) {
        good = read_mean(s, zip, path, f) && read_covariance(s, zip, path, f);
        zip_discard(zip);
    } else {
        (void)host_fail(f,
                        "%s: not a sound archive; wanted statistics (.npz), "
                        "got \"%s\"; make them with cedm-eval ref",
                        path, zip_error_strerror(&reason));
        zip_source_free(source);
    }
    zip_error_fini(&reason);
    cg_map_close(&map);
    if (!good) {
        evaluate_statistics_free(s);
    }
    return good;
}
