//! `baseline --check`: whether every file under `baselines/` may be compared with today. Measures nothing.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use record::{baseline::Baseline, verdict::Word};

use super::{
    file::{self, Fault},
    shelf,
};
use crate::{
    compare::{is_over, today},
    digest,
    exit::{Outcome, Usage},
    output::print,
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
pub fn run(root: &Path) -> Result<Outcome> {
    let files = shelf::all(root);
    let mut text = String::new();
    let (mut wrong, mut outdated) = (0, 0);
    for path in &files {
        let name = path.display();
        let _ = match check(root, path)? {
            Found::Sound(what) => writeln!(text, "ok    {name}: {what}"),
            Found::Outdated(what) => {
                outdated += 1;
                writeln!(text, "old   {name}: {what}")
            }
            Found::Wrong(what) => {
                wrong += 1;
                writeln!(text, "wrong {name}: {what}")
            }
        };
    }
    if files.is_empty() {
        text.push_str("there is no baseline yet: record one by `cargo xtask baseline --reason \"first\"`\n");
    }
    print(&text)?;
    match (wrong, outdated) {
        (0, 0) => Ok(Outcome::Done),
        (0, _) => Ok(Outcome::Judged(Word::NotComparable)),
        (wrong, _) => {
            let text = format!(
                "{wrong} of {} files under baselines/ are wrong: what to do is said with each",
                files.len()
            );
            Err(Usage(text).into())
        }
    }
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
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
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
