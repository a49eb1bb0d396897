//! What the strategies `fentry` and `kprobe` have in common: the kernel's functions `tcp_sendmsg`, `tcp_recvmsg` and
//! `tcp_close`, and the messages that they move.
//!
//! Whatever call a process makes ends up in these, `io_uring` included; not so `splice` from a socket, and TLS that the
//! kernel does. Which buffers a message has is only known before the function, how many bytes were moved only after it.

use core::hint::cold_path;

use aya_ebpf::{helpers::bpf_probe_read_kernel, macros::map};
use tracer_common::{counter::Counter, names};

use crate::{
    constants,
    follow::{self, Hit},
    ledger::Ledger,
    streams::{self, Stream},
    syscall::MSG_PEEK,
    threads::{self, Threads},
    user_bytes::UserBytes,
};

/// What holds the bytes of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
enum Held {
    /// Buffers of the process.
    Buffers,
    /// Pages of a file, or of the kernel.
    Pages,
    /// The socket, where they stay (`MSG_PEEK`).
    Socket,
}

/// A message that is being moved.
#[derive(Clone, Copy)]
#[repr(C)]
struct Message {
    sock: u64,
    bytes: UserBytes,
    held: Held,
}

#[map]
static MESSAGES: Threads<Message> = Threads::with_max_entries(names::MAX_THREADS, 0);

/// A function begins to move the message at `header` (`struct msghdr`) through the socket at `sock`.
#[inline(always)]
pub fn begin(sock: u64, header: u64, flags: u64) {
    let Some(hit) = Ledger::open().and_then(Hit::of_target) else {
        return;
    };
    let Some((bytes, held)) = buffers(header) else {
        return hit.ledger.count(Counter::Fault);
    };
    let held = if flags & MSG_PEEK != 0 { Held::Socket } else { held };
    match threads::begin(&MESSAGES, hit.caller.tid, Message { sock, bytes, held }) {
        Some(()) => hit.ledger.count(Counter::Entered),
        None => hit.ledger.count(Counter::TableFull),
    }
}

/// `tcp_sendmsg` has returned.
#[inline(always)]
pub fn sent(returned: i64) {
    let Some((hit, message)) = end(returned) else {
        return;
    };
    let stream = streams::find(message.sock);
    let hit = hit.on(stream.as_ref().map_or(-1, |stream| stream.number()));
    let place = stream.map(Stream::place);
    match message.held {
        Held::Pages => follow::sent_file(hit, place, returned as u64),
        Held::Buffers | Held::Socket => {
            follow::written(hit, place, message.bytes.cut(returned as u64));
        }
    }
}

/// `tcp_recvmsg` has returned.
#[inline(always)]
pub fn received(returned: i64) {
    let Some((hit, message)) = end(returned) else {
        return;
    };
    let Some(stream) = streams::find_or_add(message.sock) else {
        return hit.ledger.count(Counter::TableFull);
    };
    let (hit, place) = (hit.on(stream.number()), stream.place());
    match message.held {
        Held::Socket => hit.ledger.count(Counter::Peeked),
        Held::Pages => follow::unsupported(hit, Some(place)),
        Held::Buffers => follow::read(hit, Some(place), message.bytes.cut(returned as u64)),
    }
}

/// `tcp_close` begins.
#[inline(always)]
pub fn close(sock: u64) {
    let Some(hit) = Ledger::open().and_then(Hit::of_target) else {
        return;
    };
    match streams::find(sock) {
        Some(stream) => follow::closed(hit.on(stream.number()), Some(stream.place())),
        None => hit.ledger.count(Counter::NoConnection),
    }
}

/// The function of this thread has returned: the message that it has moved, if any of it.
#[inline(always)]
fn end(returned: i64) -> Option<(Hit, Message)> {
    let hit = Hit::of_target(Ledger::open()?)?;
    let Some(message) = threads::end(&MESSAGES, hit.caller.tid) else {
        cold_path();
        hit.ledger.count(Counter::NotEntered);
        return None;
    };
    if returned <= 0 {
        hit.ledger.count(Counter::NoBytes);
        return None;
    }
    Some((hit, message))
}

/// The buffers of the message at `header`, of whatever length.
#[inline(always)]
fn buffers(header: u64) -> Option<(UserBytes, Held)> {
    let layout = constants::message_layout();
    let kind = u32::from(read::<u8>(header, layout.kind)?);
    let done: u64 = read(header, layout.done)?;
    if kind == layout.is_buffer {
        let buffer: u64 = read(header, layout.buffer)?;
        return Some((UserBytes::buffer(buffer + done, u64::MAX), Held::Buffers));
    }
    cold_path();
    if kind == layout.is_vector {
        let vector: u64 = read(header, layout.vector)?;
        return Some((UserBytes::copied_vector(vector, done)?, Held::Buffers));
    }
    Some((UserBytes::buffer(0, 0), Held::Pages))
}

#[inline(always)]
fn read<T>(address: u64, offset: u32) -> Option<T> {
    unsafe { bpf_probe_read_kernel((address + u64::from(offset)) as *const T) }.ok()
}
