//! What no run has ever written, whatever its checksum says: numbers that would overflow where they are added up, and names of
//! what is not there. Pure.

use record::{
    block::Block,
    host::Host,
    plan::{Plan, ScenarioPlan},
    recording::Recording,
};
use serde_json::{Value, json};

use crate::printable::beginning;

/// No counter of a block comes near: 78 hours in nanoseconds, or 281 TB. A sum over 65,536 blocks is below 2^64.
const MOST: u64 = 1 << 48;

/// Numbers that count nothing.
const NO_COUNTERS: [&str; 1] = ["started_unix_ns"];

/// Why a block cannot be one; None where it can.
pub fn doubt(block: &Block) -> Option<String> {
    too_large("block", &json!(block)).or_else(|| {
        let histograms = [&block.load.response, &block.load.service, &block.load.lateness];
        let delivery = block.tracer.as_ref().map(|tracer| &tracer.delivery_ns);
        let why = histograms.into_iter().chain(delivery).find_map(|one| one.decode().err())?;
        Some(format!("a histogram of it cannot be read: {why}"))
    })
}

/// Why a plan cannot be one; None where it can.
pub fn doubt_of_plan(plan: &Plan) -> Option<String> {
    plan.scenarios.iter().find_map(of_scenario)
}

/// Why a machine cannot be one; None where it can.
pub fn doubt_of_host(host: &Host) -> Option<String> {
    doubt_of_name("class_id", &host.class_id)
}

/// Why a recording cannot be one; None where it can.
pub fn doubt_of_recording(recording: &Recording) -> Option<String> {
    let sessions = &recording.sessions;
    let twice = || {
        let twice = sessions.iter().enumerate().find(|(index, name)| sessions[..*index].contains(name))?;
        Some(format!("the session `{}` is in it twice", twice.1))
    };
    sessions
        .iter()
        .find_map(|name| doubt_of_name("a session", name))
        .or_else(twice)
        .or_else(|| sessions.is_empty().then(|| "it has no session".into()))
}

/// Files and folders are named after what stands here, so it may not lead anywhere else.
fn doubt_of_name(what: &str, name: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_plain = !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(plain);
    (!is_plain).then(|| format!("{what} is `{}`, which is no name", beginning(name)))
}

fn of_scenario(plan: &ScenarioPlan) -> Option<String> {
    let treatments = plan.treatments.len();
    let lost = plan.lives.iter().find(|life| life.treatment >= treatments);
    let lost = lost.map(|life| {
        format!(
            "life {} of `{}` is about treatment {} of {treatments}",
            life.index, plan.name, life.treatment
        )
    });
    let unnamed = || doubt_of_name("a scenario", &plan.name);
    lost.or_else(unnamed)
        .or_else(|| too_large("load", &json!(plan.load)))
        .or_else(|| too_large("bystander", &json!(plan.bystander)))
}

/// The first counter that is too large, by its name.
fn too_large(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if !NO_COUNTERS.contains(&name) => {
            let large = number.as_u64().is_some_and(|number| number > MOST);
            large.then(|| format!("`{name}` is {number}, more than can be"))
        }
        Value::Array(values) => values.iter().find_map(|value| too_large(name, value)),
        Value::Object(members) => members.iter().find_map(|(name, value)| too_large(name, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use record::{
        block::Block,
        histogram::{self, Histogram},
        plan::{Arm, Life, TreatmentKind},
    };

    use super::{MOST, doubt, doubt_of_plan};
    use crate::{calibrate::made_up, report};

    #[test]
    fn a_number_beyond_all_measure_is_named() {
        let good = made_up::block(0, Arm::Untraced, 7.0);
        assert_eq!(doubt(&good), None);
        assert_eq!(doubt(&Block { started_unix_ns: u64::MAX, elapsed_ns: MOST, ..good.clone() }), None);
        let told = doubt(&Block { elapsed_ns: MOST + 1, ..good.clone() }).unwrap();
        assert_eq!(told, "`elapsed_ns` is 281474976710657, more than can be");
        let told = doubt(&Block { steal_ns: vec![0, u64::MAX], ..good }).unwrap();
        assert!(told.starts_with("`steal_ns` is 18446744073709551615"), "{told}");
    }

    #[test]
    fn a_histogram_that_is_none_is_told() {
        let mut block = made_up::block(0, Arm::Untraced, 7.0);
        let wide = hdrhistogram::Histogram::new_with_bounds(1, 2 * histogram::MAX_NS, 3).unwrap();
        block.load.service = Histogram::encode(&wide);
        assert!(doubt(&block).unwrap().contains("cannot be read: not a histogram of at most one minute"));
    }

    #[test]
    fn a_life_of_no_treatment_is_told() {
        let mut plan = report::made_up::plan("made-up");
        plan.scenarios[0].treatments = made_up::plan([("nothing", TreatmentKind::Nothing)]).treatments;
        let life = |treatment| Life { index: 7, treatment, pairs: vec![], statistics_seed: None };
        plan.scenarios[0].lives = vec![life(0)];
        assert_eq!(doubt_of_plan(&plan), None);
        plan.scenarios[0].lives.push(life(1));
        assert_eq!(doubt_of_plan(&plan).unwrap(), "life 7 of `made-up` is about treatment 1 of 1");
    }
}
