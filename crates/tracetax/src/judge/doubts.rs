//! Why the blocks of a treatment cannot be trusted.

use record::{
    plan::{ScenarioPlan, Treatment, TreatmentKind},
    verdict::Reason,
};

use super::{Selected, ledger, metric};

/// A scenario of which more than this share of blocks was discarded is not trusted.
const MOST_DISCARDED: f64 = 0.1;

/// Code of a doubt that an interrupted run does not raise: what is not measured yet has not failed.
pub const NOTHING_MEASURED: &str = "nothing-measured";

/// All doubts; none for a treatment that can be trusted.
pub fn all(plan: &ScenarioPlan, treatment: &Treatment, selected: &Selected<'_>) -> Vec<Reason> {
    let place = format!("{}/{}", plan.name, treatment.name);
    let doubts = [
        nothing_measured(&place, selected),
        ledger_open(&place, treatment, selected),
        discarded(&place, selected),
    ];
    let control =
        (treatment.kind == TreatmentKind::Nothing).then(|| control_failed(&place, selected)).flatten();
    doubts.into_iter().flatten().chain(control).collect()
}

/// All doubts in a live comparison: `selected` is with this revision's tracer and with the other's.
pub fn of_groups(
    plan: &ScenarioPlan,
    treatment: &Treatment,
    other: &str,
    selected: &[Selected<'_>; 2],
) -> Vec<Reason> {
    let [head, base] = selected;
    let place = format!("{}/{}", plan.name, treatment.name);
    let doubts = [
        nothing_measured(&place, head),
        ledger_open(&place, treatment, head),
        ledger_open(&format!("{place} with the tracer of {other}"), treatment, base),
        discarded(&place, head),
    ];
    doubts.into_iter().flatten().collect()
}

fn doubt(code: &str, message: String, next_step: &str) -> Reason {
    Reason { code: code.into(), message, next_step: next_step.into() }
}

fn nothing_measured(place: &str, selected: &Selected<'_>) -> Option<Reason> {
    let message = format!("{place}: no whole pair was measured");
    selected.pairs.is_empty().then(|| doubt(NOTHING_MEASURED, message, "let the run go to its end"))
}

fn ledger_open(place: &str, treatment: &Treatment, selected: &Selected<'_>) -> Option<Reason> {
    let open = selected.pairs.iter().find_map(|pair| ledger::open(pair, treatment))?;
    let next_step =
        "look at logs/agent.log; events lost for want of room need a larger ring or a shorter drain";
    Some(doubt("ledger-open", format!("{place}: {open}"), next_step))
}

fn discarded(place: &str, selected: &Selected<'_>) -> Option<Reason> {
    let measured = selected.pairs.len() * selected.arms + selected.discarded;
    let many = selected.discarded as f64 > MOST_DISCARDED * measured as f64;
    let message =
        format!("{place}: {} of {measured} blocks were discarded ({})", selected.discarded, selected.why());
    many.then(|| {
        doubt("too-many-discarded", message, "stop what else runs on this machine, and measure again")
    })
}

fn control_failed(place: &str, selected: &Selected<'_>) -> Option<Reason> {
    let off = metric::control_excludes_zero(selected)?;
    let next_step = "this machine is too uneven now; see what else runs, and measure again";
    Some(doubt("control-failed", format!("{place}: two equal arms differ: {off}"), next_step))
}
