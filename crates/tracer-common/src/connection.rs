//! One connection of the watched process: both directions, and the request that waits for its answer.
//!
//! The newest request stays here until its answer ends, and the two leave as one event. When a further request
//! begins before that (pipelining), the older one leaves alone as [`REQUEST_HALF`], its answer later as
//! [`ANSWER_HALF`], and the agent joins them by descriptor and number.
//!
//! One thread may read a connection while another writes it. What either direction keeps is its own; the request that is
//! held is claimed by who sends it.
//!
//! [`ANSWER_HALF`]: crate::event::ANSWER_HALF

use core::hint::cold_path;

use crate::{
    event::{EventHead, REQUEST_HALF},
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
    /// The request in `line`, while it has not left: its number, and one of [`HELD`], [`CLAIMED`] and [`SPOILED`]. Else 0.
    pub held: u64,
    /// The thread that reads, where strategies know threads.
    pub reader: u32,
    /// 1 where nobody has seen where the first of its requests begins, so that this was inferred.
    joined_midway: u32,
    /// What the newest request asks for.
    pub line: RequestLine,
}

/// In the upper half of [`Connection::held`]: the request waits for its answer.
pub const HELD: u64 = 1 << 32;
/// Somebody is sending the request.
pub const CLAIMED: u64 = 2 << 32;
/// The end of the request was lost, so that it must not be reported.
pub const SPOILED: u64 = 3 << 32;

/// A place for a connection in a table by descriptor.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Slot {
    /// The attachment in which the connection was seen; 0 where there is none. What was seen in an earlier one is
    /// forgotten, since nobody knows what passed in between.
    pub attachment: u64,
    /// The attachment in which the connection was seen to open; 0 where it was not.
    pub opened: u64,
    /// The connection.
    pub connection: Connection,
}

/// What a stretch of bytes came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to tell.
    Nothing,
    /// An answer has ended.
    AnswerEnd,
    /// The direction is lost with these bytes.
    Lost,
}

/// What the bytes of a write are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Of an answer to a request that was seen.
    Answer,
    /// Of an answer to something that was not seen.
    Unasked,
    /// Of what was given up before.
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
        held: 0,
        reader: 0,
        joined_midway: 0,
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
        self.held = 0;
        self.joined_midway = 0;
        self.line = RequestLine::NEW;
    }

    /// What comes next may be the middle of anything: a head, a body, or between two requests.
    #[inline(always)]
    pub fn join_midway(&mut self) {
        self.joined_midway = 1;
        // So that the first request is looked at closely, see `request_begun`.
        self.answers.give_up();
    }

    /// Was it joined midway, and no answer was seen since?
    #[inline(always)]
    fn is_in_doubt(&self) -> bool {
        self.joined_midway != 0 && self.answers.heads == 0
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
            self.held = 0;
            self.joined_midway = 1;
        }
        true
    }

    /// To be called when a write begins: what are its bytes?
    #[inline(always)]
    #[must_use]
    pub fn begin_write(&self) -> Written {
        if self.answers.is_lost() {
            cold_path();
            let unasked = self.is_in_doubt() && self.in_flight() == 0;
            return if unasked { Written::Unasked } else { Written::Lost };
        }
        if self.in_flight() == 0 {
            cold_path();
            return Written::Unasked;
        }
        Written::Answer
    }

    /// The process has answered something that was not seen.
    #[inline(always)]
    pub fn unasked(&mut self) {
        self.answers.give_up();
        self.answers.heads += 1;
        if self.joined_midway != 0 && !self.requests.at_start() {
            // What was taken for the beginning of a request was of what is answered now.
            self.requests.give_up();
        }
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
        if self.request_begun(heads) { Some(len) } else { None }
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
        self.requests_lost();
        (to, Outcome::Lost)
    }

    /// Gives up the requests: nobody knows what follows.
    #[inline(always)]
    pub fn give_up_requests(&mut self) {
        if self.requests.is_lost() {
            return;
        }
        let within_one = !self.requests.at_start();
        self.requests.give_up();
        if within_one {
            self.requests_lost();
        }
    }

    /// The requests were lost within one. Where that is held, nobody knows how long it is; and where there is doubt, nobody
    /// knows whether what was taken for requests was any.
    #[inline(always)]
    fn requests_lost(&mut self) {
        if self.held != 0 {
            self.held = SPOILED | self.held as u32 as u64;
        }
        if self.is_in_doubt() {
            self.held = 0;
            self.answers.messages = self.requests.heads;
            self.answers.restart();
        }
    }

    /// A head was read. False if it is no request.
    #[inline(always)]
    fn request_begun(&mut self, sequence: u32) -> bool {
        // The first request after a pause: whatever was written before it belongs to nothing that was seen. Only what
        // is lost needs it: another thread may be writing the end of the answer before.
        if self.in_flight() == 1 && self.answers.is_lost() {
            self.answers.restart();
            // The end of a word is no method, but looks like one.
            if self.joined_midway != 0 && !self.line.is_well_known() {
                cold_path();
                self.requests.heads = sequence;
                self.requests.give_up();
                self.line = RequestLine::NEW;
                return false;
            }
        }
        if self.in_flight() > MAX_IN_FLIGHT {
            cold_path();
            self.requests.give_up();
            self.answers.give_up();
        }
        let bit = 1u64 << (sequence & (MAX_IN_FLIGHT - 1));
        self.head_bits = if self.line.is_head() { self.head_bits | bit } else { self.head_bits & !bit };
        self.held = HELD | sequence as u64;
        true
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

    /// What [`Self::held`] is where the request to the answer that has just ended has not left.
    #[inline(always)]
    #[must_use]
    pub fn answered(&self) -> u64 {
        HELD | self.answers.messages.wrapping_sub(1) as u64
    }

    /// The answer has ended to a request which is not to be reported: is it? The next one begins with the next read.
    #[inline(always)]
    pub fn forget_spoiled(&mut self) -> bool {
        let spoiled = self.held == self.answered() - HELD + SPOILED;
        if spoiled {
            self.held = 0;
            self.answers.give_up();
        }
        spoiled
    }

    /// Fills `event` with what this connection knows, but for the path, as one of `kind`.
    #[inline(always)]
    pub fn fill(&self, event: &mut EventHead, kind: u8) {
        event.kind = kind;
        event.start_ns = self.start_ns;
        event.request_bytes = self.request_bytes;
        event.response_bytes = self.response_bytes;
        event.method = self.line.method;
        event.status = self.answers.status;
        event.sequence =
            if kind == REQUEST_HALF { self.held as u32 } else { self.answers.messages.wrapping_sub(1) };
        event.path_len = self.line.path_len as u8;
        event.path_truncated = self.line.path_truncated as u8;
        event.joined_midway = self.joined_midway as u8;
        event.reserved = [0; 2];
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
