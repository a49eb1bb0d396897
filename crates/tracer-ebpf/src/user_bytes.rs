//! The bytes that a call has moved, in the memory of the process: one buffer, or an array of `struct iovec`.

use aya_ebpf::helpers::{bpf_probe_read_user, generated::bpf_probe_read_user as probe_read_user};
use tracer_common::http::CHUNK;

/// A position in the bytes of one call.
pub struct UserBytes {
    /// Next byte.
    address: u64,
    /// Bytes left in this buffer.
    here: u64,
    /// Bytes left in all.
    left: u64,
    /// Next `struct iovec`; 0 where there is none.
    vector: u64,
}

impl UserBytes {
    /// The `len` bytes at `address`.
    #[inline(always)]
    pub fn buffer(address: u64, len: u64) -> Self {
        Self { address, here: len, left: len, vector: 0 }
    }

    /// The first `len` bytes of the buffers in the array at `vector`.
    #[inline(always)]
    pub fn vector(vector: u64, len: u64) -> Self {
        Self { address: 0, here: 0, left: len, vector }
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Bytes in one piece at this position, after going on to the next buffer where this one is used up. None where
    /// the memory cannot be read.
    #[inline(always)]
    pub fn piece(&mut self) -> Option<u64> {
        if self.here == 0 {
            let [address, len] = unsafe { bpf_probe_read_user(self.vector as *const [u64; 2]) }.ok()?;
            self.vector += 16;
            self.address = address;
            self.here = if len < self.left { len } else { self.left };
        }
        Some(self.here)
    }

    /// Passes over `bytes`, at most [`Self::piece`].
    #[inline(always)]
    pub fn advance(&mut self, bytes: u64) {
        self.address += bytes;
        self.here -= bytes;
        self.left -= bytes;
    }

    /// The first byte, without moving on.
    #[inline(always)]
    pub fn first(&self) -> Option<u8> {
        let mut address = self.address;
        if self.here == 0 {
            address = unsafe { bpf_probe_read_user(self.vector as *const u64) }.ok()?;
        }
        unsafe { bpf_probe_read_user(address as *const u8) }.ok()
    }

    /// Copies the next bytes of this piece, at most [`CHUNK`]. Returns how many.
    #[inline(always)]
    pub fn peek(&self, chunk: &mut [u8; CHUNK]) -> Option<u32> {
        let len = if self.here < CHUNK as u64 { self.here as u32 } else { CHUNK as u32 };
        let failed = unsafe { probe_read_user(chunk.as_mut_ptr().cast(), len, self.address as *const _) };
        if failed == 0 { Some(len) } else { None }
    }
}
