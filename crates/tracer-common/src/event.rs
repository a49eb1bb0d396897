//! The one record that leaves the kernel.
//!
//! It holds no byte of a header or body: only what the request line has up to `?`, and the status.

use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes, KnownLayout};

/// Words of a path that are kept.
pub const PATH_WORDS: usize = 16;
/// Bytes of a path that are kept; longer paths are cut and flagged.
pub const PATH_CAPACITY: usize = 8 * PATH_WORDS;

/// Words of a path that a short event holds: with the header of the ring buffer, of 8 bytes, the event fills two lines
/// of the cache, which is what an event costs most.
pub const SHORT_PATH_WORDS: usize = 7;
/// Bytes of a path that a short event holds.
pub const SHORT_PATH_CAPACITY: usize = 8 * SHORT_PATH_WORDS;

/// The event holds a request and its answer.
pub const WHOLE: u8 = 1;
/// The event holds a request that was followed by another before its answer (pipelining).
pub const REQUEST_HALF: u8 = 2;
/// The event holds the answer to a request of an earlier [`REQUEST_HALF`].
pub const ANSWER_HALF: u8 = 3;

/// All of an event but the path. 64 bytes, no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct EventHead {
    /// When the first byte of the request was read, in nanoseconds of `CLOCK_MONOTONIC`.
    pub start_ns: u64,
    /// When the last byte of the answer was written, in nanoseconds of `CLOCK_MONOTONIC`.
    pub end_ns: u64,
    /// Bytes read, head and body.
    pub request_bytes: u64,
    /// Bytes written, head and body.
    pub response_bytes: u64,
    /// Method, padded with zeros at the front, as a big-endian number.
    pub method: u64,
    /// Thread group id.
    pub tgid: u32,
    /// Thread id of the writer; of the reader in a [`REQUEST_HALF`]. 0 where the strategy knows no thread.
    pub tid: u32,
    /// Descriptor. Negative where the strategy knows none; halves of one connection still have the same number then.
    pub fd: i32,
    /// Number of the request on its descriptor. It goes on when the descriptor is given out anew.
    pub sequence: u32,
    /// Status of the answer.
    pub status: u16,
    /// [`WHOLE`], [`REQUEST_HALF`] or [`ANSWER_HALF`].
    pub kind: u8,
    /// Bytes of the path that are in use.
    pub path_len: u8,
    /// 1 if the path was longer than [`PATH_CAPACITY`].
    pub path_truncated: u8,
    /// 1 if nobody has seen where the requests of this connection begin, so that this was inferred.
    pub joined_midway: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// One request of the watched process, or half of one. 192 bytes, no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Event {
    /// All but the path.
    pub head: EventHead,
    /// The path up to `?`. Bytes beyond `path_len` mean nothing.
    pub path: [u8; PATH_CAPACITY],
}

/// An event whose path is at most [`SHORT_PATH_CAPACITY`] bytes long: the beginning of an [`Event`]. 120 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ShortEvent {
    /// All but the path.
    pub head: EventHead,
    /// As [`Event::path`].
    pub path: [u8; SHORT_PATH_CAPACITY],
}

const _: () = assert!(size_of::<Event>() == 192 && size_of::<ShortEvent>() == 120);

impl Event {
    /// Reads an event of either size as it came out of the ring buffer; None if the bytes are of neither.
    #[must_use]
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != size_of::<Self>() && bytes.len() != size_of::<ShortEvent>() {
            return None;
        }
        let mut event = Self::new_zeroed();
        event.as_mut_bytes()[..bytes.len()].copy_from_slice(bytes);
        Some(event)
    }

    /// The path, as far as it was kept; None if its length is beyond all measure.
    #[must_use]
    pub fn path(&self) -> Option<&[u8]> {
        self.path.get(..usize::from(self.head.path_len))
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::{FromZeros as _, IntoBytes as _};

    use super::{Event, ShortEvent};

    #[test]
    fn an_event_of_either_size_is_read() {
        let mut short = ShortEvent::new_zeroed();
        short.head.status = 200;
        short.head.path_len = 2;
        short.path[..2].copy_from_slice(b"/a");
        let event = Event::from_wire(short.as_bytes()).expect("it is one");
        assert_eq!((event.head, event.path()), (short.head, Some(&b"/a"[..])));
        assert_eq!(Event::from_wire(event.as_bytes()), Some(event));
        for len in (0..200).filter(|len| ![120, 192].contains(len)) {
            assert_eq!(Event::from_wire(&[0; 200][..len]), None, "{len} bytes");
        }
    }

    #[test]
    fn a_length_beyond_the_path_is_no_path() {
        let mut event = Event::new_zeroed();
        event.head.path_len = 129;
        assert_eq!(event.path(), None);
    }
}
