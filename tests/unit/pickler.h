/* SPDX-License-Identifier: MIT
 *
 * pickler.h - writes pickles opcode by opcode, as Python's own pickler of
 * protocol 4 (frames, MEMOIZE) or 2 (BINPUT, GLOBAL) would. */
#ifndef CEDM_TESTS_PICKLER_H
#define CEDM_TESTS_PICKLER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- bytes ------------------------------------------------------------- */

typedef struct out {
    unsigned char *at;
    size_t size, room;
} out;

static void put(out *o, const void *bytes, size_t size)
{
    if (o->at == NULL || o->size + size > o->room) {
        o->room = 2 * (o->size + size) + 64;
        o->at = realloc(o->at, o->room);
        assert_non_null(o->at);
    }
    if (size > 0) {
        memcpy(o->at + o->size, bytes, size);
    }
    o->size += size;
}

#define PUT(o, literal) put(o, literal, sizeof(literal) - 1)

static void put_number(out *o, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        unsigned char byte = (unsigned char)(value >> (8 * i));
        put(o, &byte, 1);
    }
}

/* ---- a pickler of protocol 2 or 4 -------------------------------------- */

enum { FRAME_TARGET = 65536, TEXTS = 512 };

typedef struct pickler {
    out all;   /* finished frames */
    out frame; /* protocol 4: the one being written; 2: everything */
    bool framed;
    uint32_t memo; /* how many values are in it */
    struct {
        char text[512];
        uint32_t memo;
    } texts[TEXTS]; /* strings and names, each written once */
    unsigned text_count;
    unsigned storages;
    const void
        *parameters[TEXTS]; /* of a module, in the order of its parts */
    unsigned parameter_count;
} pickler;

static inline pickler *begin_pickle(bool framed)
{
    pickler *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->framed = framed;
    if (framed) {
        PUT(&p->all, "\x80\x04");
    } else {
        PUT(&p->frame, "\x80\x02");
    }
    return p;
}

static inline void end_frame(pickler *p)
{
    if (p->framed && p->frame.size > 0) {
        PUT(&p->all, "\x95");
        put_number(&p->all, p->frame.size, 8);
    }
    put(&p->all, p->frame.at, p->frame.size);
    p->frame.size = 0;
}

/* Its bytes, which the caller frees. */
static inline out end_pickle(pickler *p)
{
    PUT(&p->frame, ".");
    end_frame(p);
    out all = p->all;
    free(p->frame.at);
    free(p);
    return all;
}

static inline void memoize(pickler *p)
{
    if (p->framed) {
        PUT(&p->frame, "\x94");
    } else {
        bool small = p->memo < 256;
        put(&p->frame, small ? "q" : "r", 1);
        put_number(&p->frame, p->memo, small ? 1 : 4);
    }
    p->memo++;
}

static inline void put_get(pickler *p, uint32_t index)
{
    bool small = index < 256;
    put(&p->frame, small ? "h" : "j", 1);
    put_number(&p->frame, index, small ? 1 : 4);
}

static inline void put_integer(pickler *p, int64_t value)
{
    if (value >= 0 && value < 256) {
        PUT(&p->frame, "K");
        put_number(&p->frame, (uint64_t)value, 1);
    } else if (value >= 0 && value < 65536) {
        PUT(&p->frame, "M");
        put_number(&p->frame, (uint64_t)value, 2);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        PUT(&p->frame, "J");
        put_number(&p->frame, (uint64_t)value, 4);
    } else {
        PUT(&p->frame, "\x8a\x08");
        put_number(&p->frame, (uint64_t)value, 8);
    }
}

static inline void put_real(pickler *p, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    PUT(&p->frame, "G");
    for (int i = 7; i >= 0; i--) {
        put_number(&p->frame, bits >> (8 * i), 1);
    }
}

/* Has it been written?  Then it is fetched; otherwise it is noted. */
static inline bool fetched(pickler *p, const char *text)
{
    for (unsigned i = 0; i < p->text_count; i++) {
        if (strcmp(p->texts[i].text, text) == 0) {
            put_get(p, p->texts[i].memo);
            return true;
        }
    }
    return false;
}

static inline void note(pickler *p, const char *text)
{
    if (p->text_count < TEXTS && strlen(text) < sizeof p->texts[0].text) {
        (void)strcpy(p->texts[p->text_count].text, text);
        p->texts[p->text_count++].memo = p->memo;
    }
    memoize(p);
}

static inline void put_text(pickler *p, const char *string)
{
    size_t size = strlen(string);
    if (fetched(p, string)) {
        return;
    }
    bool tiny = p->framed && size < 256;
    put(&p->frame, tiny ? "\x8c" : "X", 1);
    put_number(&p->frame, size, tiny ? 1 : 4);
    put(&p->frame, string, size);
    note(p, string);
}

static inline void put_name(pickler *p, const char *module,
                            const char *member)
{
    char both[96];
    (void)snprintf(both, sizeof both, "%s\n%s\n", module, member);
    if (fetched(p, both)) {
        return;
    }
    if (p->framed) {
        put_text(p, module);
        put_text(p, member);
        PUT(&p->frame, "\x93");
    } else {
        PUT(&p->frame, "c");
        put(&p->frame, both, strlen(both));
    }
    note(p, both);
}

/* Large ones stand between frames, as Python writes them. */
static inline void put_bytes(pickler *p, const out *content)
{
    bool tiny = content->size < 256, large = content->size >= FRAME_TARGET;
    if (large) {
        end_frame(p);
    }
    out *to = large ? &p->all : &p->frame;
    put(to, tiny ? "C" : "B", 1);
    put_number(to, content->size, tiny ? 1 : 4);
    put(to, content->at, content->size);
    memoize(p);
    if (p->frame.size >= FRAME_TARGET) {
        end_frame(p);
    }
}

static inline void put_tuple(pickler *p, unsigned count)
{
    static const char *const small[] = {")", "\x85", "\x86", "\x87"};
    put(&p->frame, count < 4 ? small[count] : "t", 1);
    if (count > 0) {
        memoize(p);
    }
}

static inline void put_call(pickler *p)
{
    PUT(&p->frame, "R");
    memoize(p);
}

static inline void put_ordered_dict(pickler *p)
{
    put_name(p, "collections", "OrderedDict");
    put_tuple(p, 0);
    put_call(p);
}

static inline void put_dict(pickler *p)
{
    PUT(&p->frame, "}");
    memoize(p);
}

#endif
