/* SPDX-License-Identifier: MIT
 *
 * training.c - fuzz target of cedm-train's command line, and of the
 * options.json that a run goes on with.
 *
 * An input begins with 'j', and is an options.json that --resume reads; or with
 * another byte, and is arguments, one a line.  They give a message and its exit
 * code, or a recipe and a network within their limits; what was noted for
 * --resume gives the same recipe and network. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/train_options.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MAX_ARGUMENTS 64

static char folder[] = "/tmp/fuzz.XXXXXX";

static void check_list(const train_list *list)
{
    want(list->count <= TRAIN_LIST_MAX);
    for (uint32_t i = 0; i < list->count; i++) {
        want(list->values[i] >= 1 && list->values[i] <= 4096);
    }
}

static void check_options(const train_options *o)
{
    want(o->data != NULL || o->sigma_rel > 0);
    want(o->out != NULL || o->dry_run);
    want(o->batch >= 1 && o->cbase >= 4 && o->num_blocks >= 1);
    want(o->sigma_rel > 0 || o->micro_batch == 0 ||
         o->batch % o->micro_batch == 0);
    want(o->duration >= 0 && o->lr >= 0 && o->ema >= 0 && o->tick > 0);
    want(o->dropout >= 0 && o->dropout < 1 && o->augment <= 1);
    want(o->cres.count > 0);
    check_list(&o->cres);
    check_list(&o->attn);
}

/* ---- options.json ------------------------------------------------------ */

static void write_saved(const char *text, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/options.json", folder);
    FILE *out = fopen(path, "wb");
    want(out != NULL && fwrite(text, 1, size, out) == size &&
         fclose(out) == 0);
}

static train_parsed parse_saved(train_options *o, host_failure *f)
{
    static char program[] = "cedm-train", resume[] = "--resume",
                out[] = "--out";
    char *argv[] = {program, resume, out, folder, NULL};
    return train_options_parse(o, 4, argv, f);
}

/* Recipe and network as JSON. */
static char *numbers_of(const train_options *o)
{
    char *recipe = train_options_recipe(o, CEDM_CUDA_FP32);
    char *config = train_options_config(o, 32, 1, 0);
    want(recipe != NULL && config != NULL);
    size_t size = strlen(recipe) + strlen(config) + 1;
    char *both = malloc(size);
    want(both != NULL);
    (void)snprintf(both, size, "%s%s", recipe, config);
    free(recipe);
    free(config);
    return both;
}

/* A run that --resume can go on with has the same numbers then. */
static void check_noted(const train_options *o)
{
    host_failure f = HOST_FAILURE_UNSAID;
    train_options again;
    size_t size = strlen(o->arguments) + 32;
    char *text = malloc(size);
    want(text != NULL);
    int length = snprintf(text, size, "{\"arguments\":%s}", o->arguments);
    write_saved(text, (size_t)length);
    free(text);
    want(parse_saved(&again, &f) == TRAIN_RUN);
    char *numbers = numbers_of(o), *same = numbers_of(&again);
    want(strcmp(numbers, same) == 0);
    free(numbers);
    free(same);
    train_options_free(&again);
}

static void read_saved(const uint8_t *bytes, size_t size)
{
    host_failure f = HOST_FAILURE_UNSAID;
    train_options o;
    write_saved((const char *)bytes, size);
    switch (parse_saved(&o, &f)) {
    case TRAIN_BAD: want_refusal(&f); break;
    case TRAIN_RUN: check_options(&o); break;
    case TRAIN_DONE:
    default: break;
    }
    train_options_free(&o);
}

/* ---- arguments --------------------------------------------------------- */

static void parse(int argc, char **argv)
{
    host_failure f = HOST_FAILURE_UNSAID;
    train_options o;
    train_parsed parsed = train_options_parse(&o, argc, argv, &f);
    want(parsed != TRAIN_DONE);
    if (parsed == TRAIN_BAD) {
        want_refusal(&f);
    } else {
        check_options(&o);
        if (!o.resume && o.transfer == NULL && o.sigma_rel <= 0) {
            check_noted(&o);
        }
    }
    train_options_free(&o);
}

static void read_arguments(char *text)
{
    static char program[] = "cedm-train";
    char *argv[MAX_ARGUMENTS + 2] = {program}, *line = text;
    int argc = 1;
    for (char *p = text; *p != '\0' && argc < MAX_ARGUMENTS; p++) {
        if (*p == '\n') {
            *p = '\0';
            argv[argc++] = line;
            line = p + 1;
        }
    }
    argv[argc++] = line;
    parse(argc, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || mkdtemp(folder) == NULL) {
        return 0;
    }
    char *text = malloc(size), path[64];
    want(text != NULL);
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    /* These two print. */
    if (strstr(text, "help") == NULL && strstr(text, "version") == NULL) {
        if (bytes[0] == 'j') {
            read_saved(bytes + 1, size - 1);
        } else {
            read_arguments(text);
        }
    }
    free(text);
    (void)snprintf(path, sizeof path, "%s/options.json", folder);
    (void)unlink(path);
    want(rmdir(folder) == 0);
    memcpy(strchr(folder, '.') + 1, "XXXXXX", 6);
    return 0;
}
