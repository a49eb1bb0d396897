//! The number of the current attachment, which the agent sets before it attaches.

use aya_ebpf::{macros::map, maps::Array};

#[map]
static ATTACHMENT: Array<u64> = Array::with_max_entries(1, 0);

/// The number. Numbers begin with 1; 0 is no attachment.
#[inline(always)]
pub fn current() -> u64 {
    ATTACHMENT.get(0).copied().unwrap_or(0)
}
