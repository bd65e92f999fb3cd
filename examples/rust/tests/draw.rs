// SPDX-License-Identifier: MIT
//! Draws with the demo model; in the environment: EMBED_PGM, the image that
//! examples/embed.c draws.
use cedm::{params_default, params_nfe, raw, Aligned, Error, Model, Net, Place};

extern "C" {
    static cedm_fashion_model: raw::cedm_model;
}

static BLOB: &Aligned<[u8]> = &Aligned(*include_bytes!("../../../weights/fashion.cedm"));

fn model() -> Model {
    // SAFETY: generated, and linked by build.rs.
    unsafe { Model::new(&cedm_fashion_model) }
}

/// Room for `bytes`, aligned.
fn region(bytes: usize) -> Vec<Aligned<[u8; 64]>> {
    (0..bytes.div_ceil(64)).map(|_| Aligned([0; 64])).collect()
}

fn bytes(region: &mut [Aligned<[u8; 64]>]) -> &mut [u8] {
    // SAFETY: arrays of 64 bytes without gaps.
    unsafe { core::slice::from_raw_parts_mut(region.as_mut_ptr().cast(), region.len() * 64) }
}

fn with_net(batch: u32, work: impl FnOnce(&mut Net)) {
    let (mut weights, mut arena) = (region(model().weights_bytes()), region(model().arena_bytes(batch)));
    let mut place = Place::new();
    let (weights, arena) = (bytes(&mut weights), bytes(&mut arena));
    work(&mut Net::new(&mut place, model(), &BLOB.0, weights, arena, batch).unwrap());
}

#[test]
fn draws_the_image_of_c() {
    let wanted = std::fs::read(std::env::var("EMBED_PGM").expect("EMBED_PGM")).unwrap();
    with_net(1, |net| {
        let mut image = [0; 1024];
        net.sample(&[1], &[5], &params_default(), &mut image).unwrap();
        assert_eq!(&wanted[wanted.len() - 1024..], image);
    });
}

#[test]
fn steps_are_told_and_may_end() {
    with_net(2, |net| {
        let (mut whole, mut cut, mut seen) = ([0; 2048], [0; 2048], Vec::new());
        let params = params_nfe(4);
        let told = |step| {
            seen.push(step);
            true
        };
        assert!(net.sample_by_steps(&[1, 2], &[5, -1], &params, &mut whole, told).unwrap());
        assert_eq!(vec![1, 2, 3], seen);
        let end = |step| step < 2;
        assert!(!net.sample_by_steps(&[1, 2], &[5, -1], &params, &mut cut, end).unwrap());
        assert_eq!([0; 2048], cut);
    });
}

#[test]
fn errors_are_told() {
    with_net(1, |net| {
        let mut image = [0; 1024];
        let wrong = net.sample(&[1], &[20], &params_default(), &mut image);
        assert_eq!(Err(Error(raw::CEDM_E_CLUSTER)), wrong);
        assert_eq!("cluster is out of range for this model", wrong.unwrap_err().to_string());
        let short = net.sample(&[1], &[2], &params_default(), &mut image[1..]);
        assert_eq!(Err(Error(raw::CEDM_E_COUNT)), short);
    });
    let mut place = Place::new();
    let bad = Net::new(&mut place, model(), &BLOB.0[..99], &mut [], &mut [], 1);
    assert_eq!(Some(Error(raw::CEDM_E_BLOB_SHORT)), bad.err());
}
