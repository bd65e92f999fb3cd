/* SPDX-License-Identifier: MIT
 *
 * fashion_blob.S - the demo model's blob as an object to link with:
 *
 *     extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];
 *
 * Assembled with -I of the folder that has fashion.cedm; ELF, gcc or clang. */
    .section .rodata.cedm_fashion_blob, "a", %progbits
    .balign 64 /* CEDM_ALIGN */
    .globl cedm_fashion_blob
    .type cedm_fashion_blob, %object
cedm_fashion_blob:
    .incbin "fashion.cedm"
    .globl cedm_fashion_blob_end
    .type cedm_fashion_blob_end, %object
cedm_fashion_blob_end:
    .size cedm_fashion_blob, . - cedm_fashion_blob
    .size cedm_fashion_blob_end, 0

    .section .note.GNU-stack, "", %progbits
