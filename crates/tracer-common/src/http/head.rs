//! The short way through a head: all of it at once, where it lies whole in one chunk and is of the common form.
//!
//! It answers exactly as [`super::Progress`] would, or declines, and then that one takes the same bytes. It finds the
//! ends of all lines in words of eight bytes, and looks only at how each line begins; so it takes a third of the time.

use core::hint::cold_path;

use super::{
    chunk::{CHUNK, Chunk, equal_bytes, every_byte},
    request_line::RequestLine,
};
use crate::event::PATH_WORDS;

/// Header lines that are looked at; a head with more goes the long way.
const MAX_LINES: usize = 16;

/// The bits that make a letter small, in the first seven and the first six bytes of a word.
const SMALL_7: u64 = every_byte(0x20) >> 8;
const SMALL_6: u64 = every_byte(0x20) >> 16;
const SMALL_8: u64 = every_byte(0x20);

/// A head that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Bytes of the head, with the empty line.
    pub len: usize,
    /// Of an answer; 0 for a request.
    pub status: u16,
    /// `Content-Length`, where there is one.
    pub content_length: Option<u64>,
}

/// The head of a request that `chunk` begins with; its request line goes to `line`.
#[inline(always)]
pub(crate) fn request(chunk: &Chunk, line: &mut RequestLine) -> Option<Head> {
    Head::unpack(tracetax_request_head(chunk, line))
}

/// The head of an answer that `chunk` begins with.
#[inline(always)]
pub(crate) fn answer(chunk: &Chunk) -> Option<Head> {
    Head::unpack(tracetax_answer_head(chunk))
}

/// [`request`], packed. Exported and with plain pointers: a function of that kind the kernel verifies once and by
/// itself, not again for each way that leads to it.
#[cfg_attr(target_arch = "bpf", unsafe(no_mangle))]
#[inline(never)]
#[allow(unsafe_code, reason = "the pointers come from references, in the two functions above")]
extern "C" fn tracetax_request_head(chunk: *const Chunk, line: *mut RequestLine) -> u64 {
    let (Some(chunk), Some(line)) = (unsafe { chunk.as_ref() }, unsafe { line.as_mut() }) else {
        return 0;
    };
    Head::pack(request_head(chunk, line))
}

/// [`answer`], packed.
#[cfg_attr(target_arch = "bpf", unsafe(no_mangle))]
#[inline(never)]
#[allow(unsafe_code, reason = "the pointer comes from a reference, in the function above")]
extern "C" fn tracetax_answer_head(chunk: *const Chunk) -> u64 {
    match unsafe { chunk.as_ref() } {
        Some(chunk) => Head::pack(answer_head(chunk)),
        None => 0,
    }
}

impl Head {
    /// As one number, since such a function returns no other: 8 bits of the length, one for whether there is a
    /// content length, 16 of the status, and the content length in the upper half. 0 is no head.
    #[inline(always)]
    fn pack(head: Option<Self>) -> u64 {
        let Some(head) = head else {
            return 0;
        };
        let length = match head.content_length {
            Some(length) => length << 32 | 1 << 8,
            None => 0,
        };
        length | u64::from(head.status) << 16 | head.len as u64
    }

    #[inline(always)]
    fn unpack(packed: u64) -> Option<Self> {
        if packed == 0 {
            return None;
        }
        let content_length = if packed & 1 << 8 == 0 { None } else { Some(packed >> 32) };
        Some(Self { len: packed as u8 as usize, status: (packed >> 16) as u16, content_length })
    }
}

/// Declines. Such places are rare, so what is usual is laid out in one line without a jump: after all that a request
/// runs besides, no branch of ours is remembered by the processor, and one that is taken costs as much as 20 moves.
#[inline(always)]
fn long_way<T>() -> Option<T> {
    cold_path();
    None
}

#[inline(always)]
fn request_head(chunk: &Chunk, line: &mut RequestLine) -> Option<Head> {
    let mut ends = LineEnds::of(chunk);
    let Some(end) = ends.next() else { return long_way() };
    let Some(head) = headers(chunk, ends, end) else { return long_way() };
    if request_line(chunk, end, line).is_none() {
        return long_way();
    }
    Some(head)
}

#[inline(always)]
fn answer_head(chunk: &Chunk) -> Option<Head> {
    let version = chunk.aligned_word(0);
    if !is_version(version) {
        return long_way();
    }
    let Some(status) = status(chunk.aligned_word(1)) else { return long_way() };
    let mut ends = LineEnds::of(chunk);
    let Some(end) = ends.next() else { return long_way() };
    if end < 12 {
        return long_way();
    }
    let Some(head) = headers(chunk, ends, end) else { return long_way() };
    Some(Head { status, ..head })
}

#[inline(always)]
fn is_version(word: u64) -> bool {
    word == u64::from_le_bytes(*b"HTTP/1.1") || word == u64::from_le_bytes(*b"HTTP/1.0")
}

/// The three digits after a space. Those of interim answers are left to the long way.
#[inline(always)]
fn status(word: u64) -> Option<u16> {
    let [space, hundreds, tens, ones, ..] = word.to_le_bytes();
    let digits = hundreds.is_ascii_digit() && tens.is_ascii_digit() && ones.is_ascii_digit();
    if space != b' ' || !digits || hundreds < b'2' {
        return long_way();
    }
    Some(u16::from(hundreds - b'0') * 100 + u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
}

/// Looks at the lines after the one that ends at `end`, up to the empty one.
#[inline(always)]
fn headers(chunk: &Chunk, mut ends: LineEnds, mut end: usize) -> Option<Head> {
    let mut content_length = None;
    for _ in 0..MAX_LINES {
        let at = end + 1;
        match chunk.byte(at) {
            b'\r' => {
                let complete = chunk.byte(at + 1) == b'\n' && at + 2 <= chunk.len as usize;
                return if complete {
                    Some(Head { len: at + 2, status: 0, content_length })
                } else {
                    long_way()
                };
            }
            b'\n' => return None,
            b'c' | b'C' if is_content_length(chunk, at) => {
                if content_length.is_some() {
                    return long_way();
                }
                let Some(length) = length(chunk.word(at + 15)) else { return long_way() };
                content_length = Some(length);
            }
            b't' | b'T' if chunk.word(at) | SMALL_8 == u64::from_le_bytes(*b"transfer") => return None,
            _ => {}
        }
        let Some(next) = ends.next() else { return long_way() };
        end = next;
    }
    long_way()
}

/// Does a line that begins at `at` begin with `Content-Length:`?
#[inline(always)]
fn is_content_length(chunk: &Chunk, at: usize) -> bool {
    chunk.word(at) | SMALL_7 == u64::from_le_bytes(*b"content-")
        && (chunk.word(at + 8) << 8 >> 8) | SMALL_6 == u64::from_le_bytes(*b"length:\0")
}

/// A number of one to six digits with at most one space before it, and the end of the line after it.
#[inline(always)]
fn length(mut word: u64) -> Option<u64> {
    if word as u8 == b' ' {
        word >>= 8;
    }
    let mut length = 0;
    for digits in 0..7 {
        let byte = word as u8;
        word >>= 8;
        if byte == b'\r' {
            return if digits > 0 && word as u8 == b'\n' { Some(length) } else { long_way() };
        }
        if !byte.is_ascii_digit() {
            return long_way();
        }
        length = length * 10 + u64::from(byte - b'0');
    }
    long_way()
}

/// Reads the request line, which ends with the line feed at `end`.
#[inline(always)]
fn request_line(chunk: &Chunk, end: usize, line: &mut RequestLine) -> Option<()> {
    let word = chunk.aligned_word(0);
    let Some(space) = first_byte(equal_bytes(word, b' ')) else { return long_way() };
    if space == 0 || end < space + 11 || chunk.byte(end - 1) != b'\r' || !is_version(chunk.word(end - 9)) {
        return long_way();
    }
    // A path or a query may stop at a carriage return as well.
    if chunk.byte(end - 10) != b' ' {
        return long_way();
    }
    let method = word.swap_bytes() >> (64 - 8 * space);
    if !is_upper_case(method, space) {
        return long_way();
    }
    line.begin(method);
    // The space before the version: the first one after the path and its query, or there is one too many.
    if path(chunk, space + 1, line) == Some(end - 10) { Some(()) } else { long_way() }
}

/// Are the lowest `count` bytes letters from A to Z?
#[inline(always)]
fn is_upper_case(word: u64, count: usize) -> bool {
    let filled = word | (every_byte(b'A') << (8 * count));
    let at_least_a = filled + every_byte(0x80 - b'A');
    let beyond_z = filled + every_byte(0x7f - b'Z');
    (filled | beyond_z | !at_least_a) & every_byte(0x80) == 0
}

/// Copies the path that begins at `at`. Returns where the space after it, or after its query, is.
#[inline(always)]
fn path(chunk: &Chunk, at: usize, line: &mut RequestLine) -> Option<usize> {
    for index in 0..PATH_WORDS {
        let word = chunk.word(at + 8 * index);
        let stops = equal_bytes(word, b' ') | equal_bytes(word, b'?') | equal_bytes(word, b'\r');
        let Some(len) = first_byte(stops) else {
            line.path[index] = word;
            continue;
        };
        // What follows the path must not be kept, so it is shifted out; in two moves, since `len` may be 0.
        line.path[index] = ((word << 8) << (56 - 8 * len)) >> 8 >> (56 - 8 * len);
        line.path_len = (8 * index + len) as u32;
        return after_query(chunk, at + 8 * index + len);
    }
    long_way()
}

/// The first space from `at` on.
#[inline(always)]
fn after_query(chunk: &Chunk, at: usize) -> Option<usize> {
    for index in 0..CHUNK / 8 {
        let word = chunk.word(at + 8 * index);
        if let Some(len) = first_byte(equal_bytes(word, b' ') | equal_bytes(word, b'\r')) {
            return Some(at + 8 * index + len);
        }
    }
    long_way()
}

/// Number of the first byte that is marked by its highest bit.
#[inline(always)]
fn first_byte(marks: u64) -> Option<usize> {
    if marks == 0 { None } else { Some(first_bit(marks) / 8) }
}

/// Number of the lowest bit that is set.
#[inline(always)]
fn first_bit(bits: u64) -> usize {
    bits.trailing_zeros() as usize
}

/// The places of all line feeds of a chunk, a bit each: two numbers and not an array, so that they stay in registers.
struct LineEnds {
    low: u64,
    high: u64,
}

const _: () = assert!(CHUNK == 128);

impl LineEnds {
    #[inline(always)]
    fn of(chunk: &Chunk) -> Self {
        let high = if chunk.len > 64 { line_feeds(chunk, 8) } else { 0 };
        Self { low: line_feeds(chunk, 0), high }
    }

    /// Takes out the first.
    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.low != 0 {
            let at = first_bit(self.low);
            self.low &= self.low - 1;
            Some(at)
        } else if self.high != 0 {
            let at = 64 + first_bit(self.high);
            self.high &= self.high - 1;
            Some(at)
        } else {
            None
        }
    }
}

/// The line feeds of the eight words from `first` on.
#[inline(always)]
fn line_feeds(chunk: &Chunk, first: usize) -> u64 {
    let mut bits = 0;
    for index in 0..8 {
        bits |= bit_a_byte(equal_bytes(chunk.aligned_word(first + index), b'\n')) << (8 * index);
    }
    bits
}

/// Moves the highest bit of each byte into one byte, that of the lowest byte first.
///
/// Bit `8 i` times `2^(56 - 7 i)` is bit `56 + i`, and no two of the products meet.
#[inline(always)]
fn bit_a_byte(marks: u64) -> u64 {
    (marks >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
