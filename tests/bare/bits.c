/* SPDX-License-Identifier: MIT
 *
 * bits.c - one line per case of tests/ops: the CRC of what the portable
 * backend makes of it.  Two machines that print the same compute the same
 * bits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"

static void print_case(const op_class *class, const op_case *c)
{
    stage_setting setting = {.batch = c->images, .n = c->images, .workers = 1};
    any_op op = c->op;
    uint32_t crc = 0;
    stage s;

    memset(&s, 0, sizeof s);
    class->place(&s, c, &op);
    stage_run(&s, &setting, cedm_backend_portable(), class->call, &op,
              c->name);
    for (uint32_t i = 0; i < s.tensor_count; i++) {
        const stage_tensor *t = &s.tensors[i];

        if (t->fill.output || t->written_over) {
            crc = cedm_crc32c(crc, stage_out(&s, t->ref, t->elements, 0),
                              (size_t)c->images * t->elements *
                                  sizeof(float));
        }
    }
    printf("%08" PRIx32 " %s, %s\n", crc, class->name, c->name);
    stage_close(&s);
}

int main(void)
{
    for (size_t k = 0; k < op_class_count; k++) {
        for (size_t i = 0; i < op_classes[k].count; i++) {
            print_case(&op_classes[k], &op_classes[k].cases[i]);
        }
    }
    return 0;
}
