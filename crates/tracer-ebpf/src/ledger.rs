//! The counters of this CPU, and the ring buffer that events leave by.

use aya_ebpf::{
    macros::map,
    maps::{PerCpuArray, RingBuf},
};
use tracer_common::{
    counter::{Counter, Row},
    event::Event,
    names,
};

/// `BPF_RB_NO_WAKEUP` of linux/bpf.h: the agent drains on a timer.
const NO_WAKEUP: u64 = 1;

#[map]
static COUNTERS: PerCpuArray<Row> = PerCpuArray::with_max_entries(1, 0);

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(names::RING_BYTES, 0);

/// The counters of this CPU during one hit.
#[derive(Clone, Copy)]
pub struct Ledger(*mut Row);

impl Ledger {
    /// Opens the ledger for one hit, and counts the hit.
    #[inline(always)]
    pub fn open() -> Option<Self> {
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
        // Programs are not preempted by others on the same CPU that count in this row.
        unsafe { (*self.0)[counter as usize] += amount };
    }

    /// Fills one event in place and submits it.
    #[inline(always)]
    pub fn submit(self, fill: impl FnOnce(&mut Event)) {
        match EVENTS.reserve::<Event>(0) {
            Some(mut entry) => {
                fill(unsafe { &mut *entry.as_mut_ptr() });
                entry.submit(NO_WAKEUP);
                self.count(Counter::Submitted);
            }
            None => self.count(Counter::ReserveFailed),
        }
    }
}
