//! Every word that a stored comparison can come to, and every reason, over made-up runs and baselines.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use record::{
    baseline::{Baseline, BaselineMetric},
    comparison::Comparison,
    verdict::Word,
};

use super::{Held, compare};
use crate::{
    baseline::{Found, made_up::baseline},
    compare::explain::explain,
    digest, exit,
    stored_run::{
        StoredRun,
        made_up::{METRIC, SCENARIO, doubted, metric, run, run_of},
    },
};

const TODAY: Date = date(2026, 12, 1);

/// Mean 1.1, standard deviation 0.038, reach 0.089; tolerance 0.25; the untraced arm is 7.2 and may be 0.8 off.
fn level() -> Baseline {
    let hash = digest::of_plan(&run("run", 1.0, 7.0).plan.scenarios[0]);
    Baseline { scenario_hash: hash, pairs: 20, lives: 2, ..baseline() }
}

fn compared(run: &StoredRun, fresh: Option<&StoredRun>, found: Found) -> Comparison {
    let found = BTreeMap::from([("made-up".to_owned(), found)]);
    compare(&Held { run, fresh, found: &found, today: TODAY })
}

fn here(baseline: Baseline) -> Found {
    Found::Here { file: "baselines/01234567/made-up.toml".into(), baseline: Box::new(baseline) }
}

/// The word, the codes of all reasons, and the exit code.
fn check(comparison: &Comparison, word: Word, codes: &[&str], code: u8) {
    let scenario = &comparison.scenarios[0];
    let found: Vec<&str> = scenario.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!((comparison.word, scenario.word, found.as_slice()), (word, word, codes), "{comparison:#?}");
    assert_eq!(exit::of_word(comparison.word), code);
    assert!(scenario.reasons.iter().all(|reason| !reason.next_step.is_empty() && !reason.message.is_empty()));
}

fn against_level(cost: f64, word: Word, codes: &[&str], code: u8) {
    check(&compared(&run("run", cost, 7.2), None, here(level())), word, codes, code);
}

fn with_fresh(cost: f64, fresh: &StoredRun, word: Word, codes: &[&str], code: u8) {
    check(&compared(&run("run", cost, 7.2), Some(fresh), here(level())), word, codes, code);
}

#[test]
fn each_level_has_its_word() {
    against_level(1.1, Word::Pass, &[], 0);
    against_level(1.3, Word::Inconclusive, &["unresolved"], 4);
    against_level(1.4, Word::Inconclusive, &["flagged"], 4);
    against_level(0.8, Word::Improved, &["improved"], 0);
}

#[test]
fn a_flag_is_confirmed_by_a_fresh_session_or_not() {
    with_fresh(1.4, &run("fresh", 1.4, 7.2), Word::Regressed, &["regressed"], 99);
    with_fresh(1.4, &run("fresh", 1.1, 7.2), Word::Inconclusive, &["not-confirmed"], 4);
    // A run that passes needs none.
    with_fresh(1.1, &run("fresh", 1.4, 7.2), Word::Pass, &[], 0);
}

#[test]
fn a_fresh_session_that_cannot_be_compared_confirms_nothing() {
    let slower = run("fresh", 1.4, 9.0);
    with_fresh(1.4, &slower, Word::NotComparable, &["slower-machine"], 3);
    let moved = run("fresh", 1.4, 10.0);
    with_fresh(1.4, &moved, Word::NotComparable, &["witness-moved"], 3);
    let invalid = doubted(run("fresh", 1.4, 7.2), "ledger-open");
    with_fresh(1.4, &invalid, Word::NotComparable, &["invalid-run"], 3);
    let elsewhere = StoredRun { host_class: "76543210".into(), ..run("fresh", 1.4, 7.2) };
    with_fresh(1.4, &elsewhere, Word::NotComparable, &["other-host-class"], 3);
}

#[test]
fn a_level_that_crept_away_from_its_anchor_is_regressed() {
    let mut crept = level();
    crept.treatments.get_mut("traced").unwrap().get_mut(METRIC).unwrap().anchor = 0.5;
    let (run, fresh) = (run("run", 1.2, 7.2), run("fresh", 1.2, 7.2));
    check(&compared(&run, None, here(crept.clone())), Word::Inconclusive, &["flagged"], 4);
    check(&compared(&run, Some(&fresh), here(crept)), Word::Regressed, &["crept"], 99);
}

#[test]
fn a_run_that_cannot_be_trusted_is_invalid() {
    let run = doubted(run("run", 1.1, 7.2), "ledger-open");
    let comparison = compared(&run, None, here(level()));
    check(&comparison, Word::Invalid, &["invalid-run"], 5);
    assert_eq!(comparison.scenarios[0].reasons[0].message, "made-up/traced: not well");
}

#[test]
fn without_a_baseline_all_is_new() {
    check(&compared(&run("run", 1.1, 7.2), None, Found::Nowhere), Word::New, &["no-baseline"], 4);
}

#[test]
fn fewer_than_five_sessions_are_as_good_as_none() {
    let mut few = level();
    let metric = few.treatments.get_mut("traced").unwrap().get_mut(METRIC).unwrap();
    metric.sessions.truncate(4);
    metric.untraced.truncate(4);
    check(&compared(&run("run", 9.0, 7.2), None, here(few)), Word::New, &["too-few-sessions"], 4);
}

#[test]
fn a_treatment_that_the_baseline_does_not_hold_is_new() {
    let text = format!(
        "{SCENARIO}[[treatment]]\nname = \"traced\"\ntracer = \"raw-tracepoint\"\n[[treatment]]\nname = \"other\"\ntracer = \
         \"cgroup-skb\"\n"
    );
    let run = run_of("run", &text, &[metric(1.1, 7.2)]);
    let hash = digest::of_plan(&run.plan.scenarios[0]);
    let known = Baseline { scenario_hash: hash, ..level() };
    check(&compared(&run, None, here(known)), Word::New, &["no-baseline"], 4);
}

#[test]
fn each_barrier_is_told_with_both_values() {
    let run = run("run", 1.1, 7.2);
    let barrier = |found: Found, code: &str, says: [&str; 2]| {
        let comparison = compared(&run, None, found);
        check(&comparison, Word::NotComparable, &[code], 3);
        let message = &comparison.scenarios[0].reasons[0].message;
        assert!(says.iter().all(|value| message.contains(value)), "{message}");
    };
    let classes = vec!["76543210".to_owned()];
    barrier(Found::Elsewhere { classes }, "other-host-class", ["76543210", "01234567"]);
    let misfiled = Baseline { host_class: "76543210".into(), ..level() };
    barrier(here(misfiled), "other-host-class", ["76543210", "01234567"]);
    let schema = Found::OtherSchema { file: "a.toml".into(), schema: "tracetax/baseline/v9".into() };
    barrier(schema, "other-schema", ["tracetax/baseline/v9", "tracetax/baseline/v1"]);
    let hash = level().scenario_hash;
    let other = Baseline { scenario_hash: "0123456789abcdef".into(), ..level() };
    barrier(here(other), "other-scenario", ["0123456789abcdef", &hash]);
    let pairs = Baseline { pairs: 120, lives: 4, ..level() };
    barrier(here(pairs), "other-pairs", ["120 pairs in 4 lives", "20 pairs in 2 lives"]);
    let old = Baseline { expires: "2026-11-30".into(), ..level() };
    barrier(here(old), "expired", ["2026-11-30", "2026-12-01"]);
    let mut tolerant = level();
    tolerant.treatments.get_mut("traced").unwrap().get_mut(METRIC).unwrap().tolerance = 0.5;
    barrier(here(tolerant), "other-tolerance", ["0.5", "0.25"]);
}

#[test]
fn a_baseline_is_good_on_its_last_day() {
    let last = Baseline { expires: TODAY.to_string(), ..level() };
    check(&compared(&run("run", 1.1, 7.2), None, here(last)), Word::Pass, &[], 0);
}

#[test]
fn a_machine_that_moved_is_not_comparable() {
    for untraced in [4.5, 10.0] {
        let comparison = compared(&run("run", 1.1, untraced), None, here(level()));
        check(&comparison, Word::NotComparable, &["witness-moved"], 3);
    }
}

#[test]
fn a_number_that_is_missing_is_not_comparable() {
    let run = run_of("run", SCENARIO, &[]);
    check(&compared(&run, None, here(level())), Word::NotComparable, &["not-measured"], 3);
}

#[test]
fn a_scenario_without_a_tolerance_is_left_out() {
    let text = SCENARIO.split("[tolerance]").next().unwrap();
    let comparison = compared(&run_of("run", text, &[metric(9.0, 7.2)]), None, Found::Nowhere);
    assert_eq!(comparison.scenarios, []);
}

#[test]
fn the_same_run_is_compared_the_same_again_and_survives_its_file() {
    let (run, fresh) = (run("run", 1.4, 7.2), run("fresh", 1.4, 7.2));
    let first = compared(&run, Some(&fresh), here(level()));
    assert_eq!(first, compared(&run, Some(&fresh), here(level())));
    let json = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), first);
}

/// By hand: mean (1.05+1.08+1.10+1.12+1.15)/5 = 1.1; squares 0.0025+0.0004+0+0.0004+0.0025 = 0.0058, /4, root 0.0381;
/// t(0.95, 4) = 2.1318, * sqrt(1.2) = 2.3353, * 0.0381 = 0.0889.
#[test]
fn the_arithmetic_can_be_redone_by_hand() {
    let (run, fresh) = (run("run", 1.4, 7.2), run("fresh", 1.42, 7.2));
    let text = explain(&compared(&run, Some(&fresh), here(level())), METRIC).unwrap();
    insta::assert_snapshot!(text);
    let flagged = explain(&compared(&run, None, here(level())), METRIC).unwrap();
    assert!(flagged.contains("without a fresh session: inconclusive"), "{flagged}");
    assert_eq!(explain(&compared(&run, None, here(level())), "no_such_metric"), None);
}

#[test]
fn the_level_of_these_tests_is_what_its_comment_says() {
    let metric: &BaselineMetric = &level().treatments["traced"][METRIC];
    let level = crate::compare::rule::Accepted::of(metric).unwrap();
    for (found, expect) in [
        (level.mean(), 1.1),
        (level.deviation(), 0.0381),
        (level.reach(), 0.0889),
        (level.witness_mean(), 7.2),
    ] {
        assert!((found - expect).abs() < 1e-4, "{found} {expect}");
    }
}
