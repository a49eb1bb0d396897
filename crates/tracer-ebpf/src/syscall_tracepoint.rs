//! Strategy `syscall-tracepoint`: tracepoints at both ends of the calls by which most servers read and write.
//!
//! The hooks are of single calls, so all others of the machine pass untouched. These are followed: `recvfrom`, `read`,
//! `writev`, `write`, `sendto` and `close`. What moves bytes otherwise (`readv`, `recvmsg`, `sendmsg`, `sendfile`, `splice`
//! and what goes through `io_uring`) is not seen: the rest of a message that is moved so is missed.
//!
//! The tracepoint at the end of a call tells what it returned, not what it was asked; so that is kept from its beginning.

use core::hint::cold_path;

use aya_ebpf::{
    EbpfContext as _,
    helpers::{bpf_get_current_pid_tgid, bpf_probe_read_kernel},
    macros::{map, tracepoint},
    maps::LruHashMap,
    programs::TracePointContext,
};
use tracer_common::{counter::Counter, names};

use crate::{
    attachment, constants,
    follow::{self, Caller, Hit},
    ledger::Ledger,
    syscall::{Call, number},
};

/// What a thread has asked for. A call may block, and end on another processor; but a thread is in one call at a time.
#[derive(Clone, Copy)]
#[repr(C)]
struct Asked {
    /// The attachment in which it was seen; 0 when it has ended.
    attachment: u64,
    address: u64,
    flags: u64,
    number: u32,
    fd: i32,
}

/// By thread. Threads that are gone make room for new ones.
#[map]
static ASKED: LruHashMap<u32, Asked> = LruHashMap::with_max_entries(names::MAX_THREADS, 0);

/// Where the context holds what (`struct syscall_tp_t` of kernel/trace/trace_syscalls.c; the files `format` of the
/// tracepoints).
const NUMBER: usize = 8;
const RETURNED: usize = 16;
const FD: usize = 16;
const ADDRESS: usize = 24;
const FLAGS: usize = 40;

#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_enter(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(hit) {
        enter(hit, &context);
    }
    0
}

#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_exit(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(hit) {
        exit(hit, &context);
    }
    0
}

/// At the beginning of `close`: at its end the descriptor may be another thread's already.
#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_close(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(hit) {
        let fd: u64 = field(&context, FD);
        follow::closed(Hit { caller: Caller { fd: fd as i32, ..hit.caller }, ..hit });
    }
    0
}

/// The hit, of no descriptor yet; None if it is of another process.
#[inline(always)]
fn hit(ledger: Ledger) -> Option<Hit> {
    let pid_tgid = bpf_get_current_pid_tgid();
    let tgid = (pid_tgid >> 32) as u32;
    if tgid != constants::target_tgid() {
        ledger.count(Counter::OtherProcess);
        return None;
    }
    Some(Hit { ledger, caller: Caller { tgid, tid: pid_tgid as u32, fd: -1 } })
}

#[inline(always)]
fn enter(hit: Hit, context: &TracePointContext) {
    let attachment = attachment::current();
    let number = field(context, NUMBER);
    let (fd, address): (u64, u64) = (field(context, FD), field(context, ADDRESS));
    let asked = Asked { attachment, address, flags: flags(context, number), number, fd: fd as i32 };
    if let Some(place) = ASKED.get_ptr_mut(hit.caller.tid) {
        unsafe { *place = asked };
    } else {
        cold_path();
        if ASKED.insert(hit.caller.tid, asked, 0).is_err() {
            return hit.ledger.count(Counter::TableFull);
        }
    }
    hit.ledger.count(Counter::Entered);
}

#[inline(always)]
fn exit(hit: Hit, context: &TracePointContext) {
    let Some(asked) = take(hit.caller.tid, field(context, NUMBER)) else {
        cold_path();
        return hit.ledger.count(Counter::NotEntered);
    };
    let returned: i64 = field(context, RETURNED);
    if returned < 0 {
        cold_path();
        return hit.ledger.count(Counter::NoBytes);
    }
    let call = Call::of(asked.number.into(), asked.fd, asked.address, asked.flags);
    call.follow(Hit { caller: Caller { fd: asked.fd, ..hit.caller }, ..hit }, returned as u64);
}

/// What the thread has asked for by the call of this `number`, which ends.
#[inline(always)]
fn take(tid: u32, number: u32) -> Option<Asked> {
    let place = unsafe { &mut *ASKED.get_ptr_mut(tid)? };
    let asked = *place;
    place.attachment = 0;
    (asked.attachment == attachment::current() && asked.number == number).then_some(asked)
}

/// The flags of the call, if it has some that matter. A tracepoint takes no program that reads beyond its own fields, and
/// `read` has fewer than `recvfrom`; so they are not read as a field.
#[inline(always)]
fn flags(context: &TracePointContext, number: u32) -> u64 {
    if u64::from(number) != number::RECVFROM {
        return 0;
    }
    unsafe { bpf_probe_read_kernel(context.as_ptr().byte_add(FLAGS).cast()) }.unwrap_or(0)
}

/// The field at `offset`.
#[inline(always)]
fn field<T: Copy>(context: &TracePointContext, offset: usize) -> T {
    unsafe { *context.as_ptr().byte_add(offset).cast() }
}
