/* SPDX-License-Identifier: MIT
 *
 * data_json.h - names and dataset.json of a data set as EDM has them. */
#ifndef CEDM_TOOLS_DATA_DATA_JSON_H
#define CEDM_TOOLS_DATA_DATA_JSON_H

#include "tools/data/data_labels.h"

#define DATA_NAME_BYTES 48

/* 00012/img00012345.png: a thousand images in a folder. */
void data_name(uint64_t image, char text[DATA_NAME_BYTES]);

/* {"labels": [["00000/img00000000.png", 6], ...]}, or null in place of the
 * list; "classes" names the folders where they are the classes.  To be freed;
 * NULL when out of memory. */
char *data_json(const data_labels *l);

#endif
