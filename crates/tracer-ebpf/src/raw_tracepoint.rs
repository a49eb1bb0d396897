//! Strategy `raw-tracepoint`: one raw tracepoint at the exit of every system call of the machine.
//!
//! The hook is the machine's, so the first thing is to let every other process go.

use core::hint::cold_path;

use aya_ebpf::{helpers::bpf_get_current_pid_tgid, macros::raw_tracepoint, programs::RawTracePointContext};
use tracer_common::counter::Counter;

use crate::{
    constants,
    follow::{Caller, Hit},
    ledger::Ledger,
    syscall::Call,
};

/// `sys_exit` has two arguments: the saved registers and what the call returned
/// (include/trace/events/syscalls.h).
#[raw_tracepoint(tracepoint = "sys_exit")]
#[inline(always)]
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
    if tgid != constants::target_tgid() {
        return ledger.count(Counter::OtherProcess);
    }
    let returned: i64 = context.arg(1);
    if returned < 0 {
        cold_path();
        return ledger.count(Counter::NoBytes);
    }
    match Call::read(context.arg(0)) {
        Some(call) => {
            let caller = Caller { tgid, tid: pid_tgid as u32, fd: call.fd() };
            call.follow(Hit { ledger, caller }, returned as u64);
        }
        None => ledger.count(Counter::Fault),
    }
}
