//! Shows a verdict. Nothing is computed here that a reader would have to trust: the numbers are the verdict's.

pub mod annotations;
pub mod bencher;
mod capacity;
pub mod cases;
pub mod comparison;
mod details;
mod first;
mod fit;
pub(crate) mod headline;
pub mod html;
pub mod junit;
pub(crate) mod labels;
mod look;
#[cfg(test)]
pub(crate) mod made_up;
#[cfg(test)]
mod outputs;
mod soak;
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
use record::{comparison::Comparison, verdict::Verdict};

use crate::{
    bench, compare,
    exit::{Outcome, Usage},
    history::{self, History, Unread},
    judge,
    output::{Output, print},
    publish::{self, Measured},
    results::Folder,
    whole_file,
};

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
    /// Write one page over all stored runs, `history.html` among the results: of a scenario, or of all
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, conflicts_with_all = ["run", "details", "format"])]
    history: Option<Option<String>>,
}

/// Judges a stored run again, shows the verdict, and makes its page anew.
///
/// # Errors
/// When the folder is none of a run, or damaged.
pub fn run(args: &Args) -> Result<Outcome> {
    if let Some(scenario) = &args.history {
        return over_time(scenario.as_deref());
    }
    let path = args.run.clone().unwrap_or_else(|| bench::results_folder().join("latest"));
    let folder = Folder::open(&path)?;
    let (plan, host, blocks) = (folder.plan()?, folder.host()?, folder.blocks()?);
    let (live, mut verdict) = (compare::again(&folder)?, judge::judge(&plan, &blocks));
    // Read before anything is told: half of an answer is none.
    let stored = if live.is_none() { folder.comparison()? } else { None };
    if let Some(torn) = folder.torn()? {
        tell!("warning: {torn}");
        verdict.notes.push(torn);
    }
    let word = match &live {
        Some(comparison) => {
            args.output.show(comparison, |look| Ok(comparison::terminal(comparison, look)))?;
            comparison.word
        }
        None => {
            args.output.show(&verdict, |look| {
                let first = terminal(&verdict, &plan, &host, &folder.lasting_path(), look);
                Ok(if args.details { details(&verdict, &plan, look) + "\n" + &first } else { first })
            })?;
            verdict.word
        }
    };
    let compared = live.or(stored);
    let run = Measured { folder: &folder, plan: &plan, host: &host, blocks: &blocks };
    refresh(&run, &verdict, compared.as_ref());
    Ok(Outcome::Judged(word))
}

/// Writes the page over all stored runs, and says where it is.
fn over_time(scenario: Option<&str>) -> Result<Outcome> {
    let (results, root) = (bench::results_folder(), bench::root());
    let history = history::read(&results, &root, scenario)?;
    if history.lines.is_empty() {
        return Err(Usage(nothing(&history, scenario)).into());
    }
    let path = results.join("history.html");
    whole_file::write(&path, &html::history(&history, scenario))?;
    print(&format!("{}\n", path.display()))?;
    Ok(Outcome::Done)
}

fn nothing(history: &History, scenario: Option<&str>) -> String {
    let of = scenario.map(|name| format!(" of `{name}`")).unwrap_or_default();
    let why = history.unread.iter().map(|Unread { name, why }| format!("\n  {name}: {why}"));
    let measure = format!("measure one: `cargo xtask bench {}`", scenario.unwrap_or("saturation"));
    format!("no stored run has a cost{of}; {measure}{}", why.collect::<String>())
}

/// Makes the page anew. The verdict has been told; where the folder is not this user's to write, that is no failure.
fn refresh(run: &Measured<'_>, verdict: &Verdict, comparison: Option<&Comparison>) {
    if let Err(error) = publish::page(run, verdict, comparison) {
        tell!("report.html was not made anew: {error:#}");
    }
}
