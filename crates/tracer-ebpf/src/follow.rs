//! Follows the connections of the watched process: feeds what a call has moved to the parser, and sends events.

use core::ffi::{c_long, c_void};

use aya_ebpf::{
    helpers::{bpf_ktime_get_ns, generated::bpf_loop},
    macros::map,
    maps::{HashMap, PerCpuArray},
};
use tracer_common::{
    connection::{Connection, Outcome},
    counter::Counter,
    event::{ANSWER_HALF, REQUEST_HALF, WHOLE},
    http::{Chunk, may_begin_request},
    names,
};

use crate::{ledger::Ledger, user_bytes::UserBytes};

#[map]
static CONNECTIONS: HashMap<u64, Connection> = HashMap::with_max_entries(names::MAX_CONNECTIONS, 0);

/// A connection of which nothing was seen, kept in read-only data since it would fill most of the stack. Exported,
/// since the loader finds the offset of a variable, which its BTF needs, by a global symbol.
#[unsafe(no_mangle)]
static NEW_CONNECTION: Connection = Connection::NEW;

/// Steps that one call may take: a step copies up to [`CHUNK`] bytes of a head, takes one part of a head (a name, a
/// line), or passes over what one buffer holds of a body.
const MAX_STEPS: u32 = 4096;

/// `BPF_ANY` of linux/bpf.h.
const ANY: u64 = 0;

/// What a step of `bpf_loop` answers.
const GO_ON: c_long = 0;
const STOP: c_long = 1;

/// Which descriptor of which process, and the thread that made the call.
#[derive(Clone, Copy)]
pub struct Place {
    pub tgid: u32,
    pub tid: u32,
    pub fd: i32,
}

impl Place {
    #[inline(always)]
    fn key(self) -> u64 {
        names::connection_key(self.tgid, self.fd)
    }

    #[inline(always)]
    fn connection(self) -> Option<*mut Connection> {
        CONNECTIONS.get_ptr_mut(self.key())
    }
}

/// How far one call has got. It lies in a map: of values there the verifier knows nothing, so that it need not follow
/// each into every step. Programs at tracepoints are not preempted, so one a CPU is enough.
#[repr(C)]
struct Cursor {
    bytes: UserBytes,
    place: Place,
    /// Bytes of the chunk that are taken.
    taken: u32,
    events: u32,
    fault: u32,
    lost: u32,
}

#[map]
static CURSOR: PerCpuArray<Cursor> = PerCpuArray::with_max_entries(1, 0);

/// One call on one connection. The bytes are on the stack, since no map may hold a byte of a header.
struct Visit {
    connection: *mut Connection,
    cursor: *mut Cursor,
    ledger: Ledger,
    chunk: Chunk,
}

/// The process has read `bytes`.
#[inline(always)]
pub fn read(ledger: Ledger, place: Place, bytes: UserBytes) {
    let Some(connection) = place.connection().or_else(|| begin(ledger, place, &bytes)) else {
        return;
    };
    if !unsafe { (*connection).begin_read() } {
        return ledger.count(Counter::Progress);
    }
    if !visit(ledger, connection, place, bytes, read_step) {
        unsafe { (*connection).requests.give_up() };
    }
}

/// The process has written `bytes`.
#[inline(always)]
pub fn written(ledger: Ledger, place: Place, bytes: UserBytes) {
    let Some(connection) = place.connection() else {
        return ledger.count(Counter::NoConnection);
    };
    if unsafe { (*connection).answers.is_lost() } {
        return ledger.count(Counter::Progress);
    }
    if unsafe { (*connection).in_flight() } == 0 {
        return answer_without_request(ledger, connection);
    }
    if !visit(ledger, connection, place, bytes, write_step) {
        unsafe { (*connection).answers.give_up() };
    }
}

/// The process has written `len` bytes straight from a file: they can only be part of a body.
#[inline(always)]
pub fn sent_file(ledger: Ledger, place: Place, len: u64) {
    let Some(connection) = place.connection() else {
        return ledger.count(Counter::NoConnection);
    };
    let connection = unsafe { &mut *connection };
    if connection.answers.skippable() < len {
        connection.answers.give_up();
        ledger.count(Counter::NotHttp);
        return ledger.count(Counter::Progress);
    }
    if connection.skip_written(len) as u8 == Outcome::AnswerEnd as u8 {
        return send_answer(ledger, connection, place);
    }
    ledger.count(Counter::Progress);
}

/// The descriptor is closed, or was given out anew: forget what was there.
#[inline(always)]
pub fn closed(ledger: Ledger, place: Place) {
    let Some(connection) = place.connection() else {
        return ledger.count(Counter::NoConnection);
    };
    let connection = unsafe { &mut *connection };
    if connection.answers.ends_with_connection() {
        connection.end_with_connection();
        send_answer(ledger, connection, place);
    } else {
        ledger.count(Counter::Closed);
    }
    ledger.add(Counter::ClosedBeforeAnswer, connection.in_flight() as u64);
    let _ = CONNECTIONS.remove(place.key());
}

/// The process moved bytes of this descriptor by a call that is not followed.
#[inline(always)]
pub fn unsupported(ledger: Ledger, place: Place) {
    if let Some(connection) = place.connection() {
        ledger.count(Counter::UnsupportedSyscall);
        unsafe {
            (*connection).requests.give_up();
            (*connection).answers.give_up();
        }
    }
    ledger.count(Counter::OtherSyscall);
}

/// The first read of a descriptor that is not followed: does it look like the start of a request?
#[inline(always)]
fn begin(ledger: Ledger, place: Place, bytes: &UserBytes) -> Option<*mut Connection> {
    let Some(first) = bytes.first() else {
        ledger.count(Counter::Fault);
        return None;
    };
    if !may_begin_request(first) {
        ledger.count(Counter::NoConnection);
        return None;
    }
    let fresh: &Connection = &NEW_CONNECTION;
    if CONNECTIONS.insert(place.key(), fresh, ANY).is_err() {
        ledger.count(Counter::TableFull);
        return None;
    }
    let connection = place.connection();
    if connection.is_none() {
        ledger.count(Counter::TableFull);
    }
    connection
}

/// Written bytes that belong to no request: an answer whose request was read before the programs were attached.
#[inline(always)]
fn answer_without_request(ledger: Ledger, connection: *mut Connection) {
    unsafe { (*connection).answers.give_up() };
    ledger.count(Counter::AnswerWithoutRequest);
    ledger.count(Counter::Progress);
}

/// Hands `bytes` to `step`. False if not all of them were seen: then nobody knows what follows.
#[inline(always)]
fn visit(
    ledger: Ledger,
    connection: *mut Connection,
    place: Place,
    bytes: UserBytes,
    step: unsafe extern "C" fn(u64, *mut Visit) -> c_long,
) -> bool {
    let Some(cursor) = CURSOR.get_ptr_mut(0) else {
        return false;
    };
    unsafe { *cursor = Cursor { bytes, place, taken: 0, events: 0, fault: 0, lost: 0 } };
    let mut visit = Visit { connection, cursor, ledger, chunk: Chunk::EMPTY };
    unsafe { bpf_loop(MAX_STEPS, step as *mut c_void, (&raw mut visit).cast(), 0) };
    close_visit(ledger, unsafe { &*cursor })
}

/// Counts how the hit has ended. True if all bytes were seen.
#[inline(always)]
fn close_visit(ledger: Ledger, cursor: &Cursor) -> bool {
    if cursor.fault != 0 {
        ledger.count(Counter::ReadFault);
    } else if cursor.lost != 0 {
        ledger.count(Counter::NotHttp);
    } else if !cursor.bytes.is_empty() {
        ledger.count(Counter::ScanLimit);
    }
    match cursor.events {
        0 => ledger.count(Counter::Progress),
        events => ledger.add(Counter::Extra, (events - 1) as u64),
    }
    cursor.bytes.is_empty()
}

unsafe extern "C" fn read_step(_index: u64, visit: *mut Visit) -> c_long {
    let visit = unsafe { &mut *visit };
    let (connection, cursor) = unsafe { (&mut *visit.connection, &mut *visit.cursor) };
    let Some(here) = cursor.piece() else {
        return STOP;
    };
    let skippable = connection.requests.skippable();
    if skippable != 0 {
        let skipped = if skippable < here { skippable } else { here };
        connection.skip_read(skipped);
        cursor.pass(skipped, visit.chunk.len);
        return GO_ON;
    }
    if cursor.taken >= visit.chunk.len {
        return cursor.refill(&mut visit.chunk);
    }
    if connection.must_spill() {
        cursor.events += 1;
        send(visit.ledger, connection, cursor.place, REQUEST_HALF);
        connection.spilled();
    }
    let now_ns = if connection.requests.at_start() { unsafe { bpf_ktime_get_ns() } } else { 0 };
    let from = cursor.taken;
    let (to, outcome) = connection.read(&visit.chunk, from as usize, now_ns);
    cursor.took(to as u32 - from, outcome)
}

unsafe extern "C" fn write_step(_index: u64, visit: *mut Visit) -> c_long {
    let visit = unsafe { &mut *visit };
    let (connection, cursor) = unsafe { (&mut *visit.connection, &mut *visit.cursor) };
    let Some(here) = cursor.piece() else {
        return STOP;
    };
    let skippable = connection.answers.skippable();
    let (step, outcome) = if skippable != 0 {
        let skipped = if skippable < here { skippable } else { here };
        let outcome = connection.skip_written(skipped);
        cursor.pass(skipped, visit.chunk.len);
        (GO_ON, outcome)
    } else if cursor.taken >= visit.chunk.len {
        return cursor.refill(&mut visit.chunk);
    } else {
        let from = cursor.taken;
        let (to, outcome) = connection.write(&visit.chunk, from as usize);
        (cursor.took(to as u32 - from, outcome), outcome)
    };
    if outcome as u8 == Outcome::AnswerEnd as u8 {
        cursor.events += 1;
        send_answer(visit.ledger, connection, cursor.place);
    }
    step
}

impl Cursor {
    /// Bytes in one piece at this position; None at the end.
    #[inline(always)]
    fn piece(&mut self) -> Option<u64> {
        if self.bytes.is_empty() {
            return None;
        }
        let piece = self.bytes.piece();
        self.fault = piece.is_none() as u32;
        piece
    }

    /// Copies the next bytes into the chunk.
    #[inline(always)]
    fn refill(&mut self, chunk: &mut Chunk) -> c_long {
        self.taken = 0;
        match self.bytes.peek(&mut chunk.bytes) {
            Some(len) => {
                chunk.len = len;
                GO_ON
            }
            None => {
                self.fault = 1;
                STOP
            }
        }
    }

    /// Goes on by bytes of a body, and past what was copied of them.
    #[inline(always)]
    fn pass(&mut self, bytes: u64, copied: u32) {
        self.bytes.advance(bytes);
        let ahead = (copied - self.taken) as u64;
        self.taken = if bytes < ahead { self.taken + bytes as u32 } else { copied };
    }

    /// Goes on by bytes of the chunk.
    #[inline(always)]
    fn took(&mut self, bytes: u32, outcome: Outcome) -> c_long {
        self.bytes.advance(bytes as u64);
        self.taken += bytes;
        self.lost = (outcome as u8 == Outcome::Lost as u8) as u32;
        self.lost as c_long
    }
}

#[inline(always)]
fn send_answer(ledger: Ledger, connection: &mut Connection, place: Place) {
    let kind = connection.answered();
    send(ledger, connection, place, kind);
}

#[inline(always)]
fn send(ledger: Ledger, connection: &Connection, place: Place, kind: u8) {
    ledger.submit(|event| {
        connection.fill(event, kind);
        event.end_ns = if kind == WHOLE || kind == ANSWER_HALF { unsafe { bpf_ktime_get_ns() } } else { 0 };
        event.tgid = place.tgid;
        event.tid = place.tid;
        event.fd = place.fd;
    });
}
