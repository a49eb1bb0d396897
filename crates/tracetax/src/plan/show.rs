//! The plan for people.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use record::{
    flood::Step,
    load::Pacing,
    plan::{Arm, Plan, ScenarioPlan, Source},
};

use super::{time_of, treatment};
use crate::{expected::Expected, judge::short};

/// The plan as text for `--dry-run`, with what each scenario may hope to resolve, and why the tracer's strategies could not
/// be tried, where they were not.
#[must_use]
pub fn show(plan: &Plan, expected: &BTreeMap<String, Expected>, untried: Option<&str>) -> String {
    let mut text = format!("profile {}, seed {}\n", plan.profile, plan.seed);
    for scenario in &plan.scenarios {
        let _ = write!(text, "\n{}", show_scenario(scenario));
        let _ = writeln!(text, "  {}", show_expected(expected.get(&scenario.name)));
    }
    if let Some(why) = untried {
        let _ =
            writeln!(text, "\nwhat this kernel takes was not tried, so all treatments are planned: {why}");
    }
    let total: Duration = plan.scenarios.iter().map(time_of).sum();
    let _ = writeln!(text, "\nall together about {}", show_time(total));
    text
}

fn show_scenario(scenario: &ScenarioPlan) -> String {
    let pairs: usize = scenario.lives.iter().map(|life| life.pairs.len()).sum();
    let mut text = format!(
        "{}: {}\n  {}, {} {} of {} ms in {} lives of the target, about {}\n",
        scenario.name,
        scenario.question,
        show_source(&scenario.load.source),
        pairs,
        what_is_counted(scenario),
        scenario.load.block_ns / 1_000_000,
        scenario.lives.len(),
        show_time(time_of(scenario)),
    );
    for (name, reason) in &scenario.unavailable {
        let _ = writeln!(text, "  {name}: unavailable here: {reason}");
    }
    for life in scenario.lives.iter().filter(|_| !scenario.soak) {
        let orders: Vec<String> =
            life.pairs.iter().map(|pair| pair.order.iter().copied().map(letter).collect()).collect();
        let _ = writeln!(
            text,
            "  life {} ({}): {}{}",
            life.index,
            treatment(scenario, life).name,
            orders.join(" "),
            if life.statistics_seed.is_some() { ", statistics" } else { "" }
        );
    }
    text
}

fn what_is_counted(scenario: &ScenarioPlan) -> &'static str {
    match scenario.soak {
        true => "windows",
        false if is_of_groups(scenario) => "groups of blocks",
        false => "pairs of blocks",
    }
}

fn is_of_groups(scenario: &ScenarioPlan) -> bool {
    let mut pairs = scenario.lives.iter().flat_map(|life| &life.pairs);
    pairs.any(|pair| pair.order.contains(&Arm::Base))
}

fn letter(arm: Arm) -> char {
    match arm {
        Arm::Untraced => 'u',
        Arm::Treated => 't',
        Arm::Base => 'b',
    }
}

/// The load of a scenario for people.
#[must_use]
pub fn show_source(source: &Source) -> String {
    match source {
        Source::Generator { pacing, connections, path } => {
            // What follows may be a secret, and a page is sent around.
            let path = path.split('?').next().unwrap_or_default();
            format!("{} over {connections} connections to {path}", show_pacing(*pacing))
        }
        Source::Flood { steps } => {
            let steps: Vec<_> = steps.iter().map(|step| show_step(*step)).collect();
            format!("a flood by the target itself, each climb {}", steps.join(", "))
        }
    }
}

fn show_pacing(pacing: Pacing) -> String {
    match pacing {
        Pacing::Poisson { requests_per_second } => format!("{requests_per_second} requests/s at random"),
        Pacing::Constant { requests_per_second } => format!("{requests_per_second} requests/s evenly"),
        Pacing::Closed => "closed loop".into(),
    }
}

/// A step of a flood for people.
#[must_use]
pub fn show_step(step: Step) -> String {
    match step {
        Step::Rate { events_per_second } => format!("{events_per_second}/s"),
        Step::FlatOut => "flat out".into(),
        Step::Overload => "overload".into(),
    }
}

fn show_expected(expected: Option<&Expected>) -> String {
    match expected {
        Some(Expected { mde_us, run }) => {
            format!(
                "expected to resolve {} us of server CPU per request (from results/{run})",
                short(*mde_us)
            )
        }
        None => "what it can resolve is not known: no run of it on this class of host is stored".into(),
    }
}

/// A duration for people.
#[must_use]
pub fn show_time(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}
