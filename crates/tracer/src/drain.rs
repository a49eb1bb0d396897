//! Takes events from the ring buffer, turns them into records, and keeps the user-space half of the ledger.

use std::{
    collections::BTreeMap,
    os::fd::{AsFd, BorrowedFd},
};

use anyhow::Result;
use aya::maps::{MapData, RingBuf};
use record::agent::{AgentStats, RequestRecord};
use tracer_common::{
    counter::{Counter, EXCEPTIONS, FILTERED, Row},
    event::{ANSWER_HALF, Event, PATH_CAPACITY, REQUEST_HALF, WHOLE},
};
use zerocopy::FromBytes;

use crate::{join::Join, sink::Sink};

/// The consumer of the ring buffer.
pub struct Drain {
    events: RingBuf<MapData>,
    join: Join,
    sink: Sink,
    tally: Tally,
}

/// The user-space half of the ledger.
#[derive(Debug, Default)]
struct Tally {
    received: u64,
    parsed: u64,
    rejected: BTreeMap<&'static str, u64>,
    requests: u64,
    wakeups: u64,
}

impl Drain {
    /// A drain of `events` into `sink`.
    pub fn new(events: RingBuf<MapData>, sink: Sink) -> Self {
        Self { events, join: Join::default(), sink, tally: Tally::default() }
    }

    /// The ring buffer, to be waited for.
    pub fn events(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }

    /// Drains because the reader was woken, which is counted.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn wake(&mut self) -> Result<()> {
        self.tally.wakeups += 1;
        self.drain()
    }

    /// Takes all that is there, and hands it to the sink.
    ///
    /// # Errors
    /// When the sink cannot be written.
    pub fn drain(&mut self) -> Result<()> {
        while let Some(item) = self.events.next() {
            self.tally.received += 1;
            match understand(&item) {
                Ok(event) => {
                    self.tally.parsed += 1;
                    if let Some(whole) = self.join.add(event) {
                        self.tally.requests += 1;
                        self.sink.write(&record(&whole))?;
                    }
                }
                Err(reason) => *self.tally.rejected.entry(reason).or_default() += 1,
            }
        }
        self.sink.flush()
    }

    /// The whole ledger, given the counters of the kernel side.
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
            exceptions,
            wakeups: self.tally.wakeups,
            ..AgentStats::default()
        }
    }
}

fn named(counters: &[(Counter, &str)], row: &Row) -> BTreeMap<String, u64> {
    counters.iter().map(|(counter, name)| ((*name).into(), row[*counter as usize])).collect()
}

/// Reads an event, or says why the bytes are none.
fn understand(bytes: &[u8]) -> Result<Event, &'static str> {
    let event = Event::read_from_bytes(bytes).map_err(|_| "wrong_size")?;
    if !matches!(event.kind, WHOLE | REQUEST_HALF | ANSWER_HALF) {
        return Err("unknown_kind");
    }
    if usize::from(event.path_len) > PATH_CAPACITY {
        return Err("path_too_long");
    }
    Ok(event)
}

fn record(event: &Event) -> RequestRecord {
    let method = event.method.to_be_bytes();
    let path = &event.path[..usize::from(event.path_len)];
    RequestRecord {
        start_ns: event.start_ns,
        duration_ns: event.end_ns.saturating_sub(event.start_ns),
        pid: event.tgid,
        tid: event.tid,
        fd: event.fd,
        method: String::from_utf8_lossy(&method).trim_start_matches('\0').into(),
        path: String::from_utf8_lossy(path).into(),
        path_truncated: event.path_truncated != 0,
        status: event.status,
        request_bytes: event.request_bytes,
        response_bytes: event.response_bytes,
    }
}

#[cfg(test)]
mod tests {
    use tracer_common::event::{Event, PATH_CAPACITY, WHOLE};
    use zerocopy::{FromZeros, IntoBytes};

    use super::{record, understand};

    fn event() -> Event {
        let mut event = Event::new_zeroed();
        event.kind = WHOLE;
        event.method = u64::from_be_bytes(*b"\0\0\0\0\0GET");
        event.path[..6].copy_from_slice(b"/plain");
        event.path_len = 6;
        event
    }

    #[test]
    fn a_record_holds_only_the_used_bytes_of_the_path() {
        let mut event = event();
        event.path[6..].fill(b'x');
        let record = record(&event);
        assert_eq!((record.method.as_str(), record.path.as_str()), ("GET", "/plain"));
    }

    #[test]
    fn bytes_that_are_no_event_are_named() {
        let good = event();
        assert_eq!(understand(good.as_bytes()), Ok(good));
        assert_eq!(understand(&good.as_bytes()[1..]), Err("wrong_size"));
        assert_eq!(understand(Event { kind: 9, ..good }.as_bytes()), Err("unknown_kind"));
        let long = Event { path_len: PATH_CAPACITY as u8 + 1, ..good };
        assert_eq!(understand(long.as_bytes()), Err("path_too_long"));
    }
}
