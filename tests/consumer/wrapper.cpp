/* SPDX-License-Identifier: MIT
 *
 * wrapper.cpp - what cedm.hpp adds to cedm.h: ownership, sizes, exceptions,
 * the way out of a run.  Prints what is wrong; wanted beside it: fashion.h. */
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <vector>

#include <cedm.hpp>

#include "fashion.h"

extern "C" const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

static_assert(!std::is_copy_constructible_v<cedm::net>,
              "a net is not copied");
static_assert(std::is_nothrow_move_constructible_v<cedm::net>, "but moved");

static int failures;

static void expect(bool good, const char *what)
{
    if (!good) {
        std::printf("wrapper: %s\n", what);
        failures++;
    }
}

static const std::uint64_t seeds[] = {3, 4};
static const std::int32_t clusters[] = {5, 6};

static void refusals(cedm::net &net)
{
    cedm::net other;
    cedm_sampler_params params = cedm_sampler_params_nfe(2);
    std::vector<std::uint8_t> images(net.image_bytes(2));
    expect(!other && other.image_bytes(1) == 0, "an empty net is none");
    expect(other.sample(seeds, clusters, params, {images.data(), 0}) ==
               CEDM_E_NULL,
           "an empty net draws nothing");
    expect(other.open(cedm_fashion_model, {cedm_fashion_blob, 99}) ==
                   CEDM_E_BLOB_SHORT &&
               !other,
           "a short blob is refused");
    expect(net.sample(seeds, clusters, params, {images.data(), 99}) ==
               CEDM_E_COUNT,
           "room for other images is refused");
    expect(net.sample(seeds, {clusters, 1}, params, images) == CEDM_E_COUNT,
           "a cluster for two seeds is refused");
    try {
        cedm::check(CEDM_E_STATE);
        expect(false, "an error throws");
    } catch (const cedm::error &error) {
        expect(error.status() == CEDM_E_STATE &&
                   std::strcmp(error.what(),
                               cedm_status_text(CEDM_E_STATE)) == 0,
               "the exception says which");
    }
    expect(cedm::check(CEDM_MORE) == CEDM_MORE, "more is no error");
}

static void runs(cedm::net &net)
{
    cedm_sampler_params params = cedm_sampler_params_nfe(3);
    std::vector<std::uint8_t> images(net.image_bytes(2)), again = images;
    std::uint32_t steps = 0;
    expect(net.sample(seeds, clusters, params, images,
                      [&](const cedm_sampler &sampler) {
                          return sampler.step == ++steps;
                      }) == CEDM_OK &&
               steps == 2,
           "a call for each step");
    expect(net.sample(seeds, clusters, params, again,
                      [](const cedm_sampler &) { return false; }) ==
                   CEDM_MORE &&
               again[0] == 0,
           "a run ends when it is told to");
    cedm::net moved = std::move(net);
    expect(!net && moved.sample(seeds, clusters, params, again) == CEDM_OK &&
               images == again,
           "a net that was moved draws the same");
}

int main()
{
    cedm::net net;
    cedm_net_config config = cedm::config();
    config.batch = 2;
    cedm::check(net.open(cedm_fashion_model, cedm_fashion_blob, config));
    refusals(net);
    runs(net);
    return failures > 0;
}
