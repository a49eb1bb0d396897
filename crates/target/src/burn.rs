//! Burning a known time of CPU.

use std::{
    hint,
    time::{Duration, Instant},
};

/// Keeps the CPU busy this long. Nothing, not even a read of the clock, when `ns` is 0.
///
/// It counts by the wall clock: the thread's own CPU clock is a system call, dearer than the times burned here. A
/// thread that is preempted meanwhile burns less than it was told.
pub(crate) fn burn(ns: u64) {
    if ns == 0 {
        return;
    }
    let start = Instant::now();
    let enough = Duration::from_nanos(ns);
    while start.elapsed() < enough {
        hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::burn;

    #[test]
    fn it_lasts_at_least_as_long_as_told() {
        let start = Instant::now();
        burn(200_000);
        assert!(start.elapsed() >= Duration::from_micros(200));
    }
}
