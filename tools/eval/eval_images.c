/* SPDX-License-Identifier: MIT
 *
 * eval_images.c - features of a data set's images, made for one run. */
#include "tools/eval/eval_images.h"

#include <inttypes.h>
#include <stdio.h>

#include "host/cli/progress.h"
#include "host/execution/image_rows.h"
#include "tools/eval/eval_state.h"

static bool open_rows(host_image_rows *x, const eval_run *run, int operand,
                      eval_images_what what, host_failure *f)
{
    const char *data = run->settings->files[operand];
    const host_shard whole = HOST_SHARD_WHOLE;
    host_image_features_config config = HOST_IMAGE_FEATURES_DEFAULT;
    config.model = run->settings->model;
    config.engine.threads = (uint32_t)run->settings->threads;
    config.probabilities = what == EVAL_IMAGES_PROBABILITIES;
    if (!host_image_rows_open(x, &config, data, f) ||
        !host_image_rows_begin(x, run->state->rows[operand], &whole, f)) {
        return false;
    }
    if (x->rows.done > 0) {
        fprintf(stderr,
                "cedm-eval: %s: goes on after %" PRIu64 " of %" PRIu64
                " images\n",
                data, x->rows.done, x->rows.count);
    }
    return true;
}

static bool compute(host_image_rows *x, const eval_run *run, host_failure *f)
{
    uint64_t total = x->rows.count;
    bool good = true;
    host_progress shown;
    host_progress_begin(&shown, (host_progress_kind)run->settings->progress,
                        total > 0 ? total : 1, 1);
    while (good && x->rows.done < total) {
        good = host_image_rows_next(x, f);
        host_progress_show(&shown, x->rows.done, 0, 0);
    }
    host_progress_end(&shown);
    return good && host_growing_keep(&x->rows, f);
}

bool eval_images_embed(host_npy *npy, const eval_run *run, int operand,
                       eval_images_what what, host_failure *f)
{
    static host_image_rows x; /* holds a cedm_net, which must not move */
    bool good = open_rows(&x, run, operand, what, f) && compute(&x, run, f) &&
                host_npy_open(npy, x.rows.part, f);
    host_image_rows_close(&x);
    return good;
}
