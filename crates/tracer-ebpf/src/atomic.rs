//! Atomic instructions of BPF (Documentation/bpf/standardization/instruction-set.rst, "Atomic operations"). The `core`
//! of this target has none.

use core::arch::asm;

/// Adds `amount` to what is at `place`.
///
/// # Safety
/// `place` can be written.
#[inline(always)]
pub unsafe fn add(place: *mut u64, amount: u64) {
    unsafe { asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) place, in(reg) amount, options(nostack)) };
}

/// Writes `value` to `place`. Returns what was there before.
///
/// # Safety
/// `place` can be written.
#[inline(always)]
pub unsafe fn swap(place: *mut u64, mut value: u64) -> u64 {
    unsafe { asm!("{1} = xchg_64({0} + 0, {1})", in(reg) place, inout(reg) value, options(nostack)) };
    value
}
