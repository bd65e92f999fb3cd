/* SPDX-License-Identifier: MIT
 *
 * gen_test.c - tests of the emitters, on a program made by hand.
 *
 * `gen_test --write` writes tests/gen/golden again; review the diff. */
#include "tests/gen/gen_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_golden(void)
{
    static tiny t;
    cg_freeze freeze = {GEN_GOLDEN, "tiny", {NULL}};
    cg_error error = {""};

    tiny_make(&t);
    if (!cg_emit(&t.program, &t.file, &freeze, &error)) {
        fprintf(stderr, "gen_test: %s\n", error.text);
        return 1;
    }
    /* Not text; blob_test looks at its bytes. */
    return unlink(GEN_GOLDEN "/tiny.cedm");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        return write_golden();
    }
    return gen_test_blob() + gen_test_source() + gen_test_failure() +
           gen_test_freeze();
}
