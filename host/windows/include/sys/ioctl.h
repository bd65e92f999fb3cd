/* SPDX-License-Identifier: MIT
 *
 * ioctl.h - its contents are in host/windows/posix.h. */
