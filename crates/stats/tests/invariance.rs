//! What must not matter does not: the unit, the order of the rows, the sign of the question, the time it takes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use stats::power::{Power, mde};
use stats::{
    Alpha, Alternative, Interval, Sample, chunk_flip, hodges_lehmann, median, signed_rank, student, theil_sen,
};

fn sample(values: &[f64]) -> Sample {
    Sample::new(values.to_vec()).unwrap()
}

fn alpha() -> Alpha {
    Alpha::one_sided(0.05).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

/// Every interval of the crate, from the same values.
fn intervals(values: &[f64]) -> Vec<Interval> {
    let few = &values[..values.len().min(8)];
    let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(i, y)| (i as f64, *y)).collect();
    vec![
        signed_rank::interval(&sample(values), alpha()),
        student::interval(&sample(values), alpha()),
        chunk_flip::interval(&sample(few), alpha()).unwrap(),
        theil_sen(&points, alpha()).unwrap(),
    ]
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1e3..1e3_f64, 3..70)
}

proptest! {
    // Failing cases are printed; files beside integration tests are not kept.
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_unit_does_not_matter(values in values(), scale in prop::sample::select(vec![1e-6, 1e-3, 60.0, 1e9])) {
        let scaled: Vec<f64> = values.iter().map(|x| x * scale).collect();
        for (a, b) in intervals(&values).iter().zip(intervals(&scaled)) {
            for (a, b) in [(a.low, b.low), (a.estimate, b.estimate), (a.high, b.high)] {
                prop_assert!(close(a, b / scale), "{} {}", a, b / scale);
            }
        }
        let of = |values: &[f64]| mde(&sample(values), alpha(), Power::Percent80);
        prop_assert!(close(of(&values), of(&scaled) / scale));
        let p = |values: &[f64]| signed_rank::test(&sample(values), Alternative::TwoSided);
        prop_assert_eq!(p(&values), p(&scaled));
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(values in values()) {
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        prop_assert_eq!(sample(&values), sample(&reversed));
        let points: Vec<(f64, f64)> = values.iter().map(|y| ((y * 7.0).round() % 10.0, *y)).collect();
        let turned: Vec<(f64, f64)> = points.iter().rev().copied().collect();
        prop_assert_eq!(theil_sen(&points, alpha()), theil_sen(&turned, alpha()));
    }

    #[test]
    fn asking_the_other_way_round_turns_the_answer_round(values in values()) {
        let turned: Vec<f64> = values.iter().map(|x| -x).collect();
        for (a, b) in intervals(&values).iter().zip(intervals(&turned)) {
            prop_assert!(close(a.low, -b.high) && close(a.estimate, -b.estimate) && close(a.high, -b.low));
        }
        prop_assert_eq!(
            signed_rank::test(&sample(&values), Alternative::Greater).p,
            signed_rank::test(&sample(&turned), Alternative::Less).p
        );
    }

    #[test]
    fn a_shift_shifts_and_bounds_enclose(values in values(), shift in -1e3..1e3_f64) {
        let d = sample(&values);
        let moved = d.shifted_by(shift).unwrap();
        prop_assert!(close(hodges_lehmann(&moved), hodges_lehmann(&d) + shift));
        prop_assert!(close(median(&moved), median(&d) + shift));
        for found in intervals(&values) {
            prop_assert!(found.low <= found.estimate && found.estimate <= found.high, "{:?}", found);
        }
    }
}

/// Differences without any pattern that would help a selection.
fn many(n: u32) -> Vec<f64> {
    (0..n).map(|i| (f64::from(i) * 0.618_033_988_75).fract() - 0.3).collect()
}

/// Unoptimised on a busy machine these take well under a second of CPU, optimised some milliseconds; work that grew with
/// the square of the input would take minutes.
const QUICK: Duration = Duration::from_secs(20);

fn check_quick(what: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    println!("{what}: {:?}", start.elapsed());
    assert!(start.elapsed() < QUICK, "{what} took {:?}", start.elapsed());
}

#[test]
fn a_verdict_over_many_pairs_is_quick() {
    let d = sample(&many(20_000));
    check_quick("20,000 pairs: test, interval, MDE", || {
        signed_rank::test(&d, Alternative::TwoSided);
        signed_rank::interval(&d, alpha());
        mde(&d, alpha(), Power::Percent80);
    });
}

#[test]
fn a_slope_over_many_points_is_quick() {
    let points: Vec<(f64, f64)> = many(10_000).into_iter().enumerate().map(|(i, y)| (i as f64, y)).collect();
    check_quick("slope of 10,000 points", || {
        theil_sen(&points, alpha()).unwrap();
    });
}

#[test]
fn all_flips_of_twenty_chunks_are_quick() {
    let chunks = sample(&many(20));
    check_quick("interval of 20 chunks", || {
        chunk_flip::interval(&chunks, alpha()).unwrap();
    });
    check_quick("test of 20 chunks", || {
        chunk_flip::test(&chunks, Alternative::Greater).unwrap();
    });
}
