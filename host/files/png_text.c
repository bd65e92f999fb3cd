/* SPDX-License-Identifier: MIT
 *
 * png_text.c - the recipe that a PNG file carries. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "host/files/png_file.h"
#include "host/files/png_text.h"

#define SIGNATURE_BYTES 8u
#define IHDR_BYTES 25u /* length, type, 13 bytes, CRC */
#define CHUNK_OVERHEAD 12u

/* Two million images in one record. */
#define TEXT_LIMIT ((size_t)64 << 20)

static const unsigned char signature[SIGNATURE_BYTES] = {
    0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static uint32_t load_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* What is left of a chunk's body. */
typedef struct span {
    const unsigned char *bytes;
    size_t size;
} span;

static bool skip(span *s, size_t size)
{
    if (size > s->size) {
        return false;
    }
    s->bytes += size;
    s->size -= size;
    return true;
}

/* Over a zero-terminated text. */
static bool skip_text(span *s)
{
    const unsigned char *end = memchr(s->bytes, 0, s->size);
    return end != NULL && skip(s, (size_t)(end - s->bytes) + 1);
}

static char *copy(span s)
{
    char *text = s.size < TEXT_LIMIT ? malloc(s.size + 1) : NULL;
    if (text != NULL) {
        memcpy(text, s.bytes, s.size);
        text[s.size] = '\0';
    }
    return text;
}

static char *decompress(span s)
{
    for (size_t room = 1 << 14; room <= TEXT_LIMIT; room *= 8) {
        uLongf length = room - 1;
        char *text = malloc(room);
        if (text == NULL) {
            return NULL;
        }
        int code = uncompress((Bytef *)text, &length, s.bytes, s.size);
        if (code == Z_OK) {
            text[length] = '\0';
            return text;
        }
        free(text);
        if (code != Z_BUF_ERROR) {
            return NULL;
        }
    }
    return NULL;
}

/* Behind the keyword: compression flag, method, language, translated
 * keyword. */
static char *international(span s)
{
    if (s.size < 2) {
        return NULL;
    }
    bool compressed = s.bytes[0] == 1, known = s.bytes[1] == 0;
    if (s.bytes[0] > 1 || (compressed && !known) || !skip(&s, 2) ||
        !skip_text(&s) || !skip_text(&s)) {
        return NULL;
    }
    return compressed ? decompress(s) : copy(s);
}

typedef enum { OTHER, OURS, UNREADABLE } kind;

/* The text of a chunk of ours, in *text. */
static kind read_chunk(const unsigned char *type, span body, char **text)
{
    bool plain = memcmp(type, "tEXt", 4) == 0;
    bool packed = memcmp(type, "zTXt", 4) == 0;
    if ((!plain && !packed && memcmp(type, "iTXt", 4) != 0) ||
        body.size < sizeof HOST_PNG_KEYWORD ||
        memcmp(body.bytes, HOST_PNG_KEYWORD, sizeof HOST_PNG_KEYWORD) != 0) {
        return OTHER;
    }
    (void)skip(&body, sizeof HOST_PNG_KEYWORD);
    if (plain) {
        *text = copy(body);
    } else if (packed) {
        bool known = body.size > 0 && body.bytes[0] == 0;
        *text = known && skip(&body, 1) ? decompress(body) : NULL;
    } else {
        *text = international(body);
    }
    return *text != NULL ? OURS : UNREADABLE;
}

/* The chunk at `at` must be whole; its text if it is one of ours. */
static kind check_chunk(const unsigned char *png, size_t at, size_t length,
                        char **text, const char *path, host_failure *f)
{
    const unsigned char *type = png + at + 4;
    uLong crc = crc32(0, type, (uInt)(4 + length));
    if (crc != load_be32(type + 4 + length)) {
        host_fail(f, "%s:%zu: a PNG chunk is damaged; wanted CRC %08lx", path,
                  at, (unsigned long)crc);
        return UNREADABLE;
    }
    kind found = read_chunk(type, (span){type + 4, length}, text);
    if (found == UNREADABLE) {
        host_fail(f,
                  "%s:%zu: the '%s' text chunk cannot be read; wanted text "
                  "of at most %zu bytes, plain or deflated",
                  path, at, HOST_PNG_KEYWORD, TEXT_LIMIT);
    }
    return found;
}

char *host_png_text(const unsigned char *png, size_t size, const char *path,
                    host_failure *f)
{
    if (size < SIGNATURE_BYTES + IHDR_BYTES ||
        memcmp(png, signature, sizeof signature) != 0) {
        host_fail(f, "%s: not a PNG file", path);
        return NULL;
    }
    size_t at = SIGNATURE_BYTES;
    while (size - at >= CHUNK_OVERHEAD) {
        size_t length = load_be32(png + at);
        char *text = NULL;
        if (length > size - at - CHUNK_OVERHEAD) {
            break;
        }
        if (check_chunk(png, at, length, &text, path, f) != OTHER) {
            return text;
        }
        at += length + CHUNK_OVERHEAD;
    }
    host_fail(f,
              "%s: holds no '%s' text chunk; wanted a PNG made by cedm-gen",
              path, HOST_PNG_KEYWORD);
    return NULL;
}
