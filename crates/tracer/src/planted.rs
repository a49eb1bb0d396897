//! A leak that is planted on purpose, to show that a soak finds it. Nothing is planted unless it is asked for.

use std::time::Instant;

/// Small enough to come from the heap, as most leaks do.
const PIECE_BYTES: usize = 1024;

/// Memory that is kept and never used again, more with every second.
#[derive(Debug)]
pub struct Leak {
    bytes_per_second: u64,
    since: Instant,
    kept: Vec<Vec<u8>>,
}

impl Leak {
    /// A leak of this rate, from now on; 0 leaks nothing.
    #[must_use]
    pub fn of(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, since: Instant::now(), kept: Vec::new() }
    }

    /// Keeps what is due by now. Its pages are written to, so that they are there.
    pub fn grow(&mut self) {
        let due_bytes = self.bytes_per_second as f64 * self.since.elapsed().as_secs_f64();
        while ((self.kept.len() * PIECE_BYTES) as f64) < due_bytes {
            self.kept.push(vec![1; PIECE_BYTES]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread::sleep, time::Duration};

    use super::{Leak, PIECE_BYTES};

    #[test]
    fn it_keeps_up_with_its_rate_and_nothing_leaks_unasked() {
        let (mut leak, mut none) = (Leak::of(10_000_000), Leak::of(0));
        sleep(Duration::from_millis(10));
        leak.grow();
        none.grow();
        assert!(leak.kept.len() * PIECE_BYTES >= 100_000, "{}", leak.kept.len());
        assert!(none.kept.is_empty());
    }
}
