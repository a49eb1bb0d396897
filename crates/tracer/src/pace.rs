//! When the reader looks by itself: on a grid of equal steps, so that lateness does not add up and no second holds
//! more looks than steps.

use std::time::{Duration, Instant};

use record::wakeup::Wakeup;

/// Under `bytes(N)`, how long fewer than N bytes may wait.
const REST: Duration = Duration::from_millis(100);

/// The grid of one policy; at rest until it is started.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    step: Option<Duration>,
    next: Option<Instant>,
}

impl Pace {
    /// The grid of `wakeup`.
    #[must_use]
    pub fn of(wakeup: Wakeup) -> Self {
        let step = match wakeup {
            Wakeup::Adaptive => None,
            Wakeup::Bytes(_) => Some(REST),
            Wakeup::Timer { ms } => Some(Duration::from_millis(ms)),
        };
        Self { step, next: None }
    }

    /// Begins; the first look is one step from `now`.
    pub fn start(&mut self, now: Instant) {
        self.next = self.step.map(|step| now + step);
    }

    /// Rests.
    pub fn stop(&mut self) {
        self.next = None;
    }

    /// How long from `now` until the next look; None if there is none to come.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        self.next.map(|next| next.saturating_duration_since(now))
    }

    /// Is it time? If so, the next look is at the next point of the grid after `now`: those that were missed are not
    /// made up for.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let (Some(step), Some(next)) = (self.step, self.next) else {
            return false;
        };
        let due = now >= next;
        if due {
            let missed = (now - next).as_nanos() / step.as_nanos();
            self.next = Some(next + step * (missed as u32 + 1));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use record::wakeup::Wakeup;

    use super::Pace;

    const MS: Duration = Duration::from_millis(1);

    fn started(wakeup: Wakeup) -> (Pace, Instant) {
        let (mut pace, now) = (Pace::of(wakeup), Instant::now());
        pace.start(now);
        (pace, now)
    }

    #[test]
    fn looks_stay_on_the_grid_however_late_they_are() {
        let (mut pace, start) = started(Wakeup::Timer { ms: 10 });
        let mut looks = Vec::new();
        // Looked at every 3 ms, so each look is up to 3 ms late.
        for ms in (0..100).step_by(3) {
            if pace.is_due(start + MS * ms) {
                looks.push(ms);
            }
        }
        assert_eq!(looks, [12, 21, 30, 42, 51, 60, 72, 81, 90]);
    }

    #[test]
    fn missed_looks_are_not_made_up_for() {
        let (mut pace, start) = started(Wakeup::Timer { ms: 10 });
        assert!(pace.is_due(start + MS * 57));
        assert!(!pace.is_due(start + MS * 59));
        assert_eq!(pace.wait(start + MS * 59), Some(MS));
        assert!(pace.is_due(start + MS * 60));
    }

    #[test]
    fn it_rests_before_start_and_after_stop() {
        let (mut pace, start) = started(Wakeup::Timer { ms: 1 });
        pace.stop();
        assert_eq!((pace.wait(start), pace.is_due(start + MS * 5)), (None, false));
        let mut fresh = Pace::of(Wakeup::Timer { ms: 1 });
        assert!(!fresh.is_due(start + MS * 5));
    }

    #[test]
    fn policies_have_their_steps() {
        let wait = |wakeup| started(wakeup).0.step;
        assert_eq!(wait(Wakeup::Adaptive), None);
        assert_eq!(wait(Wakeup::Bytes(4096)), Some(MS * 100));
        assert_eq!(wait(Wakeup::Timer { ms: 7 }), Some(MS * 7));
    }
}
