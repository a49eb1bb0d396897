//! The connections of the watched process by the kernel's `struct sock`, for hooks that know no descriptor.

use aya_ebpf::{
    bindings::BPF_NOEXIST,
    macros::map,
    maps::{Array, LruHashMap},
};
use tracer_common::{connection::Slot, names};

use crate::place::Place;

/// A connection by its socket.
#[repr(C)]
pub struct Stream {
    slot: Slot,
    /// Tells connections apart: negative, as no descriptor is.
    number: i64,
}

/// Sockets that are gone, and were not seen to close, make room for new ones.
#[map]
static STREAMS: LruHashMap<u64, Stream> = LruHashMap::with_max_entries(names::MAX_CONNECTIONS, 0);

/// A stream of which nothing is known. Such a value is too large for the stack.
#[map]
static NO_STREAM: Array<Stream> = Array::with_max_entries(1, 0);

impl Stream {
    /// Where the connection is kept.
    #[inline(always)]
    pub fn place(&mut self) -> Place {
        Place::new(&raw mut self.slot)
    }

    /// The number that stands for its descriptor.
    #[inline(always)]
    pub fn number(&self) -> i32 {
        self.number as i32
    }
}

/// The stream of the socket at `sock`.
#[inline(always)]
pub fn find(sock: u64) -> Option<&'static mut Stream> {
    Some(unsafe { &mut *STREAMS.get_ptr_mut(sock)? })
}

/// The stream of the socket at `sock`, made known where it was not. None for want of memory.
#[inline(always)]
pub fn find_or_add(sock: u64) -> Option<&'static mut Stream> {
    if let Some(stream) = find(sock) {
        return Some(stream);
    }
    core::hint::cold_path();
    let nothing = unsafe { &*NO_STREAM.get_ptr(0)? };
    // Another thread may have been first, which is as good.
    let _ = STREAMS.insert(sock, nothing, BPF_NOEXIST.into());
    let stream = find(sock)?;
    // A socket is larger than 64 bytes, and so are the distances between their addresses.
    stream.number = !((sock >> 6) as i64 & i64::from(i32::MAX));
    Some(stream)
}
