//! When the requests of an open loop leave: an absolute schedule, made as it is needed from a seed.
//!
//! It is pure: no clock is read here. A late request does not shift those after it, so requests that wait for a
//! connection are simply the part of the schedule that is due and not yet taken: no queue is needed.

use rand::SeedableRng as _;
use rand_distr::{Distribution as _, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The gaps between requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gaps {
    /// Independent and exponentially distributed: a Poisson process, as many independent clients make it.
    Exponential,
    /// All equal.
    Equal,
}

/// Planned moments in nanoseconds from the start of the schedule, ascending, all below its duration.
#[derive(Debug, Clone)]
pub struct Schedule {
    gaps: Gaps,
    mean_gap_ns: f64,
    duration_ns: u64,
    random: Xoshiro256PlusPlus,
    /// Requests planned so far, for equal gaps: multiplied, so that rounding does not add up.
    planned: u64,
    /// The last planned moment, for exponential gaps: kept as a float, so that fractions of nanoseconds count.
    last_ns: f64,
}

impl Schedule {
    /// A schedule of this mean rate. The same arguments give the same schedule to the nanosecond.
    #[must_use]
    pub fn new(gaps: Gaps, requests_per_second: f64, duration_ns: u64, seed: u64) -> Self {
        Self {
            gaps,
            mean_gap_ns: 1e9 / requests_per_second,
            duration_ns,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            planned: 0,
            last_ns: 0.0,
        }
    }
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let planned_ns = match self.gaps {
            Gaps::Equal => self.planned as f64 * self.mean_gap_ns,
            Gaps::Exponential => {
                let gap: f64 = Exp1.sample(&mut self.random);
                self.last_ns += gap * self.mean_gap_ns;
                self.last_ns
            }
        } as u64;
        self.planned += 1;
        (planned_ns < self.duration_ns).then_some(planned_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::{Gaps, Schedule};

    const SECOND_NS: u64 = 1_000_000_000;

    #[test]
    fn equal_gaps_do_not_drift() {
        let planned: Vec<u64> = Schedule::new(Gaps::Equal, 3.0, 1_000 * SECOND_NS, 1).collect();
        assert_eq!(planned.len(), 3_000);
        assert_eq!(planned[..4], [0, 333_333_333, 666_666_666, SECOND_NS]);
        assert_eq!(planned[2_997], 999 * SECOND_NS);
    }

    #[test]
    fn the_seed_decides_the_schedule() {
        let planned = |seed| Schedule::new(Gaps::Exponential, 1e3, SECOND_NS, seed).collect::<Vec<u64>>();
        assert_eq!(planned(7), planned(7));
        assert_ne!(planned(7), planned(8));
        assert!(planned(7).is_sorted());
        assert!(planned(7).iter().all(|&ns| ns < SECOND_NS));
    }

    /// Count of a Poisson process: mean n and standard deviation sqrt(n). Squared coefficient of variation of its
    /// gaps: 1. Both within five standard errors; the seed is fixed, so this does not flicker.
    #[test]
    fn exponential_gaps_are_exponential() {
        let planned: Vec<u64> = Schedule::new(Gaps::Exponential, 1e4, 10 * SECOND_NS, 42).collect();
        let count = planned.len() as f64;
        assert!((count - 1e5).abs() < 5.0 * 1e5_f64.sqrt(), "{count}");

        let gaps: Vec<f64> = planned.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((variance / mean.powi(2) - 1.0).abs() < 5.0 * (8.0 / count).sqrt());
    }

    #[test]
    fn a_duration_of_nothing_plans_nothing() {
        assert_eq!(Schedule::new(Gaps::Equal, 1e3, 0, 1).next(), None);
    }
}
