/* SPDX-License-Identifier: MIT
 *
 * signals.c - what the signals of a system mean to a program. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/failure.h"
#include "host/cli/signals.h"

static const char *name_of_tool = "cedm";
static volatile sig_atomic_t *interrupted;

static void say(const char *text)
{
    ssize_t unused = write(STDERR_FILENO, text, strlen(text));
    (void)unused;
}

/* Nothing can be cleaned up from here: the next run removes temporaries. */
static void on_bus_error(int number)
{
    (void)number;
    say(name_of_tool);
    say(": a file that was being read became shorter, or its disk failed; "
        "wanted it unchanged; run again when nobody writes to it\n");
    _exit(HOST_EXIT_FAILED);
}

static void on_interruption(int number)
{
    (void)number;
    *interrupted = 1;
}

static void set(int number, void (*handler)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* A file gets the lowest number that is free: messages would go into it. */
static void hold_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) !=
                fd) {
            return;
        }
    }
}

void host_signals_begin(const char *tool)
{
    name_of_tool = tool;
    hold_closed_streams();
    set(SIGXFSZ, SIG_IGN, 0);
    set(SIGBUS, on_bus_error, 0);
}

void host_signals_catch(volatile sig_atomic_t *flag)
{
    struct sigaction old;
    interrupted = flag;
    set(SIGINT, on_interruption, (int)SA_RESETHAND);
    set(SIGTERM, on_interruption, (int)SA_RESETHAND);
    if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
        set(SIGHUP, on_interruption, (int)SA_RESETHAND);
    }
}
