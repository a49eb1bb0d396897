//! `baseline`: records sessions, accepts them as a file under `baselines/`, checks that folder.

mod check;
pub mod file;
#[cfg(test)]
pub(crate) mod made_up;
pub mod rounding;
mod shelf;

use anyhow::Result;

use crate::{bench::root, exit::Outcome};

pub use shelf::{Found, find};

/// Arguments of `baseline`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Check the files under baselines/, and measure nothing
    #[arg(long, required = true)]
    check: bool,
}

/// Records, accepts or checks.
///
/// # Errors
/// When a file is wrong, or something fails.
pub fn run(_args: &Args) -> Result<Outcome> {
    check::run(&root())
}
