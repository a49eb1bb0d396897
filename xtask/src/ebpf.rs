//! How cargo is called for the kernel side. What is set here must not reach the build of the host's binaries.

use std::env;
use std::ffi::OsString;

use anyhow::{Context, Result};
use xshell::{Cmd, cmd};

use crate::route::Route;
use crate::workspace::Workspace;

/// Little-endian BPF, as on every machine this runs on.
pub(crate) const TARGET: &str = "bpfel-unknown-none";

/// `--btf` keeps the types, which the kernel checks the maps with, wants for `bpf_loop`, and which `inspect` shows.
/// `--disable-expand-memcpy-in-order` lets LLVM expand `memset` in place: with its opposite, the linker's default,
/// clearing a few words is a call of a loop over bytes. `v3` is of kernel 5.1 and has 32-bit operations.
const FLAGS: &str = "-C linker=bpf-linker -C link-arg=--btf -C link-arg=--disable-expand-memcpy-in-order \
                     -C target-cpu=v3";

/// `cargo build` for the kernel; the caller adds what is to be built.
///
/// It has a target directory of its own: with the host's, each of the two compilers would drop what cargo
/// remembers of the other.
pub(crate) fn build(workspace: &Workspace, route: Route) -> Result<Cmd<'_>> {
    let cmd = match route {
        Route::Nightly => nightly(workspace),
        Route::Debian => debian(workspace)?,
    };
    Ok(cmd
        .args(["--release", "--target", TARGET])
        .env("CARGO_TARGET_DIR", workspace.target.join("ebpf"))
        .env("RUSTFLAGS", FLAGS)
        // It would win over RUSTFLAGS.
        .env_remove("CARGO_ENCODED_RUSTFLAGS"))
}

/// What the object is built by, in one line: another one may make other instructions of the same source.
pub(crate) fn toolchain(workspace: &Workspace, route: Route) -> Result<String> {
    let (rustc, linker) = match route {
        Route::Nightly => (
            cmd!(workspace.sh, "rustup run nightly rustc --version").env_remove("RUSTC"),
            cmd!(workspace.sh, "bpf-linker --version"),
        ),
        Route::Debian => {
            let linker = workspace.tools().join("bin/bpf-linker");
            (cmd!(workspace.sh, "/usr/bin/rustc --version"), cmd!(workspace.sh, "{linker} --version"))
        }
    };
    let (rustc, linker) = (rustc.quiet().read()?, linker.quiet().read()?);
    Ok(format!("{route}: {}; {}", first_line(&rustc), first_line(&linker)))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

fn nightly(workspace: &Workspace) -> Cmd<'_> {
    // `rustup run`, since a `cargo` that rustup started is already bound to its own toolchain.
    cmd!(workspace.sh, "rustup run nightly cargo build -Z build-std=core")
        .env_remove("RUSTC")
        .env_remove("LD_LIBRARY_PATH")
}

fn debian(workspace: &Workspace) -> Result<Cmd<'_>> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(workspace
        .cargo(&["build"])
        .env("RUSTC", "/usr/bin/rustc")
        // aya-ebpf uses inline assembly for BPF, which is behind a feature gate.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", tools_first(workspace, &path)?))
}

fn tools_first(workspace: &Workspace, path: &OsString) -> Result<OsString> {
    let tools = workspace.tools().join("bin");
    env::join_paths([tools].into_iter().chain(env::split_paths(path))).context("PATH cannot be extended")
}
