/* SPDX-License-Identifier: MIT
 *
 * eval_blas.h - OpenBLAS with one thread and the kernels of this processor. */
#ifndef CEDM_TOOLS_EVAL_EVAL_BLAS_H
#define CEDM_TOOLS_EVAL_EVAL_BLAS_H

/* To be called before any work, with the arguments of main: it may start the
 * program anew.
 *
 * OpenBLAS knows processors by their model numbers and takes those that are
 * newer than itself for the oldest: Debian 12's runs Intel's of 2023 on
 * kernels of 2004, at a quarter of the speed.  It listens to nothing but the
 * environment, and only while it is loaded.  So where that has happened the
 * program sets OPENBLAS_CORETYPE and executes itself; a value that the user
 * has set is left alone. */
void eval_blas_begin(char **argv);

#endif
