//! The flood: HTTP exchanges with no client and no network, as many as wanted.
//!
//! A file in memory (memfd_create(2)) holds a request, room for its answer, the next request, and so on. To `read` the
//! one and `write` the other over the same descriptor looks to a tracer of system calls like any exchange on a
//! connection, at a cost of two short calls. At the end of the file the position goes back to its beginning, where all
//! requests are as they were.

mod pace;

use std::{fs::File, io, num::NonZeroU64, os::unix::fs::FileExt as _, time::Duration};

use record::target::Flooded;
use rustix::{
    fs::{MemfdFlags, SeekFrom, memfd_create, seek},
    io::{read, write},
    time::{ClockId, clock_gettime},
};

use crate::{burn::burn, work::Work};
use pace::Pace;

/// What is read: a request like those of a load generator.
const REQUEST: &[u8] = b"GET /flood HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
/// What is written: hyper's answer to `/plain`, without a date.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\nHello, World!\n";

/// So many exchanges are in the file: it stays within the processor's cache.
const EXCHANGES: usize = 256;

/// Exchanges on a file in memory.
struct Exchanges {
    file: File,
    /// Those that are left before the end of the file.
    left: usize,
}

impl Exchanges {
    fn prepare() -> io::Result<Self> {
        let file = File::from(memfd_create("flood", MemfdFlags::CLOEXEC)?);
        let mut text = Vec::with_capacity(EXCHANGES * (REQUEST.len() + ANSWER.len()));
        for _ in 0..EXCHANGES {
            text.extend_from_slice(REQUEST);
            text.resize(text.len() + ANSWER.len(), b' ');
        }
        // By another call than `write`, which a tracer would take for an answer. The position stays at the beginning.
        file.write_all_at(&text, 0)?;
        Ok(Self { file, left: EXCHANGES })
    }

    /// Reads a request and writes its answer.
    fn exchange(&mut self) -> io::Result<()> {
        if self.left == 0 {
            seek(&self.file, SeekFrom::Start(0))?;
            self.left = EXCHANGES;
        }
        let mut request = [0; REQUEST.len()];
        let bytes_read = read(&self.file, &mut request)?;
        let bytes_written = write(&self.file, ANSWER)?;
        if bytes_read != REQUEST.len() || bytes_written != ANSWER.len() {
            return Err(io::Error::other("a file in memory was read or written in part"));
        }
        self.left -= 1;
        Ok(())
    }
}

/// Makes exchanges for `duration`, so many a second, or as many as this thread can. Each burns the planted cost first.
///
/// # Errors
/// When the file cannot be made, read or written.
pub(crate) fn flood(
    events_per_second: Option<NonZeroU64>,
    duration: Duration,
    work: &Work,
) -> io::Result<Flooded> {
    let mut exchanges = Exchanges::prepare()?;
    let cpu_start_ns = own_cpu_ns();
    let mut pace = Pace::begin(events_per_second, duration);
    let mut requests = 0;
    while let Some(due) = pace.wait(requests) {
        for _ in 0..due {
            burn(work.planted_ns());
            exchanges.exchange()?;
        }
        requests += due;
    }
    let elapsed_ns = pace.elapsed().as_nanos() as u64;
    let cpu_ns = own_cpu_ns() - cpu_start_ns;
    Ok(Flooded { requests, elapsed_ns, cpu_ns, spun_ns: pace.spun().as_nanos() as u64 })
}

/// Exact also while the thread runs.
fn own_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, num::NonZeroU64, os::unix::fs::FileExt as _, time::Duration};

    use crate::work::Work;

    use super::{ANSWER, EXCHANGES, Exchanges, REQUEST, flood};

    #[test]
    fn every_round_reads_the_same_requests_and_writes_the_same_answers() {
        let mut exchanges = Exchanges::prepare().unwrap();
        for _ in 0..2 * EXCHANGES + 1 {
            exchanges.exchange().unwrap();
        }
        // The position is after the first exchange of the third round.
        let mut rest = Vec::new();
        exchanges.file.read_to_end(&mut rest).unwrap();
        let exchange = [REQUEST, ANSWER].concat();
        assert_eq!(rest, exchange.repeat(EXCHANGES - 1));
        let mut first = vec![0; exchange.len()];
        exchanges.file.read_exact_at(&mut first, 0).unwrap();
        assert_eq!(first, exchange);
    }

    #[test]
    fn a_rate_is_not_exceeded_and_what_is_left_of_the_time_is_spun() {
        let flooded = flood(NonZeroU64::new(1_000), Duration::from_millis(50), &Work::default()).unwrap();
        // Fewer where this machine has no time for it.
        assert!((1..=50).contains(&flooded.requests), "{flooded:?}");
        assert!(flooded.elapsed_ns >= 50_000_000, "{flooded:?}");
        assert!(flooded.spun_ns > 0 && flooded.spun_ns <= flooded.elapsed_ns, "{flooded:?}");
        assert!(flooded.cpu_ns > 0 && flooded.cpu_ns <= flooded.elapsed_ns, "{flooded:?}");
    }

    #[test]
    fn without_a_rate_nothing_is_waited_for() {
        let flooded = flood(None, Duration::from_millis(20), &Work::default()).unwrap();
        assert!(flooded.requests > 100, "{flooded:?}");
        assert_eq!(flooded.spun_ns, 0);
    }

    #[test]
    fn a_planted_cost_is_burned_in_each_exchange() {
        let work = Work::default();
        work.plant(1_000_000);
        let flooded = flood(NonZeroU64::new(1_000), Duration::from_millis(20), &work).unwrap();
        assert!(flooded.requests <= 20, "{flooded:?}");
        assert!(flooded.elapsed_ns - flooded.spun_ns > 900_000 * flooded.requests, "{flooded:?}");
    }

    #[test]
    fn no_time_is_no_request() {
        assert_eq!(flood(None, Duration::ZERO, &Work::default()).unwrap().requests, 0);
        assert_eq!(flood(NonZeroU64::new(1_000), Duration::ZERO, &Work::default()).unwrap().requests, 0);
    }
}
