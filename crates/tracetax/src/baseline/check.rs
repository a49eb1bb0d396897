//! `baseline --check`: whether every file under `baselines/` may be compared with today. Measures nothing.

use std::path::Path;

use anyhow::Result;
use jiff::civil::Date;
use record::{
    baseline::Baseline,
    baseline_files::{BaselineFile, BaselineFiles, FileState},
    verdict::Word,
};

use super::{
    file::{self, Fault},
    shelf, text,
};
use crate::{
    bounded,
    compare::{is_over, today},
    digest,
    exit::{Outcome, Usage},
    output::Output,
    scenario::{self, Scenario},
    stored_run,
};

/// What is wrong with a file; nothing where it is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Sound(String),
    /// Nothing may be compared with it any more.
    Outdated(String),
    /// It should not be there, or not like this.
    Wrong(String),
}

/// Checks every file, a line each.
///
/// # Errors
/// When a file is wrong, or cannot be read.
pub fn run(root: &Path, output: Output) -> Result<Outcome> {
    let files: Vec<BaselineFile> =
        shelf::all(root).iter().map(|path| Ok(shown(path, check(root, path)?))).collect::<Result<_>>()?;
    let of = |state| files.iter().filter(|file| file.state == state).count();
    let (wrong, old, all) = (of(FileState::Wrong), of(FileState::Old), files.len());
    output.show(&BaselineFiles::of(files.clone()), |_| Ok(text::checked(&files)))?;
    match (wrong, old) {
        (0, 0) => Ok(Outcome::Done),
        (0, _) => Ok(Outcome::Judged(Word::NotComparable)),
        (wrong, _) => {
            let text =
                format!("{wrong} of {all} files under baselines/ are wrong: what to do is said with each");
            Err(Usage(text).into())
        }
    }
}

fn shown(path: &Path, found: Found) -> BaselineFile {
    let (state, what) = match found {
        Found::Sound(what) => (FileState::Ok, what),
        Found::Outdated(what) => (FileState::Old, what),
        Found::Wrong(what) => (FileState::Wrong, what),
    };
    BaselineFile { file: path.display().to_string(), state, what }
}

fn check(root: &Path, path: &Path) -> Result<Found> {
    let name = path.display().to_string();
    let file = root.join(path);
    let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
    let [_, class, file_name] = parts[..] else {
        return Ok(Found::Wrong("only folders of host classes belong here: remove it".into()));
    };
    let Some(scenario) = file_name.strip_suffix(".toml").filter(|_| file.is_file()) else {
        return Ok(Found::Wrong("only <scenario>.toml files belong here: remove it".into()));
    };
    let bytes = match bounded::read(&file, file::MOST_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            return Ok(Found::Wrong(format!("it cannot be read: {error}. {}", shelf::again(&name))));
        }
    };
    let baseline = match file::parse(&bytes) {
        Ok(baseline) => baseline,
        Err(Fault::OtherSchema(schema)) => {
            return Ok(Found::Wrong(format!("it is of schema {schema}: record it anew")));
        }
        Err(Fault::Damaged { line, what }) => return Ok(Found::Wrong(shelf::damage(&name, line, &what))),
    };
    let scenario_file = root.join("scenarios").join(scenario).with_extension("toml");
    let now = if scenario_file.is_file() { Some(scenario::read(&scenario_file)?) } else { None };
    Ok(of_baseline(&baseline, class, scenario, now.as_ref(), today()))
}

/// What is to be said of a file of undamaged content.
fn of_baseline(baseline: &Baseline, class: &str, name: &str, now: Option<&Scenario>, today: Date) -> Found {
    if baseline.host_class != class {
        return Found::Wrong(format!("it is of host class {}: move it there", baseline.host_class));
    }
    if baseline.scenario != name {
        return Found::Wrong(format!("it is of the scenario `{}`: name it so", baseline.scenario));
    }
    let again = format!("record it anew: `cargo xtask baseline {name} --reason \"...\"`");
    let Some(now) = now else {
        return Found::Outdated(format!("there is no scenarios/{name}.toml any more: remove it"));
    };
    let hash = digest::of_scenario(now);
    if hash != baseline.scenario_hash {
        return Found::Outdated(format!(
            "the scenario measures something else now (hash {} accepted, {hash} now): {again}",
            baseline.scenario_hash
        ));
    }
    if let Some((metric, accepted, now)) = other_tolerance(baseline, now) {
        return Found::Outdated(format!(
            "{metric} was accepted with a tolerance of {accepted}, now it has {now}: {again}"
        ));
    }
    if is_over(&baseline.expires, today) {
        return Found::Outdated(format!(
            "it was good until {}, and today is {today}: {again}",
            baseline.expires
        ));
    }
    Found::Sound(format!(
        "{} sessions, accepted {} ({}), good until {}",
        sessions(baseline),
        baseline.accepted,
        baseline.reason,
        baseline.expires
    ))
}

fn other_tolerance(baseline: &Baseline, now: &Scenario) -> Option<(String, f64, String)> {
    let tolerances = stored_run::tolerances_of(&now.tolerance);
    baseline.treatments.values().flatten().find_map(|(metric, accepted)| {
        let now = tolerances.iter().find(|(name, _)| name == metric).map(|(_, tolerance)| *tolerance);
        let shown = now.map_or_else(|| "none".to_owned(), |now| now.to_string());
        (now != Some(accepted.tolerance)).then(|| (metric.clone(), accepted.tolerance, shown))
    })
}

fn sessions(baseline: &Baseline) -> usize {
    baseline.treatments.values().flatten().map(|(_, metric)| metric.sessions.len()).min().unwrap_or(0)
}
