//! Writes the two C declarations of the library from the exports in `capi/src`.
//!
//! - `include/ophio.h`, for people: comments, include guard, `extern "C"`,
//!   version and visibility macros. It is committed, so that a change of the C
//!   surface is seen in review, and so that C users need no Rust to read it.
//! - `$OUT_DIR/ophio.cffi.h`, for cffi: the same declarations with nothing that
//!   its parser does not take: no line starting with `#`, no `extern "C"`, no
//!   comment. setup.py learns from cargo's messages where it is.
//!
//! `include/ophio.h` is touched only when its content changes, and a tree that
//! cannot be written (an installed source package) is fine. With
//! `OPHIO_HEADER=check` in the environment nothing is written there, and a header
//! that differs from the sources fails the build: that is what CI runs.
//!
//! cbindgen is given the root file of capi and follows its `mod` lines. Given the
//! crate instead it would call `cargo metadata`, which may want the network.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Names the mode: unset to write the header, `check` to compare only.
const MODE: &str = "OPHIO_HEADER";

fn main() {
    let capi = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = capi.parent().expect("capi lies in the workspace");
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let config_file = root.join("cbindgen.toml");
    let header = root.join("include/ophio.h");
    let source = capi.join("src/lib.rs");

    // A directory stands for everything in it, new files included.
    for watched in [
        &root.join("build.rs"),
        &config_file,
        &header,
        &capi.join("src"),
    ] {
        println!("cargo:rerun-if-changed={}", watched.display());
    }
    println!("cargo:rerun-if-env-changed={MODE}");

    let config = cbindgen::Config::from_file(&config_file).expect("cbindgen.toml is valid");
    let full = generate(with_version(config.clone()), &source);
    let plain = generate(for_cffi(config), &source);
    fs::write(out_dir.join("ophio.cffi.h"), plain).expect("OUT_DIR can be written");

    if fs::read(&header).is_ok_and(|old| old == full) {
        return;
    }
    match env::var(MODE).as_deref() {
        Ok("check") => panic!(
            "{} is not what the sources of capi declare: run `make header` and commit it",
            header.display()
        ),
        Ok(mode) if !mode.is_empty() => panic!("{MODE}={mode} is unknown; only `check` is"),
        _ => {}
    }
    if let Err(error) = fs::write(&header, full) {
        println!(
            "cargo:warning={} is out of date and cannot be written: {error}",
            header.display()
        );
    }
}

/// Fills the version of the package into the text before the declarations.
fn with_version(mut config: cbindgen::Config) -> cbindgen::Config {
    let mut text = config.after_includes.take().expect("cbindgen.toml has it");
    for (placeholder, variable) in [
        ("@MAJOR@", "CARGO_PKG_VERSION_MAJOR"),
        ("@MINOR@", "CARGO_PKG_VERSION_MINOR"),
        ("@PATCH@", "CARGO_PKG_VERSION_PATCH"),
        ("@VERSION@", "CARGO_PKG_VERSION"),
    ] {
        assert!(
            text.contains(placeholder),
            "no {placeholder} in cbindgen.toml"
        );
        text = text.replace(placeholder, &env::var(variable).expect("cargo sets it"));
    }
    config.after_includes = Some(text);
    config
}

/// Leaves the declarations only.
fn for_cffi(mut config: cbindgen::Config) -> cbindgen::Config {
    config.cpp_compat = false;
    config.documentation = false;
    config.no_includes = true;
    config.sys_includes.clear();
    config.include_guard = None;
    config.header = None;
    config.autogen_warning = None;
    config.after_includes = None;
    config.function.prefix = None;
    config
}

fn generate(config: cbindgen::Config, source: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(source)
        .generate()
        .unwrap_or_else(|error| panic!("cbindgen: {error}"))
        .write(&mut text);
    without_rust_headings(&text)
}

/// Removes the heading `# Safety` from comments: the paragraph under it says by itself what the
/// caller must ensure.
fn without_rust_headings(header: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(header).expect("cbindgen writes UTF-8");
    text.replace(" * # Safety\n *\n", "").into_bytes()
}
