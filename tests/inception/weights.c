/* SPDX-License-Identifier: MIT
 *
 * weights.c - writes FID's Inception network with weights that follow from a
 * formula, because its file is too large to be kept:
 *
 *     inception-weights torchvision|nvidia GOLDEN.safetensors OUT.safetensors
 *
 * with names as pytorch-fid has them or NVIDIA.  Element e of tensor t is made
 * of the bits that splitmix64 makes of t 2^32 + e and the seed, which is in
 * the golden file's metadata.  Sum, sum of squares, first and last value of
 * each tensor are compared with that file before anything is written. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "host/files/arrays_write.h"
#include "tests/inception/inception_tensors.h"

#define CHECKSUMS "weights.checksum(sum,sumsq,first,last)"

typedef struct network {
    inception_tensor tensors[INCEPTION_TENSORS];
    float *values[INCEPTION_TENSORS];
} network;

/* ---- the formula ------------------------------------------------------- */

/* In -1 .. 1, exact. */
static double uniform(uint32_t t, uint64_t e, uint64_t seed)
{
    uint64_t z =
        ((uint64_t)t << 32 | e) + UINT64_C(0x9e3779b97f4a7c15) * (seed + 1);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return 2.0 * (double)(z >> 40) * 0x1p-24 - 1.0;
}

/* Variances are near 1, gammas are 1, other vectors up to 0.1, and weights
 * such that signals keep their size. */
static float value(const inception_tensor *t, double u)
{
    if (strcmp(t->leaf, "bn.weight") == 0) {
        return 1.0f;
    }
    if (strcmp(t->leaf, "bn.running_var") == 0) {
        return (float)(1.0 + u / 2.0);
    }
    if (t->rank == 1) {
        return (float)(u * (double)0.1f);
    }
    double fan_in = (double)(t->elements / t->shape[0]);
    return (float)(u *
                   (double)(float)sqrt((t->rank == 4 ? 6.0 : 3.0) / fan_in));
}

static bool fill(network *n, uint64_t seed)
{
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        const inception_tensor *t = &n->tensors[i];
        n->values[i] = malloc(t->elements * sizeof(float));
        if (n->values[i] == NULL) {
            return false;
        }
        for (uint64_t e = 0; e < t->elements; e++) {
            n->values[i][e] = value(t, uniform(i, e, seed));
        }
    }
    return true;
}

/* Sums differ by their order of additions, each of which rounds. */
static bool agrees(const float *values, uint64_t elements,
                   const cg_array *sums, uint32_t i)
{
    double total = 0.0, size = 0.0, squares = 0.0;
    double rounding = (double)elements * 0x1p-52;
    for (uint64_t e = 0; e < elements; e++) {
        double x = (double)values[e];
        total += x;
        size += fabs(x);
        squares += x * x;
    }
    return fabs(total - cg_element(sums, 4 * i)) <= rounding * size &&
           fabs(squares - cg_element(sums, 4 * i + 1)) <=
               rounding * squares &&
           (double)values[0] == cg_element(sums, 4 * i + 2) &&
           (double)values[elements - 1] == cg_element(sums, 4 * i + 3);
}

static bool check(const network *n, const cg_file *golden)
{
    const cg_array *sums = cg_find(golden, CHECKSUMS);
    if (sums == NULL || sums->elements != 4 * INCEPTION_TENSORS) {
        (void)fprintf(stderr, "inception-weights: %s: no %s\n", golden->path,
                      CHECKSUMS);
        return false;
    }
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        if (!agrees(n->values[i], n->tensors[i].elements, sums, i)) {
            (void)fprintf(stderr, "inception-weights: %s: another sum\n",
                          n->tensors[i].name);
            return false;
        }
    }
    return true;
}

/* ---- the file ---------------------------------------------------------- */

static bool write_file(const network *n, bool nvidia, const char *path)
{
    static host_array arrays[INCEPTION_TENSORS];
    host_failure f = HOST_FAILURE_UNSAID;
    size_t count = 0;
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        const inception_tensor *t = &n->tensors[i];
        host_array *a = &arrays[count];
        a->name = nvidia ? t->nvidia : t->name;
        a->dtype = CG_F32;
        a->rank = t->rank;
        memcpy(a->shape, t->shape, sizeof t->shape);
        a->data = n->values[i];
        count += a->name[0] != '\0';
    }
    bool good = host_arrays_write(path, arrays, count, NULL, 0, &f);
    if (!good) {
        (void)host_failure_report("inception-weights", &f);
    }
    return good;
}

static bool make(network *n, bool nvidia, const char *golden_path,
                 const char *path)
{
    cg_error error;
    cg_file *golden = cg_open(golden_path, &error);
    const char *seed =
        golden == NULL ? NULL : cg_find_metadata(golden, "weight_seed");
    bool good = seed != NULL && inception_tensors(n->tensors) &&
                fill(n, strtoull(seed, NULL, 10));
    if (good) {
        good = check(n, golden) && write_file(n, nvidia, path);
    } else {
        (void)fprintf(stderr,
                      "inception-weights: %s or the list of layers is "
                      "unusable\n",
                      golden_path);
    }
    cg_close(golden);
    return good;
}

int main(int argc, char **argv)
{
    static network n;
    bool nvidia = argc == 4 && strcmp(argv[1], "nvidia") == 0;
    if (!nvidia && (argc != 4 || strcmp(argv[1], "torchvision") != 0)) {
        (void)fprintf(stderr, "usage: inception-weights torchvision|nvidia "
                              "GOLDEN.safetensors OUT.safetensors\n");
        return 2;
    }
    bool good = make(&n, nvidia, argv[2], argv[3]);
    for (uint32_t i = 0; i < INCEPTION_TENSORS; i++) {
        free(n.values[i]);
    }
    return good ? 0 : 1;
}
