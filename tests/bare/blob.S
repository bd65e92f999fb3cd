/* SPDX-License-Identifier: MIT
 *
 * blob.S - the bytes of tiny.cedm as constants of the program. */
    .section .rodata.cedm_tiny_blob, "a", %progbits
    .balign 64 /* CEDM_ALIGN */
    .globl cedm_tiny_blob
    .type cedm_tiny_blob, %object
cedm_tiny_blob:
    .incbin "tiny.cedm"
    .size cedm_tiny_blob, . - cedm_tiny_blob

    .section .note.GNU-stack, "", %progbits
