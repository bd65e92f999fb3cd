/* SPDX-License-Identifier: MIT
 *
 * statistics_write.c - mean and covariance into an archive of NumPy arrays. */
#include <zip.h>

#include "evaluate/statistics.h"
#include "host/files/npy.h"
#include "host/files/output.h"

/* Adds an array of doubles, square for rank 2, from memory that stays. */
static bool add_array(zip_t *zip, const char *name, double *values,
                      uint64_t width, int rank,
                      unsigned char header[HOST_NPY_HEADER_BYTES])
{
    const uint64_t shape[2] = {width, width};
    uint64_t count = rank == 2 ? width * width : width;
    host_npy_header(header, "<f8", shape, rank);
    const zip_buffer_fragment_t parts[2] = {
        {header, HOST_NPY_HEADER_BYTES},
        {(zip_uint8_t *)(void *)values, count * sizeof *values}};
    zip_source_t *source = zip_source_buffer_fragment(zip, parts, 2, 0);
    zip_int64_t index =
        source == NULL ? -1 : zip_file_add(zip, name, source, 0);
    if (index < 0) {
        zip_source_free(source);
        return false;
    }
    /* 1980-01-01, the first day that archives know: not today's bytes */
    zip_uint64_t i = (zip_uint64_t)index;
    return zip_set_file_compression(zip, i, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(zip, i, 0, 0x21, 0) == 0;
}

/* The whole archive into a source in memory. */
static bool make_archive(zip_source_t *archive, const evaluate_statistics *s)
{
    unsigned char headers[2][HOST_NPY_HEADER_BYTES];
    zip_source_keep(archive); /* zip_close gives up one hold */
    zip_t *zip = zip_open_from_source(archive, ZIP_TRUNCATE, NULL);
    if (zip == NULL) {
        zip_source_free(archive);
        return false;
    }
    bool good =
        add_array(zip, "mu.npy", s->mean, s->width, 1, headers[0]) &&
        add_array(zip, "sigma.npy", s->covariance, s->width, 2, headers[1]);
    if (good && zip_close(zip) == 0) {
        return true;
    }
    zip_discard(zip);
    return false;
}

static bool copy_source(zip_source_t *archive, host_output *out,
                        host_failure *f)
{
    static const char text[] = "the archive cannot be copied";
    unsigned char bytes[1 << 14];
    zip_int64_t count;
    if (zip_source_open(archive) != 0) {
        return host_fail(f, "%s: %s", out->label, text);
    }
    bool good = true;
    do {
        count = zip_source_read(archive, bytes, sizeof bytes);
        good = count <= 0 || host_output_write(out, bytes, (size_t)count, f);
    } while (good && count > 0);
    (void)zip_source_close(archive);
    return good && (count == 0 || host_fail(f, "%s: %s", out->label, text));
}

bool evaluate_statistics_write(const evaluate_statistics *s, const char *path,
                               host_failure *f)
{
    host_output out;
    zip_source_t *archive = zip_source_buffer_create(NULL, 0, 0, NULL);
    bool good = archive != NULL && make_archive(archive, s);
    if (!good) {
        (void)host_fail(f, "%s: out of memory for the archive", path);
    }
    good = good && host_output_open(&out, path, f);
    if (good && !copy_source(archive, &out, f)) {
        host_output_abort(&out);
        good = false;
    }
    good = good && host_output_commit(&out, f);
    zip_source_free(archive);
    return good;
}
