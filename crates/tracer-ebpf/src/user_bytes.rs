//! The bytes that a call has moved, in the memory of the process: one buffer, or an array of `struct iovec`.

use aya_ebpf::helpers::{
    bpf_probe_read_kernel, bpf_probe_read_user, generated::bpf_probe_read_user as probe_read_user,
};
use tracer_common::{
    http::{
        begins_answer, begins_interim,
        chunk::{CHUNK, Chunk},
    },
    visit::Bytes,
};

use crate::constants;

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

    /// The buffers in the array at `vector`, which the kernel has copied, without the first `done` bytes. They are of
    /// whatever length.
    #[inline(always)]
    pub fn copied_vector(vector: u64, done: u64) -> Option<Self> {
        let [address, len] = buffer_at(vector)?;
        Some(Self { address: address + done, here: len - done, left: u64::MAX, vector: vector + 16 })
    }

    /// The first `len` of these bytes.
    #[inline(always)]
    pub fn cut(self, len: u64) -> Self {
        Self { here: if self.here < len { self.here } else { len }, left: len, ..self }
    }

    /// The first byte, without moving on.
    #[inline(always)]
    pub fn first(&self) -> Option<u8> {
        unsafe { bpf_probe_read_user(self.start()? as *const u8) }.ok()
    }

    /// Do they begin as an answer does?
    #[inline(always)]
    pub fn begins_answer(&self) -> bool {
        let word = self.start().and_then(|start| unsafe { bpf_probe_read_user(start as *const u64) }.ok());
        word.is_some_and(begins_answer)
    }

    /// Do they begin as an interim answer does?
    #[inline(always)]
    pub fn begins_interim(&self) -> bool {
        let bytes = self.start().and_then(|start| unsafe { bpf_probe_read_user(start as *const _) }.ok());
        bytes.is_some_and(begins_interim)
    }

    /// Where they begin.
    #[inline(always)]
    fn start(&self) -> Option<u64> {
        if self.here != 0 {
            return Some(self.address);
        }
        let [address, _] = buffer_at(self.vector)?;
        Some(address)
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
            let [address, len] = buffer_at(self.vector)?;
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

/// Address and length of the buffer that the `struct iovec` at `vector` is of.
#[inline(always)]
fn buffer_at(vector: u64) -> Option<[u64; 2]> {
    let vector = vector as *const [u64; 2];
    if constants::are_vectors_copied() {
        return unsafe { bpf_probe_read_kernel(vector) }.ok();
    }
    unsafe { bpf_probe_read_user(vector) }.ok()
}
