//! Planted against recovered. Pure.

use record::{
    calibration::{Bar, BarState, Recovered},
    plan::{ScenarioPlan, Treatment, TreatmentKind},
    verdict::{ScenarioVerdict, Word},
};

use super::bar::{QUIET, fails, holds};
use crate::judge::short;

/// As close as this is recovered, whatever the interval says: the burning itself is exact to a reading of the clock.
const CLOSE_US: f64 = 0.3;

/// The cost that has to come out as itself, and the one that has to come out clear of zero.
const EXACT_US: f64 = 5.0;
const CLEAR_US: f64 = 1.0;

/// One row for each planted treatment.
pub fn recovered(plan: &ScenarioPlan, verdict: &ScenarioVerdict) -> Vec<Recovered> {
    plan.treatments.iter().filter_map(|treatment| row(treatment, verdict)).collect()
}

fn row(treatment: &Treatment, verdict: &ScenarioVerdict) -> Option<Recovered> {
    let TreatmentKind::Planted { ns_per_request } = treatment.kind else {
        return None;
    };
    let planted_us = ns_per_request as f64 / 1e3;
    let found = verdict.treatments.iter().find(|found| found.name == treatment.name);
    let metrics = found.map_or(&[][..], |found| &found.metrics);
    let metric = metrics.iter().find(|metric| metric.name == "server_cpu_us_per_request");
    let (low_us, high_us) = (metric.and_then(|metric| metric.low), metric.and_then(|metric| metric.high));
    let held = low_us.zip(high_us).is_some_and(|(low, high)| (low..=high).contains(&planted_us));
    Some(Recovered {
        planted_us,
        estimate_us: metric.map(|metric| metric.estimate),
        low_us,
        high_us,
        mde_us: metric.and_then(|metric| metric.mde),
        pairs: found.map_or(0, |found| found.pairs),
        recovered: held || metric.is_some_and(|metric| is_close(metric.estimate, planted_us)),
    })
}

fn is_close(estimate_us: f64, planted_us: f64) -> bool {
    (estimate_us - planted_us).abs() <= CLOSE_US
}

/// 5 us has to come out as 5 +/- 0.3, and 1 us clear of zero.
pub fn bar(rows: &[Recovered], verdict: &ScenarioVerdict) -> Bar {
    if verdict.word == Word::Invalid {
        let why = verdict.reasons.first().map_or("it is invalid", |reason| &reason.message);
        return fails(BarState::Missed, format!("the run cannot be trusted: {why}"), QUIET);
    }
    let of = |planted_us: f64| rows.iter().find(|row| row.planted_us == planted_us);
    let exact_us = of(EXACT_US).and_then(|row| row.estimate_us);
    let clear_us = of(CLEAR_US).and_then(|row| row.low_us);
    let message = format!(
        "{EXACT_US} us came out as {} (bar: {EXACT_US} +/- {CLOSE_US}), {CLEAR_US} us as at least {} (bar: above 0)",
        shown(exact_us),
        shown(clear_us)
    );
    if exact_us.is_some_and(|us| is_close(us, EXACT_US)) && clear_us.is_some_and(|low| low > 0.0) {
        holds(message)
    } else {
        let systematic = of(EXACT_US).is_some_and(is_off_for_sure);
        fails(BarState::Missed, message, if systematic { SYSTEMATIC } else { QUIET })
    }
}

/// The whole interval is off: more of the same would not bring it closer.
fn is_off_for_sure(row: &Recovered) -> bool {
    let beyond = |us: f64| !is_close(us, row.planted_us);
    let same_side = |low: f64, high: f64| (low > row.planted_us) == (high > row.planted_us);
    row.low_us.zip(row.high_us).is_some_and(|(low, high)| beyond(low) && beyond(high) && same_side(low, high))
}

/// Next step where noise does not explain what was found.
const SYSTEMATIC: &str = "noise does not explain it: see in verdict.json what else ran \
    (rest_pct), and whether the target was the limit (limited_by)";

fn shown(number: Option<f64>) -> String {
    number.map_or("nothing".into(), short)
}

#[cfg(test)]
mod tests {
    use record::{
        block::Block,
        calibration::{Bar, BarState, Recovered},
        plan::{Arm, TreatmentKind},
    };

    use super::{bar, recovered};
    use crate::calibrate::{made_up, nulls::judged_alone};

    /// 20 pairs whose treated block costs `us` more, with some noise.
    fn blocks(treatment: &str, us: f64) -> Vec<Block> {
        let pair = |pair: u32| {
            let noise = f64::from(pair % 7) * 0.01;
            let mut pair = [
                made_up::block(pair, Arm::Untraced, 10.0),
                made_up::block(pair, Arm::Treated, 10.0 + us + noise),
            ];
            pair.iter_mut().for_each(|block| block.treatment = treatment.into());
            pair
        };
        (0..20).flat_map(pair).collect()
    }

    fn calibrated(found: &[(u64, f64)]) -> (Vec<Recovered>, Bar) {
        let names: Vec<String> = found.iter().map(|(us, _)| format!("planted-{us}us")).collect();
        let kinds = found.iter().map(|(us, _)| TreatmentKind::Planted { ns_per_request: us * 1_000 });
        let plan = made_up::plan(names.iter().map(String::as_str).zip(kinds));
        let blocks: Vec<Block> =
            names.iter().zip(found).flat_map(|(name, (_, us))| blocks(name, *us)).collect();
        let verdict = judged_alone(&plan, &blocks);
        let rows = recovered(&plan, &verdict);
        let bar = bar(&rows, &verdict);
        (rows, bar)
    }

    #[test]
    fn what_was_planted_is_recovered() {
        let (rows, bar) = calibrated(&[(1, 1.1), (5, 5.2), (20, 19.99)]);
        assert_eq!(rows.iter().map(|row| row.planted_us).collect::<Vec<_>>(), [1.0, 5.0, 20.0]);
        assert!(rows.iter().all(|row| row.recovered && row.pairs == 20 && row.mde_us.is_some()), "{rows:?}");
        assert_eq!(bar.state, BarState::Holds, "{bar:?}");
    }

    #[test]
    fn what_is_far_off_is_not() {
        let (rows, bar) = calibrated(&[(1, 1.0), (5, 5.4)]);
        assert_eq!(rows.iter().map(|row| row.recovered).collect::<Vec<_>>(), [true, false]);
        assert_eq!(bar.state, BarState::Missed, "{bar:?}");
        assert!(bar.message.starts_with("5 us came out as 5.43 "), "{}", bar.message);
        assert!(bar.next_step.unwrap().starts_with("noise does not explain it"));
    }

    #[test]
    fn a_microsecond_lost_in_noise_misses_the_bar() {
        assert_eq!(calibrated(&[(1, -0.03), (5, 5.0)]).1.state, BarState::Missed);
    }

    #[test]
    fn nothing_measured_proves_nothing() {
        let plan = made_up::plan([("planted-5us", TreatmentKind::Planted { ns_per_request: 5_000 })]);
        let verdict = judged_alone(&plan, &[]);
        let rows = recovered(&plan, &verdict);
        assert_eq!((rows[0].estimate_us, rows[0].pairs, rows[0].recovered), (None, 0, false));
        let bar = bar(&rows, &verdict);
        assert_eq!(bar.state, BarState::Missed);
        assert!(bar.message.contains("no whole pair"), "{}", bar.message);
    }
}
