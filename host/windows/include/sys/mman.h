/* SPDX-License-Identifier: MIT
 *
 * mman.h - its contents are in host/windows/posix.h. */
