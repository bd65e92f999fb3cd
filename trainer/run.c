/* SPDX-License-Identifier: MIT
 *
 * run.c - the loop of updates, and what is said about it. */
#include "trainer/run.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "host/files/output.h"
#include "host/cli/progress.h"
#include "host/execution/ranks.h"

static double images(double millions)
{
    return millions * 1e6;
}

static uint64_t duration(const train_run *r)
{
    return (uint64_t)ceil(images(r->options->duration));
}

/* Pixels of an image: losses are reported by pixel. */
static double elements(const train_run *r)
{
    return (double)r->data.size * r->data.size * r->data.channels;
}

/* ---- an update ---------------------------------------------------------- */

/* Adds what the learner told of losses, of all ranks; true if one of them
 * was asked to stop. */
static bool take_losses(train_run *r, const volatile sig_atomic_t *stop)
{
    double sums[2] = {r->learner->loss, *stop ? 1.0 : 0.0};

    host_ranks_allreduce(HOST_RANKS_F64, sums, 2);
    r->loss_sum += sums[0];
    return sums[1] > 0.0;
}

/* A rank makes the gradients of its part of the batch, images that follow
 * each other. */
static bool make_gradients(train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    train_learner *l = r->learner;
    uint32_t part = o->batch / host_ranks_size();
    uint64_t first = r->seen + (uint64_t)host_ranks_rank() * part;

    for (uint32_t done = 0; done < part; done += l->batch) {
        train_batch b = train_loader_fill(&r->batch, &r->source, first + done,
                                          l->batch, (uint32_t)r->updates);

        b.share = 1.0 / o->batch;
        b.dropout = (float)o->dropout;
        if (!l->kind->gradient(l, &b, f)) {
            return false;
        }
    }
    return true;
}

/* Ranks agree before and after they wait for each other's gradients. */
static bool update(train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    double seen = (double)r->seen;
    train_adam_update rates = {
        .lr = train_adam_rate(o->lr, images(o->lr_rampup), seen),
        .ema_beta =
            train_adam_ema_beta(images(o->ema), seen, o->batch, r->ema_ramp)};

    if (!train_run_agree(make_gradients(r, f), f) ||
        !train_run_agree(r->learner->kind->update(r->learner, &rates, f),
                         f)) {
        return false;
    }
    r->updates++;
    r->tick_steps++;
    r->seen += o->batch;
    return true;
}

/* ---- a tick ------------------------------------------------------------- */

static void print_time(double s)
{
    if (s >= 86400.0) {
        fprintf(stderr, "%.0fd %02.0fh", floor(s / 86400.0),
                floor(fmod(s, 86400.0) / 3600.0));
    } else if (s >= 3600.0) {
        fprintf(stderr, "%.0fh %02.0fm", floor(s / 3600.0),
                floor(fmod(s, 3600.0) / 60.0));
    } else {
        fprintf(stderr, "%.0fm %02.0fs", floor(s / 60.0), fmod(s, 60.0));
    }
}

static bool report(const train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    double now = host_seconds(), speed;
    double loss = r->loss_sum / (double)r->tick_steps / elements(r);
    double rate =
        train_adam_rate(o->lr, images(o->lr_rampup), (double)r->seen);
    const train_learner_counts *c = &r->learner->counts;
    char line[640], finite[32] = "null"; /* JSON has no NaN */

    if (isfinite(loss)) {
        (void)snprintf(finite, sizeof finite, "%.9g", loss);
    }
    speed = (double)(r->seen - r->tick_start) / (now - r->tick_time + 1e-9);
    (void)snprintf(line, sizeof line,
                   "{\"tick\":%llu,\"seen\":%llu,\"loss\":%s,\"lr\":%.9g,"
                   "\"not_finite\":%llu,\"skipped\":%llu,\"scale\":%.9g,"
                   "\"images_per_second\":%.4g,"
                   "\"seconds\":%.1f,\"time\":%lld}\n",
                   (unsigned long long)r->tick, (unsigned long long)r->seen,
                   finite, rate, (unsigned long long)c->not_finite,
                   (unsigned long long)c->skipped, (double)c->scale, speed,
                   now - r->start_time, (long long)time(NULL));
    fprintf(stderr,
            "tick %llu  kimg %.1f  loss %.4f  lr %.2e  %.1f img/s  "
            "left ",
            (unsigned long long)r->tick, (double)r->seen / 1e3, loss, rate,
            speed);
    print_time((double)(duration(r) > r->seen ? duration(r) - r->seen : 0) /
               speed);
    if (c->not_finite > 0) {
        fprintf(stderr, "  %llu gradients were not finite",
                (unsigned long long)c->not_finite);
    }
    fprintf(stderr, "\n");
    return train_run_append_stats(r, line, f);
}

static bool settle(train_run *r, const volatile sig_atomic_t *stop,
                   host_failure *f)
{
    bool good = train_run_agree(r->learner->kind->settle(r->learner, f), f);

    (void)take_losses(r, stop);
    return good;
}

/* Rank 0 reports and saves, the others wait for it. */
static bool end_tick(train_run *r, const volatile sig_atomic_t *stop,
                     host_failure *f)
{
    bool first = host_ranks_rank() == 0, good;

    if (!settle(r, stop, f)) {
        return false;
    }
    r->tick++;
    good = !first || report(r, f);
    r->loss_sum = 0.0;
    r->tick_steps = r->learner->counts.not_finite = 0;
    r->tick_start = r->seen;
    if (first && good &&
        (r->tick % r->options->snap == 0 || r->seen >= duration(r))) {
        good = train_run_save(r, true, f);
    }
    good = train_run_agree(good, f);
    r->tick_time = host_seconds(); /* saving is not training */
    return good;
}

/* ---- the run ------------------------------------------------------------ */

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

    printf("memory:\n");
    print_bytes("images", pixels);
    print_memory(r->learner, false, pixels, "all, of a rank");
    if (r->device.kind == HOST_DEVICE_CUDA) {
        printf("memory of the GPU:\n");
        print_memory(r->learner, true, 0, "all, in one piece");
    }
    printf("  arena: %u + %u elements an image; lower bound %u + %u, without "
           "reuse %u + %u\n",
           t->act.elements, t->f32.elements, t->act.lower_bound,
           t->f32.lower_bound, t->act.no_reuse, t->f32.no_reuse);
}

void train_run_describe(const train_run *r)
{
    const train_options *o = r->options;
    const cg_program *p = r->learner->training->program;

    printf("data: %llu images, %ux%u, %u channels\n",
           (unsigned long long)r->data.count, r->data.size, r->data.size,
           r->data.channels);
    printf("clusters: %u\n", r->clusters.used);
    printf("network: %s, %.2f M parameters, %.3f GMAC an image and way\n",
           o->arch, (double)p->parameter_count / 1e6, (double)p->macs / 1e9);
    printf("batch: %u, %u at a time; %.3f Mimg, %.3f done\n", o->batch,
           r->learner->batch, o->duration, (double)r->seen / 1e6);
    if (r->device.kind == HOST_DEVICE_CUDA) {
        printf("device: cuda:%u, %s\n", r->device.index[0],
               host_precision_name(r->precision));
    }
    printf("ranks: %u, each with %u threads\n", host_ranks_size(),
           r->source.workers);
    if (host_ranks_size() > 1) {
        printf("gradients: added up by %s\n", r->sums);
    }
    print_all_memory(r);
    (void)fflush(stdout);
}

static bool tick_is_over(const train_run *r)
{
    return (double)(r->seen - r->tick_start) >= r->options->tick * 1e3 ||
           r->seen >= duration(r);
}

bool train_run_train(train_run *r, const volatile sig_atomic_t *stop,
                     host_failure *f)
{
    bool stopped = false;

    host_ranks_barrier();
    r->start_time = r->tick_time = host_seconds();
    while (r->seen < duration(r) && !stopped) {
        if (!update(r, f)) {
            return false;
        }
        stopped = take_losses(r, stop);
        if (tick_is_over(r) && !end_tick(r, stop, f)) {
            return false;
        }
    }
    if (stopped && r->seen < duration(r)) {
        if (settle(r, stop, f) &&
            train_run_agree(
                host_ranks_rank() != 0 || train_run_save(r, false, f), f)) {
            f->code = HOST_EXIT_INTERRUPTED;
        }
        return false;
    }
    return true;
}
