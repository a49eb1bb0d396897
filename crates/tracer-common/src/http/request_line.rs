//! What a request line says, as far as it may leave the kernel.

use zerocopy::IntoBytes as _;

use crate::event::{PATH_CAPACITY, PATH_WORDS};

/// What the request line said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct RequestLine {
    /// Method, as in [`crate::event::EventHead::method`].
    pub method: u64,
    /// Bytes of `path` in use.
    pub path_len: u32,
    /// 1 if the path is longer than what is kept.
    pub path_truncated: u32,
    /// Path up to `?`, the first byte in the lowest bits of the first word.
    pub path: [u64; PATH_WORDS],
}

/// Methods, as in [`RequestLine::method`].
const CONNECT: u64 = method(b"CONNECT");
const HEAD: u64 = method(b"HEAD");

/// The methods of RFC 9110 and RFC 5789.
const WELL_KNOWN: [u64; 9] = [
    method(b"GET"),
    HEAD,
    method(b"POST"),
    method(b"PUT"),
    method(b"DELETE"),
    CONNECT,
    method(b"OPTIONS"),
    method(b"TRACE"),
    method(b"PATCH"),
];

const fn method(name: &[u8]) -> u64 {
    let mut number = 0;
    let mut index = 0;
    while index < name.len() {
        number = number << 8 | name[index] as u64;
        index += 1;
    }
    number
}

impl RequestLine {
    /// The line before the first byte.
    pub const NEW: Self = Self { method: 0, path_len: 0, path_truncated: 0, path: [0; PATH_WORDS] };

    /// Begins a line with a method.
    #[inline(always)]
    pub(crate) fn begin(&mut self, method: u64) {
        self.method = method;
        self.path_len = 0;
        self.path_truncated = 0;
    }

    /// Adds a byte to the path, while there is room.
    #[inline(always)]
    pub(crate) fn push(&mut self, byte: u8) {
        if (self.path_len as usize) < PATH_CAPACITY {
            self.path.as_mut_bytes()[self.path_len as usize] = byte;
            self.path_len += 1;
        } else {
            self.path_truncated = 1;
        }
    }

    /// Is the method `CONNECT`?
    #[inline(always)]
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.method == CONNECT
    }

    /// Is the method one that every server knows?
    #[inline(always)]
    #[must_use]
    pub fn is_well_known(&self) -> bool {
        let mut index = 0;
        while index < WELL_KNOWN.len() {
            if self.method == WELL_KNOWN[index] {
                return true;
            }
            index += 1;
        }
        false
    }

    /// Is the method `HEAD`?
    #[inline(always)]
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == HEAD
    }
}
