/* SPDX-License-Identifier: MIT
 *
 * progress_test.c - a line of progress is never wider than its terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/cli/progress.h"

static const char text[] = "3/64 images  1.5 s, 20.1 s left";

static void lines_fit_any_width(void **state)
{
    (void)state;
    for (int width = -1; width < 200; width++) {
        for (double part = 0; part <= 1; part += 0.25) {
            char line[160];
            size_t room = width > 0 ? (size_t)width : 0;
            host_progress_line(line, sizeof line, width, part, text);
            if (strlen(line) > room) {
                fail_msg("%zu characters in %d columns: %s", strlen(line),
                         width, line);
            }
            if (room >= strlen(text) && strstr(line, text) == NULL) {
                fail_msg("%d columns lost the text: %s", width, line);
            }
        }
    }
}

static void bars_show_the_part(void **state)
{
    (void)state;
    static const struct {
        int width;
        const char *line;
    } rows[] = {
        {80, "[################................] "
             "3/64 images  1.5 s, 20.1 s left"},
        {42, "[####....] 3/64 images  1.5 s, 20.1 s left"},
        {38, "[##..] 3/64 images  1.5 s, 20.1 s left"},
        {37, "3/64 images  1.5 s, 20.1 s left"},
        {11, "3/64 images"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[160];
        host_progress_line(line, sizeof line, rows[i].width, 0.5, text);
        assert_string_equal(line, rows[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_fit_any_width),
        cmocka_unit_test(bars_show_the_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
