/* SPDX-License-Identifier: MIT
 *
 * json_difference.h - in which fields two JSON objects differ. */
#ifndef CEDM_TRAINER_JSON_DIFFERENCE_H
#define CEDM_TRAINER_JSON_DIFFERENCE_H

#include <stddef.h>

/* Writes "wanted lr 0.01, seed 3, got lr 0.02, seed none" to text[size], cut
 * with "..." where it is too long: the fields of one object, compared by their
 * text.  What is no object is said to be so. */
void train_json_difference(const char *wanted, const char *got, char *text,
                           size_t size);

#endif
