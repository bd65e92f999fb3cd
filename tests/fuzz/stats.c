/* SPDX-License-Identifier: MIT
 *
 * stats.c - fuzz target of the statistics of a training run.
 *
 * An input is the images seen, 0 to 255, and the stats.jsonl of a run.  It
 * gives distances that are numbers, and, cut at the images seen, whole lines
 * from its beginning; if they are 15 modulo 16 also two pictures or none, which
 * take most of the time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/run.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void remove_file(const char *folder, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)unlink(path);
}

static void write_stats(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *out = fopen(path, "wb");
    want(out != NULL && fwrite(bytes, 1, size, out) == size &&
         fclose(out) == 0);
}

/* What is left is a part of what was there, and ends where a line did. */
static void check_cut(const char *path, const uint8_t *bytes, size_t size)
{
    static uint8_t left[1 << 16];
    FILE *in = fopen(path, "rb");
    want(in != NULL);
    size_t count = fread(left, 1, sizeof left, in);
    want(fclose(in) == 0 && count <= size);
    want(memcmp(left, bytes, count) == 0);
    want(count == 0 || left[count - 1] == '\n');
}

static void check_run(train_run *r)
{
    host_failure f = HOST_FAILURE_UNSAID;
    want(r->seen % 16 != 15 || train_run_draw_stats(r, &f));
    want(train_run_recall_distances(r, &f));
    want(r->judged.count == 0 ||
         (r->judged.best >= 0 && isfinite(r->judged.best)));
    want(r->judged.worse <= r->judged.count);
    want(train_run_cut_stats(r, &f));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char folder[] = "/tmp/fuzz.XXXXXX", path[64];
    if (size == 0) {
        return 0;
    }
    want(mkdtemp(folder) != NULL);
    (void)snprintf(path, sizeof path, "%s/stats.jsonl", folder);
    write_stats(path, bytes + 1, size - 1);
    const train_options options = {.out = folder};
    train_run r = {.options = &options, .seen = bytes[0]};
    check_run(&r);
    check_cut(path, bytes + 1, size - 1);
    remove_file(folder, "stats.jsonl");
    remove_file(folder, "loss.png");
    remove_file(folder, "fd.png");
    want(rmdir(folder) == 0);
    return 0;
}
