/* SPDX-License-Identifier: MIT
 *
 * gen_options_check.c - options of cedm-gen that do not go together, or need
 * others. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "tools/gen/gen_options.h"

/* Pictures say which clusters, by an encoder and what was clustered. */
static bool check_like(const gen_options *o, host_failure *f)
{
    const gen_like *l = &o->like;
    if (l->pictures == NULL) {
        return (l->encoder == NULL && l->centres == NULL) ||
               host_bad_usage(f, "--%s: wanted it with --like",
                              l->encoder != NULL ? "encoder" : "centres");
    }
    if (l->encoder == NULL || l->centres == NULL) {
        return host_bad_usage(f, "--like: wanted --encoder, whose features "
                                 "were clustered, and --centres, the "
                                 "clusters");
    }
    return (o->clusters == NULL && o->ids == NULL && o->freq == NULL &&
            o->mix == NULL && o->from == NULL) ||
           host_bad_usage(f, "--like says which clusters; wanted it without "
                             "--cluster, --id, --freq, --mix, --from");
}

/* One way of saying which clusters. */
static bool check_clusters(const gen_options *o, host_failure *f)
{
    if (o->ids != NULL && (o->clusters != NULL || o->freq != NULL)) {
        return host_bad_usage(f, "--id says which clusters; wanted it "
                                 "without --cluster and --freq");
    }
    if (o->mix != NULL &&
        (o->clusters != NULL || o->ids != NULL || o->freq != NULL)) {
        return host_bad_usage(f, "--mix says which clusters; wanted it "
                                 "without --cluster, --id, --freq");
    }
    if (o->freq != NULL && o->clusters != NULL &&
        strcmp(o->clusters, "random") != 0) {
        return host_bad_usage(f,
                              "--freq: wanted it with --cluster random, got "
                              "'%s'",
                              o->clusters);
    }
    return true;
}

/* Options that need others. */
static bool check_pictures(const gen_options *o, host_failure *f)
{
    if (o->init == NULL && !isnan(o->sampler.strength)) {
        return host_bad_usage(f, "--strength: wanted it with --init");
    }
    if (o->init == NULL && o->mask != NULL) {
        return host_bad_usage(f, "--mask: wanted it with --init, which says "
                                 "what is kept");
    }
    if (o->mask == NULL && o->resample > 0) {
        return host_bad_usage(f, "--resample: wanted it with --mask");
    }
    if ((o->bench || o->fit) && (o->init != NULL || o->mix != NULL ||
                                 o->guide != NULL || o->preview > 0)) {
        return host_bad_usage(f,
                              "%s looks at plain runs; wanted it without "
                              "--init, --mix, --guide, --preview",
                              o->bench ? "--bench" : "--fit-sigmas");
    }
    if (o->fit && (o->bench || o->out != NULL)) {
        return host_bad_usage(f, "--fit-sigmas prints a list; wanted it "
                                 "without --bench and --out");
    }
    return o->preview == 0 ||
           (!o->separate && o->format == GEN_SINK_PNG &&
            (o->out == NULL || strcmp(o->out, "-") != 0)) ||
           host_bad_usage(f, "--preview: wanted it with one PNG, which has a "
                             "name");
}

/* A name that says one kind of file does not get another. */
static bool check_extension(const gen_options *o, host_failure *f)
{
    static const char *const names[] = {".png", ".npy", ".raw"};
    static const char *const kinds[] = {".jpg", ".jpeg", ".gif", ".webp",
                                        ".bmp", ".tif",  ".npz", ".png",
                                        ".npy", ".raw"};
    const char *dot = o->out != NULL ? strrchr(o->out, '.') : NULL;
    if (dot == NULL || o->separate ||
        strcasecmp(dot, names[o->format]) == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcasecmp(dot, kinds[i]) == 0) {
            return host_bad_usage(f,
                                  "--out %s: wanted a name that ends in %s, "
                                  "or another --format",
                                  o->out, names[o->format]);
        }
    }
    return true;
}

bool gen_options_check(const gen_options *o, bool counted, host_failure *f)
{
    if (o->seeds_text != NULL && counted) {
        return host_bad_usage(
            f, "--seeds says how many images; wanted it without "
               "--n and --seed");
    }
    if (o->from != NULL &&
        (counted || o->seeds_text != NULL || o->clusters != NULL ||
         o->ids != NULL || o->freq != NULL || o->mix != NULL)) {
        return host_bad_usage(
            f, "--from says seeds and clusters; wanted it without --n, "
               "--seed, --seeds, --cluster, --id, --freq, --mix");
    }
    if (!check_like(o, f) || !check_clusters(o, f) || !check_pictures(o, f)) {
        return false;
    }
    if (o->columns > 0 && o->format != GEN_SINK_PNG) {
        return host_bad_usage(f,
                              "--grid: a grid is a PNG; wanted none or auto "
                              "with npy and raw");
    }
    if (o->separate && o->out != NULL && strcmp(o->out, "-") == 0) {
        return host_bad_usage(f, "--out -: standard output takes one file; "
                                 "wanted a directory with --grid none");
    }
    if (!check_extension(o, f)) {
        return false;
    }
    return o->shard.size == 1 || o->separate ||
           host_bad_usage(
               f,
               "%s: part %u of %u; wanted it with --grid none, a file "
               "for each image",
               o->shard.launcher, o->shard.rank, o->shard.size);
}
