//! Strategies `uprobe-nop` and `uprobe-entry`: a probe on a function that the service calls at the end of each request.
//!
//! The service tells all that a record says, so nothing is parsed and nothing is followed; but it must have been
//! built to tell it. Sizes are of bodies: the service does not know how long its heads were.

use core::hint::cold_path;

use aya_ebpf::{
    helpers::{bpf_get_current_pid_tgid, generated::bpf_probe_read_user as probe_read_user},
    macros::uprobe,
    programs::ProbeContext,
};
use tracer_common::{
    counter::Counter,
    event::{Event, EventHead, ShortEvent, WHOLE},
    names::stage,
};

use crate::{constants, ledger::Ledger};

/// What the service tells, as our target lays it out (`RequestMark` in crates/target/src/mark.rs), up to the path.
#[repr(C)]
struct Mark {
    start_ns: u64,
    end_ns: u64,
    request_bytes: u64,
    response_bytes: u64,
    /// Padded with zeros at the end.
    method: u64,
    path_len: u32,
    status: u16,
    path_truncated: u8,
    unfinished: u8,
}

#[uprobe]
#[inline(always)]
#[allow(clippy::needless_pass_by_value, reason = "the macro hands the context over by value")]
pub fn uprobe_request(context: ProbeContext) -> u32 {
    if let Some(ledger) = Ledger::open() {
        request(ledger, &context);
    }
    0
}

#[inline(always)]
fn request(ledger: Ledger, context: &ProbeContext) {
    let pid_tgid = bpf_get_current_pid_tgid();
    if (pid_tgid >> 32) as u32 != constants::target_tgid() {
        return ledger.count(Counter::OtherProcess);
    }
    let Some(address) = context.arg::<u64>(0) else {
        return ledger.count(Counter::Fault);
    };
    if !constants::reaches(stage::COPY) {
        return ledger.count(Counter::Stage);
    }
    match told::<ShortEvent>(ledger, pid_tgid, address) {
        Told::Done => {}
        Told::Longer => {
            cold_path();
            match told::<Event>(ledger, pid_tgid, address) {
                Told::Done => {}
                Told::Unfinished => unfinished(ledger),
                Told::Longer | Told::Nothing => ledger.count(Counter::Fault),
            }
        }
        Told::Unfinished => unfinished(ledger),
        Told::Nothing => ledger.count(Counter::Fault),
    }
}

/// The client had left before it had the whole answer.
#[inline(always)]
fn unfinished(ledger: Ledger) {
    cold_path();
    ledger.count(Counter::Closed);
    ledger.count(Counter::ClosedBeforeAnswer);
}

/// What became of a mark.
enum Told {
    /// An event, or one was lost.
    Done,
    /// Its path does not fit.
    Longer,
    /// The answer was not handed over whole.
    Unfinished,
    /// It cannot be read.
    Nothing,
}

/// Sends the mark at `address` as an event of type `E`, if its path fits into that.
///
/// The mark is copied once, to where its path belongs in the event; the words before that are then put in their places.
#[inline(always)]
fn told<E: 'static>(ledger: Ledger, pid_tgid: u64, address: u64) -> Told {
    const BEFORE: usize = size_of::<EventHead>() - size_of::<Mark>();
    let capacity = size_of::<E>() - size_of::<EventHead>();
    let mut told = Told::Done;
    ledger.submit_if::<E>(|event| {
        let at = unsafe { event.byte_add(BEFORE) };
        let len = (size_of::<Mark>() + capacity) as u32;
        if unsafe { probe_read_user(at.cast(), len, address as *const _) } != 0 {
            told = Told::Nothing;
            return false;
        }
        let mark = unsafe { at.cast::<Mark>().read() };
        if mark.unfinished != 0 {
            told = Told::Unfinished;
            return false;
        }
        if mark.path_len as usize > capacity {
            told = Told::Longer;
            return false;
        }
        fill(unsafe { &mut *event }, pid_tgid, &mark);
        true
    });
    told
}

#[inline(always)]
fn fill(event: &mut EventHead, pid_tgid: u64, mark: &Mark) {
    event.start_ns = mark.start_ns;
    event.end_ns = mark.end_ns;
    event.request_bytes = mark.request_bytes;
    event.response_bytes = mark.response_bytes;
    event.method = padded_at_front(mark.method);
    event.tgid = (pid_tgid >> 32) as u32;
    event.tid = pid_tgid as u32;
    // The service does not tell its descriptor.
    event.fd = -1;
    event.sequence = 0;
    event.status = mark.status;
    event.kind = WHOLE;
    event.path_len = mark.path_len as u8;
    event.path_truncated = mark.path_truncated;
    event.joined_midway = 0;
    event.reserved = [0; 2];
}

/// A word of text that is padded with zeros at its end, as a big-endian number that is padded at its front.
#[inline(always)]
fn padded_at_front(word: u64) -> u64 {
    let text = word.swap_bytes();
    if text == 0 { 0 } else { text >> (text.trailing_zeros() / 8 * 8) }
}
