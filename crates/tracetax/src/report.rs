//! Shows a verdict. Nothing is computed here that a reader would have to trust: the numbers are the verdict's.

pub mod annotations;
pub mod bencher;
mod capacity;
pub mod cases;
pub mod comparison;
mod details;
mod first;
pub(crate) mod headline;
pub mod junit;
pub(crate) mod labels;
mod look;
#[cfg(test)]
pub(crate) mod made_up;
#[cfg(test)]
mod outputs;
mod steps;
mod summary;
pub(crate) mod tables;
mod terminal;
#[cfg(test)]
mod tests;
mod tracers;
pub mod words;

use std::path::PathBuf;

use anyhow::Result;

use crate::{compare, exit::Outcome, judge, output::Output, results::Folder};

pub use details::all as details;
pub use look::{Look, Paint, Screen};
pub use summary::markdown;
pub use terminal::terminal;

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the run; the newest by default
    run: Option<PathBuf>,
    /// Show everything that was measured: both arms, all differences, where the CPU time went
    #[arg(long)]
    details: bool,
    #[command(flatten)]
    output: Output,
}

/// Judges a stored run again, and shows the verdict.
///
/// # Errors
/// When the folder is none of a run, or damaged.
pub fn run(args: &Args) -> Result<Outcome> {
    let path = args.run.clone().unwrap_or_else(|| crate::bench::results_folder().join("latest"));
    let folder = Folder::open(&path)?;
    if let Some(comparison) = compare::again(&folder)? {
        args.output.show(&comparison, |look| Ok(comparison::terminal(&comparison, look)))?;
        return Ok(Outcome::Judged(comparison.word));
    }
    let (plan, host, blocks) = (folder.plan()?, folder.host()?, folder.blocks()?);
    let verdict = judge::judge(&plan, &blocks);
    args.output.show(&verdict, |look| {
        let first = terminal(&verdict, &plan, &host, folder.path(), look);
        Ok(if args.details { details(&verdict, &plan, look) + "\n" + &first } else { first })
    })?;
    Ok(Outcome::Judged(verdict.word))
}
