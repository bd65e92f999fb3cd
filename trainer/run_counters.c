/* SPDX-License-Identifier: MIT
 *
 * run_counters.c - where a run is, as a text in its states. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/run.h"

/* Doubles are hexadecimal text: every bit comes back. */
char *train_run_counters_write(const train_run *r)
{
    const train_learner_counts *c = &r->learner->counts;
    char text[640];

    (void)snprintf(text, sizeof text,
                   "{\"seen\":%" PRIu64 ",\"updates\":%" PRIu64
                   ",\"tick\":%" PRIu64 ",\"tick_start\":%" PRIu64
                   ",\"tick_steps\":%" PRIu64 ",\"not_finite\":%" PRIu64
                   ",\"skipped\":%" PRIu64 ",\"scale\":%.9g"
                   ",\"good\":%" PRIu32 ",\"loss_sum\":\"%a\""
                   ",\"ema_ramp\":%d}",
                   r->seen, r->updates, r->tick, r->tick_start, r->tick_steps,
                   c->not_finite, c->skipped, (double)c->scale, c->good,
                   r->loss_sum, r->ema_ramp ? 1 : 0);
    return strdup(text);
}

/* Below 2^53, beyond which JSON's numbers are not exact. */
static bool count(const cJSON *json, const char *key, uint64_t *out)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, key);

    if (!cJSON_IsNumber(value) || value->valuedouble < 0.0 ||
        value->valuedouble > 9e15 ||
        value->valuedouble != floor(value->valuedouble)) {
        return false;
    }
    *out = (uint64_t)value->valuedouble;
    return true;
}

static bool read_scale(const cJSON *json, float *out)
{
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(json, "scale");

    if (!cJSON_IsNumber(scale) || !(scale->valuedouble >= 1.0) ||
        scale->valuedouble > 1e9) {
        return false;
    }
    *out = (float)scale->valuedouble;
    return true;
}

static bool read_loss(const cJSON *json, double *out)
{
    const cJSON *loss = cJSON_GetObjectItemCaseSensitive(json, "loss_sum");
    char *end;

    if (!cJSON_IsString(loss)) {
        return false;
    }
    *out = strtod(loss->valuestring, &end);
    return end != loss->valuestring && *end == '\0';
}

static bool read_counters(train_run *r, const cJSON *json)
{
    train_learner_counts *c = &r->learner->counts;
    uint64_t ramp, good_updates;

    if (!count(json, "seen", &r->seen) ||
        !count(json, "updates", &r->updates) ||
        !count(json, "tick", &r->tick) ||
        !count(json, "tick_start", &r->tick_start) ||
        !count(json, "tick_steps", &r->tick_steps) ||
        !count(json, "not_finite", &c->not_finite) ||
        !count(json, "skipped", &c->skipped) ||
        !count(json, "good", &good_updates) ||
        !count(json, "ema_ramp", &ramp) || !read_scale(json, &c->scale) ||
        !read_loss(json, &r->loss_sum) || ramp > 1 ||
        good_updates > UINT32_MAX) {
        return false;
    }
    r->ema_ramp = ramp != 0;
    c->good = (uint32_t)good_updates;
    return true;
}

/* An update sees a batch, a tick begins where one ended. */
static bool counters_agree(const train_run *r)
{
    const train_learner_counts *c = &r->learner->counts;
    uint64_t batch = r->options->batch;

    return r->updates > 0 && r->seen % batch == 0 &&
           r->seen / batch == r->updates && r->tick_start % batch == 0 &&
           r->tick_start <= r->seen &&
           (r->seen - r->tick_start) / batch == r->tick_steps &&
           r->tick <= r->updates && c->skipped <= r->updates &&
           c->good <= r->updates;
}

bool train_run_counters_read(train_run *r, const char *text)
{
    cJSON *json = cJSON_Parse(text);
    bool good = json != NULL && read_counters(r, json) && counters_agree(r);

    cJSON_Delete(json);
    if (good) {
        r->learner->counts.updates = r->updates - r->learner->counts.skipped;
    }
    return good;
}
