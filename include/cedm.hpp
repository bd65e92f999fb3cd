/* SPDX-License-Identifier: MIT
 *
 * cedm.hpp - cedm.h for C++17: memory with owners, arrays with sizes.
 *
 * Functions return the cedm_status of cedm.h, and so work without exceptions;
 * cedm::check makes an exception of one that is an error.
 *
 *     cedm::net net;
 *     cedm::check(net.open(cedm_fashion_model, blob));
 *     const std::uint64_t seeds[] = {7, 8};
 *     const std::int32_t clusters[] = {5, 5};
 *     std::vector<std::uint8_t> images(net.image_bytes(2));
 *     cedm::check(
 *         net.sample(seeds, clusters, cedm_sampler_params_nfe(10), images));
 */
#ifndef CEDM_HPP
#define CEDM_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__cpp_exceptions)
#include <stdexcept>
#endif

#include "cedm.h"

namespace cedm {

#if defined(__cpp_exceptions)
class error : public std::runtime_error {
public:
    explicit error(cedm_status status)
        : std::runtime_error(cedm_status_text(status)), status_(status)
    {
    }
    cedm_status status() const noexcept { return status_; }

private:
    cedm_status status_;
};

/* The status, if it is no error; throws cedm::error. */
inline cedm_status check(cedm_status status)
{
    if (status < CEDM_OK) {
        throw error(status);
    }
    return status;
}
#endif

/* An array that somebody else owns, as std::span of C++20: made of whatever
 * has data() and size(), of an array, or of a pointer and a size. */
template <class T> class span {
public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept
        : data_(data), size_(size)
    {
    }
    template <std::size_t N>
    constexpr span(T (&array)[N]) noexcept : data_(array), size_(N)
    {
    }
    template <class Container,
              class = std::enable_if_t<std::is_convertible_v<
                  decltype(std::declval<Container &>().data()), T *>>>
    constexpr span(Container &&container) noexcept
        : data_(container.data()), size_(container.size())
    {
    }
    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/* Bytes aligned to CEDM_ALIGN, such as a blob that is read from a file. */
class memory {
public:
    memory() noexcept = default;
    /* Without memory data() is NULL and size() 0. */
    explicit memory(std::uint64_t size) noexcept
        : bytes_(static_cast<unsigned char *>(::operator new(
              static_cast<std::size_t>(size), std::align_val_t(CEDM_ALIGN),
              std::nothrow))),
          size_(bytes_ ? static_cast<std::size_t>(size) : 0)
    {
    }
    unsigned char *data() const noexcept { return bytes_.get(); }
    std::size_t size() const noexcept { return size_; }

private:
    struct release {
        void operator()(unsigned char *bytes) const noexcept
        {
            ::operator delete(bytes, std::align_val_t(CEDM_ALIGN));
        }
    };
    std::unique_ptr<unsigned char, release> bytes_;
    std::size_t size_ = 0;
};

/* The fastest backend, one image at a time, without threads. */
inline cedm_net_config config() noexcept
{
    cedm_net_config config = cedm_net_config_default();
    config.backend = cedm_backend_cpu(CEDM_ISA_ALL);
    return config;
}

/* A network that owns its memory.  It may be moved, not copied. */
class net {
public:
    /* Model and blob must outlive the net; of the config regions are ignored.
     * CEDM_E_ARENA and CEDM_E_WEIGHTS where there is not enough memory. */
    [[nodiscard]] cedm_status
    open(const cedm_model &model, span<const unsigned char> blob,
         cedm_net_config config = cedm::config()) noexcept
    {
        state_.reset(new (std::nothrow) state);
        if (!state_) {
            return CEDM_E_ARENA;
        }
        cedm_status status =
            cedm_bind(&state_->blob, &model, blob.data(), blob.size());
        if (status == CEDM_OK) {
            status = place(model, config);
        }
        if (status != CEDM_OK) {
            state_.reset();
        }
        return status;
    }

    explicit operator bool() const noexcept { return state_ != nullptr; }

    /* What the functions of cedm.h take; NULL before open. */
    cedm_net *get() const noexcept { return state_ ? &state_->net : nullptr; }

    /* Bytes of n images, which are numbers of the sampler's state, too. */
    std::size_t image_bytes(std::size_t n) const noexcept
    {
        const cedm_denoiser *d = state_ ? state_->net.model->denoiser : nullptr;
        return d ? n * d->resolution * d->resolution * d->channels : 0;
    }

    /* Images of the seeds, out: image_bytes(seeds.size()).  Clusters are as
     * many, or none: the label of none.  on_step(sampler), if given, is called
     * after each step but the last; where it returns false the result is
     * CEDM_MORE and out untouched. */
    template <class OnStep>
    [[nodiscard]] cedm_status
    sample(span<const std::uint64_t> seeds, span<const std::int32_t> clusters,
           const cedm_sampler_params &params, span<std::uint8_t> out,
           OnStep &&on_step)
    {
        if (out.size() != image_bytes(seeds.size()) ||
            (clusters.size() != 0 && clusters.size() != seeds.size())) {
            return CEDM_E_COUNT;
        }
        cedm_sampler sampler;
        cedm_status status = cedm_sample_begin(
            &sampler, get(), &params, seeds.data(),
            clusters.size() != 0 ? clusters.data() : nullptr,
            static_cast<std::uint32_t>(seeds.size()));
        if (status == CEDM_OK) {
            while ((status = cedm_sample_step(&sampler)) == CEDM_MORE) {
                if (!on_step(static_cast<const cedm_sampler &>(sampler))) {
                    return CEDM_MORE;
                }
            }
        }
        return status == CEDM_OK ? cedm_sample_images(&sampler, out.data())
                                 : status;
    }
    [[nodiscard]] cedm_status sample(span<const std::uint64_t> seeds,
                                     span<const std::int32_t> clusters,
                                     const cedm_sampler_params &params,
                                     span<std::uint8_t> out)
    {
        return sample(seeds, clusters, params, out,
                      [](const cedm_sampler &) { return true; });
    }

private:
    /* A cedm_net holds pointers into itself, so it stays where it is. */
    struct state {
        cedm_blob blob;
        cedm_net net;
        memory weights, arena;
    };

    cedm_status place(const cedm_model &model, cedm_net_config config) noexcept
    {
        std::uint64_t bytes = cedm_weights_bytes(&model, config.backend);
        state_->weights = memory(bytes);
        config.weights = state_->weights.data();
        config.weights_bytes = state_->weights.size();
        state_->arena =
            memory(cedm_arena_bytes(&model, config.batch, config.workers));
        config.arena = state_->arena.data();
        config.arena_bytes = state_->arena.size();
        cedm_status status =
            cedm_prepare(&state_->blob, &config, state_->weights.data(),
                         state_->weights.size());
        return status == CEDM_OK
                   ? cedm_net_init(&state_->net, &state_->blob, &config)
                   : status;
    }

    std::unique_ptr<state> state_;
};

} /* namespace cedm */
#endif
