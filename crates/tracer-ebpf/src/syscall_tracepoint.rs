//! Strategy `syscall-tracepoint`: tracepoints at both ends of the calls by which most servers read and write.
//!
//! The hooks are of single calls, so all others of the machine pass untouched. These are followed: `recvfrom`, `read`,
//! `writev`, `write`, `sendto`, `accept`, `accept4` and `close`. What moves bytes otherwise (`readv`, `recvmsg`, `sendmsg`,
//! `sendfile`, `splice` and their like) ends the following of its connection, by name. What goes through `io_uring` is not
//! seen.
//!
//! The tracepoint at the end of a call tells what it returned, not what it was asked; so that is kept from its beginning.

use core::hint::cold_path;

use aya_ebpf::{
    EbpfContext as _,
    helpers::bpf_probe_read_kernel,
    macros::{map, tracepoint},
    programs::TracePointContext,
};
use tracer_common::{counter::Counter, names};

use crate::{
    descriptors,
    follow::{self, Hit},
    ledger::Ledger,
    syscall::{Call, gives_descriptor, number},
    threads::{self, Threads},
};

/// What a thread has asked for.
#[derive(Clone, Copy)]
#[repr(C)]
struct Asked {
    address: u64,
    flags: u64,
    number: u32,
    fd: i32,
}

#[map]
static ASKED: Threads<Asked> = Threads::with_max_entries(names::MAX_THREADS, 0);

/// Where the context holds what (`struct syscall_tp_t` of kernel/trace/trace_syscalls.c; the files `format` of the
/// tracepoints).
const NUMBER: usize = 8;
const RETURNED: usize = 16;
const FD: usize = 16;
const ADDRESS: usize = 24;
const THIRD: usize = 32;
const FLAGS: usize = 40;

#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_enter(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(Hit::of_target) {
        enter(hit, &context);
    }
    0
}

#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_exit(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(Hit::of_target) {
        exit(hit, &context);
    }
    0
}

/// At the beginning of `close`: at its end the descriptor may be another thread's already.
#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_close(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(Hit::of_target) {
        let fd: u64 = field(&context, FD);
        follow::closed(hit.on(fd as i32), descriptors::place(fd as i32));
    }
    0
}

/// At the end of `accept` and `accept4`.
#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_accept(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(Hit::of_target) {
        let fd: i64 = field(&context, RETURNED);
        if fd < 0 {
            hit.ledger.count(Counter::NoBytes);
        } else {
            follow::opened(hit.on(fd as i32), descriptors::place(fd as i32));
        }
    }
    0
}

/// At the beginning of a call that moves bytes in a way that is not followed, or gives a connection a second descriptor.
#[tracepoint]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn syscall_other(context: TracePointContext) -> u32 {
    if let Some(hit) = Ledger::open().and_then(Hit::of_target) {
        other(hit, &context);
    }
    0
}

#[inline(always)]
fn other(hit: Hit, context: &TracePointContext) {
    let (number, fd): (u32, u64) = (field(context, NUMBER), field(context, FD));
    let second = match number.into() {
        number::SPLICE => argument(context, THIRD) as i32,
        number::DUP2 | number::DUP3 => argument(context, ADDRESS) as i32,
        number::FCNTL if !gives_descriptor(argument(context, ADDRESS)) => {
            return hit.ledger.count(Counter::OtherSyscall);
        }
        _ => -1,
    };
    follow::unsupported_between(hit, descriptors::place(fd as i32), descriptors::place(second));
}

#[inline(always)]
fn enter(hit: Hit, context: &TracePointContext) {
    let number = field(context, NUMBER);
    let (fd, address): (u64, u64) = (field(context, FD), field(context, ADDRESS));
    let asked = Asked { address, flags: flags(context, number), number, fd: fd as i32 };
    match threads::begin(&ASKED, hit.caller.tid, asked) {
        Some(()) => hit.ledger.count(Counter::Entered),
        None => hit.ledger.count(Counter::TableFull),
    }
}

#[inline(always)]
fn exit(hit: Hit, context: &TracePointContext) {
    let number: u32 = field(context, NUMBER);
    let asked = threads::end(&ASKED, hit.caller.tid).filter(|asked| asked.number == number);
    let Some(asked) = asked else {
        cold_path();
        return hit.ledger.count(Counter::NotEntered);
    };
    let returned: i64 = field(context, RETURNED);
    if returned < 0 {
        cold_path();
        return hit.ledger.count(Counter::NoBytes);
    }
    let call = Call::of(number.into(), asked.fd, asked.address, asked.flags);
    call.follow(hit.on(asked.fd), returned as u64);
}

/// The flags of the call, if it has some that matter.
#[inline(always)]
fn flags(context: &TracePointContext, number: u32) -> u64 {
    if u64::from(number) == number::RECVFROM { argument(context, FLAGS) } else { 0 }
}

/// The argument at `offset`, of a call that has so many. A tracepoint takes no program that reads beyond its own fields,
/// and calls have more or fewer; so it is not read as a field.
#[inline(always)]
fn argument(context: &TracePointContext, offset: usize) -> u64 {
    unsafe { bpf_probe_read_kernel(context.as_ptr().byte_add(offset).cast()) }.unwrap_or(0)
}

/// The field at `offset`.
#[inline(always)]
fn field<T: Copy>(context: &TracePointContext, offset: usize) -> T {
    unsafe { *context.as_ptr().byte_add(offset).cast() }
}
