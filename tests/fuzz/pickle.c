/* SPDX-License-Identifier: MIT
 *
 * pickle.c - fuzz target of the reader of snapshots:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Icodegen \
 *         -D_POSIX_C_SOURCE=200809L tests/fuzz/pickle.c \
 *         codegen/read/[a-z]*.c codegen/error.c -lcjson -lzip -lmd -lm \
 *         -o fuzz
 *     ./fuzz -max_len=4096 -dict=tests/fuzz/pickle.dict tests/fuzz/pickle
 *
 * An input is a pickle without its PROTO. */
#include "opened.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t head[] = {0x80, 0x04};
    check_open(head, sizeof head, bytes, size);
    return 0;
}
