/* SPDX-License-Identifier: MIT
 *
 * image_jpeg.c - JPEG files by libjpeg-turbo.
 *
 * A JPEG has no checksum.  What the decoder would paint over with a warning,
 * missing or impossible data of the picture, is an error here; what only
 * looks untidy is not. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "host/files/exif.h"
#include "host/files/image_reader.h"

/* A progressive file has about ten scans.  Each costs a pass over the whole
 * image, and a file of a few bytes may claim any number. */
#define MOST_SCANS 64

#define MOST_MARKER 0xffff /* bytes of one, all there can be */

typedef struct jpeg_state {
    struct jpeg_decompress_struct jpeg; /* first: found from its errors */
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf back;
    host_image_reader *r;
} jpeg_state;

static void stop(jpeg_state *s, const char *text)
{
    (void)host_image_damaged(s->r, "JPEG", text);
    longjmp(s->back, 1);
}

static void on_error(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, text);
    stop((jpeg_state *)(void *)jpeg, text);
}

static bool is_damage(int code)
{
    switch (code) {
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC: return true;
    default: return false;
    }
}

static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0 && is_damage(jpeg->err->msg_code)) {
        on_error(jpeg);
    }
}

static void on_progress(j_common_ptr jpeg)
{
    jpeg_state *s = (jpeg_state *)(void *)jpeg;

    if (s->jpeg.input_scan_number > MOST_SCANS) {
        stop(s, "more than 64 scans");
    }
}

static void find_orientation(jpeg_state *s)
{
    const struct jpeg_marker_struct *m = s->jpeg.marker_list;

    for (; m != NULL; m = m->next) {
        if (m->data_length >= 6 && memcmp(m->data, "Exif\0\0", 6) == 0) {
            s->r->orientation =
                host_exif_orientation(m->data, m->data_length);
            return;
        }
    }
}

/* The kind that the pixels will have; CMYK is made RGB row by row. */
static bool begin(jpeg_state *s)
{
    struct jpeg_decompress_struct *jpeg = &s->jpeg;
    uint32_t channels = jpeg->num_components == 1 ? 1 : 3;

    jpeg->out_color_space = channels == 1               ? JCS_GRAYSCALE
                            : jpeg->num_components == 4 ? JCS_CMYK
                                                        : JCS_RGB;
    return host_image_begin(s->r, jpeg->image_height, jpeg->image_width,
                            channels);
}

/* a * b / 255, rounded, as Pillow does it. */
static uint32_t product(uint32_t a, uint32_t b)
{
    uint32_t t = a * b + 128u;

    return ((t >> 8) + t) >> 8;
}

/* Inks are stored inverted, so that they are what is left of white. */
static void cmyk_to_rgb(uint8_t *rgb, const uint8_t *cmyk, size_t width)
{
    for (size_t x = 0; x < width; x++) {
        uint32_t black = cmyk[4 * x + 3];

        for (size_t c = 0; c < 3; c++) {
            uint32_t ink = 255u - cmyk[4 * x + c];

            rgb[3 * x + c] = (uint8_t)(black - product(ink, black));
        }
    }
}

static void read_pixels(jpeg_state *s)
{
    struct jpeg_decompress_struct *jpeg = &s->jpeg;
    const host_image *image = s->r->image;
    size_t row = (size_t)image->width * image->channels;
    bool cmyk = jpeg->out_color_space == JCS_CMYK;
    JSAMPARRAY inks = NULL;

    jpeg_start_decompress(jpeg);
    if (cmyk) { /* libjpeg frees it */
        inks = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE,
                                       4 * image->width, 1);
    }
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = image->pixels + jpeg->output_scanline * row;

        (void)jpeg_read_scanlines(jpeg, cmyk ? inks : &to, 1);
        if (cmyk) {
            cmyk_to_rgb(to, inks[0], image->width);
        }
    }
    (void)jpeg_finish_decompress(jpeg);
}

/* The frame that libjpeg's errors come back to; it has no variables that
 * change, as they would be lost. */
static bool read_protected(jpeg_state *s)
{
    if (setjmp(s->back) != 0) {
        return false;
    }
    jpeg_create_decompress(&s->jpeg);
    s->jpeg.progress = &s->progress;
    jpeg_save_markers(&s->jpeg, JPEG_APP0 + 1, MOST_MARKER);
    jpeg_mem_src(&s->jpeg, s->r->bytes, (unsigned long)s->r->size);
    (void)jpeg_read_header(&s->jpeg, TRUE);
    find_orientation(s);
    if (!begin(s)) {
        return false;
    }
    if (!s->r->measure) {
        read_pixels(s);
    }
    return true;
}

bool host_image_read_jpeg(host_image_reader *r)
{
    jpeg_state s = {.r = r};
    bool good;

    s.jpeg.err = jpeg_std_error(&s.errors);
    s.errors.error_exit = on_error;
    s.errors.emit_message = on_message;
    s.progress.progress_monitor = on_progress;
    good = read_protected(&s);
    jpeg_destroy_decompress(&s.jpeg);
    return good;
}
