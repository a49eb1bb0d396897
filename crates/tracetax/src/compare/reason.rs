//! The word of each finding, and its reason with the one next step.

use jiff::civil::Date;
use record::{
    baseline,
    verdict::{Reason, ScenarioVerdict, Word},
};

use super::{
    rule::{Accepted, FEWEST_SESSIONS, Finding, Seen},
    stored::Place,
};
use crate::{judge::short, stored_run::Size};

fn reason(code: &str, message: String, next_step: String) -> Reason {
    Reason { code: code.into(), message, next_step }
}

fn record(scenario: &str) -> String {
    format!("record it here: `cargo xtask baseline {scenario} --reason \"...\"`")
}

/// The run cannot be trusted; None where it can.
pub fn invalid_run(verdict: &ScenarioVerdict) -> Option<Reason> {
    let why = verdict.reasons.first();
    let message = why.map_or_else(|| format!("{}: invalid", verdict.name), |why| why.message.clone());
    let next_step = why.map_or_else(|| "measure again".to_owned(), |why| why.next_step.clone());
    (verdict.word == Word::Invalid).then(|| reason("invalid-run", message, next_step))
}

/// Nobody has accepted anything.
pub fn no_baseline(scenario: &str) -> Reason {
    reason("no-baseline", format!("{scenario}: no cost was accepted yet"), record(scenario))
}

/// A treatment is new in the scenario, or was unavailable.
pub fn not_in_baseline(scenario: &str, treatment: &str) -> Reason {
    let message = format!("{scenario}/{treatment}: the baseline does not hold this treatment");
    reason("no-baseline", message, record(scenario))
}

/// A number of the baseline is missing in the run.
pub fn not_measured(place: Place<'_>) -> Reason {
    let next_step = format!(
        "see why by `cargo xtask report`; if it is gone for good, {}",
        record(place.scenario).replace("here", "anew")
    );
    reason("not-measured", format!("{place} is in the baseline and not in this run"), next_step)
}

/// The machines differ.
pub fn other_host_class(scenario: &str, accepted: &str, run: &str) -> Reason {
    let message = format!("{scenario}: accepted on host class {accepted}, measured on {run}");
    reason("other-host-class", message, record(scenario))
}

/// Another tracetax wrote the file.
pub fn other_schema(scenario: &str, file: &str, schema: &str) -> Reason {
    let message =
        format!("{scenario}: {file} is of schema {schema}, this tracetax reads {}", baseline::SCHEMA);
    reason("other-schema", message, format!("use the tracetax that wrote it, or {}", record(scenario)))
}

/// The scenario file was changed.
pub fn other_scenario(scenario: &str, accepted: &str, run: &str) -> Reason {
    let message =
        format!("{scenario}: its load or treatments were others (hash {accepted} accepted, {run} measured)");
    reason("other-scenario", message, format!("take the change back, or {}", record(scenario)))
}

/// The sessions differ in size.
pub fn other_size(scenario: &str, accepted: Size, run: Size) -> Reason {
    let message = format!("{scenario}: accepted with {accepted}, measured with {run}");
    let next_step = "measure with the same --profile and BENCHMARK_DURATION as the baseline".to_owned();
    reason("other-pairs", message, next_step)
}

/// The scenario's tolerance was changed.
pub fn other_tolerance(scenario: &str, metric: &str, accepted: f64, now: Option<f64>) -> Reason {
    let now = now.map_or_else(|| "none".to_owned(), |now| now.to_string());
    let message =
        format!("{scenario}: {metric} was accepted with a tolerance of {accepted}, now it has {now}");
    reason("other-tolerance", message, format!("take the change back, or {}", record(scenario)))
}

/// The baseline is too old.
pub fn expired(scenario: &str, expires: &str, today: Date) -> Reason {
    let message = format!("{scenario}: the baseline was good until {expires}, and today is {today}");
    reason("expired", message, record(scenario).replace("here", "anew"))
}

/// The word of a finding.
#[must_use]
pub fn word(finding: Finding) -> Word {
    match finding {
        Finding::TooFewSessions => Word::New,
        Finding::WitnessMoved | Finding::SlowerMachine => Word::NotComparable,
        Finding::Regressed | Finding::Crept => Word::Regressed,
        Finding::NotConfirmed | Finding::Flagged | Finding::Unresolved => Word::Inconclusive,
        Finding::Improved => Word::Improved,
        Finding::Pass => Word::Pass,
    }
}

/// The code of what asks for a second look.
pub const FLAGGED: &str = "flagged";

/// The finding that a code of [`of`] stands for.
pub fn finding_of(code: &str) -> Option<Finding> {
    Some(match code {
        "too-few-sessions" => Finding::TooFewSessions,
        "witness-moved" => Finding::WitnessMoved,
        "slower-machine" => Finding::SlowerMachine,
        "regressed" => Finding::Regressed,
        "crept" => Finding::Crept,
        "not-confirmed" => Finding::NotConfirmed,
        FLAGGED => Finding::Flagged,
        "improved" => Finding::Improved,
        "unresolved" => Finding::Unresolved,
        _ => return None,
    })
}

/// Why a metric is not `pass`.
#[must_use]
pub fn of(
    finding: Finding,
    place: Place<'_>,
    level: &Accepted,
    seen: Seen,
    fresh: Option<Seen>,
) -> Option<Reason> {
    let found = format!("{place} is {}", change(level, seen));
    let again =
        fresh.map(|fresh| format!("; a fresh session is {}", change(level, fresh))).unwrap_or_default();
    let tolerance = level.tolerance;
    let cheaper = || {
        format!(
            "make it cheaper; if this is the price of something worth it: `cargo xtask baseline {} --reason \"...\" \
             --accept-worse`",
            place.scenario
        )
    };
    Some(match finding {
        Finding::Pass => return None,
        Finding::TooFewSessions => too_few_sessions(place, level),
        Finding::WitnessMoved => witness_moved(place, level, seen, fresh),
        Finding::SlowerMachine => reason(
            "slower-machine",
            format!(
                "{found}{again}; but the service is slower without a tracer too, and that is enough to explain it"
            ),
            format!("see what else runs here and measure again: `cargo xtask bench {}`", place.scenario),
        ),
        Finding::Regressed => {
            reason("regressed", format!("{found}, above the tolerance of {tolerance}{again}"), cheaper())
        }
        Finding::Crept => {
            let message = format!(
                "{found}, and above {}: the anchor {} and two tolerances{again}",
                short(level.ceiling()),
                level.anchor
            );
            reason("crept", message, cheaper())
        }
        Finding::NotConfirmed => {
            let next_step = "nothing, if this is rare; if it is not, record more sessions: `--sessions 10`";
            reason("not-confirmed", format!("{found}{again}, which does not confirm it"), next_step.into())
        }
        Finding::Flagged => reason(
            FLAGGED,
            format!("{found}, above the tolerance of {tolerance}; one session alone is no proof"),
            "look again with a fresh session: `cargo xtask compare --confirm`".into(),
        ),
        Finding::Improved => {
            reason("improved", found, format!("keep it: {}", record(place.scenario).replace("here", "anew")))
        }
        Finding::Unresolved => unresolved(place, level, &found),
    })
}

/// As `1.42, 0.310 more than the accepted 1.11 (within reach: 0.120)`.
fn change(level: &Accepted, seen: Seen) -> String {
    let change = seen.cost - level.mean();
    let side = if change < 0.0 { "less" } else { "more" };
    format!(
        "{}, {} {side} than the accepted {} (sessions alone reach {})",
        short(seen.cost),
        short(change.abs()),
        short(level.mean()),
        short(level.reach())
    )
}

fn too_few_sessions(place: Place<'_>, level: &Accepted) -> Reason {
    let message = format!(
        "{place}: {} sessions were accepted, and {FEWEST_SESSIONS} are needed to know how far they spread",
        level.cost.count()
    );
    reason("too-few-sessions", message, record(place.scenario).replace("here", "anew"))
}

fn witness_moved(place: Place<'_>, level: &Accepted, seen: Seen, fresh: Option<Seen>) -> Reason {
    let fresh = fresh.map(|fresh| format!(" and {}", short(fresh.untraced))).unwrap_or_default();
    let message = format!(
        "{place}: without a tracer the service took {}, and now {}{fresh}: more than {} apart, so the machine or the service \
         is another",
        short(level.witness_mean()),
        short(seen.untraced),
        short(level.witness_reach())
    );
    let next_step = format!(
        "see what else runs here and measure again; if the service was changed, {}",
        record(place.scenario).replace("here", "anew")
    );
    reason("witness-moved", message, next_step)
}

fn unresolved(place: Place<'_>, level: &Accepted, found: &str) -> Reason {
    let message = format!("{found}: that can be more than the tolerance of {}, or less", level.tolerance);
    let next_step = format!(
        "measure again (`cargo xtask bench {0}`, then `compare`); if it stays, record more sessions: \
         `cargo xtask baseline {0} --sessions 10 --reason \"...\"`",
        place.scenario
    );
    reason("unresolved", message, next_step)
}
