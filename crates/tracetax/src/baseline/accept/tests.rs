//! Every refusal, and what becomes of levels and anchors when sessions are accepted again and again.

use jiff::civil::{Date, date};
use record::baseline::{Baseline, BaselineMetric};

use super::{Asked, Worse, accept};
use crate::{
    baseline::{
        file,
        refusal::{Fault, Refusal, error},
    },
    exit::{Unfit, Usage},
    stored_run::{
        StoredRun,
        made_up::{METRIC, SCENARIO, doubted, metric, run, run_of},
    },
};

const TODAY: Date = date(2026, 11, 24);
const COSTS: [f64; 5] = [1.112, 1.134, 1.098, 1.121, 1.083];

fn asked(reason: &str) -> Asked<'_> {
    Asked { reason, worse: Worse::Refuse, today: TODAY }
}

/// Sessions whose costs are these.
fn sessions(costs: &[f64]) -> Vec<StoredRun> {
    let named = costs.iter().enumerate();
    named.map(|(index, cost)| run(&format!("session-{index}"), *cost, 7.0 + 0.01 * index as f64)).collect()
}

/// Five good sessions, the last of which was changed.
fn with_last(change: impl FnOnce(&mut StoredRun)) -> Vec<StoredRun> {
    let mut runs = sessions(&COSTS);
    change(runs.last_mut().unwrap());
    runs
}

fn refusals(runs: &[StoredRun], before: Option<&Baseline>, asked: &Asked<'_>) -> Vec<Refusal> {
    accept("made-up", runs, before, asked).unwrap_err()
}

/// Refused for this alone, and told with this.
fn check(runs: &[StoredRun], code: &str, fault: Fault, says: &str) {
    let found = refusals(runs, None, &asked("first"));
    assert!(found.iter().all(|refusal| refusal.code == code), "{found:?}");
    assert_eq!(found[0].fault, fault);
    assert!(found[0].text.contains(says), "{found:?}");
}

fn accepted(runs: &[StoredRun], before: Option<&Baseline>, worse: Worse) -> Baseline {
    accept("made-up", runs, before, &Asked { worse, ..asked("again") }).unwrap()
}

fn level(baseline: &Baseline) -> &BaselineMetric {
    &baseline.treatments["traced"][METRIC]
}

#[test]
fn good_sessions_are_accepted() {
    let baseline = accept("made-up", &sessions(&COSTS), None, &asked("  the first\n one ")).unwrap();
    assert_eq!((baseline.accepted.as_str(), baseline.expires.as_str()), ("2026-11-24", "2027-02-22"));
    assert_eq!((baseline.pairs, baseline.lives), (20, 2));
    assert_eq!(baseline.reason, "the first one");
    let expect = BaselineMetric {
        // The standard deviation is 0.020, so the third decimal says something and a fourth does not.
        sessions: vec![1.083, 1.098, 1.112, 1.121, 1.134],
        untraced: vec![7.0, 7.01, 7.02, 7.03, 7.04],
        tolerance: 0.25,
        anchor: 1.11,
    };
    let level = level(&baseline);
    assert_eq!(BaselineMetric { anchor: 1.11, ..level.clone() }, expect);
    assert!((level.anchor - 1.11).abs() < 1e-3, "{level:?}");
    file::parse(file::text(&baseline).unwrap().as_bytes()).unwrap();
}

#[test]
fn a_dirty_tree_is_refused() {
    let runs = with_last(|run| run.plan.revision.as_mut().unwrap().dirty = true);
    let found = refusals(&runs, None, &asked("first"));
    let dirty = found.iter().find(|refusal| refusal.code == "dirty-tree").unwrap();
    assert!(dirty.fault == Fault::Asked && dirty.text.contains("0123456789ab-dirty"), "{dirty:?}");
}

#[test]
fn an_unknown_revision_is_refused() {
    let mut runs = sessions(&COSTS);
    runs.iter_mut().for_each(|run| run.plan.revision = None);
    check(&runs, "unknown-revision", Fault::Asked, "in a checkout");
}

#[test]
fn a_planted_cost_is_refused() {
    let mut runs = sessions(&COSTS);
    runs.iter_mut().for_each(|run| run.plan.revision.as_mut().unwrap().planted = true);
    check(&runs, "planted-revision", Fault::Asked, "TRACETAX_PLANTED");
}

#[test]
fn sessions_of_two_kinds_are_refused_with_both_values() {
    let mixed = |change: fn(&mut StoredRun), says: &str| {
        check(&with_last(change), "mixed-sessions", Fault::Measured, says);
    };
    mixed(
        |run| run.plan.revision.as_mut().unwrap().commit = "fedcba9876543210".into(),
        "revision is 0123456789ab in session-0 and fedcba987654 in session-4",
    );
    mixed(|run| run.host_class = "76543210".into(), "host class is 01234567 in session-0 and 76543210");
    mixed(|run| run.plan.scenarios[0].load.warmup_ns += 1, "scenario hash is ");
    mixed(
        |run| drop(run.plan.scenarios[0].lives.pop()),
        "size is 20 pairs in 2 lives in session-0 and 10 pairs in 1 lives in session-4",
    );
    mixed(
        |run| run.plan.scenarios[0].tolerance.server_cpu_us_per_request = Some(0.5),
        "tolerance is [(\"server_cpu_us_per_request\", 0.25)] in session-0",
    );
}

#[test]
fn a_failed_control_is_refused() {
    let runs = with_last(|run| *run = doubted(run.clone(), "control-failed"));
    check(
        &runs,
        "failed-control",
        Fault::Measured,
        "a control failed in session-4: made-up/traced: not well",
    );
}

#[test]
fn a_failed_control_beside_the_scenario_is_refused() {
    let runs = with_last(|run| {
        let mut control = doubted(run.clone(), "control-failed").verdict.scenarios.remove(0);
        control.name = "control-null".into();
        run.verdict.scenarios.push(control);
    });
    check(&runs, "failed-control", Fault::Measured, "session-4");
}

#[test]
fn a_lossy_run_is_refused() {
    let runs = with_last(|run| *run = doubted(run.clone(), "ledger-open"));
    check(&runs, "lossy-run", Fault::Measured, "session-4 lost events");
}

#[test]
fn an_invalid_run_is_refused() {
    let runs = with_last(|run| *run = doubted(run.clone(), "too-many-discarded"));
    check(&runs, "invalid-run", Fault::Measured, "session-4 is invalid: made-up/traced: not well");
}

#[test]
fn a_session_without_the_scenario_or_the_metric_is_refused() {
    let runs = with_last(|run| run.verdict.scenarios.clear());
    check(&runs, "not-measured", Fault::Measured, "session-4 has not measured made-up");
    let runs = with_last(|run| run.verdict.scenarios[0].treatments[0].metrics.clear());
    check(&runs, "not-measured", Fault::Measured, "made-up/traced: server_cpu_us_per_request is missing");
}

#[test]
fn one_session_is_refused_and_two_are_not() {
    let found = refusals(&sessions(&COSTS[..1]), None, &asked("first"));
    assert_eq!((found[0].code, found[0].fault), ("too-few-sessions", Fault::Asked));
    accepted(&sessions(&COSTS[..2]), None, Worse::Refuse);
}

#[test]
fn a_session_that_resolves_too_little_is_refused() {
    let runs = with_last(|run| {
        run.verdict.scenarios[0].treatments[0].metrics[0].mde = Some(0.26);
    });
    check(&runs, "mde-above-tolerance", Fault::Measured, "resolves 0.260 only, and the tolerance is 0.25");
    let runs = with_last(|run| run.verdict.scenarios[0].treatments[0].metrics[0].mde = None);
    check(&runs, "mde-above-tolerance", Fault::Measured, "--profile standard");
}

#[test]
fn sessions_that_spread_too_far_are_refused() {
    // Standard deviation 0.158, reach 0.369.
    let wide = [1.0, 1.1, 1.2, 1.3, 1.4];
    check(&sessions(&wide), "reach-above-tolerance", Fault::Measured, "5 sessions spread so far");
}

#[test]
fn no_reason_is_refused() {
    let found = refusals(&sessions(&COSTS), None, &asked(" \n"));
    assert_eq!((found[0].code, found[0].fault), ("empty-reason", Fault::Asked));
}

#[test]
fn a_worse_level_is_refused_unless_it_is_accepted_knowingly() {
    let first = accepted(&sessions(&COSTS), None, Worse::Refuse);
    let dearer = sessions(&COSTS.map(|cost| cost + 0.3));
    let found = refusals(&dearer, Some(&first), &asked("again"));
    assert_eq!((found[0].code, found[0].fault), ("worse-level", Fault::Asked));
    assert!(found[0].text.contains("is 1.41 now; accepted were 1.11"), "{found:?}");
    let knowingly = accepted(&dearer, Some(&first), Worse::Accept);
    assert!((level(&knowingly).anchor - 1.41).abs() < 1e-2, "{knowingly:?}");
}

#[test]
fn small_steps_are_stopped_by_the_anchor() {
    let first = accepted(&sessions(&COSTS), None, Worse::Refuse);
    let step = accepted(&sessions(&COSTS.map(|cost| cost + 0.2)), Some(&first), Worse::Refuse);
    assert_eq!(level(&step).anchor, level(&first).anchor);
    let found = refusals(&sessions(&COSTS.map(|cost| cost + 0.3)), Some(&step), &asked("again"));
    assert_eq!(found[0].code, "worse-level");
}

#[test]
fn a_clearly_better_level_is_the_new_anchor_and_a_little_better_one_is_not() {
    let first = accepted(&sessions(&COSTS), None, Worse::Refuse);
    let little = accepted(&sessions(&COSTS.map(|cost| cost - 0.2)), Some(&first), Worse::Refuse);
    assert_eq!(level(&little).anchor, level(&first).anchor);
    let clearly = accepted(&sessions(&COSTS.map(|cost| cost - 0.3)), Some(&little), Worse::Refuse);
    assert!((level(&clearly).anchor - 0.81).abs() < 1e-2, "{clearly:?}");
}

#[test]
fn what_was_accepted_of_another_scenario_or_host_is_no_measure() {
    let first = accepted(&sessions(&COSTS), None, Worse::Refuse);
    let dearer = sessions(&COSTS.map(|cost| cost + 5.0));
    for other in [
        Baseline { scenario_hash: "0".into(), ..first.clone() },
        Baseline { host_class: "0".into(), ..first.clone() },
    ] {
        accepted(&dearer, Some(&other), Worse::Refuse);
    }
}

#[test]
fn a_kernel_that_takes_no_tracer_leaves_nothing_to_accept() {
    let mut runs = sessions(&COSTS);
    for run in &mut runs {
        run.plan.scenarios[0].unavailable.insert("traced".into(), "Operation not supported".into());
    }
    check(&runs, "nothing-to-accept", Fault::Measured, "made-up");
}

#[test]
fn refusals_have_the_code_of_the_worst_fault() {
    assert!(error(vec![Refusal::empty_reason()]).is::<Usage>());
    let both = error(vec![Refusal::empty_reason(), Refusal::invalid_run("a", "b")]);
    assert!(both.is::<Unfit>());
    assert_eq!(both.to_string().lines().count(), 3, "{both}");
}

/// What a reviewer sees of an unchanged tracer that was recorded again.
#[test]
fn an_unchanged_baseline_recorded_again_changes_few_lines() {
    let text = |costs: &[f64], commit: &str, before: Option<&Baseline>, today: Date| {
        let mut runs = sessions(costs);
        for (index, run) in runs.iter_mut().enumerate() {
            run.plan.revision.as_mut().unwrap().commit = commit.into();
            let untraced = &mut run.verdict.scenarios[0].treatments[0].metrics[0].untraced;
            *untraced = Some(7.0 + 0.013 * ((index * 7 + commit.len()) % 5) as f64);
        }
        let asked = Asked { today, ..asked(commit) };
        let baseline = accept("made-up", &runs, before, &asked).unwrap();
        (file::text(&baseline).unwrap(), baseline)
    };
    let (old, first) = text(&COSTS, "0123456789abcdef", None, TODAY);
    let again = [1.091, 1.127, 1.118, 1.104, 1.139];
    let (new, _) = text(&again, "fedcba98765432100", Some(&first), date(2026, 12, 24));
    let changed = old.lines().zip(new.lines()).filter(|(old, new)| old != new).count();
    assert_eq!(old.lines().count(), new.lines().count());
    assert!((1..10).contains(&changed), "{changed} lines:\n{old}\n{new}");
}

#[test]
fn two_treatments_are_two_levels() {
    let text = format!(
        "{SCENARIO}[[treatment]]\nname = \"one\"\ntracer = \"raw-tracepoint\"\n[[treatment]]\nname = \"two\"\ntracer = \
         \"cgroup-skb\"\n[[treatment]]\nname = \"control\"\nnothing = true\n"
    );
    let runs: Vec<_> = COSTS.iter().map(|cost| run_of("run", &text, &[metric(*cost, 7.0)])).collect();
    let baseline = accepted(&runs, None, Worse::Refuse);
    assert_eq!(baseline.treatments.keys().collect::<Vec<_>>(), ["one", "two"]);
}
