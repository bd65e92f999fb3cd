/* SPDX-License-Identifier: MIT
 *
 * image_webp.c - still WebP files by libwebp. */
#include <webp/decode.h>
#include <webp/demux.h>

#include "host/files/exif.h"
#include "host/files/image_reader.h"

static void find_orientation(host_image_reader *r)
{
    WebPData data = {r->bytes, r->size};
    WebPDemuxer *demuxer = WebPDemux(&data);
    WebPChunkIterator chunk;

    if (demuxer != NULL && WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) {
        r->orientation =
            host_exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
        WebPDemuxReleaseChunkIterator(&chunk);
    }
    WebPDemuxDelete(demuxer);
}

bool host_image_read_webp(host_image_reader *r)
{
    const host_image *image = r->image;
    WebPBitstreamFeatures features;
    size_t row, bytes;
    uint8_t *done;

    if (WebPGetFeatures(r->bytes, r->size, &features) != VP8_STATUS_OK) {
        return host_image_damaged(r, "WebP", "its head is damaged");
    }
    if (features.has_animation) {
        return host_image_damaged(r, "WebP",
                                  "an animation; wanted one image");
    }
    if (!host_image_begin(r, (uint64_t)features.height,
                          (uint64_t)features.width,
                          features.has_alpha ? 4 : 3)) {
        return false;
    }
    if (r->measure) {
        return true;
    }
    find_orientation(r);
    row = (size_t)image->width * image->channels;
    bytes = row * image->height;
    done = (features.has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto)(
        r->bytes, r->size, image->pixels, bytes, (int)row);
    return done != NULL ||
           host_image_damaged(r, "WebP", "its data is damaged or cut short");
}
