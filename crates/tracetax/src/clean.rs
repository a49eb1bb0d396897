//! `clean`: sweeps what killed runs left behind, and says what it swept.

use anyhow::Result;

use crate::{
    cgroup::{Layout, sweep},
    exit::Outcome,
};

/// Sweeps, and touches nothing of a run that is alive.
///
/// # Errors
/// When the control groups cannot be read, or something could not be swept.
pub fn run() -> Result<Outcome> {
    let swept = sweep(&Layout::detect()?);
    for line in &swept.removed {
        println!("{line}");
    }
    if swept.removed.is_empty() && swept.kept.is_empty() {
        println!("nothing to sweep");
    }
    anyhow::ensure!(swept.kept.is_empty(), "could not sweep:\n{}", swept.kept.join("\n"));
    Ok(Outcome::Done)
}
