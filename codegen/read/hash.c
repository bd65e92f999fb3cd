/* SPDX-License-Identifier: MIT
 *
 * hash.c - SHA-256, the name by which files are known. */
#include <sys/types.h>

#include <sha256.h>

#include "codegen/codegen.h"

void cg_sha256(const void *bytes, size_t size, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX context;
    SHA256Init(&context);
    SHA256Update(&context, bytes, size);
    SHA256Final(digest, &context);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15u];
    }
    hex[64] = '\0';
}
