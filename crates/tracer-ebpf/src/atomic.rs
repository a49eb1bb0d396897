//! Atomic instructions of BPF (Documentation/bpf/standardization/instruction-set.rst, "Atomic operations"). The `core`
//! of this target has none.

#[cfg(target_arch = "bpf")]
use core::arch::asm;
#[cfg(not(target_arch = "bpf"))]
use core::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[cfg(target_arch = "bpf")]
use crate::constants;

/// Adds `amount` to what is at `place`.
///
/// # Safety
/// `place` can be written.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn add(place: *mut u64, amount: u64) {
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) place, in(reg) amount, options(nostack)) };
}

/// Writes `new` to `place` if `old` is there. Returns what was there before.
///
/// # Safety
/// `place` can be written.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn compare_swap(place: *mut u64, old: u64, new: u64) -> u64 {
    let before;
    unsafe {
        asm!(
            "r0 = cmpxchg_64({0} + 0, r0, {1})",
            in(reg) place, in(reg) new, inout("r0") old => before, options(nostack)
        );
    }
    before
}

/// Writes `value` to `place`, after all that was written before. Where the processor keeps that order by itself, a plain
/// store does: an exchange in its place made a request 0.03 us dearer.
///
/// # Safety
/// `place` can be written.
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub unsafe fn store(place: *mut u64, value: u64) {
    if constants::are_stores_ordered() {
        unsafe { asm!("*(u64 *)({0} + 0) = {1}", in(reg) place, in(reg) value, options(nostack)) };
        return;
    }
    unsafe { asm!("{1} = xchg_64({0} + 0, {1})", in(reg) place, inout(reg) value => _, options(nostack)) };
}

// For the host, which lints the kernel side and never runs it.

#[cfg(not(target_arch = "bpf"))]
pub unsafe fn add(place: *mut u64, amount: u64) {
    unsafe { AtomicU64::from_ptr(place) }.fetch_add(amount, SeqCst);
}

#[cfg(not(target_arch = "bpf"))]
pub unsafe fn compare_swap(place: *mut u64, old: u64, new: u64) -> u64 {
    unsafe { AtomicU64::from_ptr(place) }.compare_exchange(old, new, SeqCst, SeqCst).unwrap_or_else(|was| was)
}

#[cfg(not(target_arch = "bpf"))]
pub unsafe fn store(place: *mut u64, value: u64) {
    unsafe { AtomicU64::from_ptr(place) }.store(value, SeqCst);
}
