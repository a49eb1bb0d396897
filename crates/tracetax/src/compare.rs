//! `compare`: what a tracer costs now, held against what was accepted.

mod barrier;
mod reason;
pub mod rule;
mod stored;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::Offset};

use crate::{
    baseline::{self, Found},
    bench::{results_folder, root},
    exit::{Outcome, Usage},
    publish,
    report::{self, print},
    results::Folder,
    stored_run::{self, StoredRun},
};

pub use barrier::is_over;
pub use stored::{Held, compare};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the run; the newest by default
    run: Option<PathBuf>,
}

/// Compares a stored run with the stored baselines; starts nothing.
///
/// # Errors
/// When the folder is none of a run, a baseline is damaged, or something fails.
pub fn run(args: &Args) -> Result<Outcome> {
    let path = args.run.clone().unwrap_or_else(|| results_folder().join("latest"));
    let run = stored_run::read(&path)?;
    let found = baselines_for(&run)?;
    let comparison = compare(&Held { run: &run, fresh: None, found: &found, today: today() });
    publish::comparison(&Folder::open(&path)?, &comparison, &run.plan)?;
    print(&report::comparison::terminal(&comparison))?;
    Ok(Outcome::Judged(comparison.word))
}

fn baselines_for(run: &StoredRun) -> Result<BTreeMap<String, Found>> {
    let names: Vec<&str> = stored::comparable(run).collect();
    if names.is_empty() {
        let text = format!(
            "{} has no scenario with a [tolerance], so nothing of it is compared: measure one that has, as `cargo xtask \
             bench saturation`",
            run.name
        );
        return Err(Usage(text).into());
    }
    let root = root();
    let found = |name: &str| Ok((name.to_owned(), baseline::find(&root, &run.host_class, name)?));
    names.into_iter().map(found).collect()
}

/// The day that it is, UTC: the only thing a comparison takes from its surroundings.
#[must_use]
pub fn today() -> Date {
    Offset::UTC.to_datetime(Timestamp::now()).date()
}
