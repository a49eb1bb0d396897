//! One call on one connection: takes the bytes that it has moved, and sends what has become complete.
//!
//! Most calls move one whole head, or nothing but part of a body: these take the short way, in one go. All else goes
//! step by step, so that the kernel's verifier need not follow a loop over all bytes.

use core::hint::cold_path;

use crate::{
    connection::{Connection, HELD, Outcome},
    counter::Counter,
    event::{ANSWER_HALF, REQUEST_HALF, WHOLE},
    http::chunk::Chunk,
};

/// Steps that one call may take: a step copies the next bytes of a head, takes one part of a head (a name, a line),
/// or passes over what one buffer holds of a body.
pub const MAX_STEPS: u32 = 4096;

/// A position in the bytes that a call has moved.
pub trait Bytes {
    /// Bytes that are left.
    fn left(&self) -> u64;

    /// Bytes in one piece at this position, after going on to the next buffer where this one is used up. None where
    /// they cannot be read.
    fn piece(&mut self) -> Option<u64>;

    /// Passes over `bytes`, at most what [`Self::piece`] has told.
    fn advance(&mut self, bytes: u64);

    /// Passes over all that is left.
    fn finish(&mut self);

    /// Copies the next bytes of this piece, as many as there is room for in a chunk. None where they cannot be read.
    fn peek(&self, chunk: &mut Chunk) -> Option<()>;
}

/// What a call on a connection needs from around it.
pub trait Outlet {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    fn now_ns(&self) -> u64;

    /// Sends what `connection` holds as an event of `kind`.
    fn send(&self, connection: &Connection, kind: u8);

    /// Takes the request that `connection` holds as `held`, to send it. False if another thread has taken it. To be
    /// overridden where threads may be at it at once.
    #[inline(always)]
    fn claim(&self, connection: &mut Connection, held: u64, side: Side) -> bool {
        let _ = side;
        connection.held == held
    }

    /// Counts.
    fn add(&self, counter: Counter, amount: u64);
}

/// Who sends the request that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who reads, since the next one begins.
    Reader,
    /// Who writes, since it is answered.
    Writer,
}

/// How far one call has got.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Cursor<B> {
    bytes: B,
    /// Bytes of the chunk that are taken.
    taken: u32,
    events: u32,
    fault: u32,
    lost: u32,
}

impl<B> Cursor<B> {
    /// The same position, with its bytes as `change` makes them.
    #[inline(always)]
    pub fn map<C>(self, change: impl FnOnce(B) -> C) -> Cursor<C> {
        let Self { bytes, taken, events, fault, lost } = self;
        Cursor { bytes: change(bytes), taken, events, fault, lost }
    }
}

impl<B: Bytes> Cursor<B> {
    /// Before the first of `bytes`.
    #[inline(always)]
    pub const fn new(bytes: B) -> Self {
        Self { bytes, taken: 0, events: 0, fault: 0, lost: 0 }
    }

    /// Is there more to do?
    #[inline(always)]
    pub fn goes_on(&self) -> bool {
        self.bytes.left() != 0 && self.fault == 0 && self.lost == 0
    }

    /// The short way for bytes that the process has read. `chunk` must be empty.
    #[inline(always)]
    pub fn begin_read(&mut self, connection: &mut Connection, chunk: &mut Chunk, outlet: &impl Outlet) {
        if connection.requests.skippable() == 0 {
            if self.peek(chunk).is_none() {
                cold_path();
                return;
            }
            let Some(len) = connection.read_head(chunk, || outlet.now_ns()) else {
                cold_path();
                return;
            };
            self.take(len as u32);
        }
        let left = self.bytes.left();
        if left != 0 && connection.requests.skippable() >= left {
            connection.skip_read(left);
            self.bytes.finish();
        }
    }

    /// The short way for bytes that the process has written. `chunk` must be empty.
    #[inline(always)]
    pub fn begin_written(&mut self, connection: &mut Connection, chunk: &mut Chunk, outlet: &impl Outlet) {
        if connection.answers.skippable() == 0 {
            if self.peek(chunk).is_none() {
                cold_path();
                return;
            }
            let Some((len, outcome)) = connection.write_head(chunk) else {
                cold_path();
                return;
            };
            self.take(len as u32);
            self.send_if_ended(connection, outcome, outlet);
        }
        let left = self.bytes.left();
        if left != 0 && connection.answers.skippable() >= left {
            let outcome = connection.skip_written(left);
            self.bytes.finish();
            self.send_if_ended(connection, outcome, outlet);
        }
    }

    /// One step through bytes that the process has read. False after the last.
    #[inline(always)]
    pub fn read_step(
        &mut self,
        connection: &mut Connection,
        chunk: &mut Chunk,
        outlet: &impl Outlet,
    ) -> bool {
        let Some(here) = self.piece() else {
            return false;
        };
        let skippable = connection.requests.skippable();
        if skippable != 0 {
            let skipped = if skippable < here { skippable } else { here };
            connection.skip_read(skipped);
            self.pass(skipped, chunk.len);
            return true;
        }
        if self.taken >= chunk.len {
            return self.refill(chunk);
        }
        if connection.must_spill() {
            return self.spill(connection, outlet);
        }
        let now_ns = if connection.requests.at_start() { outlet.now_ns() } else { 0 };
        let from = self.taken;
        let (to, outcome) = connection.read(chunk, from as usize, now_ns);
        self.took(to as u32 - from, outcome)
    }

    /// One step through bytes that the process has written. False after the last.
    #[inline(always)]
    pub fn write_step(
        &mut self,
        connection: &mut Connection,
        chunk: &mut Chunk,
        outlet: &impl Outlet,
    ) -> bool {
        let Some(here) = self.piece() else {
            return false;
        };
        let skippable = connection.answers.skippable();
        let (goes_on, outcome) = if skippable != 0 {
            let skipped = if skippable < here { skippable } else { here };
            let outcome = connection.skip_written(skipped);
            self.pass(skipped, chunk.len);
            (true, outcome)
        } else if self.taken >= chunk.len {
            return self.refill(chunk);
        } else {
            let from = self.taken;
            let (to, outcome) = connection.write(chunk, from as usize);
            (self.took(to as u32 - from, outcome), outcome)
        };
        self.send_if_ended(connection, outcome, outlet);
        goes_on
    }

    /// Counts how the call has ended. True if all bytes were seen: if not, nobody knows what follows.
    #[inline(always)]
    pub fn close(&self, outlet: &impl Outlet) -> bool {
        let left = self.bytes.left() != 0;
        if self.fault != 0 {
            cold_path();
            outlet.add(Counter::ReadFault, 1);
        } else if self.lost != 0 {
            cold_path();
            outlet.add(Counter::NotHttp, 1);
        } else if left {
            cold_path();
            outlet.add(Counter::ScanLimit, 1);
        }
        match self.events {
            0 => outlet.add(Counter::Progress, 1),
            1 => {}
            events => {
                cold_path();
                outlet.add(Counter::Extra, (events - 1) as u64);
            }
        }
        !left
    }

    /// The request that is held leaves, since the next one begins. Where another thread is just sending it, the next step
    /// looks again.
    #[inline(always)]
    fn spill(&mut self, connection: &mut Connection, outlet: &impl Outlet) -> bool {
        let number = connection.held as u32 as u64;
        if outlet.claim(connection, HELD | number, Side::Reader) {
            self.events += 1;
            outlet.send(connection, REQUEST_HALF);
            connection.held = 0;
        }
        true
    }

    /// Bytes in one piece at this position; None at the end.
    #[inline(always)]
    fn piece(&mut self) -> Option<u64> {
        if self.bytes.left() == 0 {
            return None;
        }
        let piece = self.bytes.piece();
        self.fault = piece.is_none() as u32;
        piece
    }

    /// Copies the first bytes into the empty chunk.
    #[inline(always)]
    fn peek(&mut self, chunk: &mut Chunk) -> Option<()> {
        self.piece()?;
        let copied = self.bytes.peek(chunk);
        self.fault = copied.is_none() as u32;
        copied
    }

    /// Copies the next bytes into the chunk.
    #[inline(always)]
    fn refill(&mut self, chunk: &mut Chunk) -> bool {
        self.taken = 0;
        let copied = self.bytes.peek(chunk).is_some();
        self.fault = !copied as u32;
        copied
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
    fn take(&mut self, bytes: u32) {
        self.bytes.advance(bytes as u64);
        self.taken += bytes;
    }

    #[inline(always)]
    fn took(&mut self, bytes: u32, outcome: Outcome) -> bool {
        self.take(bytes);
        self.lost = (outcome as u8 == Outcome::Lost as u8) as u32;
        self.lost == 0
    }

    #[inline(always)]
    fn send_if_ended(&mut self, connection: &mut Connection, outcome: Outcome, outlet: &impl Outlet) {
        if outcome as u8 == Outcome::AnswerEnd as u8 && send_answer(connection, outlet) {
            self.events += 1;
        }
    }
}

/// The process has written `len` bytes straight from a file: they can only be part of a body.
#[inline(always)]
pub fn sent_file(connection: &mut Connection, len: u64, outlet: &impl Outlet) {
    if connection.answers.skippable() < len {
        connection.answers.give_up();
        outlet.add(Counter::NotHttp, 1);
    } else if connection.skip_written(len) as u8 == Outcome::AnswerEnd as u8
        && send_answer(connection, outlet)
    {
        return;
    }
    outlet.add(Counter::Progress, 1);
}

/// The process has written, but no request that was seen waits for it: the answer to one that was read before the
/// programs were attached.
#[inline(always)]
pub fn answer_without_request(connection: &mut Connection, outlet: &impl Outlet) {
    connection.unasked();
    outlet.add(Counter::AnswerWithoutRequest, 1);
    outlet.add(Counter::Progress, 1);
}

/// The connection is closed.
#[inline(always)]
pub fn closed(connection: &mut Connection, outlet: &impl Outlet) {
    let ends_answer = connection.answers.ends_with_connection();
    if ends_answer {
        connection.end_with_connection();
    }
    if !(ends_answer && send_answer(connection, outlet)) {
        outlet.add(Counter::Closed, 1);
    }
    outlet.add(Counter::ClosedBeforeAnswer, connection.in_flight() as u64);
}

/// An answer has ended: sends it, with its request where that is held here. False if it is not to be reported.
#[inline(always)]
fn send_answer(connection: &mut Connection, outlet: &impl Outlet) -> bool {
    let held = connection.answered();
    if connection.held == held && outlet.claim(connection, held, Side::Writer) {
        outlet.send(connection, WHOLE);
        connection.held = 0;
        return true;
    }
    cold_path();
    if connection.forget_spoiled() {
        return false;
    }
    outlet.send(connection, ANSWER_HALF);
    true
}
