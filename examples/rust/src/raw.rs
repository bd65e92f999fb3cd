// SPDX-License-Identifier: MIT
//! cedm.h and cedm_model.h, as they are: written by scripts/rust_raw.awk.

use core::ffi::{c_char, c_void};

pub type cedm_task = unsafe extern "C" fn(*mut c_void, u32, u32);
pub type cedm_parallel_for =
    unsafe extern "C" fn(*mut c_void, Option<cedm_task>, *mut c_void, u32);

pub const CEDM_ACT_AFFINE: i32 = 1;
pub const CEDM_ACT_NONE: i32 = 0;
pub const CEDM_ACT_SILU: i32 = 2;
pub const CEDM_CHURN_DRAWS_cedm: i32 = 1;
pub const CEDM_CHURN_DRAWS_edm: i32 = 0;
pub const CEDM_CONV_DIRECT: i32 = 0;
pub const CEDM_CONV_WINOGRAD2: i32 = 2;
pub const CEDM_CONV_WINOGRAD4: i32 = 1;
pub const CEDM_DISCRETIZATION_edm: i32 = 0;
pub const CEDM_DISCRETIZATION_iddpm: i32 = 3;
pub const CEDM_DISCRETIZATION_list: i32 = 6;
pub const CEDM_DISCRETIZATION_logsnr: i32 = 5;
pub const CEDM_DISCRETIZATION_ve: i32 = 2;
pub const CEDM_DISCRETIZATION_vp: i32 = 1;
pub const CEDM_DISCRETIZATION_vpt: i32 = 4;
pub const CEDM_DTYPE_F16: i32 = 1;
pub const CEDM_DTYPE_F32: i32 = 0;
pub const CEDM_E_ABI: i32 = -30;
pub const CEDM_E_ALIGN: i32 = -11;
pub const CEDM_E_ARENA: i32 = -20;
pub const CEDM_E_BACKEND: i32 = -31;
pub const CEDM_E_BATCH: i32 = -22;
pub const CEDM_E_BLOB_DATA: i32 = -45;
pub const CEDM_E_BLOB_HEADER: i32 = -43;
pub const CEDM_E_BLOB_LAYOUT: i32 = -44;
pub const CEDM_E_BLOB_MAGIC: i32 = -41;
pub const CEDM_E_BLOB_ORDER: i32 = -47;
pub const CEDM_E_BLOB_SHORT: i32 = -40;
pub const CEDM_E_BLOB_TRAILER: i32 = -46;
pub const CEDM_E_BLOB_VERSION: i32 = -42;
pub const CEDM_E_CLUSTER: i32 = -13;
pub const CEDM_E_COUNT: i32 = -12;
pub const CEDM_E_CUDA: i32 = -63;
pub const CEDM_E_DEVICE: i32 = -60;
pub const CEDM_E_DEVICE_MEMORY: i32 = -62;
pub const CEDM_E_DRIVER: i32 = -61;
pub const CEDM_E_GUIDE: i32 = -33;
pub const CEDM_E_KIND: i32 = -32;
pub const CEDM_E_LEVELS: i32 = -19;
pub const CEDM_E_NONFINITE: i32 = -50;
pub const CEDM_E_NULL: i32 = -10;
pub const CEDM_E_OVERFLOW: i32 = -51;
pub const CEDM_E_PARAM: i32 = -16;
pub const CEDM_E_SIGMA: i32 = -14;
pub const CEDM_E_SOLVER: i32 = -18;
pub const CEDM_E_STATE: i32 = -17;
pub const CEDM_E_STEPS: i32 = -15;
pub const CEDM_E_WEIGHTS: i32 = -21;
pub const CEDM_FEATURES_FOURIER: i32 = 1;
pub const CEDM_FEATURES_POSITIONAL: i32 = 0;
pub const CEDM_INPUT_FEATURES: i32 = 1;
pub const CEDM_INPUT_IMAGE: i32 = 0;
pub const CEDM_ISA_ALL: i32 = 65527;
pub const CEDM_ISA_avx2: i32 = 1;
pub const CEDM_ISA_avx512: i32 = 2;
pub const CEDM_ISA_avx512bf16: i32 = 8;
pub const CEDM_ISA_neon: i32 = 4;
pub const CEDM_ISA_simd128: i32 = 16;
pub const CEDM_MODEL_ABI: i32 = 3;
pub const CEDM_MORE: i32 = 1;
pub const CEDM_OK: i32 = 0;
pub const CEDM_POOL_MAX: i32 = 0;
pub const CEDM_POOL_MEAN: i32 = 1;
pub const CEDM_POST_GELU: i32 = 2;
pub const CEDM_POST_NONE: i32 = 0;
pub const CEDM_POST_RELU: i32 = 1;
pub const CEDM_PRECOND_EDM: i32 = 0;
pub const CEDM_PRECOND_IDDPM: i32 = 3;
pub const CEDM_PRECOND_VE: i32 = 2;
pub const CEDM_PRECOND_VP: i32 = 1;
pub const CEDM_RESAMPLE_DOWN: i32 = 0;
pub const CEDM_RESAMPLE_SAME: i32 = 2;
pub const CEDM_RESAMPLE_UP: i32 = 1;
pub const CEDM_SCALING_none: i32 = 0;
pub const CEDM_SCALING_vp: i32 = 1;
pub const CEDM_SCHEDULE_linear: i32 = 0;
pub const CEDM_SCHEDULE_ve: i32 = 2;
pub const CEDM_SCHEDULE_vp: i32 = 1;
pub const CEDM_SOLVER_deis: i32 = 5;
pub const CEDM_SOLVER_dpmpp: i32 = 3;
pub const CEDM_SOLVER_euler: i32 = 1;
pub const CEDM_SOLVER_heun: i32 = 0;
pub const CEDM_SOLVER_ipndm: i32 = 2;
pub const CEDM_SOLVER_unipc: i32 = 4;
pub const CEDM_STATUS_END: i32 = 127;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_attention {
    pub id: u32,
    pub tokens: u32,
    pub channels: u32,
    pub heads: u32,
    pub src: u32,
    pub dst: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_attention>() == 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_backend {
    pub name: *const c_char,
    pub run: *const cedm_ops,
    pub prepare: *const cedm_ops,
    pub sizes: *const cedm_ops,
    pub sampler: *const cedm_sampler_ops,
    pub factor_bits: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_backend>() == 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_blob {
    pub model: *const cedm_model,
    pub data: *const c_void,
    pub trailer: *const c_char,
    pub trailer_bytes: usize,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_blob>() == 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_blob_header {
    pub magic: [c_char; 8],
    pub version: u32,
    pub dtype: u32,
    pub layout_hash: u64,
    pub total_bytes: u64,
    pub data_offset: u64,
    pub data_bytes: u64,
    pub trailer_offset: u64,
    pub trailer_bytes: u64,
    pub tensor_count: u32,
    pub trailer_crc: u32,
    pub table_crc: u32,
    pub reserved: [u32; 4],
    pub header_crc: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_blob_header>() == 96);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_combine {
    pub n: u32,
    pub weight: [[f64; 4]; 4],
    pub map: [*mut f64; 4],
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_combine>() == 168);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_conv {
    pub id: u32,
    pub algorithm: u32,
    pub height: u32,
    pub width: u32,
    pub in_height: u32,
    pub in_width: u32,
    pub cin: [u32; 2],
    pub cout: u32,
    pub kernel: [u32; 2],
    pub stride: u32,
    pub pad: [u32; 2],
    pub up: u32,
    pub act: u32,
    pub post: u32,
    pub skip_cin: [u32; 2],
    pub skip_up: u32,
    pub stat_rows: u32,
    pub scale: f32,
    pub src: [u32; 2],
    pub coeff: u32,
    pub skip_src: [u32; 2],
    pub emb_index: u32,
    pub emb_stride: u32,
    pub emb_src: u32,
    pub residual: u32,
    pub dst_index: u32,
    pub dst_stride: u32,
    pub dst: u32,
    pub stats: u32,
    pub weight: u32,
    pub bias: u32,
    pub skip_weight: u32,
    pub skip_bias: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_conv>() == 156);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_denoiser {
    pub resolution: u32,
    pub channels: u32,
    pub label_dim: u32,
    pub precond: u32,
    pub sigma_data: f64,
    pub sigma_min: f64,
    pub sigma_max: f64,
    pub beta_d: f64,
    pub beta_min: f64,
    pub noise_steps: u32,
    pub noise_levels: u32,
    pub features: cedm_features,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_denoiser>() == 88);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_embed {
    pub id: u32,
    pub channels: u32,
    pub label_dim: u32,
    pub act: u32,
    pub label_scale: f32,
    pub features: u32,
    pub dst: u32,
    pub weight: u32,
    pub bias: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_embed>() == 36);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_encoder {
    pub height: u32,
    pub width: u32,
    pub channels: u32,
    pub features: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_encoder>() == 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_euler {
    pub n: u32,
    pub s: f64,
    pub t: f64,
    pub h: f64,
    pub x: *const f64,
    pub denoised: *const f64,
    pub d: *mut f64,
    pub next: *mut f64,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_euler>() == 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_exec {
    pub model: *const cedm_model,
    pub data: *const f32,
    pub weights: *const u8,
    pub act: *mut f32,
    pub f32: *mut f32,
    pub scratch: *mut u8,
    pub scratch_stride: usize,
    pub cluster: *const i32,
    pub other: *const i32,
    pub share: *const f32,
    pub batch: u32,
    pub n: u32,
    pub workers: u32,
    pub parallel_for: Option<cedm_parallel_for>,
    pub pool: *mut c_void,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_exec>() == 112);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_features {
    pub kind: u32,
    pub channels: u32,
    pub endpoint: u32,
    pub swap: u32,
    pub freqs: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_features>() == 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_from_image {
    pub n: u32,
    pub draw: u32,
    pub scale: f64,
    pub noise: f64,
    pub seed: *const u64,
    pub image: *const u8,
    pub mask: *const u8,
    pub x: *mut f64,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_from_image>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_gate {
    pub id: u32,
    pub tokens: u32,
    pub channels: u32,
    pub src: u32,
    pub dst: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_gate>() == 20);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_graph {
    pub input_count: u32,
    pub output_count: u32,
    pub inputs: *const cedm_port,
    pub outputs: *const cedm_port,
    pub op_count: u32,
    pub act_elements: u32,
    pub f32_elements: u32,
    pub scratch_bytes: u64,
    pub weights_bytes: u64,
    pub dtype: u32,
    pub tensor_count: u32,
    pub tensors: *const cedm_tensor,
    pub data_elements: u64,
    pub layout_hash: u64,
    pub eval: Option<unsafe extern "C" fn()>,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_graph>() == 96);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_heun {
    pub n: u32,
    pub s: f64,
    pub t: f64,
    pub h: f64,
    pub x: *const f64,
    pub d: *const f64,
    pub denoised: *const f64,
    pub next: *mut f64,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_heun>() == 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_layer_norm {
    pub id: u32,
    pub tokens: u32,
    pub channels: u32,
    pub eps: f32,
    pub src: u32,
    pub dst: u32,
    pub gamma: u32,
    pub beta: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_layer_norm>() == 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_linear {
    pub id: u32,
    pub r#in: u32,
    pub out: u32,
    pub act: u32,
    pub src: u32,
    pub dst: u32,
    pub weight: u32,
    pub bias: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_linear>() == 32);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_load {
    pub n: u32,
    pub x: *const f64,
    pub c_in: *const f64,
    pub features: *const f32,
    pub cluster: *const i32,
    pub other: *const i32,
    pub share: *const f32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_load>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_model {
    pub abi: u32,
    pub size: u32,
    pub name: *const c_char,
    pub graph: cedm_graph,
    pub denoiser: *const cedm_denoiser,
    pub encoder: *const cedm_encoder,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_model>() == 128);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_net {
    pub ops: *const cedm_ops,
    pub ctx: *mut c_void,
    pub exec: cedm_exec,
    pub model: *const cedm_model,
    pub sampler_ops: *const cedm_sampler_ops,
    pub state: [*mut f64; 4],
    pub scalars: *mut f64,
    pub features: *mut f32,
    pub seeds: *mut u64,
    pub clusters: [*mut i32; 2],
    pub others: *mut i32,
    pub shares: *mut f32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_net>() == 232);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_net_config {
    pub backend: *const cedm_backend,
    pub weights: *const c_void,
    pub weights_bytes: usize,
    pub arena: *mut c_void,
    pub arena_bytes: usize,
    pub batch: u32,
    pub workers: u32,
    pub parallel_for: Option<cedm_parallel_for>,
    pub pool: *mut c_void,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_net_config>() == 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_noise {
    pub n: u32,
    pub draw: u32,
    pub base_scale: f64,
    pub scale: f64,
    pub seed: *const u64,
    pub base: *const f64,
    pub dst: *mut f64,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_noise>() == 48);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_norm_coeff {
    pub id: u32,
    pub height: u32,
    pub width: u32,
    pub channels: [u32; 2],
    pub groups: u32,
    pub stat_rows: u32,
    pub eps: f32,
    pub stats: [u32; 2],
    pub adaptive_index: u32,
    pub adaptive_stride: u32,
    pub adaptive_src: u32,
    pub dst: u32,
    pub gamma: u32,
    pub beta: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_norm_coeff>() == 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_ops {
    pub embed: Option<unsafe extern "C" fn()>,
    pub linear: Option<unsafe extern "C" fn()>,
    pub norm_coeff: Option<unsafe extern "C" fn()>,
    pub conv: Option<unsafe extern "C" fn()>,
    pub resample: Option<unsafe extern "C" fn()>,
    pub attention: Option<unsafe extern "C" fn()>,
    pub preprocess: Option<unsafe extern "C" fn()>,
    pub tokens: Option<unsafe extern "C" fn()>,
    pub layer_norm: Option<unsafe extern "C" fn()>,
    pub gate: Option<unsafe extern "C" fn()>,
    pub pool: Option<unsafe extern "C" fn()>,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_ops>() == 88);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_pool {
    pub id: u32,
    pub mode: u32,
    pub height: u32,
    pub width: u32,
    pub in_height: u32,
    pub in_width: u32,
    pub channels: u32,
    pub kernel: u32,
    pub stride: u32,
    pub pad: u32,
    pub src: u32,
    pub dst_index: u32,
    pub dst_stride: u32,
    pub dst: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_pool>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_port {
    pub name: *const c_char,
    pub r#ref: u32,
    pub height: u32,
    pub width: u32,
    pub channels: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_port>() == 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_prepare_ctx {
    pub data: *const f32,
    pub weights: *mut u8,
    pub used: u64,
    pub parallel_for: Option<cedm_parallel_for>,
    pub pool: *mut c_void,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_prepare_ctx>() == 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_preprocess {
    pub id: u32,
    pub height: u32,
    pub width: u32,
    pub in_height: u32,
    pub in_width: u32,
    pub channels: u32,
    pub taps: [u32; 2],
    pub fixed: u32,
    pub src: u32,
    pub dst: u32,
    pub down: u32,
    pub across: u32,
    pub normal: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_preprocess>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_resample {
    pub id: u32,
    pub mode: u32,
    pub height: u32,
    pub width: u32,
    pub in_height: u32,
    pub in_width: u32,
    pub channels: u32,
    pub taps: u32,
    pub pad: u32,
    pub act: u32,
    pub src: u32,
    pub coeff: u32,
    pub dst: u32,
    pub filter: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_resample>() == 56);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_sampler {
    pub net: *mut cedm_net,
    pub params: cedm_sampler_params,
    pub n: u32,
    pub step: u32,
    pub guide: *mut cedm_net,
    pub images: *const u8,
    pub mask: *const u8,
    pub rounds: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_sampler>() == 176);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_sampler_ops {
    pub noise: Option<unsafe extern "C" fn()>,
    pub load: Option<unsafe extern "C" fn()>,
    pub unload: Option<unsafe extern "C" fn()>,
    pub euler: Option<unsafe extern "C" fn()>,
    pub heun: Option<unsafe extern "C" fn()>,
    pub to_image: Option<unsafe extern "C" fn()>,
    pub combine: Option<unsafe extern "C" fn()>,
    pub from_image: Option<unsafe extern "C" fn()>,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_sampler_ops>() == 64);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_sampler_params {
    pub steps: u32,
    pub sigma_min: f64,
    pub sigma_max: f64,
    pub rho: f64,
    pub S_churn: f64,
    pub S_min: f64,
    pub S_max: f64,
    pub S_noise: f64,
    pub guidance: f64,
    pub guidance_min: f64,
    pub guidance_max: f64,
    pub solver: u32,
    pub discretization: u32,
    pub schedule: u32,
    pub scaling: u32,
    pub order: u32,
    pub churn_draws: u32,
    pub sigmas: *const f64,
    pub start: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_sampler_params>() == 128);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_sizes {
    pub weights: u64,
    pub scratch: u64,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_sizes>() == 16);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_solver_facts {
    pub word: *const c_char,
    pub order: u32,
    pub least: u32,
    pub most: u32,
    pub evaluations: u32,
    pub maps: u32,
    pub ends_at_0: u32,
    pub general: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_solver_facts>() == 40);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_tensor {
    pub offset: u32,
    pub elements: u32,
    pub exact: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_tensor>() == 12);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_to_image {
    pub n: u32,
    pub x: *const f64,
    pub dst: *mut u8,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_to_image>() == 24);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_tokens {
    pub id: u32,
    pub tokens: u32,
    pub first: u32,
    pub channels: u32,
    pub src: u32,
    pub dst: u32,
    pub table: u32,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_tokens>() == 28);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cedm_unload {
    pub n: u32,
    pub first: u32,
    pub weight: f64,
    pub x: *const f64,
    pub c_skip: *const f64,
    pub c_out: *const f64,
    pub dst: *mut f64,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(core::mem::size_of::<cedm_unload>() == 48);

extern "C" {
    pub fn cedm_net_config_default() -> cedm_net_config;
    pub fn cedm_sampler_params_default() -> cedm_sampler_params;
    pub fn cedm_sampler_params_for(
        _: u32,
    ) -> cedm_sampler_params;
    pub fn cedm_sampler_params_nfe(
        _: u32,
    ) -> cedm_sampler_params;
    pub fn cedm_bind(
        _: *mut cedm_blob,
        _: *const cedm_model,
        _: *const c_void,
        _: usize,
    ) -> i32;
    pub fn cedm_denoise(
        _: *mut cedm_net,
        _: *const f64,
        _: *const f64,
        _: *const i32,
        _: u32,
        _: *mut f64,
    ) -> i32;
    pub fn cedm_encode(
        _: *mut cedm_net,
        _: *const u8,
        _: u32,
        _: *mut f32,
    ) -> i32;
    pub fn cedm_inspect(
        _: *mut cedm_blob_header,
        _: *const c_void,
        _: usize,
    ) -> i32;
    pub fn cedm_net_init(
        _: *mut cedm_net,
        _: *const cedm_blob,
        _: *const cedm_net_config,
    ) -> i32;
    pub fn cedm_prepare(
        _: *const cedm_blob,
        _: *const cedm_net_config,
        _: *mut c_void,
        _: usize,
    ) -> i32;
    pub fn cedm_sample_begin(
        _: *mut cedm_sampler,
        _: *mut cedm_net,
        _: *const cedm_sampler_params,
        _: *const u64,
        _: *const i32,
        _: u32,
    ) -> i32;
    pub fn cedm_sample_from(
        _: *mut cedm_sampler,
        _: *const u8,
    ) -> i32;
    pub fn cedm_sample_guide(
        _: *mut cedm_sampler,
        _: *mut cedm_net,
    ) -> i32;
    pub fn cedm_sample_images(
        _: *const cedm_sampler,
        _: *mut u8,
    ) -> i32;
    pub fn cedm_sample_mask(
        _: *mut cedm_sampler,
        _: *const u8,
        _: *const u8,
        _: u32,
    ) -> i32;
    pub fn cedm_sample_mix(
        _: *mut cedm_sampler,
        _: *const u64,
        _: *const i32,
        _: *const f64,
    ) -> i32;
    pub fn cedm_sample_preview(
        _: *const cedm_sampler,
        _: *mut u8,
    ) -> i32;
    pub fn cedm_sample_step(
        _: *mut cedm_sampler,
    ) -> i32;
    pub fn cedm_backend_cpu(
        _: u32,
    ) -> *const cedm_backend;
    pub fn cedm_backend_portable() -> *const cedm_backend;
    pub fn cedm_sample_state(
        _: *const cedm_sampler,
    ) -> *const f64;
    pub fn cedm_solver_describe(
        _: u32,
    ) -> *const cedm_solver_facts;
    pub fn cedm_status_text(
        _: i32,
    ) -> *const c_char;
    pub fn cedm_sigma(
        _: *const cedm_sampler_params,
        _: u32,
    ) -> f64;
    pub fn cedm_half_to_float(
        _: u16,
    ) -> f32;
    pub fn cedm_draw_cluster(
        _: *const cedm_model,
        _: u64,
        _: *const f64,
    ) -> i32;
    pub fn cedm_half_from_float(
        _: f32,
    ) -> u16;
    pub fn cedm_crc32c(
        _: u32,
        _: *const c_void,
        _: usize,
    ) -> u32;
    pub fn cedm_isa_available() -> u32;
    pub fn cedm_arena_bytes(
        _: *const cedm_model,
        _: u32,
        _: u32,
    ) -> u64;
    pub fn cedm_weights_bytes(
        _: *const cedm_model,
        _: *const cedm_backend,
    ) -> u64;
}
