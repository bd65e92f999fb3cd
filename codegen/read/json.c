/* SPDX-License-Identifier: MIT
 *
 * json.c - the tokens of strict JSON. */
#include "codegen/read/json.h"

static bool fail(cg_json *json, const unsigned char *at, const char *wanted)
{
    json->at = at;
    json->wanted = wanted;
    return false;
}

static void skip_space(cg_json *json)
{
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' ||
                                    *json->at == '\n' || *json->at == '\r')) {
        json->at++;
    }
}

bool cg_json_take(cg_json *json, char character)
{
    skip_space(json);
    if (json->at == json->end || *json->at != (unsigned char)character) {
        return false;
    }
    json->at++;
    return true;
}

bool cg_json_expect(cg_json *json, char character)
{
    if (cg_json_take(json, character)) {
        return true;
    }
    switch (character) {
    case '{': return fail(json, json->at, "'{'");
    case '}': return fail(json, json->at, "',' or '}'");
    case '[': return fail(json, json->at, "'['");
    case ']': return fail(json, json->at, "',' or ']'");
    case ',': return fail(json, json->at, "','");
    default: return fail(json, json->at, "':'");
    }
}

/* Bytes of the UTF-8 sequence at p, 0 if it is malformed: overlong, a
 * surrogate, past U+10FFFF or cut short (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    unsigned char lead = p[0], low = 0x80, high = 0xbf;
    size_t length;
    if (lead < 0x80) {
        return 1;
    } else if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
        low = lead == 0xe0 ? 0xa0 : low;
        high = lead == 0xed ? 0x9f : high;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        low = lead == 0xf0 ? 0x90 : low;
        high = lead == 0xf4 ? 0x8f : high;
    } else {
        return 0;
    }
    if (left < length || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

static size_t utf8_write(char *out, uint32_t code)
{
    size_t length = code < 0x80      ? 1
                    : code < 0x800   ? 2
                    : code < 0x10000 ? 3
                                     : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80u | (code & 0x3fu));
        code >>= 6;
    }
    out[0] = (char)(lead[length] | code);
    return length;
}

/* Four hexadecimal digits at p. */
static bool hex4(const unsigned char *p, const unsigned char *end,
                 uint32_t *value)
{
    if (end - p < 4) {
        return false;
    }
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t c = p[i], digit;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        } else {
            return false;
        }
        *value = *value * 16 + digit;
    }
    return true;
}

/* At a backslash followed by u: one code unit, or two for a character
 * outside the basic plane. */
static bool unicode_escape(cg_json *json, uint32_t *code)
{
    const unsigned char *p = json->at;
    uint32_t low;
    if (!hex4(p + 2, json->end, code)) {
        return fail(json, p, "four hexadecimal digits after \\u");
    }
    if (*code == 0) {
        return fail(json, p, "no zero character in a string");
    }
    p += 6;
    if (*code >= 0xdc00 && *code <= 0xdfff) {
        return fail(json, json->at, "a high surrogate before a low one");
    }
    if (*code >= 0xd800 && *code <= 0xdbff) {
        if (json->end - p < 2 || p[0] != '\\' || p[1] != 'u' ||
            !hex4(p + 2, json->end, &low) || low < 0xdc00 || low > 0xdfff) {
            return fail(json, p, "a low surrogate after a high one");
        }
        *code = 0x10000u + ((*code - 0xd800u) << 10) + (low - 0xdc00u);
        p += 6;
    }
    json->at = p;
    return true;
}

static bool escape(cg_json *json, char *out, size_t *written)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meaning[] = "\"\\/\b\f\n\r\t";
    if (json->end - json->at < 2) {
        return fail(json, json->end, "a character after '\\'");
    }
    if (json->at[1] == 'u') {
        uint32_t code = 0;
        if (!unicode_escape(json, &code)) {
            return false;
        }
        *written = utf8_write(out, code);
        return true;
    }
    for (size_t i = 0; letters[i] != '\0'; i++) {
        if (json->at[1] == (unsigned char)letters[i]) {
            *out = meaning[i];
            *written = 1;
            json->at += 2;
            return true;
        }
    }
    return fail(json, json->at + 1, "one of \"\\/bfnrtu after '\\'");
}

bool cg_json_string(cg_json *json, char *out, size_t *length)
{
    size_t n = 0;
    if (!cg_json_take(json, '"')) {
        return fail(json, json->at, "a string");
    }
    while (json->at < json->end && *json->at != '"') {
        size_t step = 0;
        if (*json->at == '\\') {
            if (!escape(json, out + n, &step)) {
                return false;
            }
        } else if (*json->at < 0x20) {
            return fail(json, json->at, "control bytes in strings escaped");
        } else {
            step = utf8_length(json->at, (size_t)(json->end - json->at));
            if (step == 0) {
                return fail(json, json->at, "UTF-8");
            }
            for (size_t i = 0; i < step; i++) {
                out[n + i] = (char)*json->at++;
            }
        }
        n += step;
    }
    if (json->at == json->end) {
        return fail(json, json->at, "'\"' at the end of a string");
    }
    json->at++;
    out[n] = '\0';
    *length = n;
    return true;
}

bool cg_json_integer(cg_json *json, uint64_t *value)
{
    static const char wanted[] = "a whole number from 0 to 2^53 - 1";
    skip_space(json);
    const unsigned char *p = json->at, *end = json->end;
    uint64_t n = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (uint64_t)(*p - '0');
        if (n > CG_JSON_MAX_INTEGER) {
            return fail(json, json->at, wanted);
        }
    }
    if (p == json->at || (*json->at == '0' && p - json->at > 1) ||
        (p < end && (*p == '.' || *p == 'e' || *p == 'E'))) {
        return fail(json, json->at, wanted);
    }
    json->at = p;
    *value = n;
    return true;
}
