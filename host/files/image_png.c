/* SPDX-License-Identifier: MIT
 *
 * image_png.c - PNG files by libpng.
 *
 * Chunks that change no pixel are skipped unread, but for EXIF, so that a
 * broken colour profile or date refuses no image; their CRCs count. */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "host/files/exif.h"
#include "host/files/image_reader.h"

typedef struct png_state {
    host_image_reader *r;
    png_structp png;
    png_infop info;
    size_t at;
} png_state;

/* libpng must not come back from here. */
static void on_error(png_structp png, png_const_charp text)
{
    const png_state *s = png_get_error_ptr(png);

    (void)host_image_damaged(s->r, "PNG", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep to, size_t size)
{
    png_state *s = png_get_io_ptr(png);

    if (size > s->r->size - s->at) {
        png_error(png, "it ends too early");
    }
    memcpy(to, s->r->bytes + s->at, size);
    s->at += size;
}

/* Everything optional is skipped, then eXIf is not. */
static void choose_chunks(png_structp png)
{
    static const png_byte exif[] = "eXIf", transparency[] = "tRNS";

    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, transparency, 1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, exif, 1);
}

static bool begin(png_state *s)
{
    static const uint32_t channels[] = {
        [PNG_COLOR_TYPE_GRAY] = 1,      [PNG_COLOR_TYPE_RGB] = 3,
        [PNG_COLOR_TYPE_PALETTE] = 3,   [PNG_COLOR_TYPE_GRAY_ALPHA] = 2,
        [PNG_COLOR_TYPE_RGB_ALPHA] = 4,
    };
    png_uint_32 width, height;
    int depth, type;

    png_set_read_fn(s->png, s, on_read);
    png_set_crc_action(s->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(s->png, 0);
    png_set_user_limits(s->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    choose_chunks(s->png);
    png_read_info(s->png, s->info);
    png_get_IHDR(s->png, s->info, &width, &height, &depth, &type, NULL, NULL,
                 NULL);
    return host_image_begin(s->r, height, width, channels[type]);
}

static void read_pixels(png_state *s)
{
    const host_image *image = s->r->image;
    size_t row = (size_t)image->width * image->channels;
    png_bytep exif;
    png_uint_32 size;
    int passes;

    png_set_strip_16(s->png);
    png_set_expand_gray_1_2_4_to_8(s->png);
    png_set_palette_to_rgb(s->png);
    passes = png_set_interlace_handling(s->png);
    png_read_update_info(s->png, s->info);
    if (png_get_rowbytes(s->png, s->info) != row) {
        png_error(s->png, "its rows have an unexpected length");
    }
    while (passes-- > 0) {
        for (size_t y = 0; y < image->height; y++) {
            png_read_row(s->png, image->pixels + y * row, NULL);
        }
    }
    png_read_end(s->png, s->info);
    if (png_get_eXIf_1(s->png, s->info, &size, &exif) != 0) {
        s->r->orientation = host_exif_orientation(exif, size);
    }
}

/* The frame that libpng's errors come back to; it has no variables that
 * change, as they would be lost. */
static bool read_protected(png_state *s)
{
    if (setjmp(png_jmpbuf(s->png)) != 0) {
        return false;
    }
    if (!begin(s)) {
        return false;
    }
    if (!s->r->measure) {
        read_pixels(s);
    }
    return true;
}

bool host_image_read_png(host_image_reader *r)
{
    png_state s = {.r = r};
    bool good;

    s.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error,
                                   on_warning);
    s.info = s.png == NULL ? NULL : png_create_info_struct(s.png);
    good = s.info != NULL ? read_protected(&s)
                          : host_fail(r->f, "%s: out of memory", r->where);
    png_destroy_read_struct(&s.png, &s.info, NULL);
    return good;
}
