/* SPDX-License-Identifier: MIT
 *
 * gen_batch.c - the images that are drawn at a time. */
#include "tools/gen/gen_batch.h"

#include <stdlib.h>
#include <string.h>

/* The mask is the same for all images. */
static bool take_pictures(gen_batch *b, const gen_conditions *c,
                          uint32_t batch)
{
    if (c->init.count > 0) {
        b->init = calloc(batch, gen_pictures_bytes(&c->init));
        if (b->init == NULL) {
            return false;
        }
    }
    if (c->mask.count > 0) {
        size_t bytes = gen_pictures_bytes(&c->mask);
        b->mask = calloc(batch, bytes);
        for (uint32_t i = 0; b->mask != NULL && i < batch; i++) {
            memcpy(b->mask + i * bytes, c->mask.pixels, bytes);
        }
        return b->mask != NULL;
    }
    return true;
}

bool gen_batch_open(gen_batch *b, const gen_job *j, uint32_t batch,
                    host_failure *f)
{
    const cedm_denoiser *d = j->code->denoiser;
    *b = (gen_batch){.job = j};
    b->seeds = calloc(batch, sizeof *b->seeds);
    b->clusters = calloc(batch, sizeof *b->clusters);
    b->goal_seeds = calloc(batch, sizeof *b->goal_seeds);
    b->goal_clusters = calloc(batch, sizeof *b->goal_clusters);
    b->shares = calloc(batch, sizeof *b->shares);
    b->images =
        calloc(batch, (size_t)d->resolution * d->resolution * d->channels);
    return (b->seeds != NULL && b->clusters != NULL &&
            b->goal_seeds != NULL && b->goal_clusters != NULL &&
            b->shares != NULL && b->images != NULL &&
            take_pictures(b, &j->conditions, batch)) ||
           host_fail(f, "out of memory for a batch of %u images", batch);
}

void gen_batch_close(gen_batch *b)
{
    free(b->seeds);
    free(b->clusters);
    free(b->goal_seeds);
    free(b->goal_clusters);
    free(b->shares);
    free(b->images);
    free(b->init);
    free(b->mask);
    memset(b, 0, sizeof *b);
}

void gen_batch_fill(gen_batch *b, uint64_t first, uint32_t n)
{
    const gen_job *j = b->job;
    const gen_conditions *c = &j->conditions;
    b->n = n;
    for (uint32_t i = 0; i < n; i++) {
        gen_way way = gen_job_way(j, first + i);
        b->seeds[i] = gen_job_seed(j, first + i);
        b->clusters[i] = gen_job_cluster(j, first + i);
        b->goal_seeds[i] = way.seed;
        b->goal_clusters[i] = way.cluster;
        b->shares[i] = way.share;
        if (b->init != NULL) {
            size_t bytes = gen_pictures_bytes(&c->init);
            size_t at = gen_conditions_picture(c, j->first + first + i);
            memcpy(b->init + i * bytes, gen_pictures_at(&c->init, at), bytes);
        }
    }
}

host_runner_batch gen_batch_given(const gen_batch *b)
{
    const gen_conditions *c = &b->job->conditions;
    bool mixes = c->mix_steps > 0 || c->ways != NULL;
    bool begins_there = gen_conditions_begin_at_pictures(c, &b->job->params);
    return (host_runner_batch){
        .n = b->n,
        .seeds = b->seeds,
        .clusters = b->clusters,
        .goal_seeds = mixes ? b->goal_seeds : NULL,
        .goal_clusters = b->goal_clusters,
        .shares = b->shares,
        .init = begins_there ? b->init : NULL,
        .known = b->mask != NULL ? b->init : NULL,
        .mask = b->mask,
        .rounds = c->rounds > 0 ? c->rounds : 1,
    };
}
