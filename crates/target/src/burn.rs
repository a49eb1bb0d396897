//! Burning a known time of CPU.

use std::{
    hint,
    time::{Duration, Instant},
};

/// Keeps the CPU busy this long. Nothing, not even a read of the clock, when `ns` is 0.
///
/// Reading the clock takes time too, before the first reading and after the last, and the moment to stop falls between
/// two readings; so it stops one and a half readings early, and is right in the mean.
///
/// It counts by the wall clock: the thread's own CPU clock is a system call, dearer than the times burned here. A
/// thread that is preempted meanwhile burns less than it was told.
pub(crate) fn burn(ns: u64) {
    if ns == 0 {
        return;
    }
    let start = Instant::now();
    let enough = Duration::from_nanos(ns);
    let (mut last, mut now) = (Duration::ZERO, start.elapsed());
    while now + (now - last) * 3 / 2 < enough {
        hint::spin_loop();
        (last, now) = (now, start.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::burn;

    #[test]
    fn it_hardly_ends_early() {
        let start = Instant::now();
        for _ in 0..100 {
            burn(200_000);
        }
        assert!(start.elapsed() >= Duration::from_micros(100 * 190));
    }
}
