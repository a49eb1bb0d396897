//! The bytes that a packet carries. They may lie in pages of their own, so they are copied out by a helper.

use aya_ebpf::{bindings::__sk_buff, helpers::generated::bpf_skb_load_bytes};
use tracer_common::{
    http::{
        begins_answer, begins_interim,
        chunk::{CHUNK, Chunk, opaque},
    },
    visit::Bytes,
};

/// A stretch of a packet. Unlike the packet it may lie in a map.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Span {
    /// Next byte, counted from the IP header.
    pub offset: u64,
    /// Bytes left.
    pub left: u64,
}

/// A position in the bytes of a packet.
#[derive(Clone, Copy)]
pub struct PacketBytes {
    pub packet: *mut __sk_buff,
    pub span: Span,
}

impl PacketBytes {
    /// The first byte, without moving on.
    #[inline(always)]
    pub fn first(&self) -> Option<u8> {
        let mut byte = 0u8;
        let to = (&raw mut byte).cast();
        let failed = unsafe { bpf_skb_load_bytes(self.packet.cast(), self.span.offset as u32, to, 1) } != 0;
        if failed { None } else { Some(byte) }
    }

    /// Do they begin as an answer does?
    #[inline(always)]
    pub fn begins_answer(&self) -> bool {
        let mut word = 0u64;
        let to = (&raw mut word).cast();
        let failed = unsafe { bpf_skb_load_bytes(self.packet.cast(), self.span.offset as u32, to, 8) } != 0;
        !failed && begins_answer(word)
    }

    /// Do they begin as an interim answer does?
    #[inline(always)]
    pub fn begins_interim(&self) -> bool {
        let mut bytes = [0u8; 10];
        let to = (&raw mut bytes).cast();
        let failed = unsafe { bpf_skb_load_bytes(self.packet.cast(), self.span.offset as u32, to, 10) } != 0;
        !failed && begins_interim(bytes)
    }
}

impl Bytes for PacketBytes {
    #[inline(always)]
    fn left(&self) -> u64 {
        self.span.left
    }

    #[inline(always)]
    fn piece(&mut self) -> Option<u64> {
        Some(self.span.left)
    }

    #[inline(always)]
    fn advance(&mut self, bytes: u64) {
        self.span.offset += bytes;
        self.span.left -= bytes;
    }

    #[inline(always)]
    fn finish(&mut self) {
        self.span.left = 0;
    }

    #[inline(always)]
    fn peek(&self, chunk: &mut Chunk) -> Option<()> {
        let left = self.span.left as usize;
        // The verifier wants to see that it is not 0.
        let len =
            opaque(if left < CHUNK { left.wrapping_sub(1) & (CHUNK - 1) } else { CHUNK - 1 }) as u32 + 1;
        let to = chunk.bytes_mut().as_mut_ptr().cast();
        if unsafe { bpf_skb_load_bytes(self.packet.cast(), self.span.offset as u32, to, len) } != 0 {
            return None;
        }
        chunk.len = len;
        Some(())
    }
}
