//! One connection of the watched process: both directions, and the request that waits for its answer.
//!
//! The newest request stays here until its answer ends, and the two leave as one event. When a further request
//! begins before that (pipelining), the older one leaves alone as [`REQUEST_HALF`], its answer later as
//! [`ANSWER_HALF`], and the agent joins them by descriptor and number.

use core::hint::cold_path;

use crate::{
    event::{ANSWER_HALF, EventHead, REQUEST_HALF, WHOLE},
    http::{Direction, Pause, Progress, chunk::Chunk, request_line::RequestLine},
};

/// Requests in flight on one connection of which it is known whether they are `HEAD`.
pub const MAX_IN_FLIGHT: u32 = 64;

/// State of one connection.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Connection {
    /// Bytes that the process reads.
    pub requests: Progress,
    /// Bytes that the process writes.
    pub answers: Progress,
    /// Bytes of the newest request so far.
    pub request_bytes: u64,
    /// Bytes of the current answer so far.
    pub response_bytes: u64,
    /// When the first byte of the newest request was read.
    pub start_ns: u64,
    /// One bit a request, by number: was it `HEAD`?
    head_bits: u64,
    /// Number of the request in `line`.
    pub sequence: u32,
    /// 1 while the request in `line` has not left.
    pub held: u32,
    /// What the newest request asks for.
    pub line: RequestLine,
}

/// A place for a connection in a table by descriptor.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Slot {
    /// The attachment in which the connection was seen; 0 where there is none. What was seen in an earlier one is
    /// forgotten, since nobody knows what passed in between.
    pub attachment: u64,
    /// The connection.
    pub connection: Connection,
}

/// What a stretch of bytes came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to tell.
    Nothing,
    /// An answer has ended: [`Connection::answered`] tells which event to send.
    AnswerEnd,
    /// The direction is lost with these bytes.
    Lost,
}

impl Connection {
    /// A connection of which nothing was seen yet.
    pub const NEW: Self = Self {
        requests: Progress::NEW,
        answers: Progress::NEW,
        request_bytes: 0,
        response_bytes: 0,
        start_ns: 0,
        head_bits: 0,
        sequence: 0,
        held: 0,
        line: RequestLine::NEW,
    };

    /// Forgets everything, for another connection in the same place. The numbers of requests go on, so that a half
    /// whose other half was lost is never taken for one of that connection.
    #[inline(always)]
    pub fn clear(&mut self) {
        let numbered = self.requests.heads;
        self.requests = Progress::NEW;
        self.answers = Progress::NEW;
        self.requests.heads = numbered;
        self.answers.messages = numbered;
        self.head_bits = 0;
        self.sequence = 0;
        self.held = 0;
        self.line = RequestLine::NEW;
    }

    /// Requests whose head was read and whose answer has not ended.
    #[inline(always)]
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.requests.heads.wrapping_sub(self.answers.messages)
    }

    /// To be called before bytes are given to `requests`: true if the request that is held must leave first, as a
    /// [`REQUEST_HALF`], since the next one begins here.
    #[inline(always)]
    #[must_use]
    pub fn must_spill(&self) -> bool {
        self.held != 0 && self.requests.at_start()
    }

    /// The request that was held has left as a [`REQUEST_HALF`].
    #[inline(always)]
    pub fn spilled(&mut self) {
        self.held = 0;
    }

    /// The connection ends, and with it an answer that only ends so.
    #[inline(always)]
    pub fn end_with_connection(&mut self) {
        self.answers.end_with_connection();
    }

    /// To be called when a read begins. Says whether its bytes are to be given to [`Self::read`].
    ///
    /// After something that was not understood, a new request is tried only once the process has answered it: before,
    /// the bytes may go on with it, and the answer to it would be taken for the answer to the new one.
    #[inline(always)]
    #[must_use]
    pub fn begin_read(&mut self) -> bool {
        if self.requests.is_lost() {
            cold_path();
            if self.in_flight() != 0 || !self.answers.is_lost() {
                return false;
            }
            self.requests.restart();
        }
        true
    }

    /// The short way through [`Self::read`]: takes a whole head that `chunk` begins with, if a request can begin here
    /// without another having to leave. Returns its length; None if nothing was taken.
    #[inline(always)]
    pub fn read_head(&mut self, chunk: &Chunk, now_ns: impl FnOnce() -> u64) -> Option<usize> {
        if self.held != 0 || !self.requests.at_start() {
            cold_path();
            return None;
        }
        let heads = self.requests.heads;
        let len = self.requests.take_request_head(chunk, &mut self.line)?;
        self.start_ns = now_ns();
        self.request_bytes = len as u64;
        self.request_begun(heads);
        Some(len)
    }

    /// The short way through [`Self::write`]: takes a whole head that `chunk` begins with, if an answer that belongs
    /// to a request begins here. Returns its length, and what it came to.
    #[inline(always)]
    pub fn write_head(&mut self, chunk: &Chunk) -> Option<(usize, Outcome)> {
        if self.in_flight() == 0 || !self.answers.at_start() || self.line.is_connect() {
            cold_path();
            return None;
        }
        let (len, pause) = self.answers.take_answer_head(chunk, self.answers_head())?;
        self.response_bytes = len as u64;
        Some((len, outcome(pause)))
    }

    /// Does the current answer answer a `HEAD`?
    #[inline(always)]
    fn answers_head(&self) -> bool {
        self.head_bits >> (self.answers.messages & (MAX_IN_FLIGHT - 1)) & 1 != 0
    }

    /// Gives bytes of `chunk` from `from` on to the side of the requests. Returns where it has stopped.
    #[inline(always)]
    pub fn read(&mut self, chunk: &Chunk, from: usize, now_ns: u64) -> (usize, Outcome) {
        if self.requests.at_start() {
            self.start_ns = now_ns;
            self.request_bytes = 0;
        }
        let heads = self.requests.heads;
        let (to, _) = self.requests.scan(Direction::Request, &mut self.line, chunk, from);
        self.request_bytes += (to - from) as u64;
        if self.requests.heads != heads {
            self.request_begun(heads);
        }
        if !self.requests.is_lost() {
            return (to, Outcome::Nothing);
        }
        if self.held == 0 {
            // It was no request line, so nobody knows whose bytes these are. They must not leave with a later event.
            self.line = RequestLine::NEW;
        }
        (to, Outcome::Lost)
    }

    #[inline(always)]
    fn request_begun(&mut self, sequence: u32) {
        // The first request after a pause: whatever was written before it belongs to nothing that was seen. Only what
        // is lost needs it: another thread may be writing the end of the answer before.
        if self.in_flight() == 1 && self.answers.is_lost() {
            self.answers.restart();
        }
        if self.in_flight() > MAX_IN_FLIGHT {
            cold_path();
            self.requests.give_up();
            self.answers.give_up();
        }
        let bit = 1u64 << (sequence & (MAX_IN_FLIGHT - 1));
        self.head_bits = if self.line.is_head() { self.head_bits | bit } else { self.head_bits & !bit };
        self.sequence = sequence;
        self.held = 1;
    }

    /// Gives bytes of `chunk` from `from` on to the side of the answers. Returns where it has stopped. An answer that
    /// belongs to no request is lost.
    #[inline(always)]
    pub fn write(&mut self, chunk: &Chunk, from: usize) -> (usize, Outcome) {
        let direction = Direction::Answer { to_head: self.answers_head() };
        if self.answers.at_start() {
            if self.in_flight() == 0 {
                self.answers.give_up();
                return (from, Outcome::Lost);
            }
            self.response_bytes = 0;
        }
        let heads = self.answers.heads;
        let (to, pause) = self.answers.scan(direction, &mut self.line, chunk, from);
        self.response_bytes += (to - from) as u64;
        if self.answers.heads != heads && self.tunnels() {
            self.requests.give_up();
            self.answers.give_up();
            return (to, Outcome::Lost);
        }
        if self.answers.switches_protocol() {
            self.requests.give_up();
        }
        (to, outcome(pause))
    }

    /// Does the answer whose head was read open a tunnel? Then it has no body, and what follows is no HTTP of ours
    /// (RFC 9110, 9.3.6).
    #[inline(always)]
    fn tunnels(&self) -> bool {
        self.held != 0 && self.line.is_connect() && self.answers.status / 100 == 2
    }

    /// Passes over bytes of a request's body.
    #[inline(always)]
    pub fn skip_read(&mut self, bytes: u64) {
        self.request_bytes += bytes;
        self.requests.skip(bytes);
    }

    /// Passes over bytes of an answer's body.
    #[inline(always)]
    pub fn skip_written(&mut self, bytes: u64) -> Outcome {
        self.response_bytes += bytes;
        outcome(self.answers.skip(bytes))
    }

    /// The answer that has just ended: is its request still held here? Then it leaves with it.
    #[inline(always)]
    pub fn answered(&mut self) -> u8 {
        let sequence = self.answers.messages.wrapping_sub(1);
        if self.held != 0 && self.sequence == sequence {
            self.held = 0;
            return WHOLE;
        }
        cold_path();
        ANSWER_HALF
    }

    /// Fills `event` with what this connection knows, but for the path. `kind` is [`WHOLE`], [`REQUEST_HALF`] or
    /// [`ANSWER_HALF`].
    #[inline(always)]
    pub fn fill(&self, event: &mut EventHead, kind: u8) {
        event.kind = kind;
        event.start_ns = self.start_ns;
        event.request_bytes = self.request_bytes;
        event.response_bytes = self.response_bytes;
        event.method = self.line.method;
        event.status = self.answers.status;
        event.sequence =
            if kind == REQUEST_HALF { self.sequence } else { self.answers.messages.wrapping_sub(1) };
        event.path_len = self.line.path_len as u8;
        event.path_truncated = self.line.path_truncated as u8;
        event.reserved = [0; 3];
    }
}

#[inline(always)]
fn outcome(pause: Pause) -> Outcome {
    match pause {
        Pause::MessageEnd => Outcome::AnswerEnd,
        Pause::Lost => Outcome::Lost,
        Pause::NeedMore | Pause::NextPart | Pause::Skip => Outcome::Nothing,
    }
}
