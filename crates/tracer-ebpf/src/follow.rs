//! Follows the connections of the watched process by their descriptors: hands what a call has moved to the parser,
//! and sends events.

use core::{
    ffi::{c_long, c_void},
    hint::cold_path,
};

use aya_ebpf::{
    helpers::{bpf_get_current_pid_tgid, bpf_ktime_get_ns, generated::bpf_loop},
    macros::map,
    maps::PerCpuArray,
};
use tracer_common::{
    connection::{CLAIMED, Connection, Written},
    counter::Counter,
    event::{ANSWER_HALF, WHOLE},
    http::{chunk::Chunk, may_begin_request},
    names::stage,
    visit::{self, Cursor, MAX_STEPS, Outlet, Side},
};

use crate::{atomic, constants, ledger::Ledger, place::Place, user_bytes::UserBytes};

/// Answers of a step to `bpf_loop`.
const GO_ON: c_long = 0;
const STOP: c_long = 1;

/// A call: who made it, on which descriptor. Where none is known, a negative number tells connections apart.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Caller {
    pub tgid: u32,
    pub tid: u32,
    pub fd: i32,
}

/// A call, and where it is counted.
#[derive(Clone, Copy)]
pub struct Hit {
    pub ledger: Ledger,
    pub caller: Caller,
}

impl Hit {
    /// The hit of a call by the watched process, on no descriptor yet; None if it is another's.
    #[inline(always)]
    pub fn of_target(ledger: Ledger) -> Option<Self> {
        let pid_tgid = bpf_get_current_pid_tgid();
        let tgid = (pid_tgid >> 32) as u32;
        if tgid != constants::target_tgid() {
            ledger.count(Counter::OtherProcess);
            return None;
        }
        Some(Self { ledger, caller: Caller { tgid, tid: pid_tgid as u32, fd: -1 } })
    }

    /// The same on the descriptor `fd`.
    #[inline(always)]
    pub fn on(self, fd: i32) -> Self {
        Self { caller: Caller { fd, ..self.caller }, ..self }
    }
}

impl Outlet for Hit {
    #[inline(always)]
    fn now_ns(&self) -> u64 {
        unsafe { bpf_ktime_get_ns() }
    }

    #[inline(always)]
    fn send(&self, connection: &Connection, kind: u8) {
        let line = &connection.line;
        self.ledger.submit(&line.path, line.path_len, |event| {
            connection.fill(event, kind);
            event.end_ns = if kind == WHOLE || kind == ANSWER_HALF { self.now_ns() } else { 0 };
            event.tgid = self.caller.tgid;
            event.tid = self.caller.tid;
            event.fd = self.caller.fd;
        });
        #[cfg(feature = "planted-cost")]
        if kind == WHOLE || kind == ANSWER_HALF {
            crate::planted::spin();
        }
    }

    /// Where one thread reads and writes a connection, as in most servers, it is not at both at once.
    #[inline(always)]
    fn claim(&self, connection: &mut Connection, held: u64, side: Side) -> bool {
        if matches!(side, Side::Writer) && connection.reader == self.caller.tid {
            return true;
        }
        cold_path();
        let claimed = CLAIMED | held as u32 as u64;
        unsafe { atomic::compare_swap(&raw mut connection.held, held, claimed) == held }
    }

    #[inline(always)]
    fn add(&self, counter: Counter, amount: u64) {
        self.ledger.add(counter, amount);
    }
}

/// A call that goes step by step. It lies in a map: of values there the verifier knows nothing, so that it need not
/// follow each into every step. Programs at tracepoints are not preempted, so one a CPU is enough.
#[repr(C)]
struct Visit {
    cursor: Cursor<UserBytes>,
    caller: Caller,
}

#[map]
static VISIT: PerCpuArray<Visit> = PerCpuArray::with_max_entries(1, 0);

/// What a step is called with. The bytes are on the stack, since no map may hold a byte of a header.
struct Step {
    ledger: Ledger,
    connection: *mut Connection,
    visit: *mut Visit,
    chunk: Chunk,
}

impl Step {
    #[inline(always)]
    fn new(hit: Hit, connection: &mut Connection) -> Self {
        Self { ledger: hit.ledger, connection, visit: core::ptr::null_mut(), chunk: Chunk::EMPTY }
    }
}

/// The process has read `bytes` from the connection at `place`.
#[inline(always)]
pub fn read(hit: Hit, place: Option<Place>, bytes: UserBytes) {
    let Some(place) = place else {
        cold_path();
        return hit.ledger.count(Counter::TableFull);
    };
    let Some(connection) = place.connection().or_else(|| begin(hit, &place, &bytes)) else {
        cold_path();
        return;
    };
    if !constants::reaches(stage::COPY) {
        return hit.ledger.count(Counter::Stage);
    }
    if !connection.begin_read() {
        cold_path();
        return hit.ledger.count(Counter::Progress);
    }
    connection.reader = hit.caller.tid;
    let mut step = Step::new(hit, connection);
    let mut cursor = Cursor::new(bytes);
    cursor.begin_read(connection, &mut step.chunk, &hit);
    if cursor.goes_on() {
        cold_path();
        cursor = by_steps(hit, cursor, &mut step, read_step);
    }
    if !cursor.close(&hit) {
        cold_path();
        connection.give_up_requests();
    }
}

/// The process has written `bytes` to the connection at `place`.
#[inline(always)]
pub fn written(hit: Hit, place: Option<Place>, bytes: UserBytes) {
    let Some(connection) = place.and_then(|place| place.connection()) else {
        cold_path();
        if bytes.begins_answer() {
            hit.ledger.count(Counter::AnswerWithoutRequest);
        }
        return hit.ledger.count(Counter::NoConnection);
    };
    if !constants::reaches(stage::COPY) {
        return hit.ledger.count(Counter::Stage);
    }
    match connection.begin_write() {
        Written::Answer => {}
        Written::Unasked if !bytes.begins_interim() => {
            cold_path();
            return visit::answer_without_request(connection, &hit);
        }
        Written::Unasked | Written::Lost => {
            cold_path();
            return hit.ledger.count(Counter::Progress);
        }
    }
    let mut step = Step::new(hit, connection);
    let mut cursor = Cursor::new(bytes);
    cursor.begin_written(connection, &mut step.chunk, &hit);
    if cursor.goes_on() {
        cold_path();
        cursor = by_steps(hit, cursor, &mut step, write_step);
    }
    if !cursor.close(&hit) {
        cold_path();
        connection.answers.give_up();
    }
}

/// The process has written `len` bytes straight from a file.
#[inline(always)]
pub fn sent_file(hit: Hit, place: Option<Place>, len: u64) {
    match place.and_then(|place| place.connection()) {
        Some(connection) => visit::sent_file(connection, len, &hit),
        None => hit.ledger.count(Counter::NoConnection),
    }
}

/// The connection at `place` is closed, or its descriptor was given out anew: forget what was there.
#[inline(always)]
pub fn closed(hit: Hit, place: Option<Place>) {
    let Some(place) = place else {
        cold_path();
        return hit.ledger.count(Counter::NoConnection);
    };
    let Some(connection) = place.connection() else {
        cold_path();
        return hit.ledger.count(Counter::NoConnection);
    };
    visit::closed(connection, &hit);
    place.forget();
}

/// A new connection has come to `place`. Whatever was there before is closed.
#[inline(always)]
pub fn opened(hit: Hit, place: Option<Place>) {
    closed(hit, place);
    if let Some(place) = place {
        place.open();
    }
}

/// The process moved bytes of the connection at `place` by a call that is not followed, or can from now on.
#[inline(always)]
pub fn unsupported(hit: Hit, place: Option<Place>) {
    lose(hit, place);
    hit.ledger.count(Counter::OtherSyscall);
}

/// The same of two connections.
#[inline(always)]
pub fn unsupported_between(hit: Hit, place: Option<Place>, other: Option<Place>) {
    lose(hit, place);
    lose(hit, other);
    hit.ledger.count(Counter::OtherSyscall);
}

/// The connection at `place` has got a second descriptor. If nothing of it was seen yet, the second may be the one that is
/// used from now on.
#[inline(always)]
pub fn duplicated(hit: Hit, place: Option<Place>, second: Option<Place>) {
    let is_new = place.as_ref().is_some_and(Place::is_new);
    if let Some(second) = second {
        second.forget();
        if is_new {
            second.open();
        }
    }
    unsupported(hit, place);
}

/// What follows on this connection, if it is one, nobody knows.
#[inline(always)]
fn lose(hit: Hit, place: Option<Place>) {
    if let Some(connection) = place.and_then(|place| place.connection()) {
        hit.ledger.count(Counter::UnsupportedSyscall);
        connection.requests.give_up();
        connection.answers.give_up();
    }
}

/// The first read of a descriptor that is not followed: does it look like the start of a request?
#[inline(always)]
fn begin(hit: Hit, place: &Place, bytes: &UserBytes) -> Option<&'static mut Connection> {
    cold_path();
    match bytes.first() {
        Some(first) if may_begin_request(first) => return Some(place.begin()),
        Some(_) => hit.ledger.count(Counter::NoConnection),
        None => hit.ledger.count(Counter::Fault),
    }
    None
}

/// Goes on with what the short way has left. Returns how far that has got.
#[inline(always)]
fn by_steps(
    hit: Hit,
    cursor: Cursor<UserBytes>,
    step: &mut Step,
    each: unsafe extern "C" fn(u64, *mut Step) -> c_long,
) -> Cursor<UserBytes> {
    let Some(visit) = VISIT.get_ptr_mut(0) else {
        return cursor;
    };
    unsafe { visit.write(Visit { cursor, caller: hit.caller }) };
    step.visit = visit;
    unsafe {
        bpf_loop(MAX_STEPS, each as *mut c_void, (&raw mut *step).cast(), 0);
        (*visit).cursor
    }
}

unsafe extern "C" fn read_step(_index: u64, step: *mut Step) -> c_long {
    let step = unsafe { &mut *step };
    let (connection, visit) = unsafe { (&mut *step.connection, &mut *step.visit) };
    let hit = Hit { ledger: step.ledger, caller: visit.caller };
    if visit.cursor.read_step(connection, &mut step.chunk, &hit) { GO_ON } else { STOP }
}

unsafe extern "C" fn write_step(_index: u64, step: *mut Step) -> c_long {
    let step = unsafe { &mut *step };
    let (connection, visit) = unsafe { (&mut *step.connection, &mut *step.visit) };
    let hit = Hit { ledger: step.ledger, caller: visit.caller };
    if visit.cursor.write_step(connection, &mut step.chunk, &hit) { GO_ON } else { STOP }
}
