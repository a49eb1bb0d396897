//! Puts what was judged where people and machines look for it: files in the folder of the run, and on GitHub the summary of
//! the job and the notes beside the scenario files. What is in them is made by `report`.
//!
//! The files are those of the last judgement: `compare` replaces what `bench` has left, and `report` shows it again.

use std::{env, fs::File, io::Write, path::PathBuf};

use anyhow::Result;
use record::{block::Block, comparison::Comparison, host::Host, plan::Plan, verdict::Verdict};

use crate::{
    dir::unwritable,
    judge::figures::figures,
    report::{
        annotations, bencher,
        cases::{self, Suite},
        comparison,
        html::{self, Run},
        junit, markdown,
    },
    results::Folder,
    stored_run,
};

/// A run that was measured, and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Its folder.
    pub folder: &'a Folder,
    /// What was planned; it tells the lines of the scenario files too.
    pub plan: &'a Plan,
    /// The machine.
    pub host: &'a Host,
    /// All its blocks.
    pub blocks: &'a [Block],
}

/// Writes all files of a comparison: `comparison.json`, `summary.md`, `comment.md`, `junit.xml`, `bmf.json`,
/// `annotations.txt`, `report.html`. `verdict` is what the run alone was judged to be.
///
/// # Errors
/// When a file cannot be written.
pub fn comparison(run: &Measured<'_>, verdict: &Verdict, comparison: &Comparison) -> Result<()> {
    run.folder.write_sealed("comparison.json", comparison)?;
    run.folder.write("comment.md", &comparison::comment(comparison))?;
    page(run, verdict, Some(comparison))?;
    both(run.folder, &comparison::summary(comparison), &cases::of_comparison(comparison, run.plan))
}

/// Writes all files of a verdict: `verdict.json`, `summary.md`, `junit.xml`, `bmf.json`, `annotations.txt`, `report.html`.
///
/// # Errors
/// When a file cannot be written.
pub fn verdict(run: &Measured<'_>, verdict: &Verdict) -> Result<()> {
    run.folder.write_sealed("verdict.json", verdict)?;
    page(run, verdict, None)?;
    both(run.folder, &markdown(verdict, run.plan, run.host), &cases::of_verdict(verdict, run.plan))
}

/// Writes the page, `report.html`.
///
/// # Errors
/// When it cannot be written.
pub fn page(run: &Measured<'_>, verdict: &Verdict, comparison: Option<&Comparison>) -> Result<()> {
    let Measured { folder, plan, host, blocks } = *run;
    let (name, figures) = (stored_run::name(folder.path()), figures(plan, blocks));
    let run = Run { name: &name, plan, host, verdict, comparison, figures: &figures };
    folder.write("report.html", &html::report(&run))
}

fn both(folder: &Folder, summary: &str, suites: &[Suite<'_>]) -> Result<()> {
    let notes = annotations::render(suites);
    folder.write("summary.md", summary)?;
    folder.write("junit.xml", &junit::render(suites)?)?;
    folder.write_json("bmf.json", &bencher::of(suites))?;
    folder.write("annotations.txt", &notes)?;
    on_github(summary, &notes)
}

/// Tells GitHub, where it is listening: it takes notes from what is printed, and the summary from a file that it names.
///
/// # Errors
/// When it cannot be told.
pub fn on_github(summary: &str, notes: &str) -> Result<()> {
    if env::var("GITHUB_ACTIONS").as_deref() != Ok("true") {
        return Ok(());
    }
    // Its runner reads notes from standard error as well, and standard output is for the verdict.
    if !notes.is_empty() {
        tell!("{}", notes.trim_end());
    }
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else { return Ok(()) };
    let file = File::options().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(summary.as_bytes())).map_err(|error| unwritable(&path, error))
}
