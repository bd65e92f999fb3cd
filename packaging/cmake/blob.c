/* SPDX-License-Identifier: MIT
 *
 * @CEDM_NAME@_blob.c - the weights of a model as an array to link with,
 * configured by cedm_freeze(); gcc or clang. */
extern const unsigned char cedm_@CEDM_NAME@_blob[];

__asm__(".pushsection .rodata\n"
        ".balign 64\n" /* CEDM_ALIGN */
        ".globl cedm_@CEDM_NAME@_blob\n"
        "cedm_@CEDM_NAME@_blob:\n"
        ".incbin \"@CEDM_BLOB@\"\n"
        ".popsection\n");
