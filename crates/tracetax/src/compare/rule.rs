//! One session against accepted ones: the whole rule, in numbers alone. Pure.
//!
//! A session of the same tracer differs from the accepted ones as they differ from each other, so the distance to their
//! mean is held against the reach of their own spread, and against the tolerance below which nobody cares.

use record::baseline::BaselineMetric;
use stats::{Alpha, Refused, Sample, power::Power, prediction, student};

/// Fewer accepted sessions tell too little of their own spread.
pub const FEWEST_SESSIONS: usize = 5;

/// How often one session of the same tracer is beyond the reach, on one side.
const LEVEL: f64 = 0.05;

/// How often the untraced arm of the same machine is beyond its reach, on one side: both sides together 1 %.
const WITNESS_LEVEL: f64 = 0.005;

/// A machine whose untraced arm moved by less than this share is the same machine. Virtual machines have phases: on one
/// with two cores the same service took 6.8 or 8.6 us a request for minutes at a time, apart by a quarter, and the paired
/// cost was 1.13 us in the one phase and 1.09 in the other (means of 24 and 21 sessions).
pub const WITNESS_SHARE: f64 = 0.35;

/// So many tolerances above the anchor nothing may come, by however many small steps.
const CREEP: f64 = 2.0;

/// What was accepted of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The cost, one value a session.
    pub cost: Sample,
    /// The untraced arm of the same sessions.
    pub untraced: Sample,
    /// A change up to this is of no consequence.
    pub tolerance: f64,
    /// See `BaselineMetric::anchor`.
    pub anchor: f64,
}

/// What one session has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The cost.
    pub cost: f64,
    /// The untraced arm.
    pub untraced: f64,
}

/// What is to be said. The first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// There are fewer than [`FEWEST_SESSIONS`] accepted sessions.
    TooFewSessions,
    /// The untraced arm is not what it was, in one of the sessions.
    WitnessMoved,
    /// Beyond, but a machine that is slower by as much as the untraced arm tells makes the tracer dearer by as much.
    SlowerMachine,
    /// Beyond reach and tolerance, and so is a fresh session.
    Regressed,
    /// Far above the anchor, and so is a fresh session.
    Crept,
    /// Beyond, and a fresh session is not.
    NotConfirmed,
    /// Beyond, and nobody has looked again.
    Flagged,
    /// Below by the tolerance, and by the reach.
    Improved,
    /// The whole interval is within the tolerance.
    Pass,
    /// Neither.
    Unresolved,
}

impl Accepted {
    /// Reads what a baseline holds of a metric.
    ///
    /// # Errors
    /// When a list is empty or holds no numbers.
    pub fn of(metric: &BaselineMetric) -> Result<Self, Refused> {
        Ok(Self {
            cost: Sample::new(metric.sessions.clone())?,
            untraced: Sample::new(metric.untraced.clone())?,
            tolerance: metric.tolerance,
            anchor: metric.anchor,
        })
    }

    /// The mean of the accepted sessions.
    #[must_use]
    pub fn mean(&self) -> f64 {
        student::mean(&self.cost)
    }

    /// Their standard deviation; 0 for one alone, whose reach is infinite.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        student::standard_deviation(&self.cost).unwrap_or(0.0)
    }

    /// By how many deviations one more session may be off.
    #[must_use]
    pub fn factor(&self) -> f64 {
        prediction::factor(self.cost.count(), level(LEVEL))
    }

    /// How far one more session may be off.
    #[must_use]
    pub fn reach(&self) -> f64 {
        prediction::reach(&self.cost, level(LEVEL))
    }

    /// The least change that one session more is found beyond reach and tolerance by in 80 of 100 cases.
    #[must_use]
    pub fn mde(&self) -> f64 {
        prediction::detectable(&self.cost, self.tolerance, level(LEVEL), Power::Percent80)
    }

    /// The mean of the untraced arm.
    #[must_use]
    pub fn witness_mean(&self) -> f64 {
        student::mean(&self.untraced)
    }

    /// How far the untraced arm may be off.
    #[must_use]
    pub fn witness_reach(&self) -> f64 {
        self.witness_own_reach().max(WITNESS_SHARE * self.witness_mean().abs())
    }

    /// How far its own sessions say that it may be off.
    fn witness_own_reach(&self) -> f64 {
        prediction::reach(&self.untraced, level(WITNESS_LEVEL))
    }

    /// Above this a session has crept.
    #[must_use]
    pub fn ceiling(&self) -> f64 {
        self.anchor + CREEP * self.tolerance
    }

    fn moved(&self, seen: Seen) -> bool {
        (seen.untraced - self.witness_mean()).abs() > self.witness_reach()
    }

    /// Whether a flag is no more than what a slower machine does to whatever runs on it.
    fn is_explained(&self, seen: Seen) -> bool {
        let slower = seen.untraced - self.witness_mean();
        let at_the_pace_before = Seen { cost: seen.cost * self.witness_mean() / seen.untraced, ..seen };
        slower > self.witness_own_reach() && self.flags(seen) && !self.flags(at_the_pace_before)
    }

    fn worse(&self, seen: Seen) -> bool {
        let change = seen.cost - self.mean();
        change > self.tolerance && change > self.reach()
    }

    /// Whether a session asks for a second look.
    #[must_use]
    pub fn flags(&self, seen: Seen) -> bool {
        self.worse(seen) || seen.cost > self.ceiling()
    }

    /// What is to be said of a session, and of the fresh one that was measured because of it.
    #[must_use]
    pub fn find(&self, seen: Seen, fresh: Option<Seen>) -> Finding {
        if self.cost.count() < FEWEST_SESSIONS {
            Finding::TooFewSessions
        } else if self.moved(seen) {
            Finding::WitnessMoved
        } else if self.is_explained(seen) {
            Finding::SlowerMachine
        } else if self.flags(seen) {
            self.find_flagged(seen, fresh)
        } else {
            self.find_unflagged(seen.cost - self.mean())
        }
    }

    fn find_flagged(&self, seen: Seen, fresh: Option<Seen>) -> Finding {
        match fresh {
            None => Finding::Flagged,
            Some(fresh) if self.moved(fresh) => Finding::WitnessMoved,
            Some(fresh) if self.is_explained(fresh) => Finding::SlowerMachine,
            Some(fresh) if !self.flags(fresh) => Finding::NotConfirmed,
            Some(fresh) if self.worse(seen) && self.worse(fresh) => Finding::Regressed,
            Some(_) => Finding::Crept,
        }
    }

    fn find_unflagged(&self, change: f64) -> Finding {
        if change <= -self.tolerance && change < -self.reach() {
            Finding::Improved
        } else if change + self.reach() <= self.tolerance {
            Finding::Pass
        } else {
            Finding::Unresolved
        }
    }
}

fn level(rate: f64) -> Alpha {
    Alpha::one_sided(rate).expect("within range")
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;
    use stats::Sample;

    use super::{Accepted, Finding, Seen};

    /// Mean 1.0, standard deviation 0.1, so a reach of 0.2335; the untraced arm is 7.
    fn accepted() -> Accepted {
        let spread = 0.1 / (5.0_f64 / 8.0).sqrt();
        let cost = [-1.0, -0.5, 0.0, 0.5, 1.0].map(|step| 1.0 + step * spread);
        Accepted {
            cost: Sample::new(cost.to_vec()).unwrap(),
            untraced: Sample::new(vec![6.9, 6.95, 7.0, 7.05, 7.1]).unwrap(),
            tolerance: 0.3,
            anchor: 1.0,
        }
    }

    fn seen(cost: f64) -> Seen {
        Seen { cost, untraced: 7.0 }
    }

    #[test]
    fn every_finding_has_its_case() {
        let accepted = accepted();
        assert!((accepted.reach() - 0.2335).abs() < 1e-4, "{}", accepted.reach());
        for (cost, fresh, expect) in [
            (1.0, None, Finding::Pass),
            (1.06, None, Finding::Pass),
            (1.07, None, Finding::Unresolved),
            (1.29, None, Finding::Unresolved),
            (1.31, None, Finding::Flagged),
            (1.31, Some(1.29), Finding::NotConfirmed),
            (1.31, Some(1.31), Finding::Regressed),
            // What is not flagged needs no second look, whatever that shows.
            (1.0, Some(5.0), Finding::Pass),
            (0.71, None, Finding::Pass),
            (0.69, None, Finding::Improved),
        ] {
            assert_eq!(accepted.find(seen(cost), fresh.map(seen)), expect, "{cost} {fresh:?}");
        }
    }

    #[test]
    fn beyond_the_tolerance_and_within_the_reach_is_no_flag() {
        let wide = Accepted { tolerance: 0.1, ..accepted() };
        assert_eq!(wide.find(seen(1.2), None), Finding::Unresolved);
        assert_eq!(wide.find(seen(1.24), None), Finding::Flagged);
        assert_eq!(wide.find(seen(0.9), None), Finding::Unresolved);
        assert_eq!(wide.find(seen(0.7), None), Finding::Improved);
    }

    #[test]
    fn small_steps_may_not_creep() {
        // The accepted level went up and up, its anchor stayed.
        let crept = Accepted { anchor: 0.5, ..accepted() };
        assert_eq!(crept.find(seen(1.11), None), Finding::Flagged);
        assert_eq!(crept.find(seen(1.11), Some(seen(1.12))), Finding::Crept);
        assert_eq!(crept.find(seen(1.11), Some(seen(1.09))), Finding::NotConfirmed);
        assert_eq!(crept.find(seen(1.4), Some(seen(1.4))), Finding::Regressed);
    }

    #[test]
    fn a_machine_that_moved_is_no_witness() {
        let moved = |cost, untraced| Seen { cost, untraced };
        for untraced in [4.5, 9.5] {
            assert_eq!(accepted().find(moved(1.0, untraced), None), Finding::WitnessMoved, "{untraced}");
            let fresh = Some(moved(5.0, untraced));
            assert_eq!(accepted().find(moved(5.0, 7.0), fresh), Finding::WitnessMoved, "{untraced}");
        }
        // Within a third it is the same machine, however little it varied before.
        for untraced in [4.6, 9.4] {
            assert_eq!(accepted().find(moved(1.0, untraced), None), Finding::Pass, "{untraced}");
        }
        // One that varies more may vary more: the standard deviation is 0.79, and t(0.995, 4) is 4.6.
        let uneven = Sample::new(vec![6.0, 6.5, 7.0, 7.5, 8.0]).unwrap();
        let uneven = Accepted { untraced: uneven, ..accepted() };
        assert_eq!(uneven.find(moved(1.0, 10.9), None), Finding::Pass);
        assert_eq!(uneven.find(moved(1.0, 11.1), None), Finding::WitnessMoved);
    }

    #[test]
    fn a_slower_machine_explains_as_much_as_it_is_slower() {
        let seen = |cost, untraced| Seen { cost, untraced };
        // Slower by a fifth: 1.31 would have been 1.09 before, and 2.0 would have been 1.67.
        assert_eq!(accepted().find(seen(1.31, 8.4), None), Finding::SlowerMachine);
        assert_eq!(accepted().find(seen(2.0, 8.4), None), Finding::Flagged);
        assert_eq!(accepted().find(seen(2.0, 8.4), Some(seen(2.0, 8.4))), Finding::Regressed);
        assert_eq!(accepted().find(seen(2.0, 7.0), Some(seen(1.31, 8.4))), Finding::SlowerMachine);
        // A faster machine explains nothing, and neither does one that is off by no more than its sessions were.
        assert_eq!(accepted().find(seen(1.31, 5.6), None), Finding::Flagged);
        assert_eq!(accepted().find(seen(1.31, 7.35), None), Finding::Flagged);
    }

    #[test]
    fn few_sessions_never_gate() {
        for few in 1..5 {
            let cost = Sample::new(vec![1.0; few]).unwrap();
            assert_eq!(
                Accepted { cost, ..accepted() }.find(seen(9.0), Some(seen(9.0))),
                Finding::TooFewSessions
            );
        }
    }

    /// A normal value: the sum of twelve uniform ones (Irwin and Hall).
    fn normal(rng: &mut Xoshiro256PlusPlus, middle: f64, deviation: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| rng.random::<f64>()).sum();
        middle + deviation * (sum - 6.0)
    }

    /// How many of so many runs are called regressed, each flag confirmed, against a baseline that may be accepted: sessions
    /// spread by a third of the tolerance, which is as far as they may.
    fn alarms(baselines: u64, runs: u32, planted: f64) -> u32 {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut alarms = 0;
        let mut counted = 0;
        while counted < baselines {
            let cost = Sample::new((0..5).map(|_| normal(&mut rng, 1.0, 0.08)).collect()).unwrap();
            let accepted = Accepted { cost, tolerance: 0.25, ..accepted() };
            if accepted.reach() > accepted.tolerance {
                continue;
            }
            counted += 1;
            for _ in 0..runs {
                let mut session = || seen(normal(&mut rng, 1.0 + planted, 0.08));
                let (run, fresh) = (session(), session());
                alarms += u32::from(accepted.find(run, Some(fresh)) == Finding::Regressed);
            }
        }
        alarms
    }

    #[test]
    fn nothing_planted_raises_no_alarm_and_a_microsecond_does() {
        // 40 runs against each of 500 baselines: 1 of 20,000 was found wrong.
        let wrong = alarms(500, 40, 0.0);
        assert!(wrong <= 5, "{wrong}");
        assert_eq!(alarms(100, 10, 1.0), 1_000);
    }

    fn badness(finding: Finding) -> u8 {
        match finding {
            Finding::Improved => 0,
            Finding::Pass => 1,
            Finding::Unresolved => 2,
            Finding::Flagged => 3,
            other => panic!("no place in the order for {other:?}"),
        }
    }

    prop_compose! {
        fn any_accepted()(
            cost in vec(-10.0..10.0f64, 5..12),
            tolerance in 0.01..5.0f64,
            anchor in -10.0..10.0f64,
        ) -> Accepted {
            Accepted { cost: Sample::new(cost).unwrap(), tolerance, anchor, ..accepted() }
        }
    }

    proptest! {
        #[test]
        fn a_dearer_session_is_never_called_better(accepted in any_accepted(), a in -40.0..40.0f64, b in -40.0..40.0f64) {
            let bad = |cost| badness(accepted.find(seen(cost), None));
            prop_assert!(bad(a.min(b)) <= bad(a.max(b)));
        }

        #[test]
        fn a_dearer_fresh_session_never_clears(accepted in any_accepted(), x in -40.0..40.0f64, fresh in -40.0..40.0f64) {
            let finding = accepted.find(seen(x), Some(seen(fresh)));
            if matches!(finding, Finding::Regressed | Finding::Crept) {
                let dearer = accepted.find(seen(x), Some(seen(fresh + 1.0)));
                prop_assert!(matches!(dearer, Finding::Regressed | Finding::Crept));
            }
        }

        #[test]
        fn the_unit_does_not_matter(accepted in any_accepted(), x in -40.0..40.0f64, fresh in -40.0..40.0f64, power in -9..9) {
            // Powers of two are exact, so nothing is lost on the border of a rule.
            let by = f64::from(power).exp2();
            let scaled = |sample: &Sample| Sample::new(sample.values().iter().map(|value| value * by).collect()).unwrap();
            let other = Accepted {
                cost: scaled(&accepted.cost),
                untraced: scaled(&accepted.untraced),
                tolerance: accepted.tolerance * by,
                anchor: accepted.anchor * by,
            };
            let in_unit = |cost: f64, by: f64| Seen { cost: cost * by, untraced: 7.0 * by };
            prop_assert_eq!(
                accepted.find(in_unit(x, 1.0), Some(in_unit(fresh, 1.0))),
                other.find(in_unit(x, by), Some(in_unit(fresh, by)))
            );
        }
    }
}
