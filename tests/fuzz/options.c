/* SPDX-License-Identifier: MIT
 *
 * options.c - fuzz target of cedm-gen's command line: seeds and clusters.
 *
 * An input is a byte that chooses a model (bit 0: unconditional, bit 1: many
 * clusters), then arguments, one a line.  They give a message and exit code
 * 2 or 1, or a job whose every image has a seed of the list and a cluster of
 * the model; a list printed and read again is the same list. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/gen/gen_name.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MAX_ARGUMENTS 64

/* ---- lists ------------------------------------------------------------- */

static void check_printed(const host_args_list *list)
{
    size_t room = list->range_count * 48, used = 0;
    char *text = malloc(room);
    host_args_list again;
    host_failure f = HOST_FAILURE_UNSAID;
    want(text != NULL);
    for (size_t i = 0; i < list->range_count; i++) {
        used += (size_t)snprintf(text + used, room - used,
                                 "%s%" PRIu64 "-%" PRIu64, i > 0 ? "," : "",
                                 list->ranges[i].first, list->ranges[i].last);
    }
    want(host_args_list_parse("again", text, &again, &f));
    want(again.count == list->count);
    want(again.range_count == list->range_count);
    want(memcmp(again.ranges, list->ranges,
                again.range_count * sizeof *again.ranges) == 0);
    host_args_list_free(&again);
    free(text);
}

/* By the definition, for short lists. */
static bool repeats(const host_args_list *list)
{
    for (uint64_t i = 1; i < list->count; i++) {
        for (uint64_t j = 0; j < i; j++) {
            if (host_args_list_at(list, i) == host_args_list_at(list, j)) {
                return true;
            }
        }
    }
    return false;
}

static void check_list(const host_args_list *list)
{
    uint64_t count = 0;
    want(list->count > 0);
    for (size_t i = 0; i < list->range_count; i++) {
        const host_args_range *r = &list->ranges[i];
        want(r->first <= r->last && r->last <= host_args_list_max(list));
        want(host_args_list_at(list, count) == r->first);
        count += r->last - r->first + 1;
        want(host_args_list_at(list, count - 1) == r->last);
    }
    want(count == list->count);
    if (count <= 40) {
        want(host_args_list_repeats(list, UINT64_MAX) == repeats(list));
    }
    check_printed(list);
}

/* ---- jobs -------------------------------------------------------------- */

static void check_image(const gen_job *j, uint64_t i)
{
    int32_t cluster = gen_job_cluster(j, i);
    want(gen_job_seed(j, i) <= host_args_list_max(&j->seeds));
    want(cluster >= -1 && cluster < (int32_t)j->code->denoiser->label_dim);
    want((cluster == -1) == (j->mode == GEN_JOB_NONE));
}

/* What is accepted can be run: the library has nothing to add about solvers,
 * and levels of a list fall. */
static void check_sampler(const gen_options *o, const cedm_model *code,
                          cedm_sampler_params *p)
{
    host_failure f = HOST_FAILURE_UNSAID;
    if (!gen_sampler_apply(&o->sampler, code->denoiser, p, &f)) {
        want_refusal(&f);
        return;
    }
    const cedm_solver_facts *facts = cedm_solver_describe(p->solver);
    want(p->order >= facts->least && p->order <= facts->most);
    want(facts->general || !(p->S_churn > 0));
    if (p->discretization == CEDM_DISCRETIZATION_list) {
        uint32_t count = host_sampler_level_count(p);
        want(p->sigmas != NULL && count == o->sampler.sigma_count);
        for (uint32_t i = 1; i < count; i++) {
            want(p->sigmas[i] < p->sigmas[i - 1]);
        }
    }
}

static void check_job(gen_options *o, const cedm_model *code)
{
    gen_job j;
    host_failure f = HOST_FAILURE_UNSAID;
    memset(&j, 0, sizeof j);
    j.code = code;
    j.params = cedm_sampler_params_default();
    j.seeds = o->seeds;
    o->seeds = (host_args_list){NULL, 0, 0};
    if (gen_job_set_clusters(&j, o->clusters, &f) && gen_job_count(&j, &f)) {
        char name[GEN_NAME_BYTES];
        check_image(&j, 0);
        check_image(&j, j.count / 2);
        check_image(&j, j.count - 1);
        gen_name_default(o, &j, "abc", name);
        want(strlen(name) < sizeof name && strchr(name, '/') == NULL);
        check_sampler(o, code, &j.params);
    } else {
        want_refusal(&f);
    }
    if (j.list.range_count > 0) {
        check_list(&j.list);
    }
    gen_job_free(&j);
}

static void parse(int argc, char **argv, const cedm_model *code)
{
    static gen_options o;
    host_failure f = HOST_FAILURE_UNSAID;
    if (gen_options_parse(&o, argc, argv, &f) == HOST_ASKED_BAD) {
        want_refusal(&f);
    } else if (o.from == NULL) {
        check_list(&o.seeds);
        check_job(&o, code);
    }
    gen_options_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char program[] = "cedm-gen";
    char *argv[MAX_ARGUMENTS + 2] = {program};
    int argc = 1;
    if (size == 0) {
        return 0;
    }
    const cedm_denoiser denoiser = {.label_dim = (bytes[0] & 1) != 0   ? 0
                                                 : (bytes[0] & 2) != 0 ? 65536
                                                                       : 5};
    cedm_model code = {.name = "fuzz", .denoiser = &denoiser};
    char *text = malloc(size);
    want(text != NULL);
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    /* These two print. */
    if (strstr(text, "--help") == NULL && strstr(text, "--version") == NULL) {
        char *line = text;
        for (char *p = text; *p != '\0' && argc < MAX_ARGUMENTS; p++) {
            if (*p == '\n') {
                *p = '\0';
                argv[argc++] = line;
                line = p + 1;
            }
        }
        argv[argc++] = line;
        parse(argc, argv, &code);
    }
    free(text);
    return 0;
}
