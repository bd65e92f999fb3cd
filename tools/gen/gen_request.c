/* SPDX-License-Identifier: MIT
 *
 * gen_request.c - what is to be drawn, by options, a record and the model. */
#include "tools/gen/gen_request.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/engine.h"
#include "host/files/freq.h"
#include "host/files/output.h"
#include "host/files/png_text.h"
#include "tools/gen/gen_fit.h"
#include "tools/gen/gen_ids.h"

/* ---- from a record ----------------------------------------------------- */

/* What the record says and no option does.  The precision counts: other bits
 * would be another image. */
static bool take_record(gen_request *r, host_failure *f)
{
    gen_options *o = &r->options;
    const gen_job *j = &r->job;
    if (o->columns == 0) {
        o->columns = j->columns;
        o->rows = j->rows;
    }
    if (o->precision != HOST_PRECISION_AUTO) {
        return true;
    }
    o->precision = j->precision;
    if (j->pairs && o->isa == NULL) {
        o->isa = HOST_ISA_PAIRS;
    }
    return j->precision == CEDM_CUDA_FP32 ||
           o->device.kind != HOST_DEVICE_CPU ||
           host_fail(
               f,
               "%s: was drawn in %s, which a CPU does not compute in; "
               "--precision fp32 draws it with other bits",
               o->from,
               host_precision_name((enum cedm_cuda_precision)j->precision));
}

static bool job_from_png(gen_request *r, host_failure *f)
{
    const char *path = r->options.from;
    size_t size;
    unsigned char *png = host_input_file(path, SIZE_MAX / 2, &size, f);
    if (png == NULL) {
        return false;
    }
    char *record = host_png_text(png, size, path, f);
    free(png);
    if (record == NULL) {
        return false;
    }
    bool good = gen_job_from_record(&r->job, &r->model, path, record, f);
    free(record);
    return good && take_record(r, f);
}

/* ---- from options ------------------------------------------------------ */

static bool read_freq(gen_request *r, host_failure *f)
{
    r->job.freq = r->model.freq;
    if (r->options.freq == NULL) {
        return true;
    }
    if (r->job.mode != GEN_JOB_RANDOM) {
        return host_bad_usage(f, "--freq: model %s is unconditional",
                              r->model.code->name);
    }
    r->freq = host_freq_read(r->options.freq,
                             r->model.code->denoiser->label_dim, f);
    r->job.freq = r->freq;
    return r->freq != NULL;
}

/* The ids of the pictures of --like, which a model that has no ids takes for
 * its clusters. */
static bool choose_like(gen_request *r, host_failure *f)
{
    gen_options *o = &r->options;
    if (r->model.code->denoiser->label_dim == 0) {
        return host_bad_usage(f, "--like: model %s is unconditional",
                              r->model.code->name);
    }
    char *ids = gen_like_ids(&o->like, &r->model, o->isa, o->threads, f);
    if (ids == NULL) {
        return false;
    }
    fprintf(stderr, "cedm-gen: %s: cluster %.60s%s\n", o->like.pictures, ids,
            strlen(ids) > 60 ? "..." : "");
    if (!gen_ids_there(&r->model)) {
        r->clusters = ids;
        return true;
    }
    r->clusters = gen_ids_to_clusters(&r->model, "like", ids, f);
    free(ids);
    return r->clusters != NULL;
}

/* Ids become clusters here, where the model is known. */
static bool set_clusters(gen_request *r, host_failure *f)
{
    gen_options *o = &r->options;
    if (o->like.pictures != NULL && !choose_like(r, f)) {
        return false;
    }
    if (o->ids != NULL) {
        r->clusters = gen_ids_to_clusters(&r->model, "id", o->ids, f);
        if (r->clusters == NULL) {
            return false;
        }
    }
    o->clusters = r->clusters != NULL ? r->clusters : o->clusters;
    if (!gen_job_set_clusters(&r->job, o->clusters, f)) {
        gen_ids_hint(&r->model, f);
        return false;
    }
    return true;
}

/* ---- what images are given besides ------------------------------------- */

/* A network of the same images, by the same clusters or by none. */
static bool load_guide(gen_request *r, host_failure *f)
{
    const char *path = r->options.guide;
    const cedm_denoiser *own = r->model.code->denoiser;
    if (path == NULL) {
        return true;
    }
    if (!host_model_load(&r->guide, path, f) ||
        !host_model_is(&r->guide, false, f)) {
        return false;
    }
    r->job.conditions.guide = r->guide.data_sha256;
    const cedm_denoiser *d = r->guide.code->denoiser;
    return (d->resolution == own->resolution &&
            d->channels == own->channels &&
            (d->label_dim == 0 || d->label_dim == own->label_dim)) ||
           host_fail(f,
                     "%s: a guide has the same images and clusters; wanted "
                     "%u x %u x %u and %u clusters or none",
                     path, own->resolution, own->resolution, own->channels,
                     own->label_dim);
}

/* What images are given beside seeds and clusters, before a record says which
 * of it. */
static bool read_conditions(gen_request *r, host_failure *f)
{
    const gen_options *o = &r->options;
    const cedm_denoiser *d = r->model.code->denoiser;
    gen_conditions *c = &r->job.conditions;
    c->rounds = (uint32_t)o->resample;
    return (o->init == NULL ||
            gen_pictures_read(&c->init, o->init, d->resolution, d->channels,
                              HOST_FIT_CROP, f)) &&
           (o->mask == NULL ||
            gen_pictures_read_mask(&c->mask, o->mask, d->resolution, f)) &&
           load_guide(r, f);
}

/* ---- all of it --------------------------------------------------------- */

/* As many images as there are pictures, where nobody said how many. */
static bool count_pictures(gen_request *r, host_failure *f)
{
    size_t pictures = r->job.conditions.init.count;
    host_args_list *seeds = &r->job.seeds;
    if (pictures <= 1 || r->options.mix != NULL) {
        return true;
    }
    if (!r->options.counted) {
        host_args_range *range = &seeds->ranges[0];
        range->last = range->first + (pictures - 1);
        seeds->count = pictures;
        return range->last >= range->first ||
               host_bad_usage(f, "--seed: seeds run beyond 64 bits");
    }
    return pictures <= seeds->count ||
           host_bad_usage(f,
                          "--init: %s has %zu pictures, more than there are "
                          "images, %" PRIu64,
                          r->options.init, pictures, seeds->count);
}

static bool job_from_options(gen_request *r, host_failure *f)
{
    r->job.seeds = r->options.seeds;
    r->options.seeds = (host_args_list){NULL, 0, 0};
    if (!count_pictures(r, f)) {
        return false;
    }
    bool good = r->options.mix != NULL
                    ? gen_job_set_mix(&r->job, r->options.mix, f)
                    : set_clusters(r, f) && read_freq(r, f);
    return good && gen_job_count(&r->job, f);
}

/* Which steps are taken; a record said it, unless an option does. */
static bool choose_start(gen_request *r, host_failure *f)
{
    const gen_conditions *c = &r->job.conditions;
    cedm_sampler_params *params = &r->job.params;
    if (c->init.count > 0 &&
        (c->picks == NULL || !isnan(r->options.sampler.strength))) {
        gen_sampler_set_strength(&r->options.sampler,
                                 c->mask.count > 0 ? 1 : 0.5, params);
    }
    return params->start < params->steps ||
           host_bad_usage(f,
                          "--steps: the record begins at step %u; wanted "
                          "more than that, or --strength",
                          params->start);
}

/* A list is no list to be fitted, and levels are picked out of a finer row. */
static bool check_fit(const gen_request *r, host_failure *f)
{
    const cedm_sampler_params *params = &r->job.params;
    uint32_t count = host_sampler_level_count(params);
    if (!r->options.fit) {
        return true;
    }
    if (params->discretization == CEDM_DISCRETIZATION_list) {
        return host_bad_usage(f, "--fit-sigmas: wanted it without --sigmas");
    }
    return (count >= GEN_FIT_LEAST && count <= GEN_FIT_MOST) ||
           host_bad_usage(f,
                          "--fit-sigmas: wanted %u to %u levels, got %u by "
                          "--nfe or --steps",
                          GEN_FIT_LEAST, GEN_FIT_MOST, count);
}

static bool check_guide(const gen_request *r, host_failure *f)
{
    double W = r->job.params.guidance;
    return r->options.guide == NULL || W < 0 || W > 0 ||
           host_bad_usage(f, "--guide: wanted it with --guidance, which "
                             "says how far from it");
}

bool gen_request_make(gen_request *r, host_failure *f)
{
    r->job.code = r->model.code;
    r->job.params = r->model.sampler;
    if (!read_conditions(r, f) ||
        !(r->options.from != NULL ? job_from_png(r, f)
                                  : job_from_options(r, f))) {
        return false;
    }
    r->options.sampler.repeats = r->job.conditions.rounds > 1;
    if (!gen_sampler_apply(&r->options.sampler, r->model.code->denoiser,
                           &r->job.params, f) ||
        !choose_start(r, f) || !check_guide(r, f) || !check_fit(r, f)) {
        return false;
    }
    gen_sampler_say(&r->options.sampler, &r->job.params, stderr);
    return true;
}

void gen_request_free(gen_request *r)
{
    gen_job_free(&r->job);
    free(r->freq);
    free(r->clusters);
    host_model_close(&r->model);
    host_model_close(&r->guide);
    gen_options_free(&r->options);
}
