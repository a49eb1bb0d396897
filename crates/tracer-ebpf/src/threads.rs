//! What threads are in the middle of, between two hooks. A call may block, and end on another processor; but a thread is
//! in one call at a time.

use aya_ebpf::maps::LruHashMap;

use crate::attachment;

/// A call that has begun.
#[repr(C)]
pub struct Begun<T> {
    /// The attachment in which it was seen; 0 when it has ended.
    attachment: u64,
    what: T,
}

/// Calls by thread. Threads that are gone make room for new ones.
pub type Threads<T> = LruHashMap<u32, Begun<T>>;

/// The thread `tid` begins a call. None where there is no room.
#[inline(always)]
pub fn begin<T>(threads: &Threads<T>, tid: u32, what: T) -> Option<()> {
    let begun = Begun { attachment: attachment::current(), what };
    if let Some(place) = threads.get_ptr_mut(tid) {
        unsafe { *place = begun };
        return Some(());
    }
    core::hint::cold_path();
    threads.insert(tid, begun, 0).ok()
}

/// The call ends that the thread `tid` has begun. None where the beginning was not seen.
#[inline(always)]
pub fn end<T: Copy>(threads: &Threads<T>, tid: u32) -> Option<T> {
    let begun = unsafe { &mut *threads.get_ptr_mut(tid)? };
    let attachment = begun.attachment;
    begun.attachment = 0;
    if attachment == attachment::current() { Some(begun.what) } else { None }
}
