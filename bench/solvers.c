/* SPDX-License-Identifier: MIT
 *
 * solvers.c - how near a solver comes to the ODE's solution by how many
 * evaluations of the network.
 *
 *     build/bench/solvers [IMAGES [LISTS]]      default: 192, none
 *
 * The error is the root of the mean square of an image's difference to
 * Heun's with 256 steps from the same latents, averaged over images; the
 * range is [-1, 1], a grey level 0.0078.  The tables are over the first
 * sixth of the images, seeds 0 and on in four clusters; the lines after them,
 * of the solvers that need the fewest evaluations for the error that Heun's
 * method has with 35, over all.  They are Markdown for docs/NUMERICS.md.
 *
 * LISTS is a file of levels that were fitted to the demo model, each line what
 * cedm-gen --fit-sigmas prints for a number of steps. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/bench.h"
#include "bench/mixture.h"
#include "host/execution/engine.h"
#include "weights/fashion.h"

#define BATCH 16u
#define HEUN_STEPS 18u
#define REFERENCE_STEPS 256u

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

#define MAX_FITTED 64u /* steps of a list */

/* Levels by the number of steps that they are for, NULL: none. */
static double *fitted[MAX_FITTED + 1];

static void stop(const char *what)
{
    fprintf(stderr, "solvers: %s\n", what);
    exit(HOST_EXIT_FAILED);
}

/* ---- a net, and its images by the reference ---------------------------- */

typedef struct problem {
    const char *name;
    cedm_net *net;
    size_t elements;
    uint32_t clusters; /* 0: none */
    double *wanted;    /* [images][elements] */
} problem;

/* The images from `first` on, at most a batch, by some parameters. */
static const double *draw(const problem *p, const cedm_sampler_params *params,
                          uint32_t first, uint32_t n)
{
    uint64_t seeds[BATCH];
    int32_t clusters[BATCH];
    cedm_sampler sampler;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t image = first + i;
        seeds[i] = image / 4;
        clusters[i] =
            p->clusters > 0 ? (int32_t)(image % 4 * p->clusters / 4) : -1;
    }
    cedm_status status =
        cedm_sample_begin(&sampler, p->net, params, seeds, clusters, n);
    status = status == CEDM_OK ? CEDM_MORE : status;
    while (status == CEDM_MORE) {
        status = cedm_sample_step(&sampler);
    }
    if (status != CEDM_OK) {
        stop(cedm_status_text(status));
    }
    return cedm_sample_state(&sampler);
}

static uint32_t part(uint32_t images, uint32_t first)
{
    return images - first < BATCH ? images - first : BATCH;
}

static void solve(problem *p, uint32_t images)
{
    cedm_sampler_params params = cedm_sampler_params_default();
    params.steps = REFERENCE_STEPS;
    p->wanted = malloc(images * p->elements * sizeof *p->wanted);
    if (p->wanted == NULL) {
        stop("out of memory");
    }
    for (uint32_t first = 0; first < images; first += BATCH) {
        uint32_t n = part(images, first);
        memcpy(p->wanted + first * p->elements, draw(p, &params, first, n),
               n * p->elements * sizeof *p->wanted);
    }
}

/* Mean error of images 0 and on. */
static double error_of(const problem *p, const cedm_sampler_params *params,
                       uint32_t images)
{
    double total = 0;
    for (uint32_t first = 0; first < images; first += BATCH) {
        uint32_t n = part(images, first);
        const double *x = draw(p, params, first, n);
        const double *wanted = p->wanted + first * p->elements;
        for (uint32_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t e = i * p->elements; e < (i + 1) * p->elements; e++) {
                sum += (x[e] - wanted[e]) * (x[e] - wanted[e]);
            }
            total += sqrt(sum / (double)p->elements);
        }
    }
    return total / images;
}

/* ---- fitted levels ------------------------------------------------------ */

static void take_list(char *line)
{
    double levels[MAX_FITTED + 1];
    uint32_t count = 0;
    for (char *at = line; *at != '\0' && *at != '\n'; at += *at == ',') {
        char *end;
        if (count > MAX_FITTED) {
            stop("a list is too long");
        }
        levels[count++] = strtod(at, &end);
        if (end == at) {
            stop("wanted lists of levels");
        }
        at = end;
    }
    if (count < 2) {
        stop("a list of levels has none");
    }
    fitted[count - 1] = malloc(count * sizeof *levels);
    if (fitted[count - 1] == NULL) {
        stop("out of memory");
    }
    memcpy(fitted[count - 1], levels, count * sizeof *levels);
}

static void read_lists(const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        stop("the file of lists cannot be opened");
    }
    while (fgets(line, sizeof line, file) != NULL) {
        take_list(line);
    }
    fclose(file);
}

/* ---- rows -------------------------------------------------------------- */

static const uint32_t evaluations[] = {5, 6, 7, 8, 9, 10, 11, 12, 16, 24, 35};
#define COLUMNS (sizeof evaluations / sizeof evaluations[0])

typedef struct row {
    cedm_sampler_params params;
    double error[COLUMNS]; /* NaN: none with so many evaluations */
    double needed;         /* evaluations for Heun-35's error; NaN: more */
} row;

#define MAX_ROWS 64

static const char *const spacings[] = {
#define WORD(word) #word,
    CEDM_DISCRETIZATION_LIST(WORD)
#undef WORD
};

static const char *levels_of(const cedm_sampler_params *p)
{
    return p->discretization == CEDM_DISCRETIZATION_list
               ? "fitted"
               : spacings[p->discretization];
}

static void print_name(const row *r)
{
    printf("| %s", cedm_solver_describe(r->params.solver)->word);
    printf("-%u, %s |", r->params.order, levels_of(&r->params));
}

/* Every multistep solver from its second order on, on the three spacings that
 * are used for few steps; Euler's and Heun's methods on their own. */
static uint32_t make_rows(row *rows)
{
    static const enum cedm_discretization levels[] = {
        CEDM_DISCRETIZATION_edm, CEDM_DISCRETIZATION_vpt,
        CEDM_DISCRETIZATION_logsnr};
    const cedm_solver_facts *facts;
    uint32_t count = 0;
    for (int s = 0;
         (facts = cedm_solver_describe((enum cedm_solver)s)) != NULL; s++) {
        for (int l = 0; l < (facts->general ? 1 : 3); l++) {
            uint32_t least = facts->least < facts->most ? 2 : facts->least;
            for (uint32_t o = least; o <= facts->most; o++) {
                row *r = &rows[count++];
                r->params = cedm_sampler_params_for(levels[l]);
                r->params.solver = (enum cedm_solver)s;
                r->params.order = o;
            }
        }
    }
    return count;
}

/* The recommended solver on fitted levels. */
static row fitted_row(void)
{
    row r = {.params = cedm_sampler_params_nfe(1)};
    r.params.discretization = CEDM_DISCRETIZATION_list;
    return r;
}

/* Sets the steps for a number of evaluations, if there are such. */
static bool set_evaluations(cedm_sampler_params *p, uint32_t n)
{
    if (p->discretization == CEDM_DISCRETIZATION_list) {
        p->sigmas = n <= MAX_FITTED ? fitted[n] : NULL;
        p->steps = n;
        return p->sigmas != NULL;
    }
    p->steps = 1;
    while (p->steps < n && host_sampler_evaluations(p) < n) {
        p->steps++;
    }
    return fabs(host_sampler_evaluations(p) - n) < 0.5;
}

/* Between two columns the logarithm of the error is taken as linear. */
static double needed(const row *r, double error)
{
    size_t last = COLUMNS;
    for (size_t c = 0; c < COLUMNS; c++) {
        if (isnan(r->error[c])) {
            continue;
        }
        if (r->error[c] <= error) {
            double more = last < COLUMNS
                              ? log(r->error[last] / error) /
                                    log(r->error[last] / r->error[c])
                              : 1;
            uint32_t from = last < COLUMNS ? evaluations[last] : 0;
            return from + more * (evaluations[c] - from);
        }
        last = c;
    }
    return (double)NAN;
}

static void measure(const problem *p, row *r, uint32_t images, double heun)
{
    print_name(r);
    for (size_t c = 0; c < COLUMNS; c++) {
        r->error[c] = (double)NAN;
        if (set_evaluations(&r->params, evaluations[c])) {
            r->error[c] = error_of(p, &r->params, images);
            printf(" %.4f |", r->error[c]);
        } else {
            printf(" |");
        }
        fflush(stdout);
    }
    r->needed = needed(r, heun);
    printf(isnan(r->needed) ? " |\n" : " %.1f |\n", r->needed);
}

/* ---- tables ------------------------------------------------------------ */

static void table(const problem *p, row *rows, uint32_t count,
                  uint32_t images)
{
    cedm_sampler_params heun = cedm_sampler_params_default();
    heun.steps = HEUN_STEPS;
    double error = error_of(p, &heun, images);
    printf("\n%s, %u images; Heun's error with 35 evaluations is %.4f\n\n",
           p->name, images, error);
    printf("| solver, levels |");
    for (size_t c = 0; c < COLUMNS; c++) {
        printf(" %u |", evaluations[c]);
    }
    printf(" for %.4f |\n|---|", error);
    for (size_t c = 0; c <= COLUMNS; c++) {
        printf("---|");
    }
    printf("\n");
    for (uint32_t i = 0; i < count; i++) {
        measure(p, &rows[i], images, error);
    }
}

static int compare_rows(const void *a, const void *b)
{
    double x = ((const row *)a)->needed, y = ((const row *)b)->needed;
    x = isnan(x) ? HUGE_VAL : x;
    y = isnan(y) ? HUGE_VAL : y;
    return (x > y) - (x < y);
}

/* The steps with which the best three rows reach Heun's error over all images,
 * counted up from what they seem to need. */
static void confirm(const problem *p, row *rows, uint32_t count,
                    uint32_t images)
{
    cedm_sampler_params heun = cedm_sampler_params_default();
    heun.steps = HEUN_STEPS;
    double wanted = error_of(p, &heun, images);
    qsort(rows, count, sizeof *rows, compare_rows);
    printf("\n%s, %u images: heun-2, edm 35: %.4f", p->name, images, wanted);
    for (uint32_t i = 0; i < 3 && i < count && !isnan(rows[i].needed); i++) {
        cedm_sampler_params params = rows[i].params;
        double error;
        uint32_t n = (uint32_t)rows[i].needed;
        do {
            error = set_evaluations(&params, n) ? error_of(p, &params, images)
                                                : HUGE_VAL;
        } while (error > wanted && n++ < 35);
        printf("; %s-%u, %s %u: %.4f",
               cedm_solver_describe(params.solver)->word, params.order,
               levels_of(&params), n, error);
        fflush(stdout);
    }
    printf("\n");
}

static void report(problem *p, uint32_t images, bool fits)
{
    static row rows[MAX_ROWS];
    uint32_t count = make_rows(rows), some = images < 6 ? images : images / 6;
    if (fits) {
        rows[count++] = fitted_row();
    }
    solve(p, images);
    table(p, rows, count, some);
    confirm(p, rows, count, images);
    free(p->wanted);
}

int main(int argc, char **argv)
{
    static host_engine engine;
    static host_model model;
    static mixture gaussians;
    host_failure f = HOST_FAILURE_UNSAID;
    host_engine_config config = {NULL, BATCH, 0};
    long images = argc > 1 ? strtol(argv[1], NULL, 10) : 192;
    if (images < 1 || images > 65536) {
        stop("wanted 1 to 65536 images");
    }
    if (argc > 2) {
        read_lists(argv[2]);
    }
    if (!mixture_open(&gaussians, BATCH) ||
        !host_model_adopt(&model, &cedm_fashion_model, cedm_fashion_blob,
                          FASHION_BLOB_BYTES, &f) ||
        !host_engine_open(&engine, &model, &config, &f)) {
        stop(f.text);
    }
    problem ten = {"ten Gaussians of 32 x 32 x 3", &gaussians.net,
                   MIXTURE_MAP, 0, NULL};
    problem demo = {"the demo model", &engine.net, 32 * 32, FASHION_CLUSTERS,
                    NULL};
    report(&ten, (uint32_t)images, false);
    report(&demo, (uint32_t)images, argc > 2);
    for (uint32_t i = 0; i <= MAX_FITTED; i++) {
        free(fitted[i]);
    }
    mixture_close(&gaussians);
    host_engine_close(&engine);
    host_model_close(&model);
    return HOST_EXIT_DONE;
}
