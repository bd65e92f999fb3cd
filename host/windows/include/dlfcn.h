/* SPDX-License-Identifier: MIT
 *
 * dlfcn.h - its contents are in host/windows/posix.h. */
