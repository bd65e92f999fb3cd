/* SPDX-License-Identifier: MIT
 *
 * ids.c - which reader a file of ids needs. */
#include "host/files/ids.h"

#include <stdlib.h>
#include <string.h>

#include "host/files/output.h"
#include "host/files/tensor.h"

#define LIMIT ((size_t)1 << 30)

static bool add_characters(host_ids *ids, char *text, size_t size,
                           host_failure *f)
{
    const unsigned char *start = (const unsigned char *)text;

    if (size >= 2 && (memcmp(start, "\xff\xfe", 2) == 0 ||
                      memcmp(start, "\xfe\xff", 2) == 0)) {
        return host_fail(f, "%s: text in UTF-16; save it as UTF-8",
                         ids->path);
    }
    if (memchr(text, 0, size) != NULL) {
        return host_fail(f,
                         "%s: a zero byte; wanted numbers as text, .npy, "
                         ".npz, .pt or JSON",
                         ids->path);
    }
    text += size >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    text += strspn(text, " \t\r\n");
    return *text == '[' || *text == '{' ? host_ids_add_json(ids, text, f)
                                        : host_ids_add_text(ids, text, f);
}

static bool add_any(host_ids *ids, unsigned char *bytes, size_t size,
                    host_failure *f)
{
    if (size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0) {
        return host_ids_add_npy(ids, bytes, size, f);
    }
    if (size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) {
        return host_ids_add_zip(ids, bytes, size, f);
    }
    if (host_tensor_begins(bytes, size)) {
        return host_ids_add_torch(ids, f);
    }
    return add_characters(ids, (char *)bytes, size, f);
}

bool host_ids_read_json(host_ids *ids, const char *path, const char *text,
                        host_failure *f)
{
    *ids = (host_ids){.path = path};
    bool good = host_ids_add_json(ids, text, f) && host_ids_sort(ids, f);
    if (!good) {
        host_ids_free(ids);
    }
    return good;
}

bool host_ids_read(host_ids *ids, const char *path, host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_input_file(path, LIMIT, &size, f);
    bool good;

    *ids = (host_ids){.path = path};
    good = bytes != NULL && add_any(ids, bytes, size, f) &&
           host_ids_sort(ids, f);
    free(bytes);
    if (!good) {
        host_ids_free(ids);
    }
    return good;
}
