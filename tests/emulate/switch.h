/* SPDX-License-Identifier: MIT
 *
 * switch.h - stacks of the emulator's fibers: starts one, and goes from one
 * to another. */
#ifndef CEDM_TESTS_EMULATE_SWITCH_H
#define CEDM_TESTS_EMULATE_SWITCH_H

#if !defined __x86_64__
#include <ucontext.h>
#endif

#define STACK_BYTES (256u << 10)

#if defined __x86_64__
typedef void *stack_context;

/* Pushes what a callee must preserve, and continues where `to` left off. */
extern "C" void emulate_switch(void **save, void *to);
__asm__(".text\n"
        ".globl emulate_switch\n"
        ".hidden emulate_switch\n"
        ".type emulate_switch, @function\n"
        "emulate_switch:\n"
        "    pushq %rbp\n    pushq %rbx\n    pushq %r12\n"
        "    pushq %r13\n    pushq %r14\n    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n    popq %r14\n    popq %r13\n"
        "    popq %r12\n    popq %rbx\n    popq %rbp\n"
        "    ret\n"
        ".size emulate_switch, . - emulate_switch\n");

static void stack_start(stack_context *context, unsigned char *stack,
                        void (*function)())
{
    void **top = reinterpret_cast<void **>(stack + STACK_BYTES);

    *--top = nullptr; /* where a return address of it would be */
    *--top = reinterpret_cast<void *>(function);
    for (int i = 0; i < 6; i++) {
        *--top = nullptr;
    }
    *context = top;
}

static void stack_switch(stack_context *from, stack_context *to)
{
    emulate_switch(from, *to);
}
#else
typedef ucontext_t stack_context;

static void stack_start(stack_context *context, unsigned char *stack,
                        void (*function)())
{
    getcontext(context);
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = STACK_BYTES;
    context->uc_link = nullptr;
    makecontext(context, function, 0);
}

static void stack_switch(stack_context *from, stack_context *to)
{
    swapcontext(from, to);
}
#endif

#endif
