//! What becomes of an event once it has left the kernel: understood, joined, written, and accounted for. Nothing is
//! allocated for an event, once the buffers have their size.

use std::collections::BTreeMap;

use anyhow::Result;
use record::agent::AgentStats;
use tracer_common::{
    counter::{Counter, EXCEPTIONS, FILTERED, Row},
    event::{ANSWER_HALF, Event, REQUEST_HALF, WHOLE},
};

use crate::{delays::Delays, join::Join, sink::Sink};

/// The user-space side of the tracer, but for the ring buffer.
pub struct Intake {
    join: Join,
    sink: Sink,
    delays: Delays,
    tally: Tally,
}

/// The user-space half of the ledger.
#[derive(Debug, Default)]
struct Tally {
    received: u64,
    parsed: u64,
    rejected: BTreeMap<&'static str, u64>,
    requests: u64,
    joined_midway: u64,
    wakeups: u64,
}

impl Intake {
    /// An intake that writes into `sink`, and tells delays by `clock`, in nanoseconds as the events have them.
    #[must_use]
    pub fn new(sink: Sink, clock: fn() -> u64) -> Self {
        Self { join: Join::default(), sink, delays: Delays::by(clock), tally: Tally::default() }
    }

    /// Counts that the reader was woken.
    pub fn woken(&mut self) {
        self.tally.wakeups += 1;
    }

    /// Takes what the ring buffer holds as one event.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.tally.received += 1;
        match understand(bytes) {
            Ok(event) => self.accept(&event),
            Err(reason) => {
                *self.tally.rejected.entry(reason).or_default() += 1;
                Ok(())
            }
        }
    }

    fn accept(&mut self, event: &Event) -> Result<()> {
        self.tally.parsed += 1;
        if event.head.kind != REQUEST_HALF {
            self.delays.taken(event.head.end_ns);
        }
        let Some(whole) = self.join.add(event) else {
            return Ok(());
        };
        self.tally.requests += 1;
        self.tally.joined_midway += u64::from(whole.head.joined_midway);
        self.sink.write(&whole)
    }

    /// Ends a batch of events: what was taken is written out.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn settle(&mut self) -> Result<()> {
        self.delays.settle();
        self.sink.flush()
    }

    /// The ledger, given the counters of the kernel side. How often the programs ran is not known here.
    #[must_use]
    pub fn stats(&self, row: &Row) -> AgentStats {
        let mut exceptions = named(&EXCEPTIONS, row);
        exceptions.insert("request_unanswered_yet".into(), self.join.waiting());
        exceptions.insert("halves_unmatched".into(), self.join.unmatched());
        AgentStats {
            hits: row[Counter::Hits as usize],
            extra: row[Counter::Extra as usize],
            filtered: named(&FILTERED, row),
            submitted: row[Counter::Submitted as usize],
            reserve_failed: row[Counter::ReserveFailed as usize],
            received: self.tally.received,
            parsed: self.tally.parsed,
            rejected: self.tally.rejected.iter().map(|(reason, count)| ((*reason).into(), *count)).collect(),
            requests: self.tally.requests,
            joined_midway: self.tally.joined_midway,
            exceptions,
            wakeups: self.tally.wakeups,
            delivery_ns: self.delays.histogram(),
            program_runs: 0,
            program_run_ns: 0,
        }
    }
}

fn named(counters: &[(Counter, &str)], row: &Row) -> BTreeMap<String, u64> {
    counters.iter().map(|(counter, name)| ((*name).into(), row[*counter as usize])).collect()
}

/// Reads the event in the bytes, or says why there is none.
///
/// # Errors
/// With the name of the reason, as the ledger has it.
pub fn understand(bytes: &[u8]) -> Result<Event, &'static str> {
    let event = Event::from_wire(bytes).ok_or("wrong_size")?;
    if !matches!(event.head.kind, WHOLE | REQUEST_HALF | ANSWER_HALF) {
        return Err("unknown_kind");
    }
    if event.path().is_none() {
        return Err("path_too_long");
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use tracer_common::{
        counter::COUNTERS,
        event::{ANSWER_HALF, Event, PATH_CAPACITY, REQUEST_HALF, WHOLE},
    };
    use zerocopy::{FromZeros, IntoBytes};

    use super::{Intake, understand};
    use crate::sink::Sink;

    fn event(kind: u8) -> Event {
        let mut event = Event::new_zeroed();
        event.head.kind = kind;
        event
    }

    #[test]
    fn bytes_that_are_no_event_are_named() {
        let good = event(WHOLE);
        assert_eq!(understand(good.as_bytes()), Ok(good));
        assert_eq!(understand(&good.as_bytes()[8..]), Err("wrong_size"));
        assert_eq!(understand(&[]), Err("wrong_size"));
        assert_eq!(understand(event(9).as_bytes()), Err("unknown_kind"));
        let mut long = good;
        long.head.path_len = PATH_CAPACITY as u8 + 1;
        assert_eq!(understand(long.as_bytes()), Err("path_too_long"));
    }

    #[test]
    fn every_event_is_accounted_for() {
        let mut intake = Intake::new(Sink::Null, || 1);
        for (number, kind) in
            [WHOLE, REQUEST_HALF, ANSWER_HALF, ANSWER_HALF, 9, REQUEST_HALF, 9].into_iter().enumerate()
        {
            let mut event = event(kind);
            // Only the first two halves belong together.
            event.head.sequence = number as u32 / 3 * number as u32;
            intake.take(event.as_bytes()).unwrap();
        }
        intake.take(&[]).unwrap();
        intake.settle().unwrap();
        let stats = intake.stats(&[0; COUNTERS]);
        assert_eq!((stats.received, stats.parsed, stats.requests, stats.wakeups), (8, 5, 2, 0));
        assert_eq!(stats.rejected, [("unknown_kind".into(), 2), ("wrong_size".into(), 1)].into());
        assert_eq!(
            (stats.exceptions["halves_unmatched"], stats.exceptions["request_unanswered_yet"]),
            (1, 1)
        );
        let delays = stats.delivery_ns.decode().unwrap();
        assert_eq!(delays.len(), 3, "a request half has no end");
    }
}
