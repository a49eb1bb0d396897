//! When exchanges are due: so many a second on an absolute schedule, or always.
//!
//! It spins and never sleeps, since a thread that sleeps wakes up late, and its waking would be part of the cost.

use std::{
    hint::spin_loop,
    num::NonZeroU64,
    time::{Duration, Instant},
};

const NS_PER_SECOND: u128 = 1_000_000_000;

/// What is due within 0.1 ms is done together, so that a high rate does not pay for a look at the clock each time.
const GROUPS_PER_SECOND: u64 = 10_000;

/// Exchanges between two looks at the clock where there is no schedule.
const UNPACED_GROUP: u64 = 64;

/// A schedule that has begun.
pub(super) struct Pace {
    start: Instant,
    duration: Duration,
    /// Time from one exchange to the next is one second divided by this; none where all are due at once.
    events_per_second: Option<NonZeroU64>,
    /// Exchanges that fit into the duration.
    all: u64,
    spun: Duration,
}

impl Pace {
    pub(super) fn begin(events_per_second: Option<NonZeroU64>, duration: Duration) -> Self {
        let within = |rate: NonZeroU64| u128::from(rate.get()) * duration.as_nanos() / NS_PER_SECOND;
        let all = events_per_second.map_or(u64::MAX, |rate| u64::try_from(within(rate)).unwrap_or(u64::MAX));
        Self { start: Instant::now(), duration, events_per_second, all, spun: Duration::ZERO }
    }

    /// Waits until the exchange after `done` ones is due, and says how many to make now. None when the time is over:
    /// what is not done by then stays undone, and the rate was not reached.
    pub(super) fn wait(&mut self, done: u64) -> Option<u64> {
        let begun = self.elapsed();
        let mut now = begun;
        while now < self.due(done) {
            spin_loop();
            now = self.elapsed();
        }
        self.spun += now - begun;
        (now < self.duration).then(|| self.group().min(self.all - done))
    }

    /// Since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Time in which nothing was due.
    pub(super) fn spun(&self) -> Duration {
        self.spun
    }

    /// When the exchange after `done` ones is due; after the last, the end.
    fn due(&self, done: u64) -> Duration {
        match self.events_per_second {
            _ if done >= self.all => self.duration,
            None => Duration::ZERO,
            Some(rate) => {
                let ns = u128::from(done) * NS_PER_SECOND / u128::from(rate.get());
                Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
            }
        }
    }

    fn group(&self) -> u64 {
        self.events_per_second.map_or(UNPACED_GROUP, |rate| (rate.get() / GROUPS_PER_SECOND).max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU64, time::Duration};

    use super::Pace;

    fn pace(rate: u64, duration_ms: u64) -> Pace {
        Pace::begin(NonZeroU64::new(rate), Duration::from_millis(duration_ms))
    }

    #[test]
    fn the_schedule_is_absolute_and_ends_with_the_duration() {
        let pace = pace(3, 10_000);
        assert_eq!(pace.all, 30);
        let due_ms = [0, 1, 2, 3, 29].map(|done| pace.due(done).as_millis());
        assert_eq!(due_ms, [0, 333, 666, 1_000, 9_666]);
        assert_eq!(pace.due(30), Duration::from_secs(10));
    }

    #[test]
    fn exchanges_of_a_high_rate_are_made_in_groups() {
        let groups = [1, 10_000, 100_000, 400_000].map(|rate| pace(rate, 1).group());
        assert_eq!(groups, [1, 1, 10, 40]);
    }

    #[test]
    fn no_more_are_made_than_fit_and_none_after_the_end() {
        let mut late = pace(100_000, 1_000);
        // All but the last three are done, and those are due, since the schedule began long ago.
        late.start -= Duration::from_micros(999_999);
        late.duration = Duration::from_secs(60);
        late.all = 99_999;
        assert_eq!(late.wait(99_996), Some(3));
        late.duration = Duration::ZERO;
        assert_eq!(late.wait(99_996), None);
    }

    #[test]
    fn the_largest_numbers_are_no_trouble() {
        let pace = Pace::begin(NonZeroU64::new(u64::MAX), Duration::from_nanos(u64::MAX));
        assert_eq!(pace.all, u64::MAX);
        assert!(pace.due(u64::MAX - 1) <= Duration::from_secs(1));
    }
}
