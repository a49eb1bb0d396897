//! Commands that belong to the lab: builds what they need, then becomes the lab; for a user who is not root, by sudo where
//! the command measures.
//!
//! The lab takes this process's place, so that Ctrl-C reaches one process and the exit code is the lab's own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::handed::{Needs, needs, other_revision, wants_root};
use crate::route::Choice;
use crate::setup::{self, Trial};
use crate::workspace::{Workspace, added_by_cargo_run, is_root};
use crate::{against, build, raise, valgrind};

/// Where the lab finds scenarios and results; its working directory stays the caller's, so that relative
/// paths among the arguments mean what the caller meant.
const ROOT: &str = "TRACETAX_ROOT";

/// Where the lab finds which source it measures.
const REVISION: &str = "TRACETAX_REVISION";

/// Where `doctor` finds which way to an eBPF compiler there is.
const TOOLCHAIN: &str = "TRACETAX_TOOLCHAIN";

/// Hands `args` on to the lab, and does not return unless that fails.
pub(crate) fn run(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    raise::remark_on_sudo(&workspace.root);
    // A revision that does not exist is told before anything is built.
    let other = other_revision(args).map(|name| against::find(workspace, &name)).transpose()?;
    prepare(workspace, args)?;
    let other = other.map(|found| found.build(workspace)).transpose()?;
    let environment = other.iter().flat_map(against::Against::environment);
    let mut told: raise::Told = environment.map(|(name, value)| (name.into(), value.into())).collect();
    if args.first().is_some_and(|name| *name == *"doctor") {
        told.push((TOOLCHAIN.into(), toolchain(workspace).into()));
    }
    let error = command(workspace, args, told)?.exec();
    Err(error).context("cannot start the lab")
}

/// Whether an eBPF compiler is there, in one line. Nothing is tried or installed; a look that fails is told as well.
fn toolchain(workspace: &Workspace) -> String {
    match setup::look(workspace, Trial::Remembered) {
        Ok(Choice::Ready { route, why }) => format!("ready: {route}: {why}"),
        Ok(Choice::Missing { why, .. }) => format!("missing: {why}"),
        Err(error) => format!("missing: {error:#}").replace('\n', " "),
    }
}

/// Installs and builds what a command line needs.
pub(crate) fn prepare(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    match needs(args)? {
        Needs::Lab => build::binaries(workspace, &["tracetax"]),
        Needs::Object => build::object_and(workspace, &["tracetax"]),
        Needs::Benchmarks => {
            valgrind::ensure(workspace)?;
            build::benchmarks(workspace)?;
            build::binaries(workspace, &["tracetax"])
        }
        Needs::All => build::run(workspace),
    }
}

/// The lab's process, with the caller's directory and environment, and what it is `told` besides.
///
/// # Errors
/// Exit code 3 where it has to be raised to root and cannot be.
pub(crate) fn command(workspace: &Workspace, args: &[OsString], told: raise::Told) -> Result<Command> {
    let program = workspace.release().join("tracetax");
    let revision = workspace.revision().map(|revision| (REVISION.into(), revision.into()));
    let own = [(ROOT.into(), workspace.root.clone().into())].into_iter().chain(revision);
    let told: raise::Told = own.chain(told).collect();
    let mut command = if !is_root() && wants_root(args)? {
        raise::by_sudo(&program, args, told)?
    } else {
        let mut command = Command::new(program);
        command.args(args).envs(told);
        command
    };
    for name in added_by_cargo_run() {
        command.env_remove(name);
    }
    Ok(command)
}
