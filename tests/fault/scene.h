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

/* A model and what its network is compared with; a compiler that copies it. */
#define SCENE_MODEL "model.so"
#define SCENE_GOLDEN "golden.safetensors"
#define SCENE_COMPILER "./compiler"

/* The same eight images in three forms, their clusters in two; images per
 * cluster. */
#define SCENE_ZIP "images.zip"
#define SCENE_FOLDER "images"
#define SCENE_IDX "images.idx"
#define SCENE_CLUSTERS "clusters.pt"
#define SCENE_COUNTS "counts.pt"
#define SCENE_CLUSTERS_TEXT "clusters.txt"

/* Makes the folder, enters it, writes the files above but the model. */
void scene_make(void);
void scene_remove(void);

/* Copies of the files in SCENE_OUTPUT, and the way back. */
void scene_save(void);
void scene_restore(void);

/* Removes what is in SCENE_OUTPUT; makes it if it is not there. */
void scene_clear(void);

/* Names and SHA-256 of the files in SCENE_OUTPUT, sorted; of lines of
 * statistics the part before the time.  Valid until the next call. */
#define SCENE_LISTING_MAX 4096
const char *scene_listing(void);

#endif
