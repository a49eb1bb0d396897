//! The two functions that a tracer may hook by name, and nothing else.
//!
//! A probe on a function replaces its first instruction by a trap, and the kernel has to make up for that instruction
//! each time: a 5-byte nop it turns into a jump without any trap (since 6.16), a `push` it emulates in the trap, most
//! others it has to single-step in a second one. That decides the cost by a factor of ten, so both first instructions
//! are written down here and not left to the compiler.
#![allow(unsafe_code, reason = "unmangled names and fixed first instructions can be had no other way")]

use crate::mark::RequestMark;

/// Calls both markers.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn tell(mark: &RequestMark) {
    tracetax_request_nop(mark);
    tracetax_request_entry(mark);
}

/// There are markers for x86-64 only: what makes a probe cheap there has no counterpart elsewhere. A tracer finds no
/// such name in the file, and says so.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn tell(_mark: &RequestMark) {}

/// Does nothing. Its first instruction is the 5-byte nop `0f 1f 44 00 00`.
#[cfg(target_arch = "x86_64")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn tracetax_request_nop(mark: &RequestMark) {
    core::arch::naked_asm!(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00", "ret")
}

/// Does nothing. Its first instruction is `push %rbp`, as in an ordinary function with a frame.
#[cfg(target_arch = "x86_64")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
extern "C" fn tracetax_request_entry(mark: &RequestMark) {
    core::arch::naked_asm!("push rbp", "mov rbp, rsp", "pop rbp", "ret")
}
