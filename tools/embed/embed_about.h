/* SPDX-License-Identifier: MIT
 *
 * embed_about.h - what is known of a file of features: by whom, of which
 * images. */
#ifndef CEDM_TOOLS_EMBED_EMBED_ABOUT_H
#define CEDM_TOOLS_EMBED_EMBED_ABOUT_H

#include "host/files/image_stream.h"
#include "tools/embed/embed_options.h"

/* The recipe with the path of the data, and the images' names in the order of
 * the rows where they have names.  To be freed; NULL on error. */
char *embed_about(const char *recipe, const embed_options *o,
                  const host_image_stream *images, host_failure *f);

#endif
