/* SPDX-License-Identifier: MIT
 *
 * fault.cpp - kernels that fail, for tests of those who must notice.
 *
 * EMULATED_FAULTS has words KIND=PART, where PART is of the name of a kernel,
 * which begins with its file:
 *
 *     hang   never ends
 *     trap   does nothing, and every later call of CUDA is an error
 *     wrong  its last block does nothing */
#include "tests/emulate/emulate.h"

#include <cstdlib>
#include <string>
#include <unistd.h>

static int error; /* stays, as errors of kernels do */

static bool is_to(const char *kind, const char *kernel)
{
    static const char *const given = getenv("EMULATED_FAULTS");
    std::string words = given != nullptr ? given : "";
    std::string wanted = std::string(kind) + "=";

    for (size_t at = words.find(wanted); at != std::string::npos;
         at = words.find(wanted, at + 1)) {
        size_t from = at + wanted.size();
        std::string part = words.substr(from, words.find(' ', from) - from);

        if (std::string(kernel).find(part) != std::string::npos) {
            return true;
        }
    }
    return false;
}

/* cudaErrorLaunchFailure */
#define LAUNCH_FAILURE 719

unsigned long emulate_blocks(const char *kernel, unsigned long blocks)
{
    if (is_to("trap", kernel)) {
        error = LAUNCH_FAILURE;
    }
    while (is_to("hang", kernel)) {
        pause();
    }
    return error != 0 ? 0 : blocks - is_to("wrong", kernel);
}

int emulated_error()
{
    return error;
}
