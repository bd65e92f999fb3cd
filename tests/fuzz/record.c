/* SPDX-License-Identifier: MIT
 *
 * record.c - fuzz target of `cedm-gen --from x.png`: a PNG's text chunk and
 * the JSON record in it.
 *
 * An input is a byte (bit 0: the chunks' checksums are made right first),
 * then a PNG, or the record alone when it begins with '{'.  It gives a
 * message, or a job whose every image has a cluster of the model, and the
 * job's own record gives the same job. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tools/gen/gen_job.h"
#include "host/files/png_file.h"
#include "host/files/png_text.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define LABELS 4

static const cedm_denoiser denoiser = {.label_dim = LABELS};
static const cedm_model code = {.name = "fuzz", .denoiser = &denoiser};
static const host_model frozen = {.code = &code, .data_sha256 = "abc"};

static void check_failure(const host_failure *f)
{
    want(strncmp(f->text, "x.png:", 6) == 0);
    want_failure(f);
}

/* ---- records ----------------------------------------------------------- */

/* -infinity, which JSON lacks and no sampler takes, comes back positive. */
static bool same_number(double a, double b)
{
    return a == b || (isinf(a) && isinf(b));
}

static void check_same_levels(const cedm_sampler_params *a,
                              const cedm_sampler_params *b)
{
    uint32_t count = host_sampler_level_count(a);
    if (a->discretization != CEDM_DISCRETIZATION_list) {
        return;
    }
    want(count == host_sampler_level_count(b));
    for (uint32_t i = 0; i < count; i++) {
        want(same_number(a->sigmas[i], b->sigmas[i]));
    }
}

static void check_same(const gen_job *a, const gen_job *b)
{
    want(a->count == b->count && a->columns == b->columns);
    want(a->rows == b->rows && a->precision == b->precision);
    for (uint64_t i = 0; i < a->count; i++) {
        want(gen_job_seed(a, i) == gen_job_seed(b, i));
        want(gen_job_cluster(a, i) == gen_job_cluster(b, i));
        want(gen_job_cluster(a, i) >= -1 && gen_job_cluster(a, i) < LABELS);
    }
    want(a->params.steps == b->params.steps);
    want(same_number(a->params.sigma_min, b->params.sigma_min));
    want(same_number(a->params.sigma_max, b->params.sigma_max));
    want(same_number(a->params.rho, b->params.rho));
    want(same_number(a->params.S_churn, b->params.S_churn));
    want(same_number(a->params.S_min, b->params.S_min));
    want(same_number(a->params.S_max, b->params.S_max));
    want(same_number(a->params.S_noise, b->params.S_noise));
    want(same_number(a->params.guidance, b->params.guidance));
    want(a->params.solver == b->params.solver);
    want(a->params.discretization == b->params.discretization);
    want(a->params.schedule == b->params.schedule);
    want(a->params.scaling == b->params.scaling);
    want(a->params.churn_draws == b->params.churn_draws);
    check_same_levels(&a->params, &b->params);
}

/* Through a file of one pixel and back. */
static char *through_png(const char *text)
{
    static const uint8_t pixel[1] = {7};
    host_failure f = HOST_FAILURE_UNSAID;
    size_t size = 0;
    unsigned char *png =
        host_png_file_encode(pixel, 1, 1, 1, text, &size, &f);
    want(png != NULL);
    char *again = host_png_text(png, size, "x.png", &f);
    want(again != NULL && strcmp(again, text) == 0);
    free(png);
    return again;
}

static bool read_job(gen_job *j, const char *text)
{
    host_failure f = HOST_FAILURE_UNSAID;
    memset(j, 0, sizeof *j);
    j->code = &code;
    j->params = cedm_sampler_params_default();
    if (gen_job_from_record(j, &frozen, "x.png", text, &f)) {
        return true;
    }
    check_failure(&f);
    gen_job_free(j);
    return false;
}

static void check_record(const char *text)
{
    gen_job first, again;
    if (!read_job(&first, text)) {
        return;
    }
    static const char *const precisions[] = {"fp16", "bf16", "fp32"};
    gen_job_machine machine = {"portable", precisions[first.precision], 1};
    char *record = gen_job_record(&first, &frozen, &machine, 0, first.count,
                                  first.columns, first.rows);
    want(record != NULL);
    char *carried = through_png(record);
    want(read_job(&again, carried));
    check_same(&first, &again);
    gen_job_free(&again);
    gen_job_free(&first);
    free(carried);
    free(record);
}

/* ---- files ------------------------------------------------------------- */

static uint32_t load_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void repair(unsigned char *png, size_t size)
{
    size_t at = 8;
    while (at + 12 <= size && load_be32(png + at) <= size - at - 12) {
        size_t length = load_be32(png + at);
        uLong crc = crc32(0, png + at + 4, (uInt)(4 + length));
        for (int i = 0; i < 4; i++) {
            png[at + 8 + length + (size_t)i] =
                (unsigned char)(crc >> (24 - 8 * i));
        }
        at += length + 12;
    }
}

static void check_png(const uint8_t *bytes, size_t size, bool repaired)
{
    host_failure f = HOST_FAILURE_UNSAID;
    unsigned char *png = malloc(size > 0 ? size : 1);
    want(png != NULL);
    if (size > 0) {
        memcpy(png, bytes, size);
    }
    if (repaired) {
        repair(png, size);
    }
    char *text = host_png_text(png, size, "x.png", &f);
    free(png);
    if (text == NULL) {
        check_failure(&f);
        return;
    }
    check_record(text);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (size == 1 || bytes[1] != '{') {
        check_png(bytes + 1, size - 1, (bytes[0] & 1) != 0);
        return 0;
    }
    char *text = malloc(size);
    want(text != NULL);
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    check_record(text);
    free(text);
    return 0;
}
