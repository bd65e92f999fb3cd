/* SPDX-License-Identifier: MIT
 *
 * scene.h - the files that fault tests work on: all below the current
 * folder, which is a new one of the test. */
#ifndef CEDM_TESTS_SCENE_H
#define CEDM_TESTS_SCENE_H

#define SCENE_CHECKPOINT "small.safetensors"
#define SCENE_OTHER_CHECKPOINT "other.safetensors"
#define SCENE_PNG "from.png"
#define SCENE_OUTPUT "out"

/* Makes the folder, enters it, writes two small checkpoints. */
void scene_make(void);
void scene_remove(void);

/* Removes what is in SCENE_OUTPUT; makes it if it is not there. */
void scene_clear(void);

/* Names and SHA-256 of the files in SCENE_OUTPUT, sorted.  Valid until the
 * next call. */
#define SCENE_LISTING_MAX 4096
const char *scene_listing(void);

#endif
