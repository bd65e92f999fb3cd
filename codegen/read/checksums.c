/* SPDX-License-Identifier: MIT
 *
 * checksums.c - comparing a file with the checksums in its metadata. */
#include "codegen/read/checksums.h"

#include <stdio.h>
#include <string.h>

#include "codegen/error.h"
#include "codegen/read/array.h"

#define DIGITS 8u
#define LENGTH_BYTES 8u /* in front of a safetensors header */

/* As it stands in a header; inside another text its quotes are escaped. */
static const char header_key[] = "\"cedm.header_crc32c\":\"";

static void write_digits(char digits[DIGITS + 1], uint32_t sum)
{
    (void)snprintf(digits, DIGITS + 1, "%08x", sum);
}

static bool check_arrays(const cg_file *file, const char *sums,
                         cg_error *error)
{
    char digits[DIGITS + 1];
    if (strlen(sums) != file->array_count * DIGITS) {
        return cg_fail(error,
                       "%s: cedm.crc32c has another length; wanted %u digits "
                       "for each of %zu tensors, got %zu; get the file again",
                       file->path, DIGITS, file->array_count, strlen(sums));
    }
    for (size_t i = 0; i < file->array_count; i++, sums += DIGITS) {
        const cg_array *a = &file->arrays[i];
        write_digits(digits,
                     cedm_crc32c(0, a->data, (size_t)cg_array_bytes(a)));
        if (memcmp(digits, sums, DIGITS) != 0) {
            return cg_fail(error,
                           "%s:%s: the tensor is damaged; wanted the "
                           "checksum %.8s, got %s; get the file again, or "
                           "remove cedm.crc32c if it was changed on purpose",
                           file->path, a->name, sums, digits);
        }
    }
    return true;
}

/* Where the digits are in the header; NULL if they are not there. */
static const unsigned char *find_digits(const unsigned char *at,
                                        const unsigned char *end)
{
    size_t length = sizeof header_key - 1;
    while (at < end && (at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        if ((size_t)(end - at) >= length + DIGITS &&
            memcmp(at, header_key, length) == 0) {
            return at + length;
        }
        at++;
    }
    return NULL;
}

static bool check_header(const cg_file *file, const char *sum,
                         cg_error *error)
{
    const unsigned char *header = file->bytes + LENGTH_BYTES;
    uint64_t length = 0;
    char digits[DIGITS + 1] = "";
    for (unsigned i = 0; i < LENGTH_BYTES; i++) {
        length |= (uint64_t)file->bytes[i] << (8 * i);
    }
    bool inside =
        file->size >= LENGTH_BYTES && length <= file->size - LENGTH_BYTES;
    const unsigned char *end = header + (inside ? length : 0);
    const unsigned char *own = inside ? find_digits(header, end) : NULL;
    if (own != NULL) {
        uint32_t crc = cedm_crc32c(0, header, (size_t)(own - header));
        crc = cedm_crc32c(crc, "00000000", DIGITS);
        crc = cedm_crc32c(crc, own + DIGITS, (size_t)(end - own) - DIGITS);
        write_digits(digits, crc);
    }
    return (strlen(sum) == DIGITS && strcmp(digits, sum) == 0) ||
           cg_fail(error,
                   "%s: the header is damaged; wanted the checksum %.8s, got "
                   "%s; get the file again",
                   file->path, sum, own == NULL ? "none" : digits);
}

bool cg_check_sums(const cg_file *file, cg_error *error)
{
    const char *arrays = cg_find_metadata(file, "cedm.crc32c");
    const char *header = cg_find_metadata(file, "cedm.header_crc32c");
    return (header == NULL || check_header(file, header, error)) &&
           (arrays == NULL || check_arrays(file, arrays, error));
}
