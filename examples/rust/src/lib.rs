// SPDX-License-Identifier: MIT
//! Frozen diffusion models in Rust without the standard library: the caller
//! owns all memory, as in cedm.h.
//!
//! ```ignore
//! let mut place = Place::new();
//! let mut net = Net::new(&mut place, model, blob, &mut weights, &mut arena, 1)?;
//! net.sample(&[1], &[5], &params_nfe(10), &mut image)?;
//! ```
#![no_std]
#![deny(missing_docs)]

use core::{ffi::CStr, fmt, marker::PhantomData, mem::MaybeUninit, ptr};

#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]
#[allow(missing_docs, clippy::all)]
pub mod raw;

/// A cedm_status that is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(pub i32);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: every status has a constant text.
        let text = unsafe { CStr::from_ptr(raw::cedm_status_text(self.0)) };
        f.write_str(text.to_str().unwrap_or("?"))
    }
}

impl core::error::Error for Error {}

/// The status, if it is no error.
fn check(status: i32) -> Result<i32, Error> {
    if status < raw::CEDM_OK {
        Err(Error(status))
    } else {
        Ok(status)
    }
}

/// Bytes where the library wants regions: for a blob, weights or an arena.
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(pub T);

/// The sampler of Algorithm 2, 35 evaluations.
pub fn params_default() -> raw::cedm_sampler_params {
    // SAFETY: takes nothing, returns a value.
    unsafe { raw::cedm_sampler_params_default() }
}

/// What is recommended for a number of evaluations, 1 to 65536.
pub fn params_nfe(evaluations: u32) -> raw::cedm_sampler_params {
    // SAFETY: takes a number, returns a value.
    unsafe { raw::cedm_sampler_params_nfe(evaluations) }
}

/// A model that was compiled in, such as cedm_fashion_model.
#[derive(Clone, Copy)]
pub struct Model(&'static raw::cedm_model);

impl Model {
    /// # Safety
    /// `model` is a generated one, unchanged.
    pub unsafe fn new(model: &'static raw::cedm_model) -> Self {
        Model(model)
    }

    /// Bytes of prepared weights for the fastest backend.
    pub fn weights_bytes(self) -> usize {
        // SAFETY: model and backend are constants.
        unsafe { raw::cedm_weights_bytes(self.0, best()) as usize }
    }

    /// Bytes of arena; 0 if the batch is too large.
    pub fn arena_bytes(self, batch: u32) -> usize {
        // SAFETY: the model is a constant.
        unsafe { raw::cedm_arena_bytes(self.0, batch, 1) as usize }
    }

    /// Bytes of n images, [n][height][width][channels]; 0 if it draws none.
    pub fn image_bytes(self, n: usize) -> usize {
        // SAFETY: NULL or a constant.
        unsafe { self.0.denoiser.as_ref() }.map_or(0, |d| {
            n * d.resolution as usize * d.resolution as usize * d.channels as usize
        })
    }
}

fn best() -> *const raw::cedm_backend {
    // SAFETY: takes a number, returns a constant.
    unsafe { raw::cedm_backend_cpu(raw::CEDM_ISA_ALL as u32) }
}

/// Where a net lies: it holds pointers into itself and must not move.
pub struct Place {
    blob: MaybeUninit<raw::cedm_blob>,
    net: MaybeUninit<raw::cedm_net>,
}

impl Place {
    /// An empty one.
    pub const fn new() -> Self {
        Place { blob: MaybeUninit::uninit(), net: MaybeUninit::uninit() }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

/// A network in the caller's memory.
pub struct Net<'a> {
    net: *mut raw::cedm_net,
    model: Model,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> Net<'a> {
    /// Checks the blob, packs the weights and places the network for `batch`
    /// images at a time.  The three regions are aligned to 64 bytes.
    pub fn new(
        place: &'a mut Place,
        model: Model,
        bytes: &'a [u8],
        weights: &'a mut [u8],
        arena: &'a mut [u8],
        batch: u32,
    ) -> Result<Self, Error> {
        let (blob, net) = (place.blob.as_mut_ptr(), place.net.as_mut_ptr());
        let memory = weights.as_mut_ptr().cast();
        // SAFETY: all that is pointed to is borrowed for as long as the net.
        unsafe {
            check(raw::cedm_bind(blob, model.0, bytes.as_ptr().cast(), bytes.len()))?;
            let mut config = raw::cedm_net_config_default();
            config.backend = best();
            config.weights = memory;
            config.weights_bytes = weights.len();
            config.arena = arena.as_mut_ptr().cast();
            config.arena_bytes = arena.len();
            config.batch = batch;
            check(raw::cedm_prepare(blob, &config, memory, weights.len()))?;
            check(raw::cedm_net_init(net, blob, &config))?;
        }
        Ok(Net { net, model, memory: PhantomData })
    }

    /// Draws an image for each seed, 8 bits, into `out`; clusters are as many,
    /// -1 for the label of none.
    pub fn sample(
        &mut self,
        seeds: &[u64],
        clusters: &[i32],
        params: &raw::cedm_sampler_params,
        out: &mut [u8],
    ) -> Result<(), Error> {
        self.sample_by_steps(seeds, clusters, params, out, |_| true).map(|_| ())
    }

    /// The same with a call after each step but the last, which gives the
    /// number of steps done; false ends the run, and Ok(false) is returned.
    pub fn sample_by_steps(
        &mut self,
        seeds: &[u64],
        clusters: &[i32],
        params: &raw::cedm_sampler_params,
        out: &mut [u8],
        mut on_step: impl FnMut(u32) -> bool,
    ) -> Result<bool, Error> {
        let fits = out.len() == self.model.image_bytes(seeds.len());
        if clusters.len() != seeds.len() || !fits {
            return Err(Error(raw::CEDM_E_COUNT));
        }
        let mut sampler = MaybeUninit::<raw::cedm_sampler>::uninit();
        let (s, n) = (sampler.as_mut_ptr(), seeds.len() as u32);
        // SAFETY: the net is placed, the arrays have n elements, begin fills s.
        unsafe {
            let (seeds, clusters) = (seeds.as_ptr(), clusters.as_ptr());
            check(raw::cedm_sample_begin(s, self.net, ptr::from_ref(params), seeds, clusters, n))?;
            while check(raw::cedm_sample_step(s))? == raw::CEDM_MORE {
                if !on_step((*s).step) {
                    return Ok(false);
                }
            }
            check(raw::cedm_sample_images(s, out.as_mut_ptr()))?;
        }
        Ok(true)
    }
}
