/* SPDX-License-Identifier: MIT
 *
 * train_option_list.h - the options of cedm-train. */
#ifndef CEDM_TOOLS_TRAIN_TRAIN_OPTION_LIST_H
#define CEDM_TOOLS_TRAIN_TRAIN_OPTION_LIST_H

#include "tools/train/train_foreign.h"
#include "tools/train/train_presets.h"

/* X(identifier, name, value, help) */
#define OPTION_LIST(X)                                                       \
    X(DATA, "data", "D",                                                     \
      "an EDM dataset (zip or folder), CIFAR's .bin, or idx images")         \
    X(CLUSTERS, "clusters", "IDS",                                           \
      "an id per image: .npy, .npz, .pt, JSON, CSV or text; or none")        \
    X(OUT, "out", "RUN", "folder of the run")                                \
    X(PRESET, "preset", "P", TRAIN_PRESETS)                                  \
    X(ARCH, "arch", "A", "ddpmpp, ncsnpp or adm [ddpmpp]")                   \
    X(RESOLUTION, "resolution", "R", "pixels [the images' own]")             \
    X(CBASE, "cbase", "C",                                                   \
      "channels, times cres at each level [128; adm: 192]")                  \
    X(CRES, "cres", "LIST", "factors of the levels [2,2,2; adm: 1,2,3,4]")   \
    X(NUM_BLOCKS, "num-blocks", "N", "blocks of a level [4; adm: 3]")        \
    X(ATTN, "attn", "LIST", "resolutions with attention [16; adm: 32,16,8]") \
    X(BATCH, "batch", "B", "images of an update [512]")                      \
    X(MICRO_BATCH, "micro-batch", "B",                                       \
      "images at a time, a divisor of batch [by memory]")                    \
    X(DURATION, "duration", "M", "million images to train with [200]")       \
    X(LR, "lr", "X", "learning rate [1e-3]")                                 \
    X(LR_RAMPUP, "lr-rampup", "M", "million images to reach it [10]")        \
    X(EMA, "ema", "M", "half-life of the average, million images [0.5]")     \
    X(DROPOUT, "dropout", "P", "rate [0.13]")                                \
    X(AUGMENT, "augment", "P", "probability [0.12]")                         \
    X(P_UNCOND, "p-uncond", "P",                                             \
      "share of images without their cluster [0]")                           \
    X(XFLIP, "xflip", NULL, "mirrored images double the dataset")            \
    X(PRECISION, "precision", "P",                                           \
      "auto, fp32; on a GPU fp16 or bf16 too [fp32]")                        \
    X(SEED, "seed", "S", "of all that is random [0]")                        \
    X(THREADS, "threads", "T", "threads; changes no number [processors]")    \
    X(DEVICE, "device", "D", "auto, cpu, cuda or cuda:I [cpu]")              \
    X(TICK, "tick", "K", "thousand images between reports [50]")             \
    X(SNAP, "snap", "N", "ticks between snapshots [50]")                     \
    X(KEEP, "keep", "N", "newest snapshots to keep, 0: all [0]")             \
    X(SAVE, "save", "MIN",                                                   \
      "minutes after which a state is saved between ticks, 0: never [15]")   \
    X(EVAL, "eval", "FD",                                                    \
      "fd:ENCODER.so:REF.npz:N: distance of N images at every snapshot")     \
    X(EARLY_STOP, "early-stop", "K",                                         \
      "end after K snapshots without a better distance, 0: never [0]")       \
    X(POSTHOC_EMA, "posthoc-ema", NULL,                                      \
      "keep averages of which --sigma-rel makes others afterwards")          \
    X(SIGMA_REL, "sigma-rel", "S",                                           \
      "make RUN's average of this width, 0.005 to 0.288, and stop")          \
    X(RESUME, "resume", NULL,                                                \
      "go on from the newest state in RUN, with its options")                \
    X(NEW_DATA, "new-data", NULL,                                            \
      "resume although images or ids are others than before")                \
    X(TRANSFER, "transfer", "FILE", "begin with a checkpoint's weights")     \
    X(TRANSFER_ANY, "transfer-any", NULL,                                    \
      "even if less than half of the network is in it")                      \
    X(DRY_RUN, "dry-run", NULL, "say what would be done, and stop")          \
    X(VERSION, "version", NULL, "print the version")                         \
    X(HELP, "help", NULL, "print this text")                                 \
    TRAIN_FOREIGN_LIST(X)

#endif
