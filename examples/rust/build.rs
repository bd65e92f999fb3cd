// SPDX-License-Identifier: MIT
//! Links libcedm.a, from CEDM_LIB or where `make lib` puts it, and the demo
//! model, which any C compiler turns into an object.
use std::{env, path::PathBuf, process::Command};

fn run(command: &mut Command) {
    let status = command.status().expect("the program starts");
    assert!(status.success(), "{command:?}: {status}");
}

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../..");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let lib = env::var_os("CEDM_LIB").map_or(root.join("build/lib"), PathBuf::from);
    let compiler = env::var("CC").unwrap_or("cc".into());
    let (object, archive) = (out.join("fashion.o"), out.join("libfashion.a"));
    run(Command::new(compiler).args(["-std=c11", "-O1", "-fPIC", "-c", "-I"]).arg(root.join("include"))
        .arg(root.join("weights/fashion.c")).arg("-o").arg(&object));
    run(Command::new("ar").arg("rcs").arg(&archive).arg(&object));
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-search=native={}", lib.display());
    println!("cargo:rustc-link-lib=static=fashion");
    println!("cargo:rustc-link-lib=static=cedm");
    println!("cargo:rerun-if-env-changed=CEDM_LIB");
}
