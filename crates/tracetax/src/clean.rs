//! `clean`: sweeps what killed runs left behind, and says what it swept.

use anyhow::Result;

use crate::{
    cgroup::{Layout, sweep},
    exit::Outcome,
    output::print,
};

/// Sweeps, and touches nothing of a run that is alive.
///
/// # Errors
/// When the control groups cannot be read, or something could not be swept.
pub fn run() -> Result<Outcome> {
    let swept = sweep(&Layout::detect()?);
    let removed: String = swept.removed.iter().map(|line| format!("{line}\n")).collect();
    let nothing = swept.removed.is_empty() && swept.kept.is_empty();
    print(if nothing { "nothing to sweep\n" } else { &removed })?;
    anyhow::ensure!(
        swept.kept.is_empty(),
        "could not sweep; end what is named, and do it again as root:\n{}",
        swept.kept.join("\n")
    );
    Ok(Outcome::Done)
}
