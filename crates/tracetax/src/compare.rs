//! `compare`: what a tracer costs now, held against what was accepted.

mod barrier;
mod confirm;
mod explain;
mod reason;
pub mod rule;
mod stored;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::Offset};
use record::comparison::{Comparison, ScenarioComparison};

use crate::{
    baseline::{self, Found},
    bench::{results_folder, root},
    exit::{Outcome, Usage},
    publish,
    report::{self, print},
    results::Folder,
    stored_run::{self, StoredRun},
};

use confirm::Fresh;

pub use barrier::is_over;
pub use stored::{Held, compare};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the run; the newest by default
    run: Option<PathBuf>,
    /// Where the run is flagged, measure a fresh session of what was flagged, and judge by both
    #[arg(long, conflicts_with = "confirmed_by")]
    confirm: bool,
    /// Folder of a run that is the fresh session of the first
    #[arg(long, value_name = "RUN")]
    confirmed_by: Option<PathBuf>,
    /// Show every number of the arithmetic of a metric, as server_cpu_us_per_request
    #[arg(long, value_name = "METRIC")]
    explain: Option<String>,
}

/// Compares a stored run with the stored baselines. Starts nothing, unless a flag is to be confirmed.
///
/// # Errors
/// When the folder is none of a run, a baseline is damaged, or something fails.
pub fn run(args: &Args) -> Result<Outcome> {
    let path = args.run.clone().unwrap_or_else(|| results_folder().join("latest"));
    // Where it is now: a fresh session becomes the newest run.
    let path = Folder::open(&path)?.path().canonicalize()?;
    let run = stored_run::read(&path)?;
    let found = baselines_for(&run)?;
    let held = Held { run: &run, fresh: None, found: &found, today: today() };
    let alone = compare(&held);
    let flagged = flagged(&alone);
    let fresh = match &args.confirmed_by {
        Some(path) => Some(Fresh::Whole(Box::new(stored_confirmation(&run, path)?))),
        None if args.confirm && !flagged.is_empty() => Some(confirm::measure(&run, &flagged)?),
        None => None,
    };
    let comparison = match &fresh {
        Some(Fresh::Interrupted(outcome)) => return Ok(*outcome),
        Some(Fresh::Whole(fresh)) => compare(&Held { fresh: Some(fresh), ..held }),
        None => alone,
    };
    publish::comparison(&Folder::open(&path)?, &comparison, &run.plan)?;
    print(&shown(&comparison, args.explain.as_deref())?)?;
    Ok(Outcome::Judged(comparison.word))
}

/// Names of the scenarios that ask for a second look.
fn flagged(comparison: &Comparison) -> Vec<String> {
    let is_flagged =
        |scenario: &&ScenarioComparison| scenario.reasons.iter().any(|why| why.code == reason::FLAGGED);
    comparison.scenarios.iter().filter(is_flagged).map(|scenario| scenario.name.clone()).collect()
}

fn stored_confirmation(run: &StoredRun, path: &Path) -> Result<StoredRun> {
    let fresh = stored_run::read(path)?;
    if fresh.name == run.name {
        return Err(Usage(format!("{} cannot confirm itself: name another run", run.name)).into());
    }
    if fresh.plan.revision != run.plan.revision {
        let text =
            format!("{} and {} are not of one revision, so neither confirms the other", run.name, fresh.name);
        return Err(Usage(text).into());
    }
    Ok(fresh)
}

fn shown(comparison: &Comparison, explained: Option<&str>) -> Result<String> {
    let mut text = report::comparison::terminal(comparison);
    if let Some(metric) = explained {
        let known = explain::known(comparison);
        let explained = explain::explain(comparison, metric).ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Usage(format!("{text}\n`{metric}` was not compared; what was: {known}"))
        })?;
        text.push_str("\n== The arithmetic ==\n");
        text.push_str(&explained);
    }
    Ok(text)
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
