//! Why sessions are not accepted, each with what to do.

use record::revision::Revision;

use crate::{
    exit::{Unfit, Usage},
    judge::short,
};

/// One thing that speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable, in kebab-case.
    pub code: &'static str,
    /// Whether it was asked wrongly, or measured badly.
    pub fault: Fault,
    /// What was found, and what to do.
    pub text: String,
}

/// Whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for cannot be: exit code 2.
    Asked,
    /// What was measured is no ground for a baseline: exit code 3.
    Measured,
}

impl Refusal {
    fn asked(code: &'static str, text: String) -> Self {
        Self { code, fault: Fault::Asked, text }
    }

    fn measured(code: &'static str, text: String) -> Self {
        Self { code, fault: Fault::Measured, text }
    }

    pub fn empty_reason() -> Self {
        Self::asked(
            "empty-reason",
            "a baseline needs a reason that a reviewer understands: --reason \"...\"".into(),
        )
    }

    pub fn too_few_sessions(found: usize, fewest: usize) -> Self {
        let text = format!("{found} sessions have no spread, at least {fewest} are needed: --sessions 5");
        Self::asked("too-few-sessions", text)
    }

    /// A baseline is of a commit that anybody can check out, and of the tracer as it is.
    pub fn of_revision(revision: Option<&Revision>) -> Option<Self> {
        match revision {
            None => Some(Self::asked(
                "unknown-revision",
                "version control does not tell what was measured: record in a checkout, by `cargo xtask baseline`".into(),
            )),
            Some(revision) if revision.planted => Some(Self::asked(
                "planted-revision",
                "a cost was planted in the tracer, to test the gate: record without TRACETAX_PLANTED".into(),
            )),
            Some(revision) if revision.dirty => Some(Self::asked(
                "dirty-tree",
                format!("{} was measured with changes that are not committed: commit them and record again", revision.short()),
            )),
            Some(_) => None,
        }
    }

    pub fn mixed_sessions(first: &str, other: &str, what: &str, a: &str, b: &str) -> Self {
        let text = format!(
            "the sessions are not of one kind: {what} is {a} in {first} and {b} in {other}; record all of them at once"
        );
        Self::measured("mixed-sessions", text)
    }

    pub fn failed_control(run: &str, why: &str) -> Self {
        let text =
            format!("a control failed in {run}: {why}; see what else runs on this machine, and record again");
        Self::measured("failed-control", text)
    }

    pub fn lossy_run(run: &str, why: &str) -> Self {
        let text = format!(
            "{run} lost events, so the tracer did not do all of its work: {why}; see its logs, and record again"
        );
        Self::measured("lossy-run", text)
    }

    pub fn invalid_run(run: &str, why: &str) -> Self {
        Self::measured("invalid-run", format!("{run} is invalid: {why}; record again"))
    }

    pub fn not_measured(run: &str, scenario: &str) -> Self {
        Self::measured("not-measured", format!("{run} has not measured {scenario}; record again"))
    }

    pub fn metric_missing(place: &str) -> Self {
        Self::measured("not-measured", format!("{place} is missing in a session; record again"))
    }

    pub fn nothing_to_accept(scenario: &str) -> Self {
        let text =
            format!("no tracer of {scenario} could be measured on this kernel, or it has no [tolerance]");
        Self::measured("nothing-to-accept", text)
    }

    pub fn mde_above_tolerance(place: &str, mde: f64, tolerance: f64) -> Self {
        let text = format!(
            "{place}: a session resolves {} only, and the tolerance is {tolerance}: record with --profile standard, on a quieter \
             machine, or raise the tolerance and say why",
            short(mde)
        );
        Self::measured("mde-above-tolerance", text)
    }

    pub fn reach_above_tolerance(place: &str, reach: f64, tolerance: f64, sessions: usize) -> Self {
        let text = format!(
            "{place}: {sessions} sessions spread so far that one more may be off by {}, and the tolerance is {tolerance}: record \
             with --profile standard, with --sessions {}, or on a quieter machine",
            short(reach),
            sessions * 2
        );
        Self::measured("reach-above-tolerance", text)
    }

    pub fn worse_level(found: &str) -> Self {
        let text = format!(
            "{found}: make it cheaper, or accept it knowingly by --accept-worse and say in the reason what it buys"
        );
        Self::asked("worse-level", text)
    }
}

/// All refusals as one error. Where one is of what was measured, asking otherwise would not help.
#[must_use]
pub fn error(mut refusals: Vec<Refusal>) -> anyhow::Error {
    refusals.dedup();
    let mut lines: Vec<String> = Vec::new();
    for refusal in &refusals {
        let line = format!("- {} [{}]", refusal.text, refusal.code);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let text = format!("not accepted:\n{}", lines.join("\n"));
    if refusals.iter().any(|refusal| refusal.fault == Fault::Measured) {
        Unfit(text).into()
    } else {
        Usage(text).into()
    }
}
