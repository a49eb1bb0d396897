//! An incremental HTTP/1.x parser that finds where messages begin and end, and what their start lines say.
//!
//! It follows RFC 9112: framing by `Content-Length`, `Transfer-Encoding: chunked` or the end of the connection.
//! It may be fed at any split, keeps a few words of state, and never keeps a byte of a header value or a body. It
//! accepts a bare line feed as a line end, as section 2.2 allows and as hyper does.
//!
//! It must stay acceptable to the BPF verifier: arrays of fixed size, bounded loops, no panic.

mod body;
pub mod chunk;
mod fields;
mod head;
pub mod request_line;
mod start_line;

use self::{
    chunk::{CHUNK, Chunk, equal_bytes, opaque},
    fields::{NAME_CODING, NAME_LENGTH},
    request_line::RequestLine,
};

/// Where a direction is in its current message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    Start,
    Method,
    Path,
    Query,
    RequestVersion,
    LineRest,
    LineStart,
    NameContent,
    NameTransfer,
    LengthValue,
    CodingValue,
    Version,
    Status,
    Body,
    ChunkSize,
    ChunkExtension,
    ChunkData,
    ChunkEnd,
    TrailerStart,
    TrailerRest,
    Lost,
}

/// A `Content-Length` was seen.
const HAS_LENGTH: u8 = 1;
/// The last transfer coding is `chunked`.
const CHUNKED: u8 = 2;
/// A `Transfer-Encoding` was seen.
const CODED: u8 = 4;

/// The last 16 bytes of `text` as two big-endian words, the nearer 8 bytes first.
const fn window(text: &[u8]) -> [u64; 2] {
    let mut words = [0, 0];
    let mut index = 0;
    while index < text.len() {
        words = shifted(words, text[index]);
        index += 1;
    }
    words
}

const fn shifted(words: [u64; 2], byte: u8) -> [u64; 2] {
    [(words[0] << 8) | byte as u64, (words[1] << 8) | (words[0] >> 56)]
}

/// Can a request begin with this byte, or the empty line that may stand before one?
#[inline(always)]
#[must_use]
pub fn may_begin_request(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'\r' || byte == b'\n'
}

/// Does an answer begin with these bytes?
#[inline(always)]
#[must_use]
pub fn begins_answer(bytes: u64) -> bool {
    bytes & !(0xff << 56) == u64::from_le_bytes(*b"HTTP/1.\0")
}

/// Does an interim answer begin with these bytes? (RFC 9110, 15.2.)
#[inline(always)]
#[must_use]
pub fn begins_interim(bytes: [u8; 10]) -> bool {
    let [first @ .., space, hundreds] = bytes;
    begins_answer(u64::from_le_bytes(first)) && space == b' ' && hundreds == b'1'
}

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Requests, read by the server.
    Request,
    /// Answers, written by the server.
    Answer {
        /// The request was `HEAD`, so that the answer has no body whatever its head says.
        to_head: bool,
    },
}

impl Direction {
    const REQUEST: u8 = 0;
    const ANSWER: u8 = 1;
    const ANSWER_TO_HEAD: u8 = 2;

    #[inline(always)]
    fn number(self) -> u8 {
        match self {
            Self::Request => Self::REQUEST,
            Self::Answer { to_head: false } => Self::ANSWER,
            Self::Answer { to_head: true } => Self::ANSWER_TO_HEAD,
        }
    }

    #[inline(always)]
    fn of(number: u8) -> Self {
        if number == Self::REQUEST {
            Self::Request
        } else {
            Self::Answer { to_head: number == Self::ANSWER_TO_HEAD }
        }
    }
}

/// Why [`Progress::scan`] has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Pause {
    /// The part that the bytes belong to goes on.
    NeedMore,
    /// One part of the message is over, the next begins.
    NextPart,
    /// The next [`Progress::skippable`] bytes need not be looked at.
    Skip,
    /// A message has ended.
    MessageEnd,
    /// This is not HTTP/1.x that can be followed.
    Lost,
}

impl Pause {
    /// The pause of this number; [`Self::Lost`] where there is none.
    #[inline(always)]
    fn of(number: u8) -> Self {
        for pause in [Self::NeedMore, Self::NextPart, Self::Skip, Self::MessageEnd] {
            if number == pause as u8 {
                return pause;
            }
        }
        Self::Lost
    }
}

/// How far one direction of a connection is. All zero is a valid start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Progress {
    /// Bytes left of the body or chunk.
    remaining: u64,
    /// The word, name or number that is being read.
    words: [u64; 2],
    /// Value of `Content-Length`.
    length: u64,
    /// Heads completed, not counting interim answers.
    pub heads: u32,
    /// Messages completed.
    pub messages: u32,
    /// Status of the current or last answer.
    pub status: u16,
    phase: Phase,
    framing: u8,
    /// Bytes or digits in `words`.
    count: u32,
}

impl Progress {
    /// The state before the first byte.
    pub const NEW: Self = Self {
        remaining: 0,
        words: [0, 0],
        length: 0,
        heads: 0,
        messages: 0,
        status: 0,
        phase: Phase::Start,
        framing: 0,
        count: 0,
    };

    /// Is the next byte the first of a message?
    #[inline(always)]
    #[must_use]
    pub fn at_start(&self) -> bool {
        self.phase as u8 == Phase::Start as u8
    }

    /// Has this direction been given up?
    #[inline(always)]
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.phase as u8 == Phase::Lost as u8
    }

    /// Expects the first byte of a message next.
    #[inline(always)]
    pub fn restart(&mut self) {
        self.phase = Phase::Start;
        self.framing = 0;
        self.length = 0;
        self.count = 0;
        self.words = [0, 0];
    }

    /// Gives this direction up, and forgets what was read of it: it may have been anything.
    #[inline(always)]
    pub fn give_up(&mut self) {
        self.phase = Phase::Lost;
        self.words = [0, 0];
    }

    /// Was this direction lost to another protocol?
    #[inline(always)]
    #[must_use]
    pub fn switches_protocol(&self) -> bool {
        self.is_lost() && self.status == 101
    }

    /// Does the current answer end with the connection?
    #[inline(always)]
    #[must_use]
    pub fn ends_with_connection(&self) -> bool {
        self.phase as u8 == Phase::Body as u8 && self.remaining == u64::MAX
    }

    /// The connection ends, and with it the answer of which [`Self::ends_with_connection`] is true.
    #[inline(always)]
    pub fn end_with_connection(&mut self) {
        self.end_message();
    }

    /// Bytes that can be passed over without looking at them.
    #[inline(always)]
    #[must_use]
    pub fn skippable(&self) -> u64 {
        if self.phase as u8 == Phase::Body as u8 || self.phase as u8 == Phase::ChunkData as u8 {
            self.remaining
        } else {
            0
        }
    }

    /// Passes over `bytes`, at most [`Self::skippable`]. Says whether the message ends with them.
    #[inline(always)]
    pub fn skip(&mut self, bytes: u64) -> Pause {
        if self.remaining != u64::MAX {
            self.remaining -= bytes;
        }
        if self.remaining != 0 {
            return Pause::Skip;
        }
        if self.phase as u8 == Phase::ChunkData as u8 {
            return self.go_on(Phase::ChunkEnd);
        }
        self.end_message()
    }

    /// Takes the head of a request that `chunk` begins with, where it lies whole in it and is of the common form. To be
    /// called at the start of a message. Returns its length; None if nothing was taken.
    #[inline(always)]
    pub fn take_request_head(&mut self, chunk: &Chunk, line: &mut RequestLine) -> Option<usize> {
        let head = head::request(chunk, line)?;
        self.begin_body(head.content_length, true);
        Some(head.len)
    }

    /// Takes the head of an answer that `chunk` begins with, as [`Self::take_request_head`] does that of a request.
    #[inline(always)]
    pub fn take_answer_head(&mut self, chunk: &Chunk, to_head: bool) -> Option<(usize, Pause)> {
        let head = head::answer(chunk)?;
        self.status = head.status;
        let bodiless = to_head || head.status == 204 || head.status == 304;
        let pause = self.begin_body(if bodiless { Some(0) } else { head.content_length }, false);
        Some((head.len, pause))
    }

    /// Takes bytes of `chunk` from `from` on, at most to the end of the part that it is in: a method, a path, a name,
    /// a line. Returns where it has stopped, and why. `line` gets the request line.
    ///
    /// One part at a time, since then each loop is small enough for the verifier to follow to its end.
    #[inline(always)]
    pub fn scan(
        &mut self,
        direction: Direction,
        line: &mut RequestLine,
        chunk: &Chunk,
        from: usize,
    ) -> (usize, Pause) {
        let stop = tracetax_scan(self, line, chunk, u64::from(direction.number()) << 32 | from as u64);
        (stop as u32 as usize, Pause::of((stop >> 32) as u8))
    }

    #[inline(always)]
    fn scan_part(
        &mut self,
        direction: Direction,
        line: &mut RequestLine,
        chunk: &Chunk,
        from: usize,
    ) -> (usize, Pause) {
        match self.phase {
            Phase::LineRest => {
                let from = pass_words(chunk, from, |word| equal_bytes(word, b'\n'));
                self.each::<8>(chunk, from, Self::line_rest)
            }
            Phase::Path => self.each::<CHUNK>(chunk, from, |this, byte| this.path(line, byte)),
            Phase::LineStart => self.each::<2>(chunk, from, |this, byte| this.line_start(direction, byte)),
            Phase::NameContent => {
                self.each::<16>(chunk, from, |this, byte| this.name(byte, NAME_LENGTH, Phase::LengthValue))
            }
            Phase::NameTransfer => {
                self.each::<16>(chunk, from, |this, byte| this.name(byte, NAME_CODING, Phase::CodingValue))
            }
            Phase::LengthValue => self.each::<16>(chunk, from, Self::length_value),
            Phase::CodingValue => self.each::<16>(chunk, from, Self::coding_value),
            Phase::Start => self.each::<1>(chunk, from, |this, byte| this.start(direction, byte)),
            Phase::Method => self.each::<8>(chunk, from, |this, byte| this.method(line, byte)),
            Phase::Query => {
                let from = pass_words(chunk, from, |word| {
                    equal_bytes(word, b' ') | equal_bytes(word, b'\r') | equal_bytes(word, b'\n')
                });
                self.each::<8>(chunk, from, Self::query)
            }
            Phase::RequestVersion => self.each::<10>(chunk, from, Self::request_version),
            Phase::Version => self.each::<8>(chunk, from, Self::version),
            Phase::Status => self.each::<3>(chunk, from, Self::status),
            Phase::ChunkSize => self.each::<16>(chunk, from, Self::chunk_size),
            Phase::ChunkExtension => self.each::<16>(chunk, from, Self::chunk_extension),
            Phase::ChunkEnd => self.each::<2>(chunk, from, Self::chunk_end),
            Phase::TrailerStart => self.each::<2>(chunk, from, Self::trailer_start),
            Phase::TrailerRest => self.each::<16>(chunk, from, Self::trailer_rest),
            Phase::Body | Phase::ChunkData => (from, Pause::Skip),
            Phase::Lost => (from, Pause::Lost),
        }
    }

    /// Hands one byte after another to `step`, until it wants no more, and at most `MOST`: a part that is longer goes
    /// on with the next call. Short loops keep the verifier's work small.
    #[inline(always)]
    fn each<const MOST: usize>(
        &mut self,
        chunk: &Chunk,
        from: usize,
        mut step: impl FnMut(&mut Self, u8) -> Pause,
    ) -> (usize, Pause) {
        let mut at = from;
        for _ in 0..MOST {
            at = opaque(at);
            if at >= CHUNK || at >= chunk.len as usize {
                break;
            }
            let pause = step(self, chunk.byte(at));
            at += 1;
            if pause as u8 != Pause::NeedMore as u8 {
                return (at, pause);
            }
        }
        (at, Pause::NeedMore)
    }

    #[inline(always)]
    fn lose(&mut self) -> Pause {
        self.give_up();
        Pause::Lost
    }

    #[inline(always)]
    fn go_on(&mut self, phase: Phase) -> Pause {
        self.phase = phase;
        Pause::NextPart
    }

    #[inline(always)]
    fn push(&mut self, byte: u8) {
        self.words = shifted(self.words, byte);
        self.count += 1;
    }

    #[inline(always)]
    fn clear(&mut self) {
        self.words = [0, 0];
        self.count = 0;
    }
}

/// [`Progress::scan`], packed: `from` and the direction in one number, the place and the pause in another. Exported and
/// with plain pointers, so that the kernel verifies it once and by itself, as it does `http/head.rs`.
#[cfg_attr(target_arch = "bpf", unsafe(no_mangle))]
#[inline(never)]
#[allow(unsafe_code, reason = "the pointers come from references, in `Progress::scan`")]
extern "C" fn tracetax_scan(
    progress: *mut Progress,
    line: *mut RequestLine,
    chunk: *const Chunk,
    from: u64,
) -> u64 {
    let pointers = unsafe { (progress.as_mut(), line.as_mut(), chunk.as_ref()) };
    let (Some(progress), Some(line), Some(chunk)) = pointers else {
        return (Pause::Lost as u64) << 32;
    };
    let direction = Direction::of((from >> 32) as u8);
    let (to, pause) = progress.scan_part(direction, line, chunk, from as u32 as usize);
    (pause as u64) << 32 | to as u64
}

/// Passes over words in which `marks` finds nothing. What is left of the part is then a few bytes.
#[inline(always)]
fn pass_words(chunk: &Chunk, from: usize, marks: impl Fn(u64) -> u64) -> usize {
    let mut at = from;
    for _ in 0..CHUNK / 8 {
        at = opaque(at);
        if at + 8 > chunk.len as usize || marks(chunk.word(at)) != 0 {
            break;
        }
        at += 8;
    }
    at
}
