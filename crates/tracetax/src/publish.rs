//! Puts what was judged where people and machines look for it: files in the folder of the run, and on GitHub the summary of
//! the job and the notes beside the scenario files. What is in them is made by `report`.
//!
//! The files are those of the last judgement: `compare` replaces what `bench` has left, and `report` shows it again.

use std::{env, fs::File, io::Write, path::PathBuf};

use anyhow::{Context, Result};
use record::{comparison::Comparison, host::Host, plan::Plan, verdict::Verdict};

use crate::{
    report::{
        annotations, bencher,
        cases::{self, Suite},
        comparison, junit, markdown,
    },
    results::Folder,
};

/// Writes all files of a comparison: `comparison.json`, `summary.md`, `comment.md`, `junit.xml`, `bmf.json`,
/// `annotations.txt`. `plan` tells the lines of the scenario files.
///
/// # Errors
/// When a file cannot be written.
pub fn comparison(folder: &Folder, comparison: &Comparison, plan: &Plan) -> Result<()> {
    folder.write_json("comparison.json", comparison)?;
    folder.write("comment.md", &comparison::comment(comparison))?;
    both(folder, &comparison::summary(comparison), &cases::of_comparison(comparison, plan))
}

/// Writes all files of a verdict: `verdict.json`, `summary.md`, `junit.xml`, `bmf.json`, `annotations.txt`.
///
/// # Errors
/// When a file cannot be written.
pub fn verdict(folder: &Folder, verdict: &Verdict, plan: &Plan, host: &Host) -> Result<()> {
    folder.write_json("verdict.json", verdict)?;
    both(folder, &markdown(verdict, plan, host), &cases::of_verdict(verdict, plan))
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
    eprint!("{notes}");
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else { return Ok(()) };
    let file = File::options().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(summary.as_bytes()))
        .with_context(|| format!("cannot write the summary of the job, {}", path.display()))
}
