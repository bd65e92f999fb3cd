/* SPDX-License-Identifier: MIT
 *
 * ids.c - fuzz target of files of cluster ids: .npy, .npz, PyTorch, JSON, CSV,
 * text.
 *
 * An input is a file.  It gives a message that names it, or ids below 2^53, no
 * more of them than the file has bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/ids.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_ids(const host_ids *ids, size_t size)
{
    want(ids->count <= size);
    for (uint64_t i = 0; i < ids->count; i++) {
        want(ids->values[i] >= 0 && ids->values[i] < INT64_C(1) << 53);
        want((ids->names[i] == NULL) == (ids->names[0] == NULL));
        want(i == 0 || ids->names[0] == NULL ||
             strcmp(ids->names[i - 1], ids->names[i]) < 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[] = "/tmp/fuzz.XXXXXX";
    int descriptor = mkstemp(path);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    host_failure f = HOST_FAILURE_UNSAID;
    host_ids ids;

    want(out != NULL && fwrite(bytes, 1, size, out) == size &&
         fclose(out) == 0);
    if (host_ids_read(&ids, path, &f)) {
        check_ids(&ids, size);
        host_ids_free(&ids);
    } else {
        want(strncmp(f.text, path, strlen(path)) == 0);
        want_failure(&f);
    }
    (void)unlink(path);
    return 0;
}
