/* SPDX-License-Identifier: MIT
 *
 * host.c - writes the image and the state that it was made from to standard
 * output, where there is one. */
#include <stdio.h>

#include "tests/bare/draw.h"

int main(void)
{
    cedm_status status = draw();

    if (status != CEDM_OK) {
        fprintf(stderr, "host: %s\n", cedm_status_text(status));
        return 1;
    }
    return fwrite(image, sizeof image, 1, stdout) == 1 &&
                   fwrite(draw_state(), STATE_BYTES, 1, stdout) == 1
               ? 0
               : 1;
}
