//! The ledger of the kernel side: one counter for each way in which a hit can end.
//!
//! `hits + extra = (sum of filtered) + submitted + reserve_failed`, per CPU and in sum. Counters only grow.

/// An index into the row of counters. Those of the usual ways come first, so that they share a line of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Counter {
    /// A program was entered.
    Hits,
    /// Filtered: bytes of a message that does not end here.
    Progress,
    /// Events given to the ring buffer.
    Submitted,
    /// Filtered: a call begins; what it has moved is known when it ends.
    Entered,
    /// Filtered: another process.
    OtherProcess,
    /// Filtered: the call failed or moved no byte.
    NoBytes,
    /// Filtered: a call that moves no bytes of a connection.
    OtherSyscall,
    /// A hit that yields more than one event counts each event after the first here.
    Extra,
    /// Events lost because the ring buffer was full.
    ReserveFailed,
    /// Filtered: bytes were looked at, not taken (`MSG_PEEK`).
    Peeked,
    /// Filtered: a descriptor that carries no HTTP, as far as was seen.
    NoConnection,
    /// Filtered: a connection was closed.
    Closed,
    /// Filtered: no room to follow one more connection.
    TableFull,
    /// Filtered: memory of the process could not be read.
    Fault,
    /// Filtered: a call ends whose beginning was not seen.
    NotEntered,
    /// Filtered: a packet that is not TCP.
    OtherPacket,
    /// Filtered: an IPv6 packet with extension headers, behind which nobody looks.
    ExtensionHeader,
    /// Filtered: a packet whose bytes have all passed before.
    Duplicate,
    /// Filtered: the tracer was told to stop before the event, to show what each stage of it costs.
    Stage,
    /// Exception: an answer without a request that was seen.
    AnswerWithoutRequest,
    /// Exception: bytes on a connection that are not HTTP/1.x which this parser understands.
    NotHttp,
    /// Exception: a request whose connection was closed before its answer was complete.
    ClosedBeforeAnswer,
    /// Exception: bytes of a followed connection that could not be read from the process.
    ReadFault,
    /// Exception: a message too long to be scanned in one call.
    ScanLimit,
    /// Exception: a call on a followed connection that this strategy cannot read (`sendmmsg`, `recvmmsg`).
    UnsupportedSyscall,
    /// Exception: bytes of a followed connection passed unseen, or in another order than they were sent.
    Gap,
    /// Exception: a packet passed while the connection's other direction was being followed, and was not seen.
    Contended,
    /// Exception: bytes that came with the end of the handshake, before the connection had a socket of its own.
    BeforeAccept,
}

/// Number of counters.
pub const COUNTERS: usize = Counter::BeforeAccept as usize + 1;

/// A row of counters.
pub type Row = [u64; COUNTERS];

/// The counters of hits that end without an event, with their names in reports.
pub const FILTERED: [(Counter, &str); 15] = [
    (Counter::OtherProcess, "other_process"),
    (Counter::NoBytes, "no_bytes"),
    (Counter::OtherSyscall, "other_syscall"),
    (Counter::Peeked, "peeked"),
    (Counter::NoConnection, "no_connection"),
    (Counter::Progress, "progress"),
    (Counter::Entered, "entered"),
    (Counter::NotEntered, "not_entered"),
    (Counter::Closed, "closed"),
    (Counter::TableFull, "table_full"),
    (Counter::Fault, "fault"),
    (Counter::OtherPacket, "other_packet"),
    (Counter::ExtensionHeader, "extension_header"),
    (Counter::Duplicate, "duplicate"),
    (Counter::Stage, "stage"),
];

/// The counters of things that cannot be reported as one whole record, with their names in reports. They are
/// beside the ledger of hits, not part of it.
pub const EXCEPTIONS: [(Counter, &str); 9] = [
    (Counter::AnswerWithoutRequest, "answer_without_request"),
    (Counter::NotHttp, "not_http"),
    (Counter::ClosedBeforeAnswer, "closed_before_answer"),
    (Counter::ReadFault, "read_fault"),
    (Counter::ScanLimit, "scan_limit"),
    (Counter::UnsupportedSyscall, "unsupported_syscall"),
    (Counter::Gap, "gap"),
    (Counter::Contended, "contended"),
    (Counter::BeforeAccept, "before_accept"),
];

/// Has every hit of this row ended in one way?
#[must_use]
pub fn closes(row: &Row) -> bool {
    let filtered: u64 = FILTERED.iter().map(|(counter, _)| row[*counter as usize]).sum();
    let ends = filtered + row[Counter::Submitted as usize] + row[Counter::ReserveFailed as usize];
    row[Counter::Hits as usize] + row[Counter::Extra as usize] == ends
}
