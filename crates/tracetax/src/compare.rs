//! `compare`: what a tracer costs now, held against what was accepted, or against another revision.

mod barrier;
mod confirm;
mod explain;
mod live;
mod other;
mod reason;
pub mod rule;
mod stored;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Result;
use jiff::{Timestamp, civil::Date, tz::Offset};
use record::{
    block::Block,
    comparison::{Comparison, ScenarioComparison},
    plan::Plan,
    verdict::Verdict,
};

use crate::{
    baseline::{self, Found},
    bench::{results_folder, root},
    exit::{Outcome, Usage},
    judge,
    output::Output,
    publish, report,
    report::Look,
    results::Folder,
    stored_run::{self, StoredRun},
};

use confirm::Fresh;
use live::{Here, Measured};

pub use barrier::is_over;
pub use live::again;
pub use stored::{Held, compare};

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the run, the newest by default; with --against the scenarios, by default all that have a [tolerance]
    #[arg(value_name = "RUN|SCENARIO")]
    names: Vec<PathBuf>,
    /// Where the run is flagged, measure a fresh session of what was flagged, and judge by both
    #[arg(long, conflicts_with_all = ["confirmed_by", "against"])]
    confirm: bool,
    /// Folder of a run that is the fresh session of the first
    #[arg(long, value_name = "RUN", conflicts_with = "against")]
    confirmed_by: Option<PathBuf>,
    /// Show every number of the arithmetic of a metric, as server_cpu_us_per_request
    #[arg(long, value_name = "METRIC", conflicts_with = "format")]
    explain: Option<String>,
    #[command(flatten)]
    live: live::Args,
    #[command(flatten)]
    output: Output,
}

/// Compares a stored run with the stored baselines, or measures this revision against another. A comparison with
/// baselines starts nothing, unless a flag is to be confirmed.
///
/// # Errors
/// When the folder is none of a run, a baseline is damaged, or something fails.
pub fn run(args: &Args) -> Result<Outcome> {
    if let Some(against) = args.live.against() {
        return match live::run(&args.live, against, &args.names)? {
            Measured::Here(here) => told(&here, args),
            Measured::Elsewhere(outcome) => Ok(outcome),
        };
    }
    let path = match args.names.as_slice() {
        [] => results_folder().join("latest"),
        [run] => run.clone(),
        [_, second, ..] => {
            let text = format!(
                "one run is compared at a time: leave out `{}`, or name scenarios with --against REV",
                second.display()
            );
            return Err(Usage(text).into());
        }
    };
    // Where it is now: a fresh session becomes the newest run.
    let folder = Folder::open(&Folder::open(&path)?.path().canonicalize()?)?;
    match again(&folder)? {
        Some(comparison) => told(&Here { folder, comparison, interrupted: None }, args),
        None => stored(args, folder.path()),
    }
}

/// Leaves a live comparison in its folder, and shows it.
fn told(here: &Here, args: &Args) -> Result<Outcome> {
    let Here { folder, comparison, interrupted } = here;
    let (plan, blocks) = (folder.plan()?, folder.blocks()?);
    publish_in(folder, &plan, &blocks, &judge::judge(&plan, &blocks), comparison)?;
    if let Some(outcome) = interrupted {
        return Ok(*outcome);
    }
    show(comparison, args)?;
    Ok(Outcome::Judged(comparison.word))
}

fn stored(args: &Args, path: &Path) -> Result<Outcome> {
    let run = stored_run::read(path)?;
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
        Some(Fresh::Interrupted(outcome) | Fresh::Elsewhere(outcome)) => return Ok(*outcome),
        Some(Fresh::Whole(fresh)) => compare(&Held { fresh: Some(fresh), ..held }),
        None => alone,
    };
    let folder = Folder::open(path)?;
    publish_in(&folder, &run.plan, &folder.kept_blocks()?, &run.verdict, &comparison)?;
    show(&comparison, args)?;
    Ok(Outcome::Judged(comparison.word))
}

fn publish_in(
    folder: &Folder,
    plan: &Plan,
    blocks: &[Block],
    verdict: &Verdict,
    comparison: &Comparison,
) -> Result<()> {
    let host = folder.host()?;
    publish::comparison(&publish::Measured { folder, plan, host: &host, blocks }, verdict, comparison)
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
        let text = format!(
            "{} and {} are not of one revision, so neither confirms the other: measure both at one",
            run.name, fresh.name
        );
        return Err(Usage(text).into());
    }
    Ok(fresh)
}

fn show(comparison: &Comparison, args: &Args) -> Result<()> {
    args.output.show(comparison, |look| shown(comparison, args.explain.as_deref(), look))
}

fn shown(comparison: &Comparison, explained: Option<&str>, look: Look) -> Result<String> {
    let mut text = report::comparison::terminal(comparison, look);
    if let Some(metric) = explained {
        let known = explain::known(comparison);
        let explained = explain::explain(comparison, metric).ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Usage(format!("{text}\n`{metric}` was not compared; what was: {known}"))
        })?;
        text.push_str(&look.heading("The arithmetic"));
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
