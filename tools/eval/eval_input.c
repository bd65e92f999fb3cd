/* SPDX-License-Identifier: MIT
 *
 * eval_input.c - features and statistics from files and data sets. */
#include "tools/eval/eval_input.h"

#include <inttypes.h>
#include <string.h>

bool eval_is_images(const char *path)
{
    size_t length = strlen(path);
    const char *end = path + (length > 4 ? length - 4 : 0);
    return strcmp(end, ".npy") != 0 && strcmp(end, ".npz") != 0;
}

/* Whether an operand's features are to be made. */
static bool is_data_set(const eval_run *run, int operand)
{
    return run->settings->model != NULL &&
           eval_is_images(run->settings->files[operand]);
}

static bool open_rows(eval_features *x, const eval_run *run, int operand,
                      eval_images_what what, uint64_t least, host_failure *f)
{
    const char *path = run->settings->files[operand];
    *x = (eval_features){.path = path};
    if (!(is_data_set(run, operand)
              ? eval_images_embed(&x->npy, run, operand, what, f)
              : host_npy_open(&x->npy, path, f)) ||
        !evaluate_check_features(&x->npy.array, least, path, f)) {
        return false;
    }
    x->rows = evaluate_select_all(&x->npy.array);
    return true;
}

bool eval_features_open(eval_features *x, const eval_run *run, int operand,
                        uint64_t least, host_failure *f)
{
    return open_rows(x, run, operand, EVAL_IMAGES_FEATURES, least, f);
}

bool eval_probabilities_open(eval_features *x, const eval_run *run,
                             int operand, uint64_t least, host_failure *f)
{
    return open_rows(x, run, operand, EVAL_IMAGES_PROBABILITIES, least, f);
}

void eval_features_close(eval_features *x)
{
    host_npy_close(&x->npy);
}

bool eval_same_width(uint64_t a, const char *path_a, uint64_t b,
                     const char *path_b, host_failure *f)
{
    return a == b ||
           host_fail(f,
                     "%s: other features than those of %s; wanted %" PRIu64
                     " of each image, got %" PRIu64 "; use one encoder for "
                     "both",
                     path_b, path_a, a, b);
}

/* Archives begin with PK. */
static bool is_archive(const char *path, bool *archive, host_failure *f)
{
    cg_map map;
    if (!host_map_open(&map, path, f)) {
        return false;
    }
    *archive = map.size >= 2 && memcmp(map.bytes, "PK", 2) == 0;
    cg_map_close(&map);
    return true;
}

static bool of_statistics(evaluate_gaussian *g, const char *path,
                          host_failure *f)
{
    evaluate_statistics s;
    bool good = evaluate_statistics_read(&s, path, f) &&
                evaluate_gaussian_of_statistics(g, &s, path, f);
    evaluate_statistics_free(&s);
    return good;
}

static bool of_features(evaluate_gaussian *g, const eval_run *run,
                        int operand, host_failure *f)
{
    eval_features x;
    bool good =
        eval_features_open(&x, run, operand, 2, f) &&
        evaluate_gaussian_of_rows(g, &x.rows, &run->threads, x.path, f);
    eval_features_close(&x);
    return good;
}

bool eval_gaussian_open(evaluate_gaussian *g, const eval_run *run,
                        int operand, host_failure *f)
{
    const char *path = run->settings->files[operand];
    bool archive = false;
    *g = (evaluate_gaussian){.rank = 0};
    if (!is_data_set(run, operand) && !is_archive(path, &archive, f)) {
        return false;
    }
    return archive ? of_statistics(g, path, f)
                   : of_features(g, run, operand, f);
}
