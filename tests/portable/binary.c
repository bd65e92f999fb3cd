/* SPDX-License-Identifier: MIT
 *
 * binary.c - on Windows: standard output takes bytes as they are. */
#include <fcntl.h>
#include <io.h>

__attribute__((constructor)) static void write_bytes(void)
{
    _setmode(1, _O_BINARY);
}
