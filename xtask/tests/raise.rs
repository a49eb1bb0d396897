//! A user without root: what measures is raised by sudo, all else is not, and without sudo the command is told.
//!
//! The driver runs as an unprivileged user in a workspace of its own, with a `cargo` that builds nothing and a `sudo` that tells
//! how it was called. What the raised lab leaves to its user is tested where there is root, by the lab's own tests.

// Clippy allows unwrap in tests, and does not see that their helpers are such.
#![allow(clippy::unwrap_used)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use xshell::{Shell, TempDir};

/// `nobody`, as whom the driver runs where this test has root.
const NOBODY: u32 = 65_534;

/// A program that another thread's child still holds open for writing cannot be started, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A workspace in which everything is built.
struct Site(TempDir, #[allow(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Site {
    fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let site = Self(Shell::new().unwrap().create_temp_dir().unwrap(), turn);
        for folder in ["", "xtask", "bin", "target", "target/debug", "target/release"] {
            fs::create_dir_all(site.path(folder)).unwrap();
            fs::set_permissions(site.path(folder), Permissions::from_mode(0o755)).unwrap();
        }
        // By this file cargo marks its target directory.
        fs::write(site.path("target/CACHEDIR.TAG"), "").unwrap();
        fs::copy(env!("CARGO_BIN_EXE_xtask"), site.path("target/debug/xtask")).unwrap();
        site.script("bin/cargo", "");
        site.script("target/release/tracetax", "printf 'not raised: %s\\n' \"$*\"");
        site
    }

    /// The same with a sudo that tells its arguments, one a line, and ends as a lab that did not decide.
    fn with_sudo(self) -> Self {
        self.script("bin/sudo", "printf '%s\\n' \"$@\"; exit 4");
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn script(&self, name: &str, text: &str) {
        fs::write(self.path(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o755)).unwrap();
    }

    /// Calls the driver as a user who is not root.
    fn call(&self, args: &[&str]) -> Output {
        let mut driver = Command::new(self.path("target/debug/xtask"));
        driver.args(args).env_clear().env("PATH", self.path("bin"));
        driver.env("CARGO_MANIFEST_DIR", self.path("xtask")).env("OUTPUT_DIR", "my results").env("HOME", "/");
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            driver.uid(NOBODY).gid(NOBODY);
        }
        driver.output().unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_lab_is_raised_with_its_environment_and_its_exit_code_comes_back() {
    let site = Site::new().with_sudo();
    let Output { status, stdout, stderr } = site.call(&["clean"]);
    let (root, lab) = (site.path(""), site.path("target/release/tracetax"));
    let root = format!("TRACETAX_ROOT={}", root.to_str().unwrap().trim_end_matches('/'));
    let expect = ["--", "env", "OUTPUT_DIR=my results", &root, lab.to_str().unwrap(), "clean"];
    assert_eq!(text(&stdout).lines().collect::<Vec<_>>(), expect, "{}", text(&stderr));
    assert_eq!(status.code(), Some(4));
    assert!(
        text(&stderr).contains("needs root") && text(&stderr).contains("nothing else"),
        "{}",
        text(&stderr)
    );
}

#[test]
fn what_measures_nothing_is_not_raised() {
    let site = Site::new().with_sudo();
    for args in [&["report"][..], &["bench", "light", "--dry-run"], &["check"], &["baseline", "--check"]] {
        let Output { status, stdout, stderr } = site.call(args);
        assert_eq!(text(&stdout), format!("not raised: {}\n", args.join(" ")), "{}", text(&stderr));
        assert_eq!((status.code(), text(&stderr)), (Some(0), ""));
    }
}

#[test]
fn without_sudo_the_command_for_root_is_told() {
    let site = Site::new();
    let Output { status, stdout, stderr } = site.call(&["clean"]);
    let stderr = text(&stderr);
    assert_eq!((status.code(), text(&stdout)), (Some(3), ""), "{stderr}");
    let command = stderr.lines().last().unwrap().trim();
    assert!(command.starts_with("env 'OUTPUT_DIR=my results' TRACETAX_ROOT="), "{command}");
    assert!(
        command.contains(" SUDO_UID=") && command.ends_with("/target/release/tracetax clean"),
        "{command}"
    );
}
