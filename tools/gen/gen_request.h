/* SPDX-License-Identifier: MIT
 *
 * gen_request.h - what is to be drawn, by options, a record and the model. */
#ifndef CEDM_TOOLS_GEN_GEN_REQUEST_H
#define CEDM_TOOLS_GEN_GEN_REQUEST_H

#include "tools/gen/gen_options.h"

typedef struct gen_request {
    gen_options options;
    host_model model, guide; /* guide: code NULL without --guide */
    gen_job job;
    double *freq;   /* of --freq */
    char *clusters; /* of --id or --like */
} gen_request;

/* Makes the job from the options and the model, which are there. */
bool gen_request_make(gen_request *r, host_failure *f);
void gen_request_free(gen_request *r); /* harmless if zeroed */

#endif
