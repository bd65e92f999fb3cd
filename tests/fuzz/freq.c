/* SPDX-License-Identifier: MIT
 *
 * freq.c - fuzz target of images per cluster: text, JSON, PyTorch.
 *
 * An input is how many clusters there are, 1 to 256, and a file.  It gives a
 * message that names it, or so many finite numbers of 0 and more. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/freq.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_file(const char *path, uint32_t count)
{
    host_failure f = HOST_FAILURE_UNSAID;
    double sum = 0, *freq = host_freq_read(path, count, &f);
    if (freq == NULL) {
        want(strstr(f.text, path) != NULL);
        want_failure(&f);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        want(isfinite(freq[i]) && freq[i] >= 0);
        sum += freq[i];
    }
    want(sum > 0);
    free(freq);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[] = "/tmp/fuzz.XXXXXX";
    if (size == 0) {
        return 0;
    }
    int descriptor = mkstemp(path);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    want(out != NULL && fwrite(bytes + 1, 1, size - 1, out) == size - 1 &&
         fclose(out) == 0);
    check_file(path, bytes[0] + 1u);
    (void)unlink(path);
    return 0;
}
