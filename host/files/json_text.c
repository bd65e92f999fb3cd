/* SPDX-License-Identifier: MIT
 *
 * json_text.c - texts in JSON, whatever bytes they came with. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/json_text.h"

/* Bytes of the UTF-8 sequence at p, 0 if it is malformed: overlong, a
 * surrogate, past U+10FFFF or cut short (RFC 3629, section 4). */
static size_t sequence(const unsigned char *p)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = p[0] < 0x80             ? 1
                    : (p[0] & 0xe0) == 0xc0 ? 2
                    : (p[0] & 0xf0) == 0xe0 ? 3
                    : (p[0] & 0xf8) == 0xf0 ? 4
                                            : 0;
    uint32_t code = length > 1 ? p[0] & (0xffu >> (length + 1)) : p[0];
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) { /* the final zero is none, too */
            return 0;
        }
        code = code << 6 | (p[i] & 0x3fu);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return length > 0 && code >= least[length] && code <= 0x10ffff &&
                   !surrogate
               ? length
               : 0;
}

cJSON *host_json_text(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    char *clean = malloc(3 * strlen(text) + 1);
    size_t used = 0;
    if (clean == NULL) {
        return NULL;
    }
    for (const char *p = text; *p != '\0';) {
        size_t n = sequence((const unsigned char *)p);
        const char *from = n > 0 ? p : replacement;
        size_t bytes = n > 0 ? n : sizeof replacement - 1;
        memcpy(clean + used, from, bytes);
        used += bytes;
        p += n > 0 ? n : 1;
    }
    clean[used] = '\0';
    cJSON *item = cJSON_CreateString(clean);
    free(clean);
    return item;
}
