//! A run as it lies in its folder: what it planned, where it ran, what it was judged to be.

use std::path::Path;

use anyhow::Result;
use record::{
    part::Part,
    plan::{Plan, ScenarioPlan, Tolerance, TreatmentKind},
    verdict::{Metric, ScenarioVerdict, Verdict},
};

use crate::{exit::Usage, results::Folder};

#[cfg(test)]
pub(crate) mod made_up;

/// A run that went to its end.
#[derive(Debug, Clone)]
pub struct StoredRun {
    /// Name of its folder.
    pub name: String,
    /// What was planned, and so measured.
    pub plan: Plan,
    /// Short id of the class of host.
    pub host_class: String,
    /// What it was judged to be.
    pub verdict: Verdict,
}

/// Reads a run.
///
/// # Errors
/// When the folder is none of a run, is damaged, or its run did not go to its end.
pub fn read(path: &Path) -> Result<StoredRun> {
    let folder = Folder::open(path)?;
    if folder.plan()?.against.is_some() {
        let text = format!("{} compares two revisions, and has no verdict of its own", path.display());
        return Err(Usage(text).into());
    }
    if !folder.path().join("verdict.json").is_file() {
        return Err(not_whole(path, "has no verdict"));
    }
    let verdict = folder.verdict()?;
    if let Some(Part { measured_blocks, planned_blocks }) = verdict.interrupted {
        return Err(not_whole(path, &format!("holds {measured_blocks} of {planned_blocks} blocks")));
    }
    let (plan, host_class) = (folder.plan()?, folder.host()?.class_id);
    Ok(StoredRun { name: name(folder.path()), plan, host_class, verdict })
}

fn not_whole(path: &Path, why: &str) -> anyhow::Error {
    let text = format!(
        "{} was not measured to its end and {why}: measure again, or see what there is by `cargo xtask report`",
        path.display()
    );
    Usage(text).into()
}

/// The name of a folder. `latest` is a link to the folder that is meant.
#[must_use]
pub fn name(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    real.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

impl StoredRun {
    /// A scenario of it: what was planned, and what came of it.
    #[must_use]
    pub fn scenario(&self, name: &str) -> Option<(&ScenarioPlan, &ScenarioVerdict)> {
        let planned = self.plan.scenarios.iter().find(|scenario| scenario.name == name)?;
        let judged = self.verdict.scenarios.iter().find(|scenario| scenario.name == name)?;
        Some((planned, judged))
    }
}

/// The metrics that are compared from session to session, with their tolerances. None where the scenario has no
/// `[tolerance]`.
#[must_use]
pub fn tolerances(plan: &ScenarioPlan) -> Vec<(&'static str, f64)> {
    tolerances_of(&plan.tolerance)
}

/// The same of the `[tolerance]` alone.
#[must_use]
pub fn tolerances_of(tolerance: &Tolerance) -> Vec<(&'static str, f64)> {
    let server = tolerance.server_cpu_us_per_request.map(|value| ("server_cpu_us_per_request", value));
    server.into_iter().collect()
}

/// Names of the tracers among its treatments; what is planted or left out is the lab's own control.
#[must_use]
pub fn tracers(plan: &ScenarioPlan) -> Vec<&str> {
    let tracers = plan.treatments.iter().filter(|one| matches!(one.kind, TreatmentKind::Tracer { .. }));
    tracers.map(|one| one.name.as_str()).collect()
}

/// A metric of a treatment, where it was measured.
#[must_use]
pub fn metric<'a>(verdict: &'a ScenarioVerdict, treatment: &str, name: &str) -> Option<&'a Metric> {
    let treatment = verdict.treatments.iter().find(|one| one.name == treatment)?;
    treatment.metrics.iter().find(|metric| metric.name == name)
}

/// How much of each treatment is measured: sessions are alike only where this is too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pairs of a treatment.
    pub pairs: u32,
    /// Lives of the target that they are spread over.
    pub lives: u32,
}

impl Size {
    /// All treatments that are available have the same.
    #[must_use]
    pub fn of(plan: &ScenarioPlan) -> Self {
        let Some(first) = plan.lives.first() else {
            return Self { pairs: 0, lives: 0 };
        };
        let lives = plan.lives.iter().filter(|life| life.treatment == first.treatment);
        let pairs = lives.clone().map(|life| life.pairs.len()).sum::<usize>();
        Self { pairs: pairs as u32, lives: lives.count() as u32 }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} pairs in {} lives", self.pairs, self.lives)
    }
}
