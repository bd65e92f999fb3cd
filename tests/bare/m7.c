/* SPDX-License-Identifier: MIT
 *
 * m7.c - the image on a Cortex-M7 with nothing under it: from reset to exit,
 * without a C library.  Semihosting (Arm, "Semihosting for AArch32 and
 * AArch64") writes the image and its state to the file m7.raw and tells
 * what it took: flash, RAM, and the part of a painted stack that was written
 * to. */
#include "tests/bare/draw.h"

#define PAINT 0xa5c35a3cu
#define CPACR (*(volatile uint32_t *)0xe000ed88u)
#define FPU_ACCESS (0xfu << 20)

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_EXIT_EXTENDED = 0x20
};

#define OPEN_WB 5u
#define APPLICATION_EXIT 0x20026u

/* of the linker script; their addresses are what counts */
extern uint32_t stack_limit[], stack_top[], bss_start[], bss_end[];
extern const char flash_bytes[], ram_bytes[];

void reset(void);

static uint32_t semihost(uint32_t call, const void *argument)
{
    register uint32_t r0 __asm__("r0") = call;
    register const void *r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static _Noreturn void leave(uint32_t code)
{
    const uint32_t argument[2] = {APPLICATION_EXIT, code};

    for (;;) {
        semihost(SYS_EXIT_EXTENDED, argument);
    }
}

static void print(const char *text)
{
    semihost(SYS_WRITE0, text);
}

static void print_bytes(const char *what, uint32_t bytes, const char *end)
{
    char digits[12];
    char *at = digits + sizeof digits - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + bytes % 10);
        bytes /= 10;
    } while (bytes > 0);
    print(what);
    print(at);
    print(end);
}

static int write_image(void)
{
    static const char path[] = "m7.raw";
    const uint32_t open[3] = {(uint32_t)path, OPEN_WB, sizeof path - 1};
    const uint32_t file = semihost(SYS_OPEN, open);
    const uint32_t bytes[3] = {file, (uint32_t)image, sizeof image};
    const uint32_t state[3] = {file, (uint32_t)draw_state(), STATE_BYTES};

    return file != UINT32_MAX && semihost(SYS_WRITE, bytes) == 0 &&
           semihost(SYS_WRITE, state) == 0 && semihost(SYS_CLOSE, &file) == 0;
}

/* Bytes between the top and the deepest word that lost its paint. */
static uint32_t stack_used(void)
{
    const uint32_t *at = stack_limit;

    while (at < stack_top && *at == PAINT) {
        at++;
    }
    return (uint32_t)((const char *)stack_top - (const char *)at);
}

static void report(uint32_t stack)
{
    uint32_t flash = (uint32_t)flash_bytes;

    print_bytes("flash ", flash, " bytes (");
    print_bytes("blob ", TINY_BLOB_BYTES, ", ");
    print_bytes("code and layout ", flash - TINY_BLOB_BYTES, "); ");
    print_bytes("arena ", (uint32_t)ARENA_BYTES, " bytes; ");
    print_bytes("stack ", stack, " bytes; ");
    print_bytes("RAM ", (uint32_t)ram_bytes, " bytes with a stack of ");
    print_bytes(
        "", (uint32_t)((const char *)stack_top - (const char *)stack_limit),
        "\n");
}

static _Noreturn __attribute__((noinline)) void run(void)
{
    cedm_status status = draw();
    uint32_t stack = stack_used(); /* before anything is printed */

    if (status != CEDM_OK) {
        print(cedm_status_text(status));
        print("\n");
        leave(1);
    }
    report(stack);
    if (stack_limit[0] != PAINT) {
        print("the stack was used up\n");
        leave(1);
    }
    leave(write_image() ? 0 : 1);
}

/* Paints the stack below its own frame; the FPU is off after a reset. */
void reset(void)
{
    uint32_t *frame = __builtin_frame_address(0);

    CPACR |= FPU_ACCESS;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    for (uint32_t *at = bss_start; at < bss_end; at++) {
        *at = 0;
    }
    for (uint32_t *at = stack_limit; at < frame - 16; at++) {
        *at = PAINT;
    }
    run();
}

static void fault(void)
{
    print("fault: an exception was taken\n");
    leave(1);
}

typedef void handler(void);

/* Initial stack pointer, reset, then the exceptions of ARMv7-M. */
static const struct {
    uint32_t *stack;
    handler *handlers[15];
} vectors __attribute__((section(".vectors"), used)) = {
    stack_top,
    {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault,
     fault, fault, fault, fault, fault},
};
