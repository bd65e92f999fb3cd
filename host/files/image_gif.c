/* SPDX-License-Identifier: MIT
 *
 * image_gif.c - the first picture of a GIF file by giflib. */
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/image_reader.h"

typedef struct gif_state {
    host_image_reader *r;
    GifFileType *gif;
    size_t at;
    int transparent; /* palette index, -1 without */
    uint8_t palette[256][3];
    bool grey;
    uint8_t *line; /* indices of a row of the picture */
} gif_state;

static int on_read(GifFileType *gif, GifByteType *to, int size)
{
    gif_state *s = gif->UserData;
    size_t left = s->r->size - s->at;
    size_t n = left < (size_t)size ? left : (size_t)size;

    memcpy(to, s->r->bytes + s->at, n);
    s->at += n;
    return (int)n;
}

static bool damaged(gif_state *s, int code)
{
    const char *text = GifErrorString(code);

    return host_image_damaged(s->r, "GIF",
                              text != NULL ? text : "it is damaged");
}

/* Extensions before the first picture: one may name a transparent index. */
static bool read_extension(gif_state *s)
{
    GraphicsControlBlock control;
    GifByteType *block = NULL;
    int code = 0, result = DGifGetExtension(s->gif, &code, &block);

    while (result == GIF_OK && block != NULL) {
        if (code == GRAPHICS_EXT_FUNC_CODE &&
            DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
            s->transparent = control.TransparentColor;
        }
        result = DGifGetExtensionNext(s->gif, &block);
    }
    return result == GIF_OK || damaged(s, s->gif->Error);
}

/* Goes to the data of the first picture. */
static bool find_picture(gif_state *s)
{
    GifRecordType type = UNDEFINED_RECORD_TYPE;

    while (type != IMAGE_DESC_RECORD_TYPE) {
        if (DGifGetRecordType(s->gif, &type) != GIF_OK) {
            return damaged(s, s->gif->Error);
        }
        if (type == TERMINATE_RECORD_TYPE) {
            return host_image_damaged(s->r, "GIF", "no picture in it");
        }
        if (type == EXTENSION_RECORD_TYPE && !read_extension(s)) {
            return false;
        }
    }
    return DGifGetImageDesc(s->gif) == GIF_OK || damaged(s, s->gif->Error);
}

static bool read_palette(gif_state *s)
{
    const ColorMapObject *map = s->gif->Image.ColorMap != NULL
                                    ? s->gif->Image.ColorMap
                                    : s->gif->SColorMap;

    if (map == NULL) {
        return host_image_damaged(s->r, "GIF", "it has no palette");
    }
    for (int i = 0; i < map->ColorCount && i < 256; i++) {
        s->palette[i][0] = map->Colors[i].Red;
        s->palette[i][1] = map->Colors[i].Green;
        s->palette[i][2] = map->Colors[i].Blue;
    }
    s->grey = map->ColorCount == 256 &&
              host_image_is_ramp((const uint8_t(*)[3])s->palette, 256);
    return true;
}

static void store_line(gif_state *s, size_t y, size_t x, size_t width)
{
    const host_image *image = s->r->image;
    uint8_t *to = image->pixels + (y * image->width + x) * image->channels;

    for (size_t i = 0; i < width; i++) {
        memcpy(to + i * image->channels, s->palette[s->line[i]],
               image->channels);
    }
}

/* The canvas around a smaller picture. */
static void fill_canvas(gif_state *s)
{
    const host_image *image = s->r->image;
    size_t row = (size_t)image->width * image->channels;

    memset(s->line, s->transparent >= 0 ? s->transparent : 0, image->width);
    store_line(s, 0, 0, image->width);
    for (size_t y = 1; y < image->height; y++) {
        memcpy(image->pixels + y * row, image->pixels, row);
    }
}

/* Interlaced rows come in four passes. */
static bool read_lines(gif_state *s)
{
    static const size_t starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    const GifImageDesc *picture = &s->gif->Image;
    size_t height = (size_t)picture->Height, width = (size_t)picture->Width;
    int passes = picture->Interlace ? 4 : 1;

    for (int pass = 0; pass < passes; pass++) {
        size_t step = passes == 4 ? steps[pass] : 1;

        for (size_t y = passes == 4 ? starts[pass] : 0; y < height;
             y += step) {
            if (DGifGetLine(s->gif, s->line, (int)width) != GIF_OK) {
                return damaged(s, s->gif->Error);
            }
            store_line(s, (size_t)picture->Top + y, (size_t)picture->Left,
                       width);
        }
    }
    return true;
}

static uint64_t larger(GifWord a, GifWord b)
{
    return (uint64_t)(a > b ? a : b);
}

/* The image is the canvas that pictures lie on, as far as they go. */
static bool read_picture(gif_state *s)
{
    const GifFileType *gif = s->gif;
    const GifImageDesc *picture = &gif->Image;

    if (!find_picture(s) || !read_palette(s)) {
        return false;
    }
    if (!host_image_begin(
            s->r, larger(gif->SHeight, picture->Top + picture->Height),
            larger(gif->SWidth, picture->Left + picture->Width),
            s->grey ? 1 : 3)) {
        return false;
    }
    if (s->r->measure) {
        return true;
    }
    s->line = malloc(s->r->image->width);
    if (s->line == NULL) {
        return host_fail(s->r->f, "%s: out of memory", s->r->where);
    }
    fill_canvas(s);
    return read_lines(s);
}

bool host_image_read_gif(host_image_reader *r)
{
    gif_state s = {.r = r, .transparent = -1};
    int code = 0;
    bool good;

    s.gif = DGifOpen(&s, on_read, &code);
    if (s.gif == NULL) {
        return damaged(&s, code);
    }
    good = read_picture(&s);
    free(s.line);
    (void)DGifCloseFile(s.gif, &code);
    return good;
}
