/* SPDX-License-Identifier: MIT
 *
 * report.c - lines about a run that trains. */
#define _DEFAULT_SOURCE /* TIOCGWINSZ */
#include "trainer/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "host/cli/progress.h"
#include "host/execution/ranks.h"

/* Seconds between lines of a log, to its first one, and between changes of a
 * terminal's line. */
#define LOG_INTERVAL 60.0
#define LOG_FIRST 30.0
#define TERMINAL_INTERVAL 0.5
#define BAR_WIDTH 24

/* Before so many seconds, in which memory is touched for the first time and
 * threads start, nothing is said of the time left. */
#define SETTLED 10.0

typedef char phrase[48];

/* ---- numbers in words --------------------------------------------------- */

static void write_images(uint64_t n, phrase text)
{
    if (n < 10000) {
        (void)snprintf(text, sizeof(phrase), "%" PRIu64 " images", n);
    } else if (n < 10000000) {
        (void)snprintf(text, sizeof(phrase), "%.1f kimg", (double)n / 1e3);
    } else {
        (void)snprintf(text, sizeof(phrase), "%.2f Mimg", (double)n / 1e6);
    }
}

static void write_time(double s, phrase text)
{
    if (!(s < 1e9)) {
        (void)snprintf(text, sizeof(phrase), "unknown");
    } else if (s >= 86400.0) {
        (void)snprintf(text, sizeof(phrase), "%.0fd %02.0fh",
                       floor(s / 86400.0), floor(fmod(s, 86400.0) / 3600.0));
    } else if (s >= 3600.0) {
        (void)snprintf(text, sizeof(phrase), "%.0fh %02.0fm",
                       floor(s / 3600.0), floor(fmod(s, 3600.0) / 60.0));
    } else {
        (void)snprintf(text, sizeof(phrase), "%.0fm %02.0fs", floor(s / 60.0),
                       floor(fmod(s, 60.0)));
    }
}

/* Images a second since the last tick, or since this process goes on. */
static double speed(const train_run *r, double now)
{
    return (double)(r->seen - r->timed_from) / (now - r->tick_time + 1e-9);
}

static void write_left(const train_run *r, double images_per_second,
                       phrase text)
{
    uint64_t all = train_run_duration(r);

    write_time((double)(all > r->seen ? all - r->seen : 0) /
                   images_per_second,
               text);
}

/* ---- a line that is replaced -------------------------------------------- */

/* 0: no terminal. */
static unsigned terminal_width(void)
{
    struct winsize size = {0};

    if (!isatty(STDERR_FILENO)) {
        return 0;
    }
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 8
               ? size.ws_col
               : 80;
}

/* Blanks over what was there: no terminal needs to know escapes for that. */
static void replace_line(train_run *r, const char *text)
{
    unsigned width = terminal_width();
    unsigned length = (unsigned)strlen(text);

    if (width == 0) {
        return;
    }
    length = length < width - 1 ? length : width - 1;
    fprintf(stderr, "\r%.*s%*s\r", (int)length, text,
            (int)(r->line > length ? r->line - length : 0), "");
    (void)fflush(stderr);
    r->line = length;
}

/* Before other lines. */
static void clear_line(train_run *r)
{
    if (r->line > 0) {
        replace_line(r, "");
    }
}

static void write_progress(const train_run *r, double now, char *text,
                           size_t size)
{
    phrase seen, all, left;
    double part = (double)r->seen / (double)train_run_duration(r);
    char bar[BAR_WIDTH + 1];

    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = (i + 0.5) / BAR_WIDTH < part ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    write_images(r->seen, seen);
    write_images(train_run_duration(r), all);
    write_left(r, now - r->start_time < SETTLED ? 0 : speed(r, now), left);
    (void)snprintf(text, size, "[%s] %s of %s  %.1f img/s  left %s", bar,
                   seen, all, speed(r, now), left);
}

void train_report_progress(train_run *r)
{
    bool terminal = terminal_width() > 0;
    double now = host_seconds();
    double wait = terminal       ? TERMINAL_INTERVAL
                  : r->shown > 0 ? LOG_INTERVAL
                                 : LOG_FIRST;
    char text[256];

    if (now - (r->shown > 0 ? r->shown : r->start_time) < wait ||
        r->seen == r->timed_from) {
        return;
    }
    write_progress(r, now, text, sizeof text);
    if (terminal) {
        replace_line(r, text);
    } else {
        fprintf(stderr, "%s\n", text);
    }
    r->shown = now;
}

/* ---- a tick ------------------------------------------------------------- */

/* JSON has no NaN. */
static void write_loss(double loss, phrase text)
{
    (void)snprintf(text, sizeof(phrase), isfinite(loss) ? "%.9g" : "null",
                   loss);
}

/* For people and for stats.jsonl, which gives every bit back to a run that
 * goes on; nothing of a tick that was not judged. */
static void write_distance(double fd, phrase text, phrase field)
{
    text[0] = field[0] = '\0';
    if (isfinite(fd)) {
        (void)snprintf(text, sizeof(phrase), "  fd %.5g", fd);
        (void)snprintf(field, sizeof(phrase), ",\"fd\":%.17g", fd);
    }
}

bool train_report_tick(train_run *r, host_failure *f)
{
    const train_learner_counts *c = &r->learner->counts;
    double now = host_seconds(), rate = train_run_rate(r);
    double loss = r->loss_sum / (double)r->tick_steps /
                  ((double)r->data.size * r->data.size * r->data.channels);
    phrase seen, left, finite, judged, field;
    char line[640], bad[64] = "";

    write_loss(loss, finite);
    write_distance(r->judged.distance, judged, field);
    write_images(r->seen, seen);
    write_left(r, speed(r, now), left);
    if (c->not_finite > 0) {
        (void)snprintf(bad, sizeof bad,
                       "  %" PRIu64 " gradients were not finite",
                       c->not_finite);
    }
    clear_line(r);
    fprintf(stderr,
            "tick %" PRIu64 "  %s  loss %.4f%s  lr %.2e  %.1f img/s  left "
            "%s%s\n",
            r->tick, seen, loss, judged, rate, speed(r, now), left, bad);
    r->shown = now;
    (void)snprintf(line, sizeof line,
                   "{\"tick\":%" PRIu64 ",\"seen\":%" PRIu64
                   ",\"loss\":%s%s,\"lr\":%.9g,\"not_finite\":%" PRIu64
                   ",\"skipped\":%" PRIu64 ",\"scale\":%.9g,"
                   "\"images_per_second\":%.4g,"
                   "\"seconds\":%.1f,\"time\":%lld}\n",
                   r->tick, r->seen, finite, field, rate, c->not_finite,
                   c->skipped, (double)c->scale, speed(r, now),
                   now - r->start_time, (long long)time(NULL));
    return train_run_append_stats(r, line, f);
}

/* ---- before ------------------------------------------------------------- */

static void print_bytes(const char *what, uint64_t bytes)
{
    printf("  %-22s %10.1f MiB\n", what, (double)bytes / 1048576.0);
}

/* The learner's lines of one kind, which follow `bytes` of others, and the
 * sum. */
static void print_memory(const train_learner *l, bool device, uint64_t bytes,
                         const char *sum)
{
    for (uint32_t i = 0; i < l->memory_count; i++) {
        if (l->memory[i].device == device) {
            print_bytes(l->memory[i].what, l->memory[i].bytes);
            bytes += l->memory[i].bytes;
        }
    }
    print_bytes(sum, bytes);
}

static void print_all_memory(const train_run *r)
{
    const cg_training *t = r->learner->training;
    uint64_t pixels =
        r->data.count * r->data.size * r->data.size * r->data.channels;
    uint64_t power = train_power_bytes(r->power.elements);

    printf("memory:\n");
    print_bytes("images", pixels);
    if (power > 0) {
        print_bytes("averages, post-hoc", power);
    }
    print_memory(r->learner, false, pixels + power, "all, of a rank");
    if (r->device.kind == HOST_DEVICE_CUDA) {
        printf("memory of the GPU:\n");
        print_memory(r->learner, true, 0, "all, in one piece");
    }
    printf("  arena: %u + %u elements an image; lower bound %u + %u, without "
           "reuse %u + %u\n",
           t->act.elements, t->f32.elements, t->act.lower_bound,
           t->f32.lower_bound, t->act.no_reuse, t->f32.no_reuse);
}

/* Backwards costs twice as much as forwards: gradients of data and of weights;
 * two floating-point operations for a multiply-add. */
static void print_work(const train_run *r)
{
    double flops = 6.0 * (double)r->learner->training->program->macs *
                   (double)train_run_duration(r);
    phrase seen, all;

    write_images(r->seen, seen);
    write_images(train_run_duration(r), all);
    printf("work: %s, %s done; %.3g TFLOP in all\n", all, seen, flops / 1e12);
}

static void print_place(const train_run *r)
{
    uint32_t ranks = host_ranks_size(), threads = r->source.workers;

    if (r->device.kind == HOST_DEVICE_CUDA) {
        printf("device: cuda:%u, %s\n", r->device.index[0],
               host_precision_name(r->precision));
    }
    printf("processes: %u, %s%u thread%s\n", ranks,
           ranks > 1 ? "each with " : "", threads, threads == 1 ? "" : "s");
    if (ranks > 1) {
        printf("gradients: added up by %s\n", r->sums);
    }
}

void train_report_begin(const train_run *r)
{
    const cg_program *p = r->learner->training->program;

    printf("data: %" PRIu64 " images, %ux%u, %u channel%s\n", r->data.count,
           r->data.size, r->data.size, r->data.channels,
           r->data.channels == 1 ? "" : "s");
    printf("clusters: %u\n", r->clusters.used);
    printf("network: %s, %.2f M parameters, %.3f G multiply-adds to evaluate "
           "an image\n",
           r->options->arch, (double)p->parameter_count / 1e6,
           (double)p->macs / 1e9);
    if (r->transferred[0] != '\0') {
        printf("transfer: %s\n", r->transferred);
    }
    printf("batch: %u, %u at a time\n", r->options->batch, r->learner->batch);
    print_work(r);
    print_place(r);
    print_all_memory(r);
    (void)fflush(stdout);
}

/* ---- at the end --------------------------------------------------------- */

void train_report_stopped(train_run *r)
{
    char path[4096];

    train_run_path(r, "state", "safetensors", path, sizeof path);
    clear_line(r);
    fprintf(stderr,
            "stopped; saved %s\ngo on with: cedm-train --resume --out %s\n",
            path, r->options->out);
}

void train_report_done(train_run *r)
{
    const train_judged *j = &r->judged;
    char path[4096];

    train_run_path_at(r, "snapshot", "safetensors",
                      j->count > 0 ? j->best_seen : r->seen, path,
                      sizeof path);
    clear_line(r);
    if (r->enough) {
        fprintf(stderr, "early stop: %u snapshots since the best\n",
                j->worse);
    }
    if (j->count > 0) {
        fprintf(stderr, "best fd: %.5g\n", j->best);
    }
    fprintf(stderr, "done; next: cedm-freeze %s -o DIR --build\n", path);
}
