//! The one record that leaves the kernel.
//!
//! It holds no byte of a header or body: only what the request line has up to `?`, and the status.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of a path that are kept; longer paths are cut and flagged.
pub const PATH_CAPACITY: usize = 128;

/// The event holds a request and its answer.
pub const WHOLE: u8 = 1;
/// The event holds a request that was followed by another before its answer (pipelining).
pub const REQUEST_HALF: u8 = 2;
/// The event holds the answer to a request of an earlier [`REQUEST_HALF`].
pub const ANSWER_HALF: u8 = 3;

/// One request of the watched process, or half of one. 192 bytes, no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Event {
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
    /// Thread id of the writer; of the reader in a [`REQUEST_HALF`].
    pub tid: u32,
    /// Descriptor.
    pub fd: i32,
    /// Number of the request on its connection, from 0.
    pub sequence: u32,
    /// Status of the answer.
    pub status: u16,
    /// [`WHOLE`], [`REQUEST_HALF`] or [`ANSWER_HALF`].
    pub kind: u8,
    /// Bytes of `path` that are in use.
    pub path_len: u8,
    /// 1 if the path was longer than [`PATH_CAPACITY`].
    pub path_truncated: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// The path up to `?`. Bytes beyond `path_len` mean nothing.
    pub path: [u8; PATH_CAPACITY],
}

const _: () = assert!(size_of::<Event>() == 192);
