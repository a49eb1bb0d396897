//! Shows a verdict. Nothing is computed here that a reader would have to trust: the numbers are the verdict's.

pub mod annotations;
pub mod bencher;
mod capacity;
pub mod cases;
pub mod comparison;
pub mod junit;
#[cfg(test)]
mod made_up;
#[cfg(test)]
mod outputs;
pub(crate) mod tables;
mod text;
mod tracers;

use std::{
    io::{ErrorKind, Write},
    path::PathBuf,
};

use anyhow::Result;

use crate::{compare, exit::Outcome, judge, results::Folder};

pub use tables::word;
pub use text::{Look, render};

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the run; the newest by default
    run: Option<PathBuf>,
}

/// Judges a stored run again, and shows the verdict.
///
/// # Errors
/// When the folder is none of a run, or damaged.
pub fn run(args: &Args) -> Result<Outcome> {
    let path = args.run.clone().unwrap_or_else(|| crate::bench::results_folder().join("latest"));
    let folder = Folder::open(&path)?;
    if let Some(comparison) = compare::again(&folder)? {
        print(&comparison::terminal(&comparison))?;
        return Ok(Outcome::Judged(comparison.word));
    }
    let (plan, host, blocks) = (folder.plan()?, folder.host()?, folder.blocks()?);
    let verdict = judge::judge(&plan, &blocks);
    print(&render(&verdict, &plan, &host, Look::Terminal))?;
    Ok(Outcome::Judged(verdict.word))
}

/// Writes to standard output. A reader who has seen enough (`| head`) is no failure.
///
/// # Errors
/// When standard output cannot be written for another reason.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}
