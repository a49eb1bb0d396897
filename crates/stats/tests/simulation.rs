//! The promises of the estimators, kept in simulated runs: seeds are fixed, so a failure is a change of the code.
//!
//! One run is what the lab would see: pairs of adjacent blocks whose order was a coin.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Cauchy, Distribution, StandardNormal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus;
use stats::power::{Power, mde, mde_of_chunks};
use stats::{Alpha, Alternative, Sample, chunk_flip, signed_rank, student, theil_sen, trend};

const RUNS: u32 = 10_000;
const CONFIDENCE: f64 = 0.95;

/// What blocks differ by, when nothing is the matter.
#[derive(Debug, Clone, Copy)]
enum Noise {
    Normal,
    /// Every tenth block is ten times as wild, as on a host that stalls.
    Bursts,
    /// No mean and no variance.
    Cauchy,
    /// Variance but hardly a fourth moment.
    StudentT3,
    /// The second block of a pair costs more, ever more, and skewed: only the coin makes it fair.
    Drift,
}

impl Noise {
    /// One difference traced - untraced, pair `i` of a run, without any effect.
    fn difference(self, i: usize, rng: &mut impl Rng) -> f64 {
        let normal = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
        match self {
            Self::Normal => normal(rng),
            Self::Bursts if rng.random_bool(0.1) => 10.0 * normal(rng),
            Self::Bursts => normal(rng),
            Self::Cauchy => Cauchy::new(0.0, 1.0).unwrap().sample(rng),
            Self::StudentT3 => StudentT::new(3.0).unwrap().sample(rng),
            Self::Drift => {
                let second_minus_first = 1.0 + i as f64 / 10.0 + normal(rng).exp();
                if rng.random() { second_minus_first } else { -second_minus_first }
            }
        }
    }

    /// A run of `n` pairs with an effect.
    fn run(self, n: usize, effect: f64, rng: &mut impl Rng) -> Sample {
        Sample::new((0..n).map(|i| effect + self.difference(i, rng)).collect()).unwrap()
    }
}

fn rng() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1945)
}

fn share(runs: u32, mut holds: impl FnMut() -> bool) -> f64 {
    f64::from((0..runs).map(|_| u32::from(holds())).sum::<u32>()) / f64::from(runs)
}

fn check_coverage(noise: Noise, n: usize) {
    let (alpha, mut rng, truth) = (Alpha::of_confidence(CONFIDENCE).unwrap(), rng(), 3.0);
    let covered = share(RUNS, || {
        let found = signed_rank::interval(&noise.run(n, truth, &mut rng), alpha);
        found.low <= truth && truth <= found.high
    });
    println!("coverage {noise:?} n={n}: {covered}");
    assert!((covered - CONFIDENCE).abs() <= 0.005, "{noise:?} n={n}: {covered}");
}

#[test]
fn signed_rank_interval_covers_normal_noise() {
    check_coverage(Noise::Normal, 20);
    // Above the exact count.
    check_coverage(Noise::Normal, 55);
}

#[test]
fn signed_rank_interval_covers_bursts() {
    check_coverage(Noise::Bursts, 25);
}

#[test]
fn signed_rank_interval_covers_cauchy_noise() {
    check_coverage(Noise::Cauchy, 20);
}

#[test]
fn signed_rank_interval_covers_drift() {
    check_coverage(Noise::Drift, 25);
}

#[test]
fn signed_rank_interval_is_on_the_safe_side_with_ties() {
    let (alpha, mut rng) = (Alpha::of_confidence(CONFIDENCE).unwrap(), rng());
    for n in [20, 55] {
        let covered = share(RUNS / 4, || {
            let tied = Noise::Normal.run(n, 0.0, &mut rng).values().iter().map(|d| d.round()).collect();
            let found = signed_rank::interval(&Sample::new(tied).unwrap(), alpha);
            found.low <= 0.0 && 0.0 <= found.high
        });
        println!("coverage of rounded values, n={n}: {covered}");
        assert!(covered >= CONFIDENCE - 0.005, "{covered}");
    }
}

#[test]
fn chunk_flip_interval_covers_drift() {
    let (alpha, mut rng) = (Alpha::of_confidence(CONFIDENCE).unwrap(), rng());
    let covered = share(RUNS, || {
        let found = chunk_flip::interval(&Noise::Drift.run(10, 3.0, &mut rng), alpha).unwrap();
        found.low <= 3.0 && 3.0 <= found.high
    });
    println!("coverage of chunk flips, drift: {covered}");
    assert!((covered - CONFIDENCE).abs() <= 0.005, "{covered}");
}

#[test]
fn student_interval_covers_normal_noise() {
    let (alpha, mut rng) = (Alpha::of_confidence(CONFIDENCE).unwrap(), rng());
    let covered = share(RUNS, || {
        let found = student::interval(&Noise::Normal.run(30, 3.0, &mut rng), alpha);
        found.low <= 3.0 && 3.0 <= found.high
    });
    assert!((covered - CONFIDENCE).abs() <= 0.005, "{covered}");
}

#[test]
fn slope_interval_covers_heavy_tails() {
    let (alpha, mut rng) = (Alpha::of_confidence(CONFIDENCE).unwrap(), rng());
    let covered = share(RUNS / 10, || {
        let points: Vec<(f64, f64)> = (0..20)
            .map(|i| (f64::from(i), 2.0 * f64::from(i) + Noise::StudentT3.difference(0, &mut rng)))
            .collect();
        let found = theil_sen(&points, alpha).unwrap();
        found.low <= 2.0 && 2.0 <= found.high
    });
    println!("coverage of the slope: {covered}");
    // A tenth of the runs, so three times the tolerance.
    assert!((covered - CONFIDENCE).abs() <= 0.015, "{covered}");
}

/// Ten minutes of a level that is looked at once a second and keeps four fifths of its error to the next look.
fn wandering(slope: f64, rng: &mut impl Rng) -> Vec<(f64, f64)> {
    let mut error = 0.0;
    let point = |i: u32| {
        let fresh: f64 = StandardNormal.sample(rng);
        error = 0.8 * error + fresh;
        (f64::from(i), slope * f64::from(i) + error)
    };
    (0..600).map(point).collect()
}

#[test]
fn the_slope_of_chunks_covers_a_series_and_that_of_its_points_does_not() {
    let (alpha, mut rng, truth) = (Alpha::of_confidence(CONFIDENCE).unwrap(), rng(), 0.01);
    let mut covered = |chunks: usize| {
        share(RUNS / 10, || {
            let found = trend(&wandering(truth, &mut rng), chunks, alpha).unwrap().slope;
            found.low <= truth && truth <= found.high
        })
    };
    let (of_chunks, of_points) = (covered(20), covered(600));
    println!("coverage of a series: {of_chunks} by chunks, {of_points} by points");
    assert!((of_chunks - CONFIDENCE).abs() <= 0.02, "{of_chunks}");
    assert!(of_points < 0.7, "{of_points}: then chunks were not needed");
}

#[test]
fn a_series_that_does_not_grow_is_hardly_ever_called_growing() {
    let (alpha, mut rng) = (Alpha::one_sided(0.01).unwrap(), rng());
    let called = share(RUNS / 5, || trend(&wandering(0.0, &mut rng), 20, alpha).unwrap().slope.low > 0.0);
    println!("called growing: {called}");
    assert!(called <= 0.02, "{called}");
}

/// Under the null a p-value falls below each level as often as the level says: never more, and hardly less.
fn check_uniform(name: &str, slack: f64, mut p: impl FnMut() -> f64) {
    let found: Vec<f64> = (0..RUNS).map(|_| p()).collect();
    for level in [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9] {
        let below = found.iter().filter(|p| **p <= level).count() as f64 / f64::from(RUNS);
        // Three standard errors of a share.
        let error = 3.0 * (level * (1.0 - level) / f64::from(RUNS)).sqrt();
        println!("p of {name} below {level}: {below}");
        assert!(below <= level + error && below >= level - slack - error, "{name} at {level}: {below}");
    }
}

#[test]
fn p_is_uniform_without_an_effect() {
    let mut rng = rng();
    // A discrete p-value cannot reach every level: by up to one step of its distribution.
    check_uniform("signed rank, drift", 0.02, || {
        signed_rank::test(&Noise::Drift.run(20, 0.0, &mut rng), Alternative::Greater).p
    });
    check_uniform("signed rank, two-sided, bursts", 0.01, || {
        signed_rank::test(&Noise::Bursts.run(60, 0.0, &mut rng), Alternative::TwoSided).p
    });
    check_uniform("signed rank of rounded values", 0.02, || {
        let rounded =
            Noise::Normal.run(20, 0.0, &mut rng).values().iter().map(|d| (2.0 * d).round()).collect();
        signed_rank::test(&Sample::new(rounded).unwrap(), Alternative::Less).p
    });
    check_uniform("chunk flips, drift", 0.01, || {
        chunk_flip::test(&Noise::Drift.run(9, 0.0, &mut rng), Alternative::Greater).unwrap()
    });
}

/// How often is an effect of the typical MDE found?
fn check_power(noise: Noise, n: usize, rate: f64, power: Power, expected: f64) {
    let (alpha, mut rng, runs) = (Alpha::one_sided(rate).unwrap(), rng(), 1_000);
    let mdes = (0..75).map(|_| mde(&noise.run(n, 0.0, &mut rng), alpha, power)).collect();
    let effect = stats::median(&Sample::new(mdes).unwrap());
    let found = share(runs, || signed_rank::interval(&noise.run(n, effect, &mut rng), alpha).low > 0.0);
    println!("power {noise:?} n={n} alpha={rate} {power:?}: {found}");
    assert!((found - expected).abs() <= 0.05, "{noise:?} n={n}: {found}");
}

#[test]
fn an_effect_of_the_size_of_the_mde_is_found_as_often_as_promised() {
    check_power(Noise::Normal, 30, 0.01, Power::Percent80, 0.80);
    check_power(Noise::Normal, 30, 0.025, Power::Percent95, 0.95);
}

#[test]
fn the_mde_holds_for_heavy_tails() {
    check_power(Noise::StudentT3, 60, 0.01, Power::Percent80, 0.80);
    check_power(Noise::Bursts, 60, 0.01, Power::Percent80, 0.80);
    check_power(Noise::Bursts, 60, 0.01, Power::Percent95, 0.95);
}

#[test]
fn the_mde_of_chunks_holds_for_their_flips() {
    let (alpha, mut rng, n) = (Alpha::one_sided(0.025).unwrap(), rng(), 12);
    let mdes = (0..75)
        .map(|_| mde_of_chunks(&Noise::Normal.run(n, 0.0, &mut rng), alpha, Power::Percent80).unwrap())
        .collect();
    let effect = stats::median(&Sample::new(mdes).unwrap());
    let found = share(500, || {
        chunk_flip::interval(&Noise::Normal.run(n, effect, &mut rng), alpha).unwrap().low > 0.0
    });
    println!("power of chunk flips: {found}");
    assert!((found - 0.80).abs() <= 0.06, "{found}");
}
