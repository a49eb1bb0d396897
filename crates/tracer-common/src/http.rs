//! An incremental HTTP/1.x parser that finds where messages begin and end, and what their start lines say.
//!
//! It follows RFC 9112: framing by `Content-Length`, `Transfer-Encoding: chunked` or the end of the connection.
//! It may be fed at any split, keeps a few words of state, and never keeps a byte of a header value or a body. It
//! accepts a bare line feed as a line end, as section 2.2 allows and as hyper does.
//!
//! It must stay acceptable to the BPF verifier: arrays of fixed size, bounded loops, no panic.

pub mod chunk;
mod head;
pub mod request_line;

use self::{
    chunk::{CHUNK, Chunk, equal_bytes, opaque},
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

/// `ontent-length`: the name without the first letter that led here.
const NAME_LENGTH: [u64; 2] = window(b"ontent-length");
/// `ransfer-encoding`, likewise.
const NAME_CODING: [u64; 2] = window(b"ransfer-encoding");
const CODING_CHUNKED: u64 = window(b"chunked")[0];
const VERSION_1_0: u64 = window(b"HTTP/1.0")[0];
const VERSION_1_1: u64 = window(b"HTTP/1.1")[0];

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

    /// First byte of a message. Empty lines before a request are passed over (RFC 9112, 2.2).
    #[inline(always)]
    fn start(&mut self, direction: Direction, byte: u8) -> Pause {
        let request = matches!(direction, Direction::Request);
        if request && (byte == b'\r' || byte == b'\n') {
            return Pause::NextPart;
        }
        if !byte.is_ascii_uppercase() {
            return self.lose();
        }
        self.restart();
        self.push(byte);
        self.phase = if request { Phase::Method } else { Phase::Version };
        Pause::NextPart
    }

    #[inline(always)]
    fn method(&mut self, line: &mut RequestLine, byte: u8) -> Pause {
        if byte == b' ' {
            line.begin(self.words[0]);
            self.clear();
            self.phase = Phase::Path;
            return Pause::NextPart;
        }
        if !(byte.is_ascii_uppercase() || byte == b'-') || self.count >= 8 {
            return self.lose();
        }
        self.push(byte);
        Pause::NeedMore
    }

    #[inline(always)]
    fn path(&mut self, line: &mut RequestLine, byte: u8) -> Pause {
        match byte {
            b' ' => self.go_on(Phase::RequestVersion),
            b'?' => self.go_on(Phase::Query),
            b'\r' | b'\n' => self.lose(),
            _ => {
                line.push(byte);
                Pause::NeedMore
            }
        }
    }

    #[inline(always)]
    fn query(&mut self, byte: u8) -> Pause {
        match byte {
            b' ' => self.go_on(Phase::RequestVersion),
            b'\r' | b'\n' => self.lose(),
            _ => Pause::NeedMore,
        }
    }

    /// What ends a request line. Checked, so that no text of another kind is taken for a request: its words would
    /// leave as method and path.
    #[inline(always)]
    fn request_version(&mut self, byte: u8) -> Pause {
        match byte {
            b'\n' if self.words[0] == VERSION_1_1 || self.words[0] == VERSION_1_0 => {
                self.go_on(Phase::LineStart)
            }
            b'\r' => Pause::NeedMore,
            _ if byte == b'\n' || self.count >= 8 => self.lose(),
            _ => {
                self.push(byte);
                Pause::NeedMore
            }
        }
    }

    #[inline(always)]
    fn version(&mut self, byte: u8) -> Pause {
        if byte != b' ' {
            if self.count >= 8 {
                return self.lose();
            }
            self.push(byte);
            return Pause::NeedMore;
        }
        if self.words[0] != VERSION_1_1 && self.words[0] != VERSION_1_0 {
            return self.lose();
        }
        self.clear();
        self.status = 0;
        self.go_on(Phase::Status)
    }

    #[inline(always)]
    fn status(&mut self, byte: u8) -> Pause {
        if !byte.is_ascii_digit() {
            return self.lose();
        }
        self.status = self.status * 10 + u16::from(byte - b'0');
        self.count += 1;
        if self.count == 3 { self.go_on(Phase::LineRest) } else { Pause::NeedMore }
    }

    #[inline(always)]
    fn line_start(&mut self, direction: Direction, byte: u8) -> Pause {
        match byte {
            b'\n' => self.end_head(direction),
            b'\r' => Pause::NeedMore,
            b'c' | b'C' => {
                self.clear();
                self.go_on(Phase::NameContent)
            }
            b't' | b'T' => {
                self.clear();
                self.go_on(Phase::NameTransfer)
            }
            _ => self.go_on(Phase::LineRest),
        }
    }

    #[inline(always)]
    fn line_rest(&mut self, byte: u8) -> Pause {
        if byte == b'\n' { self.go_on(Phase::LineStart) } else { Pause::NeedMore }
    }

    #[inline(always)]
    fn name(&mut self, byte: u8, wanted: [u64; 2], value: Phase) -> Pause {
        match byte {
            b'\n' => self.go_on(Phase::LineStart),
            b':' => {
                let found = self.words[0] == wanted[0] && self.words[1] == wanted[1] && self.count <= 16;
                self.clear();
                self.go_on(if found { value } else { Phase::LineRest })
            }
            _ => {
                self.push(byte.to_ascii_lowercase());
                Pause::NeedMore
            }
        }
    }

    #[inline(always)]
    fn length_value(&mut self, byte: u8) -> Pause {
        if byte == b'\n' {
            let differs = self.framing & HAS_LENGTH != 0 && self.length != self.words[0];
            if self.count == 0 || differs {
                return self.lose();
            }
            self.length = self.words[0];
            self.framing |= HAS_LENGTH;
            return self.go_on(Phase::LineStart);
        } else if byte.is_ascii_digit() {
            // 17 digits are 88,000 TB: no body is longer, and the number cannot overflow.
            if self.count >= 17 {
                return self.lose();
            }
            self.words[0] = self.words[0] * 10 + u64::from(byte - b'0');
            self.count += 1;
        } else if byte != b' ' && byte != b'\t' && byte != b'\r' {
            return self.lose();
        } else if self.count != 0 {
            // Nothing but space may follow the number.
            self.count = 17;
        }
        Pause::NeedMore
    }

    #[inline(always)]
    fn coding_value(&mut self, byte: u8) -> Pause {
        if byte == b'\n' {
            let before = self.words[0] >> 56;
            let chunked =
                self.words[0] << 8 == CODING_CHUNKED << 8 && (before == 0 || before == u64::from(b','));
            self.framing = (self.framing & !CHUNKED) | CODED | if chunked { CHUNKED } else { 0 };
            return self.go_on(Phase::LineStart);
        }
        if byte != b' ' && byte != b'\t' && byte != b'\r' {
            self.push(byte.to_ascii_lowercase());
        }
        Pause::NeedMore
    }

    /// The head is complete: how long is the body? (RFC 9112, 6.3.)
    #[inline(always)]
    fn end_head(&mut self, direction: Direction) -> Pause {
        if let Direction::Answer { to_head } = direction {
            if self.status == 101 {
                return self.lose();
            }
            if self.status < 200 {
                self.restart();
                return Pause::NextPart;
            }
            if to_head || self.status == 204 || self.status == 304 {
                self.heads += 1;
                return self.end_message();
            }
        }
        if self.framing & CHUNKED != 0 {
            self.heads += 1;
            self.clear();
            return self.go_on(Phase::ChunkSize);
        }
        let request = matches!(direction, Direction::Request);
        if request && self.framing & CODED != 0 {
            self.heads += 1;
            return self.lose();
        }
        let sized = self.framing & (CODED | HAS_LENGTH) == HAS_LENGTH;
        self.begin_body(if sized { Some(self.length) } else { None }, request)
    }

    /// The head of a request or a final answer is complete, and its body is not chunked. Without a length a request
    /// has none, and an answer ends with the connection.
    #[inline(always)]
    fn begin_body(&mut self, length: Option<u64>, request: bool) -> Pause {
        self.heads += 1;
        self.remaining = match length {
            Some(length) => length,
            None if request => 0,
            None => u64::MAX,
        };
        if self.remaining == 0 {
            return self.end_message();
        }
        self.phase = Phase::Body;
        Pause::Skip
    }

    #[inline(always)]
    fn end_message(&mut self) -> Pause {
        self.messages += 1;
        self.restart();
        Pause::MessageEnd
    }

    #[inline(always)]
    fn chunk_size(&mut self, byte: u8) -> Pause {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\n' => return self.chunk_line_end(),
            b';' | b'\r' | b' ' | b'\t' => return self.go_on(Phase::ChunkExtension),
            _ => return self.lose(),
        };
        if self.count >= 15 {
            return self.lose();
        }
        self.words[0] = (self.words[0] << 4) | u64::from(digit);
        self.count += 1;
        Pause::NeedMore
    }

    #[inline(always)]
    fn chunk_line_end(&mut self) -> Pause {
        if self.count == 0 {
            return self.lose();
        }
        self.remaining = self.words[0];
        self.clear();
        if self.remaining == 0 {
            return self.go_on(Phase::TrailerStart);
        }
        self.phase = Phase::ChunkData;
        Pause::Skip
    }

    #[inline(always)]
    fn chunk_end(&mut self, byte: u8) -> Pause {
        match byte {
            b'\r' => Pause::NeedMore,
            b'\n' => self.go_on(Phase::ChunkSize),
            _ => self.lose(),
        }
    }

    #[inline(always)]
    fn trailer_start(&mut self, byte: u8) -> Pause {
        match byte {
            b'\n' => self.end_message(),
            b'\r' => Pause::NeedMore,
            _ => self.go_on(Phase::TrailerRest),
        }
    }

    #[inline(always)]
    fn trailer_rest(&mut self, byte: u8) -> Pause {
        if byte == b'\n' { self.go_on(Phase::TrailerStart) } else { Pause::NeedMore }
    }

    #[inline(always)]
    fn chunk_extension(&mut self, byte: u8) -> Pause {
        if byte == b'\n' { self.chunk_line_end() } else { Pause::NeedMore }
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
