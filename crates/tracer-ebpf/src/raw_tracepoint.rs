//! Strategy `raw-tracepoint`: one raw tracepoint at the exit of every system call of the machine.
//!
//! The hook is the machine's, so the first thing is to let every other process go.

use aya_ebpf::{helpers::bpf_get_current_pid_tgid, macros::raw_tracepoint, programs::RawTracePointContext};
use tracer_common::counter::Counter;

use crate::{
    follow::{self, Place},
    ledger::Ledger,
    syscall::{Call, Kind},
    user_bytes::UserBytes,
};

/// Set by the agent before loading.
#[unsafe(no_mangle)]
static TARGET_TGID: u32 = 0;

/// `sys_exit` has two arguments: the saved registers and what the call returned
/// (include/trace/events/syscalls.h).
#[raw_tracepoint(tracepoint = "sys_exit")]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn raw_tracepoint_sys_exit(context: RawTracePointContext) -> i32 {
    if let Some(ledger) = Ledger::open() {
        exit(ledger, &context);
    }
    0
}

#[inline(always)]
fn exit(ledger: Ledger, context: &RawTracePointContext) {
    let pid_tgid = bpf_get_current_pid_tgid();
    let tgid = (pid_tgid >> 32) as u32;
    // Volatile, or the compiler would take the value it sees here for the one that the agent sets.
    if tgid != unsafe { core::ptr::read_volatile(&raw const TARGET_TGID) } {
        return ledger.count(Counter::OtherProcess);
    }
    let returned: i64 = context.arg(1);
    if returned < 0 {
        return ledger.count(Counter::NoBytes);
    }
    match Call::read(context.arg(0)) {
        Some(call) => follow(ledger, tgid, pid_tgid as u32, &call, returned as u64),
        None => ledger.count(Counter::Fault),
    }
}

#[inline(always)]
fn follow(ledger: Ledger, tgid: u32, tid: u32, call: &Call, returned: u64) {
    let place = Place { tgid, tid, fd: call.fd };
    match call.kind {
        Kind::Other => ledger.count(Counter::OtherSyscall),
        Kind::Close => follow::closed(ledger, place),
        Kind::Accept => follow::closed(ledger, Place { fd: returned as i32, ..place }),
        Kind::Unsupported => follow::unsupported(ledger, place),
        Kind::Peek => ledger.count(Counter::Peeked),
        _ if returned == 0 => ledger.count(Counter::NoBytes),
        Kind::Read => follow::read(ledger, place, UserBytes::buffer(call.address, returned)),
        Kind::ReadVector => follow::read(ledger, place, UserBytes::vector(call.address, returned)),
        Kind::Write => follow::written(ledger, place, UserBytes::buffer(call.address, returned)),
        Kind::WriteVector => follow::written(ledger, place, UserBytes::vector(call.address, returned)),
        Kind::SendFile => follow::sent_file(ledger, place, returned),
    }
}
