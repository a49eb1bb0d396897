//! The counters of this CPU, and the ring buffer that events leave by.

use core::hint::cold_path;

use aya_ebpf::{
    macros::map,
    maps::{PerCpuArray, RingBuf},
};
use tracer_common::{
    counter::{Counter, Row},
    event::{Event, EventHead, PATH_WORDS, SHORT_PATH_CAPACITY, SHORT_PATH_WORDS, ShortEvent},
    names::{self, stage},
};

use crate::{atomic, constants};

/// Flags of `bpf_ringbuf_submit` and `bpf_ringbuf_query` (linux/bpf.h).
const NO_WAKEUP: u64 = 1;
const FORCE_WAKEUP: u64 = 2;
const AVAILABLE_BYTES: u64 = 0;

#[map]
static COUNTERS: PerCpuArray<Row> = PerCpuArray::with_max_entries(1, 0);

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(names::RING_BYTES, 0);

/// The counters of this CPU during one hit. `SHARED` where other programs that count may interrupt this one; those at
/// tracepoints and functions do not.
#[derive(Clone, Copy)]
pub struct Ledger<const SHARED: bool = false>(*mut Row);

impl<const SHARED: bool> Ledger<SHARED> {
    /// Opens the ledger for one hit, and counts the hit. None where the programs are to return at once.
    #[inline(always)]
    pub fn open() -> Option<Self> {
        if !constants::reaches(stage::LOOKUP) {
            return None;
        }
        let ledger = Self(COUNTERS.get_ptr_mut(0)?);
        ledger.count(Counter::Hits);
        Some(ledger)
    }

    #[inline(always)]
    pub fn count(self, counter: Counter) {
        self.add(counter, 1);
    }

    #[inline(always)]
    pub fn add(self, counter: Counter, amount: u64) {
        let count = unsafe { &raw mut (*self.0)[counter as usize] };
        if SHARED {
            unsafe { atomic::add(count, amount) };
        } else {
            unsafe { *count += amount };
        }
    }

    /// Sends an event with `path`, of which `fill` fills all else.
    #[inline(always)]
    pub fn submit(self, path: &[u64; PATH_WORDS], path_len: u32, fill: impl Fn(&mut EventHead)) {
        if path_len as usize <= SHORT_PATH_CAPACITY {
            self.submit_words::<ShortEvent, SHORT_PATH_WORDS>(path, fill);
        } else {
            cold_path();
            self.submit_words::<Event, PATH_WORDS>(path, fill);
        }
    }

    /// Sends an event of type `E` with the first `WORDS` words of `path`.
    #[inline(always)]
    fn submit_words<E: 'static, const WORDS: usize>(
        self,
        path: &[u64; PATH_WORDS],
        fill: impl Fn(&mut EventHead),
    ) {
        self.submit_if::<E>(|event| {
            fill(unsafe { &mut *event });
            let words = unsafe { event.add(1) }.cast::<u64>();
            for (index, word) in path[..WORDS].iter().enumerate() {
                // Whole words, since these are a few wide moves: what lies beyond `path_len` is of earlier paths.
                unsafe { words.add(index).write(*word) };
            }
            true
        });
    }

    /// Sends an event of type `E`, which begins with a head, after `fill` has filled all of it in place; drops it where
    /// `fill` says no. What is dropped is not counted.
    #[inline(always)]
    pub fn submit_if<E: 'static>(self, fill: impl FnOnce(*mut EventHead) -> bool) {
        if !constants::reaches(stage::FULL) {
            return self.count(Counter::Stage);
        }
        let Some(mut entry) = EVENTS.reserve::<E>(0) else {
            cold_path();
            return self.count(Counter::ReserveFailed);
        };
        if fill(entry.as_mut_ptr().cast()) {
            entry.submit(wakeup());
            self.count(Counter::Submitted);
        } else {
            cold_path();
            entry.discard(NO_WAKEUP);
        }
    }
}

#[inline(always)]
fn wakeup() -> u64 {
    match constants::wakeup_bytes() {
        0 => 0,
        names::NEVER => NO_WAKEUP,
        bytes if EVENTS.query(AVAILABLE_BYTES) >= bytes => FORCE_WAKEUP,
        _ => NO_WAKEUP,
    }
}
