//! A cost that is planted on purpose, so that a gate can show that it sees it. Only compiled with the feature
//! `planted-cost`, which no tracer to ship has.

use core::ffi::{c_long, c_void};

use aya_ebpf::helpers::{bpf_ktime_get_ns, generated::bpf_loop};

/// How long one spin takes.
const SPIN_NS: u64 = 1_000;

/// A reading of the clock takes more than a nanosecond, so this is never reached: the kernel wants a bound.
const MOST_READINGS: u32 = SPIN_NS as u32;

/// Spins, reading the clock again and again.
#[inline(never)]
pub fn spin() {
    let mut end_ns = unsafe { bpf_ktime_get_ns() } + SPIN_NS;
    unsafe {
        bpf_loop(MOST_READINGS, look as *mut c_void, (&raw mut end_ns).cast(), 0);
    }
}

unsafe extern "C" fn look(_index: u64, end_ns: *mut u64) -> c_long {
    c_long::from(unsafe { bpf_ktime_get_ns() >= *end_ns })
}
