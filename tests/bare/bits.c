/* SPDX-License-Identifier: MIT
 *
 * bits.c - one line per case of tests/ops: the CRC of what a backend makes
 * of the first two images.  Two machines that print the same compute the same
 * bits; an emulated one is slow, and the others differ in nothing but numbers.
 *
 *   bits portable|vector [alone]
 *
 * `vector` is the fastest set that there is.  `alone` runs every image in a
 * batch of its own with three workers: no line may change.
 *
 * Large cases would take an emulator most of the time.  Plain C makes any size
 * by the same loops, so `portable` leaves them out; of vectors, whose strips
 * and panels depend on it, one image of them is made. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/ops/cases.h"

/* Images are `first` to `first + setting.n - 1`. */
static void print_images(const op_class *class, const op_case *c,
                         const cedm_backend *backend, stage_setting setting)
{
    any_op op = c->op;
    stage s;

    memset(&s, 0, sizeof s);
    class->place(&s, c, &op);
    stage_run(&s, &setting, backend, class->call, &op, c->name);
    for (uint32_t image = 0; image < setting.n; image++) {
        uint32_t crc = 0;

        for (uint32_t i = 0; i < s.tensor_count; i++) {
            const stage_tensor *t = &s.tensors[i];

            if (t->fill.output || t->written_over) {
                crc = cedm_crc32c(crc,
                                  stage_out(&s, t->ref, t->elements, image),
                                  t->elements * sizeof(float));
            }
        }
        printf("%08" PRIx32 " ", crc);
    }
    stage_close(&s);
}

static void print_case(const op_class *class, const op_case *c,
                       const cedm_backend *backend, int alone)
{
    uint32_t most = op_case_is_large(class, c) ? 1 : 2;
    uint32_t images = c->images < most ? c->images : most;
    stage_setting setting = {.batch = images, .n = images, .workers = 1};

    if (alone) {
        setting = (stage_setting){
            .batch = 1, .n = 1, .workers = 3, .threads = true};
    }
    for (; setting.first < images; setting.first += setting.n) {
        print_images(class, c, backend, setting);
    }
    printf("%s, %s\n", class->name, c->name);
}

int main(int argc, char **argv)
{
    const cedm_backend *backend = cedm_backend_cpu(CEDM_ISA_ALL);

    if (argc < 2) {
        fputs("bits: wanted portable or vector\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "portable") == 0) {
        backend = cedm_backend_portable();
    }
    for (size_t k = 0; k < op_class_count; k++) {
        for (size_t i = 0; i < op_classes[k].count; i++) {
            const op_case *c = &op_classes[k].cases[i];

            if (backend == cedm_backend_portable() &&
                op_case_is_large(&op_classes[k], c)) {
                continue;
            }
            print_case(&op_classes[k], c, backend, argc > 2);
        }
    }
    return 0;
}
