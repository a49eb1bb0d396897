//! What a planned run may hope to resolve: the minimum detectable effect of the last run on this class of host, scaled to
//! the pairs that are planned.

use std::{collections::BTreeMap, fs, path::Path};

use record::{
    plan::{Plan, ScenarioPlan},
    verdict::Verdict,
};

use crate::results::Folder;

/// What the last run of a scenario says about the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Minimum detectable effect on the server's CPU per request, in microseconds.
    pub mde_us: f64,
    /// Folder of the run it comes from.
    pub run: String,
}

/// For each scenario of the plan that was measured before on a host of class `class_id`. Runs that cannot be read are
/// passed over: they are no ground for an expectation.
#[must_use]
pub fn from_last_runs(results: &Path, class_id: &str, plan: &Plan) -> BTreeMap<String, Expected> {
    let mut found = BTreeMap::new();
    for name in newest_first(results) {
        if found.len() == plan.scenarios.len() {
            break;
        }
        if let Some(verdict) = verdict_of(&results.join(&name), class_id) {
            add(&mut found, plan, &verdict, &name);
        }
    }
    found
}

/// Folders of runs begin with their time, so their names sort by age.
fn newest_first(results: &Path) -> Vec<String> {
    let entries = fs::read_dir(results).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_by(|a, b| b.cmp(a));
    names
}

fn verdict_of(path: &Path, class_id: &str) -> Option<Verdict> {
    let folder = Folder::open(path).ok()?;
    let host = folder.host().ok()?;
    (host.class_id == class_id).then(|| folder.verdict().ok()).flatten()
}

fn add(found: &mut BTreeMap<String, Expected>, plan: &Plan, verdict: &Verdict, run: &str) {
    for scenario in &plan.scenarios {
        let Some(mde_us) = scaled_mde_us(verdict, scenario) else {
            continue;
        };
        found.entry(scenario.name.clone()).or_insert(Expected { mde_us, run: run.to_owned() });
    }
}

/// The spread of an estimate shrinks with the square root of the number of pairs.
fn scaled_mde_us(verdict: &Verdict, plan: &ScenarioPlan) -> Option<f64> {
    let first = plan.lives.first()?.treatment;
    let lives = plan.lives.iter().filter(|life| life.treatment == first);
    let pairs: usize = lives.map(|life| life.pairs.len()).sum();
    let scenario = verdict.scenarios.iter().find(|measured| measured.name == plan.name)?;
    let name = &plan.treatments[first].name;
    let metrics = &scenario.treatments.iter().find(|measured| measured.name == *name)?.metrics;
    let metric = metrics.iter().find(|metric| metric.name == "server_cpu_us_per_request")?;
    Some(metric.mde? * (f64::from(metric.samples) / pairs as f64).sqrt())
}
