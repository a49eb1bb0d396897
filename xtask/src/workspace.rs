//! Where things are, and how programs are called from here.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use xshell::{Cmd, Shell, cmd};

/// The binaries that a measurement starts; the lab comes first.
pub(crate) const BINARIES: [&str; 4] = ["tracetax", "tracer", "target", "load"];

/// The checkout in which `cargo xtask` was called.
pub(crate) struct Workspace {
    /// A shell that stands at the root, wherever the caller stands.
    pub(crate) sh: Shell,
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        // What cargo says now wins over what it said when it compiled: two checkouts that share a target
        // directory share this program too.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let manifest = PathBuf::from(manifest);
        let root = manifest.parent().context("xtask has no parent directory")?.to_owned();
        let sh = Shell::new()?;
        sh.change_dir(&root);
        Ok(Self { sh, target: target_directory(&root)?, root })
    }

    /// Built tools. They stay here whatever the target directory is, since building them takes long.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// The directory of the release binaries and of the eBPF object.
    pub(crate) fn release(&self) -> PathBuf {
        self.target.join("release")
    }

    /// `cargo <args>` at the root, with the toolchain that called this driver.
    pub(crate) fn cargo(&self, args: &[&str]) -> Cmd<'_> {
        without_cargo_run(cmd!(self.sh, "cargo {args...}"))
    }

    /// The commit that is checked out, with `-dirty` behind it where tracked files differ; `None` without version control.
    pub(crate) fn revision(&self) -> Option<String> {
        let git = |args: &[&str]| cmd!(self.sh, "git {args...}").quiet().ignore_stderr().read().ok();
        let commit = git(&["rev-parse", "HEAD"])?;
        let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
        Some(if changes.is_empty() { commit } else { commit + "-dirty" })
    }

    /// As [`Self::cargo`], for the commands that compile.
    pub(crate) fn compile(&self, args: &[&str]) -> Cmd<'_> {
        self.cargo(args).env("CARGO_TARGET_DIR", &self.target)
    }
}

/// This program is `<target directory>/debug/xtask`: true whichever setting of cargo's chose the directory.
fn target_directory(root: &Path) -> Result<PathBuf> {
    let program = env::current_exe().context("where is this program?")?;
    let found = program.ancestors().nth(2).filter(|dir| dir.join("CACHEDIR.TAG").exists());
    Ok(found.map_or_else(|| root.join("target"), Path::to_owned))
}

/// Removes what `cargo run` added for xtask alone: crates whose build scripts look at it would be built anew
/// each time the same build is started by hand.
pub(crate) fn without_cargo_run<'sh>(mut cmd: Cmd<'sh>) -> Cmd<'sh> {
    for name in added_by_cargo_run() {
        cmd = cmd.env_remove(name);
    }
    cmd
}

/// The variables that `cargo run` sets for the program it starts.
pub(crate) fn added_by_cargo_run() -> Vec<OsString> {
    env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| is_added_by_cargo_run(&name.to_string_lossy()))
        .collect()
}

fn is_added_by_cargo_run(name: &str) -> bool {
    // The library path holds cargo's own directories; programs built here need none.
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "LD_LIBRARY_PATH"
}

/// The first file of that name in `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// Whether this process may do all: the owner of `/proc/self` is the effective user (proc(5)).
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_variables_of_cargo_run_are_removed() {
        let kept = ["CARGO", "CARGO_HOME", "CARGO_TARGET_DIR", "PATH", "RUSTUP_TOOLCHAIN"];
        assert!(kept.iter().all(|name| !is_added_by_cargo_run(name)));
        assert!(is_added_by_cargo_run("CARGO_PKG_VERSION") && is_added_by_cargo_run("CARGO_MANIFEST_DIR"));
    }

    #[test]
    fn a_program_is_found_only_where_the_path_leads() {
        assert!(on_path("sh").is_some());
        assert_eq!(on_path("no-such-program-here"), None);
    }
}
