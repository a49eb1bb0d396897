//! All stored runs of a scenario, in the order in which they were measured: what a request has cost over time, a line for each
//! host class and treatment. What cannot be read is named with the reason.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Result;
use record::{
    baseline::Baseline,
    verdict::{Metric, Word},
};

use crate::{
    baseline::{self, Found},
    compare::rule::Accepted,
    digest,
    exit::Usage,
    stored_run::{self, StoredRun},
};

#[cfg(test)]
mod tests;

/// The metric that is followed: extra server CPU per request, in microseconds.
pub const METRIC: &str = "server_cpu_us_per_request";

/// What a folder of results says over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Sorted by scenario, host class and treatment.
    pub lines: Vec<Line>,
    /// Folders that are not shown.
    pub unread: Vec<Unread>,
}

/// One treatment of a scenario on one class of host.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Name of the scenario.
    pub scenario: String,
    /// Short id of the class of host.
    pub host_class: String,
    /// Name of the treatment.
    pub treatment: String,
    /// Its runs, the oldest first.
    pub points: Vec<Point>,
    /// The baseline that is accepted for it.
    pub accepted: Option<Level>,
}

/// What a run says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Name of the run's folder; it begins with the time.
    pub run: String,
    /// What was measured; absent where version control did not tell.
    pub revision: Option<String>,
    /// What was said of the scenario.
    pub word: Word,
    /// Hash of what the scenario measures.
    pub scenario_hash: String,
    /// The cost.
    pub metric: Metric,
}

/// An accepted level.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Mean of its sessions, in microseconds.
    pub mean: f64,
    /// A change up to this is of no consequence, in microseconds.
    pub tolerance: f64,
    /// The day it was accepted.
    pub day: String,
    /// The commit that was measured.
    pub revision: String,
    /// Why it was accepted.
    pub reason: String,
}

/// A folder that is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its name.
    pub name: String,
    /// Why not.
    pub why: String,
}

/// Reads all runs under `results`, and the baselines under `root`; of one scenario alone where it is named.
///
/// # Errors
/// When the folder of results cannot be listed.
pub fn read(results: &Path, root: &Path, scenario: Option<&str>) -> Result<History> {
    let (mut runs, mut unread) = (Vec::new(), Vec::new());
    for name in folders(results)? {
        match stored_run::read(&results.join(&name)) {
            Ok(run) => runs.push(run),
            Err(error) => unread.push(Unread { why: why(&error, &results.join(&name)), name }),
        }
    }
    let mut lines = lines(&runs, scenario);
    for line in &mut lines {
        match baseline::find(root, &line.host_class, &line.scenario) {
            Ok(Found::Here { baseline, .. }) => line.accepted = level(&baseline, &line.treatment),
            Ok(Found::OtherSchema { file, schema }) => {
                unread.push(Unread {
                    name: file,
                    why: format!("its schema is {schema}, which is not read here"),
                });
            }
            Ok(Found::Elsewhere { .. } | Found::Nowhere) => {}
            Err(error) => unread.push(Unread {
                name: format!("the baseline of {}", line.scenario),
                why: format!("{error:#}"),
            }),
        }
    }
    unread.dedup();
    Ok(History { lines, unread })
}

/// Folders of runs begin with their time, so their names sort by age. `latest` is a link to one of them.
fn folders(results: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(results).map_err(|error| {
        let path = results.display();
        Usage(format!(
            "cannot list {path}: {error}: measure something first, as by `cargo xtask bench saturation`"
        ))
    })?;
    let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// The reason without the path, which the page names anyway.
fn why(error: &anyhow::Error, path: &Path) -> String {
    let said = format!("{error:#}");
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    [whole.as_path(), path].iter().fold(said, |said, path| said.replace(&path.display().to_string(), "it"))
}

/// The lines of these runs, which are in order.
fn lines(runs: &[StoredRun], wanted: Option<&str>) -> Vec<Line> {
    let mut lines: BTreeMap<[&str; 3], Vec<Point>> = BTreeMap::new();
    for run in runs {
        for planned in
            run.plan.scenarios.iter().filter(|planned| wanted.is_none_or(|wanted| planned.name == wanted))
        {
            let Some((_, judged)) = run.scenario(&planned.name) else { continue };
            for treatment in &judged.treatments {
                let found = treatment.metrics.iter().find(|metric| metric.name == METRIC);
                let Some(metric) = found.filter(|_| treatment.capacity.is_none()) else { continue };
                let point = Point {
                    run: run.name.clone(),
                    revision: run.plan.revision.as_ref().map(|revision| revision.short()),
                    word: judged.word,
                    scenario_hash: digest::of_plan(planned),
                    metric: metric.clone(),
                };
                lines.entry([&judged.name, &run.host_class, &treatment.name]).or_default().push(point);
            }
        }
    }
    let line = |([scenario, host_class, treatment], points): ([&str; 3], _)| Line {
        scenario: scenario.to_owned(),
        host_class: host_class.to_owned(),
        treatment: treatment.to_owned(),
        points,
        accepted: None,
    };
    lines.into_iter().map(line).collect()
}

fn level(baseline: &Baseline, treatment: &str) -> Option<Level> {
    let metric = baseline.treatments.get(treatment)?.get(METRIC)?;
    Some(Level {
        mean: Accepted::of(metric).ok()?.mean(),
        tolerance: metric.tolerance,
        day: baseline.accepted.clone(),
        revision: baseline.revision.chars().take(12).collect(),
        reason: baseline.reason.clone(),
    })
}
