//! What the agent sets before it loads the programs. The verifier knows these values and removes what they rule out.

use tracer_common::{
    message::MessageLayout,
    names::{NEVER, stage},
};

#[unsafe(no_mangle)]
static TARGET_TGID: u32 = 0;
#[unsafe(no_mangle)]
static STAGE: u32 = stage::FULL;
#[unsafe(no_mangle)]
static WAKEUP_BYTES: u64 = NEVER;
#[unsafe(no_mangle)]
static ORDERED_STORES: u32 = 0;
#[unsafe(no_mangle)]
static MESSAGE_LAYOUT: MessageLayout =
    MessageLayout { kind: 0, done: 0, buffer: 0, vector: 0, is_buffer: 0, is_vector: 0 };

/// Thread group id of the watched process.
#[inline(always)]
pub fn target_tgid() -> u32 {
    // Volatile, here and below, or the compiler would take the value it sees for the one that the agent sets.
    unsafe { core::ptr::read_volatile(&raw const TARGET_TGID) }
}

/// Do the programs go on to this stage?
#[inline(always)]
pub fn reaches(stage: u32) -> bool {
    unsafe { core::ptr::read_volatile(&raw const STAGE) >= stage }
}

/// Bytes of events that wake the agent.
#[inline(always)]
pub fn wakeup_bytes() -> u64 {
    unsafe { core::ptr::read_volatile(&raw const WAKEUP_BYTES) }
}

/// Do others see this processor's stores in the order in which they were made?
#[cfg_attr(not(target_arch = "bpf"), allow(dead_code, reason = "the host has atomic stores of its own"))]
#[inline(always)]
pub fn are_stores_ordered() -> bool {
    unsafe { core::ptr::read_volatile(&raw const ORDERED_STORES) != 0 }
}

/// Where the kernel keeps what a message is made of.
#[inline(always)]
pub fn message_layout() -> MessageLayout {
    unsafe { core::ptr::read_volatile(&raw const MESSAGE_LAYOUT) }
}

/// Are arrays of `struct iovec` read where the kernel has copied them, and not in the process?
#[inline(always)]
pub fn are_vectors_copied() -> bool {
    message_layout().vector != 0
}
