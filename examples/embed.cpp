/* SPDX-License-Identifier: MIT
 *
 * embed.cpp - draws one image in C++, as a PGM on stdout. */
#include <cstdio>
#include <exception>
#include <vector>

#include "cedm.hpp"
#include "fashion.h"

extern "C" const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

static void draw()
{
    cedm::net net;
    cedm::check(net.open(cedm_fashion_model, cedm_fashion_blob));
    const std::uint64_t seed[] = {1};
    const std::int32_t cluster[] = {5};
    std::vector<std::uint8_t> image(net.image_bytes(1));
    cedm::check(
        net.sample(seed, cluster, cedm_sampler_params_default(), image));
    std::printf("P5\n%u %u\n255\n", FASHION_RESOLUTION, FASHION_RESOLUTION);
    std::fwrite(image.data(), 1, image.size(), stdout);
}

int main()
{
    try {
        draw();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "embed: %s\n", error.what());
        return 1;
    }
    return 0;
}
