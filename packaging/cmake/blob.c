/* SPDX-License-Identifier: MIT
 *
 * @CEDM_NAME@_blob.c - the weights of a model as an array to link with; the
 * names were put in by cedm_freeze() or Meson.  For gcc and clang. */
#ifdef __APPLE__
#define SECTION ".section __TEXT,__const\n"
#elif defined(_WIN32)
#define SECTION ".section .rdata,\"dr\"\n"
#else
#define SECTION ".section .rodata\n"
#endif
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
/* As the linker has it: with a low line before it on macOS. */
#define SYMBOL TEXT(__USER_LABEL_PREFIX__) "cedm_@CEDM_NAME@_blob"

extern const unsigned char cedm_@CEDM_NAME@_blob[];

/* 64 is CEDM_ALIGN. */
__asm__(SECTION ".balign 64\n"
                ".globl " SYMBOL "\n" SYMBOL ":\n"
                ".incbin \"@CEDM_BLOB@\"\n"
                ".text\n");
