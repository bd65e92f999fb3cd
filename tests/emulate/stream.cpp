/* SPDX-License-Identifier: MIT
 *
 * stream.cpp - when the emulator works: at once, or as a device with streams
 * does, later than it was told. */
#include "tests/emulate/emulate.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

struct emulated_graph {
    std::vector<emulate_work> works;
};

static std::deque<emulate_work> queue;
static unsigned long queued, done;
static bool deferred, again;
static emulated_graph *captured;

void emulate_queue(emulate_work work)
{
    if (captured != nullptr) {
        captured->works.push_back(std::move(work));
    } else if (deferred) {
        queue.push_back(std::move(work));
        queued++;
    } else {
        work();
    }
}

void emulated_queue(void (*work)(const void *arg), const void *arg,
                    size_t bytes)
{
    const unsigned char *first = static_cast<const unsigned char *>(arg);
    std::vector<unsigned char> kept(first, first + bytes);

    emulate_queue([=] { work(kept.data()); });
}

void emulated_defer()
{
    deferred = true;
}

unsigned long emulated_mark()
{
    return queued;
}

bool emulated_step(unsigned long mark)
{
    if (done >= mark) {
        return false;
    }
    again = false;
    queue.front()();
    if (!again) {
        queue.pop_front();
        done++;
    }
    return true;
}

void emulated_again()
{
    again = true;
}

void emulated_wait(unsigned long mark)
{
    while (emulated_step(mark)) {
    }
}

void emulated_capture()
{
    captured = new emulated_graph;
}

emulated_graph *emulated_captured()
{
    emulated_graph *graph = captured;

    captured = nullptr;
    return graph;
}

void emulated_replay(const emulated_graph *graph)
{
    for (const emulate_work &work : graph->works) {
        emulate_queue(work);
    }
}

void emulated_forget(emulated_graph *graph)
{
    delete graph;
}
