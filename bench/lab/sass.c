/* SPDX-License-Identifier: MIT
 *
 * sass.c - reads listings of cuobjdump and walks along them. */
#include "bench/lab/sass.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SCOREBOARDS 6
#define LINE_BYTES 512

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- reading ----------------------------------------------------------- */

/* "@P0 BRA 0x3c0 ;" and the like, behind the address. */
static void read_text(sass_line *line, char *text)
{
    char *end = strchr(text, ';'), *word;

    if (end != NULL) {
        *end = '\0';
    }
    text += strspn(text, " {");
    line->always = *text != '@';
    if (!line->always) {
        text += strcspn(text, " ");
        text += strspn(text, " ");
    }
    word = text + strcspn(text, " ");
    snprintf(line->op, sizeof line->op, "%.*s", (int)(word - text), text);
    if (begins(line->op, "BRA")) {
        word = strstr(word, "0x");
        line->target = word == NULL ? 0 : (uint32_t)strtoul(word, NULL, 16);
    }
}

static void append(sass_kernel *k, const sass_line *line)
{
    if ((k->count & (k->count - 1)) == 0) {
        size_t room = k->count == 0 ? 1 : 2 * (size_t)k->count;
        void *more = realloc(k->lines, room * sizeof *line);

        if (more == NULL) {
            fputs("predict: not enough memory\n", stderr);
            exit(1);
        }
        k->lines = more;
    }
    k->lines[k->count++] = *line;
}

/* An instruction is two lines, each with a word of its encoding. */
static bool read_line(sass_kernel *k, char *text)
{
    char *word = strstr(text, "/* 0x");
    sass_line line = {0};

    text += strspn(text, " \t");
    if (word == NULL) {
        return false;
    }
    if (text == word) {
        k->lines[k->count - (k->count != 0)].control =
            strtoull(word + 3, NULL, 16);
        return true;
    }
    line.pc = (uint32_t)strtoul(text + 2, NULL, 16);
    *word = '\0';
    read_text(&line, strstr(text + 2, "*/") + 2);
    append(k, &line);
    return true;
}

/* ---- finding ----------------------------------------------------------- */

uint32_t sass_find(const sass_kernel *k, uint32_t from, const char *op)
{
    while (from < k->count && !begins(k->lines[from].op, op)) {
        from++;
    }
    return from;
}

uint32_t sass_count(const sass_kernel *k, uint32_t first, uint32_t last,
                    const char *op)
{
    uint32_t count = 0;

    for (uint32_t i = first; i <= last && i < k->count; i++) {
        count += begins(k->lines[i].op, op);
    }
    return count;
}

static uint32_t line_at(const sass_kernel *k, uint32_t pc)
{
    uint32_t i = pc / 16; /* bytes of an instruction */

    return i < k->count ? i : k->count - 1;
}

/* ---- loops ------------------------------------------------------------- */

/* Whether line i closes a loop; one that waits for a barrier, or the end of
 * the kernel, is none. */
static bool closes(const sass_kernel *k, uint32_t i)
{
    const sass_line *line = &k->lines[i];
    uint32_t first = line_at(k, line->target);

    return line->target != 0 && line->target < line->pc &&
           !(i - first < 4 && sass_count(k, first, i, "SYNCS") != 0) &&
           sass_count(k, first, i, "EXIT") == 0;
}

bool sass_loop(const sass_kernel *k, uint32_t at, uint32_t *first,
               uint32_t *last)
{
    for (uint32_t i = at; i < k->count; i++) {
        if (closes(k, i) && line_at(k, k->lines[i].target) <= at) {
            *first = line_at(k, k->lines[i].target);
            *last = i;
            return true;
        }
    }
    return false;
}

/* For each line the end of the outermost loop that begins there, or itself. */
static void find_loops(sass_kernel *k)
{
    for (uint32_t i = 0; i < k->count; i++) {
        k->lines[i].end = i;
        if (closes(k, i)) {
            k->lines[line_at(k, k->lines[i].target)].end = i;
        }
    }
}

bool sass_read(sass_kernel *k, FILE *listing)
{
    char text[LINE_BYTES], *name;

    memset(k, 0, sizeof *k);
    while (fgets(text, sizeof text, listing) != NULL) {
        name = strstr(text, "Function : ");
        if (name != NULL) {
            name += strlen("Function : ");
            name[strcspn(name, "\n")] = '\0';
            snprintf(k->name, sizeof k->name, "%s", name);
        } else if (k->name[0] != '\0' && !read_line(k, text) &&
                   k->count != 0 && strstr(text, "....") != NULL) {
            break;
        }
    }
    find_loops(k);
    return k->count != 0;
}

/* ---- walking ----------------------------------------------------------- */

typedef struct walk {
    const sass_kernel *k;
    double loads;
    bool writes;
    double ready[SCOREBOARDS];
    sass_cost cost;
} walk;

/* Cycles until a result of varying latency is there [LUO]; what is not
 * listed, as a store's reading of its registers, takes few. */
static double latency(const char *op)
{
    static const struct {
        const char *op;
        double cycles;
    } known[] = {
        {"LDSM", 33},  {"LDS", 29},   {"LDG", 270}, {"LDC", 40},
        {"LD.", 270},  {"MUFU", 23},  {"SHFL", 24}, {"S2", 25},
        {"ATOM", 300}, {"SYNCS", 30}, {"F2", 14},   {"I2F", 14},
        {"R2UR", 12},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (begins(op, known[i].op)) {
            return known[i].cycles;
        }
    }
    return 12;
}

/* Of 128 bytes; a shuffle goes the same way. */
static double wavefronts(const char *op)
{
    return begins(op, "SHFL")                                 ? 1
           : !begins(op, "LDS") && !begins(op, "STS")         ? 0
           : strstr(op, ".128") != NULL || begins(op, "LDSM") ? 4
           : strstr(op, ".64") != NULL                        ? 2
                                                              : 1;
}

static void issue(walk *w, const sass_line *line)
{
    uint64_t bits = line->control >> 41;
    unsigned stall = bits & 15, sets = bits >> 5 & 7, reads = bits >> 8 & 7;
    double *now = &w->cost.cycles;

    for (int i = 0; i < SCOREBOARDS; i++) {
        if ((bits >> 11 >> i & 1) != 0 && w->ready[i] > *now) {
            *now = w->ready[i];
        }
    }
    if (sets < SCOREBOARDS) {
        w->ready[sets] = *now + latency(line->op);
    }
    if (reads < SCOREBOARDS) {
        w->ready[reads] = *now + 12;
    }
    if (begins(line->op, "BAR")) {
        w->cost.barriers++;
        *now += 30;
    }
    *now += stall == 0 ? 1 : stall;
    w->cost.slots++;
    w->cost.shared += wavefronts(line->op);
    w->cost.ffma += begins(line->op, "FFMA");
}

static bool skips(const walk *w, uint32_t at, uint32_t last)
{
    const sass_line *line = &w->k->lines[at];
    uint32_t to = line_at(w->k, line->target);

    return line->target > line->pc && to <= last &&
           ((line->always && begins(line->op, "BRA") &&
             strchr(line->op, '.') == NULL) ||
            (w->writes && sass_count(w->k, at, to - 1, "MUFU") != 0 &&
             sass_count(w->k, at, to - 1, "STG") == 0));
}

static void walk_part(walk *w, uint32_t first, uint32_t last, bool looped);

static void walk_loop(walk *w, uint32_t first, uint32_t last)
{
    uint32_t loads = sass_count(w->k, first, last, "LDS");
    double trips = loads == 0 ? 1 : w->loads / loads;
    sass_cost before = w->cost;

    walk_part(w, first, last, true);
    trips = trips < 1 ? 0 : trips - 1; /* once more is done */
    w->cost.cycles += trips * (w->cost.cycles - before.cycles);
    w->cost.slots += trips * (w->cost.slots - before.slots);
    w->cost.shared += trips * (w->cost.shared - before.shared);
    for (int i = 0; i < SCOREBOARDS; i++) {
        w->ready[i] = 0;
    }
}

/* looped: the loop that begins at `first` is the one that is walked. */
static void walk_part(walk *w, uint32_t first, uint32_t last, bool looped)
{
    for (uint32_t i = first; i <= last; i++) {
        uint32_t end = w->k->lines[i].end;

        if (end != i && end <= last && !(looped && i == first)) {
            walk_loop(w, i, end);
            i = end;
        } else {
            issue(w, &w->k->lines[i]);
            if (skips(w, i, last)) {
                i = line_at(w->k, w->k->lines[i].target) - 1;
            }
        }
    }
}

sass_cost sass_walk(const sass_kernel *k, uint32_t first, uint32_t last,
                    double loads)
{
    walk w = {.k = k, .loads = loads, .writes = loads > 0};

    walk_part(&w, first, last, true);
    return w.cost;
}
