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

/// Writes `new` to `place` if `old` is there. Returns what was there before.
///
/// # Safety
/// `place` can be written.
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

/// Writes `value` to `place`. Returns what was there before.
///
/// # Safety
/// `place` can be written.
#[inline(always)]
pub unsafe fn swap(place: *mut u64, mut value: u64) -> u64 {
    unsafe { asm!("{1} = xchg_64({0} + 0, {1})", in(reg) place, inout(reg) value, options(nostack)) };
    value
}
