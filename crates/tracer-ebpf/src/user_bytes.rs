//! The bytes that a call has moved, in the memory of the process: one buffer, or an array of `struct iovec`.

use aya_ebpf::helpers::{bpf_probe_read_user, generated::bpf_probe_read_user as probe_read_user};
use tracer_common::{
    http::chunk::{CHUNK, Chunk},
    visit::Bytes,
};

/// A position in the bytes of one call.
#[derive(Clone, Copy)]
#[repr(C)]
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

    /// The first byte, without moving on.
    #[inline(always)]
    pub fn first(&self) -> Option<u8> {
        let mut address = self.address;
        if self.here == 0 {
            address = unsafe { bpf_probe_read_user(self.vector as *const u64) }.ok()?;
        }
        unsafe { bpf_probe_read_user(address as *const u8) }.ok()
    }
}

impl Bytes for UserBytes {
    #[inline(always)]
    fn left(&self) -> u64 {
        self.left
    }

    #[inline(always)]
    fn piece(&mut self) -> Option<u64> {
        if self.here == 0 {
            let [address, len] = unsafe { bpf_probe_read_user(self.vector as *const [u64; 2]) }.ok()?;
            self.vector += 16;
            self.address = address;
            self.here = if len < self.left { len } else { self.left };
        }
        Some(self.here)
    }

    #[inline(always)]
    fn advance(&mut self, bytes: u64) {
        self.address += bytes;
        self.here -= bytes;
        self.left -= bytes;
    }

    #[inline(always)]
    fn finish(&mut self) {
        self.left = 0;
    }

    #[inline(always)]
    fn peek(&self, chunk: &mut Chunk) -> Option<()> {
        let len = if self.here < CHUNK as u64 { self.here as u32 } else { CHUNK as u32 };
        let to = chunk.bytes_mut().as_mut_ptr().cast();
        if unsafe { probe_read_user(to, len, self.address as *const _) } != 0 {
            return None;
        }
        chunk.len = len;
        Some(())
    }
}
