//! Events as the kernel side sends them for the requests of a small service.

use std::{sync::LazyLock, time::Instant};

use tracer_common::event::{ANSWER_HALF, Event, REQUEST_HALF, ShortEvent, WHOLE};
use zerocopy::{FromZeros, IntoBytes};

/// When the answers ended.
const END_NS: u64 = 1_234_567_953_000;

/// A clock that goes on from some milliseconds after the events. The agent's own looks for the kernel's vDSO, which
/// valgrind hides.
pub fn now_ns() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    END_NS + 5_000_000 + START.elapsed().as_nanos() as u64
}

/// A request with its answer.
pub fn whole(sequence: u32) -> Event {
    let mut event = half(WHOLE, sequence);
    let path = b"/api/orders/4711";
    event.head.method = u64::from_be_bytes(*b"\0\0\0\0\0GET");
    event.path[..path.len()].copy_from_slice(path);
    event.head.path_len = path.len() as u8;
    event
}

/// A request that was followed by another.
pub fn request_half(sequence: u32) -> Event {
    let mut event = half(REQUEST_HALF, sequence);
    event.head.end_ns = 0;
    event
}

/// The answer to it.
pub fn answer_half(sequence: u32) -> Event {
    half(ANSWER_HALF, sequence)
}

/// As it lies in the ring buffer: its path is short.
pub fn on_the_wire(event: &Event) -> &[u8] {
    &event.as_bytes()[..size_of::<ShortEvent>()]
}

fn half(kind: u8, sequence: u32) -> Event {
    let mut event = Event::new_zeroed();
    let head = &mut event.head;
    (head.kind, head.sequence, head.status) = (kind, sequence, 200);
    (head.tgid, head.tid, head.fd) = (4711, 4712, 12);
    (head.start_ns, head.end_ns) = (END_NS - 62_877, END_NS);
    (head.request_bytes, head.response_bytes) = (143, 1182);
    event
}
