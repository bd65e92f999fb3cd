/* SPDX-License-Identifier: MIT
 *
 * npy.c - fuzz target of the reader of NumPy arrays: whatever the bytes, it
 * gives a message or an array that ends where they end. */
#include <stdlib.h>
#include <string.h>

#include "host/files/npy_read.h"
#include "host/files/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Every element is really read, in both ways. */
static void check_array(const cg_array *array, const uint8_t *end)
{
    volatile double sum = 0;
    volatile float last = 0;
    for (uint64_t i = 0; i < array->elements; i++) {
        sum = sum + cg_element(array, i);
    }
    uint64_t rows = array->rank > 0 ? array->shape[0] : 1;
    uint64_t width = host_row_width(array);
    if (array->elements > 0) {
        float *row = malloc(width * sizeof *row);
        if (row == NULL || rows * width != array->elements ||
            array->data >= end) {
            abort();
        }
        host_rows_f32(array, rows - 1, 1, row);
        last = row[width - 1];
        free(row);
    }
    (void)last;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    cg_array array;
    host_failure f = HOST_FAILURE_UNSAID;
    if (host_npy_parse(&array, bytes, size, "x.npy", &f)) {
        check_array(&array, bytes + size);
    } else if (strncmp(f.text, "x.npy: ", 7) != 0 ||
               strstr(f.text, "; wanted ") == NULL || array.data != NULL) {
        abort();
    }
    return 0;
}
