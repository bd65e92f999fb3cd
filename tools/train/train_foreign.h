/* SPDX-License-Identifier: MIT
 *
 * train_foreign.h - options of train.py, EDM's [EDM] and C-EDM's [CEDM], that
 * are not ours: what is wanted in their place. */
#ifndef CEDM_TOOLS_TRAIN_FOREIGN_H
#define CEDM_TOOLS_TRAIN_FOREIGN_H

/* X(identifier, name, instead, NULL); docs/FROM_EDM.md says more of each. */
#define TRAIN_FOREIGN_LIST(X)                                                \
    X(OUTDIR, "outdir", "--out", NULL)                                       \
    X(DATASET, "dataset", "--preset for its recipe, --data", NULL)           \
    X(DATASET_PATH, "dataset_path", "--data", NULL)                          \
    X(COND, "cond", "--clusters IDS, or none", NULL)                         \
    X(PSEUDO, "pseudo_label_path", "--clusters", NULL)                       \
    X(PRECOND, "precond", "nothing: EDM's is what is trained", NULL)         \
    X(BATCH_GPU, "batch-gpu", "--micro-batch", NULL)                         \
    X(RAMPUP, "lr_rampup", "--lr-rampup, in millions of images", NULL)       \
    X(FP16, "fp16", "--precision fp16", NULL)                                \
    X(LS, "ls", "nothing: fp16 scales the loss by itself", NULL)             \
    X(BENCH, "bench", "nothing: there is no cuDNN to tune", NULL)            \
    X(CACHE, "cache", "nothing: images stay in memory", NULL)                \
    X(WORKERS, "workers", "--threads", NULL)                                 \
    X(DESC, "desc", "--out, the folder itself", NULL)                        \
    X(NOSUBDIR, "nosubdir", "--out, the folder itself", NULL)                \
    X(DUMP, "dump", "--snap: a state goes with every snapshot", NULL)        \
    X(DRY, "-n", "--dry-run", NULL)                                          \
    X(N_TRAIN, "n_train", "--data of as many images", NULL)                  \
    X(SUBCLASS, "subclass", "--data of that class", NULL)                    \
    X(WANDB, "wandb", "nothing: RUN/stats.jsonl has the numbers", NULL)      \
    X(SIGMA_EPS, "sigma_eps", "nothing: it changes nothing there", NULL)     \
    X(OD_MIN, "sigma_od_min", "nothing: it changes nothing there", NULL)     \
    X(OD_MAX, "sigma_od_max", "nothing: it changes nothing there", NULL)     \
    X(GAMMA, "gamma", "nothing: it changes nothing there", NULL)

#endif
