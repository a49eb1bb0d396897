//! How long events have waited for the agent. The clock is read once for many events, and after they were taken, so
//! a delay may be told a little too long and never too short.

use record::histogram::{Histogram, MAX_NS};
use rustix::time::{ClockId, clock_gettime};

/// The clock is read at most once for so many events of one drain.
const EVENTS_A_READING: usize = 64;

/// Nanoseconds of `CLOCK_MONOTONIC`, the clock of `bpf_ktime_get_ns` (bpf-helpers(7)).
#[must_use]
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The delays so far.
pub struct Delays {
    clock: fn() -> u64,
    ends_ns: [u64; EVENTS_A_READING],
    pending: usize,
    /// To two digits: to tell it is part of each block that is measured, and one percent is enough.
    delays: hdrhistogram::Histogram<u64>,
}

impl Delays {
    /// None yet; `clock` tells nanoseconds as the events do.
    #[must_use]
    pub fn by(clock: fn() -> u64) -> Self {
        let delays = hdrhistogram::Histogram::new_with_bounds(1, MAX_NS, 2);
        let delays = delays.expect("the bounds are constants that HdrHistogram allows");
        Self { clock, ends_ns: [0; EVENTS_A_READING], pending: 0, delays }
    }

    /// An event that tells of something at `end_ns` was taken.
    pub fn taken(&mut self, end_ns: u64) {
        self.ends_ns[self.pending] = end_ns;
        self.pending += 1;
        if self.pending == EVENTS_A_READING {
            self.settle();
        }
    }

    /// Records the delays of the events that were taken since.
    pub fn settle(&mut self) {
        if self.pending == 0 {
            return;
        }
        let now_ns = (self.clock)();
        for end_ns in &self.ends_ns[..self.pending] {
            self.delays.saturating_record(now_ns.saturating_sub(*end_ns));
        }
        self.pending = 0;
    }

    /// All delays that were settled.
    #[must_use]
    pub fn histogram(&self) -> Histogram {
        Histogram::encode(&self.delays)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Delays, now_ns};

    thread_local! {
        static READINGS: Cell<u64> = const { Cell::new(0) };
    }

    /// Tells 1 ms more each time it is read.
    fn clock() -> u64 {
        READINGS.set(READINGS.get() + 1);
        READINGS.get() * 1_000_000
    }

    #[test]
    fn the_clock_is_read_once_for_64_events() {
        let mut delays = Delays::by(clock);
        (0..64 * 3 + 1).for_each(|_| delays.taken(0));
        assert_eq!(READINGS.get(), 3);
        delays.settle();
        delays.settle();
        assert_eq!(READINGS.get(), 4);
        let told = delays.histogram().decode().unwrap();
        assert_eq!((told.len(), told.count_at(1_000_000), told.count_at(4_000_000)), (193, 64, 1));
    }

    #[test]
    fn an_event_of_the_future_has_no_delay() {
        let mut delays = Delays::by(|| 5);
        delays.taken(6);
        delays.settle();
        assert_eq!(delays.histogram().decode().unwrap().max(), 0);
    }

    #[test]
    fn the_clock_goes_on() {
        let (first, second) = (now_ns(), now_ns());
        assert!(first > 0 && second >= first);
    }
}
