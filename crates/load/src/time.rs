//! The clock of all stamps: `CLOCK_MONOTONIC` in nanoseconds, read without a system call through the vDSO.

use std::num::NonZeroU64;

use rustix::{
    io,
    thread::set_current_timer_slack,
    time::{ClockId, clock_gettime},
};

/// Nanoseconds, of a moment or of a while.
pub type Ns = u64;

/// Now.
pub(crate) fn now_ns() -> Ns {
    let now = clock_gettime(ClockId::Monotonic);
    // Both parts are never negative: the clock starts at 0 when the machine does.
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// Lets this thread's sleeps end when they should, and not up to the default 50 us later (`PR_SET_TIMERSLACK`).
///
/// # Errors
/// When the kernel refuses.
pub fn sharpen_timers() -> io::Result<()> {
    set_current_timer_slack(NonZeroU64::new(1))
}
