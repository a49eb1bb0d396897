//! Nothing is allocated for an event in the steady state: a counting allocator watches the thread that takes them.

// Clippy allows unwrap in tests, and does not see that their helpers are such.
#![allow(clippy::unwrap_used)]

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

use allocation_counter::measure;
use record::agent::RequestRecord;
use tracer::{delays::now_ns, intake::Intake, sink::Sink};
use tracer_common::{
    counter::COUNTERS,
    event::{ANSWER_HALF, Event, REQUEST_HALF, WHOLE},
};
use zerocopy::{FromZeros, IntoBytes};

const EVENTS: u32 = 100_000;

/// As many as one drain of 10 ms may bring.
const DRAIN: u32 = 5_000;

/// Counts what is written, and keeps the last batch.
#[derive(Clone, Default)]
struct Out(Rc<RefCell<(u64, Vec<u8>)>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = self.0.borrow_mut();
        out.0 += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        out.1.clear();
        out.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Of every eight events, two are a request and its answer apart, one has a path that is no text, and one is none.
fn event(number: u32) -> Event {
    let mut event = Event::new_zeroed();
    event.head.method = u64::from_be_bytes(*b"\0\0\0\0POST");
    event.path[..8].copy_from_slice(b"/bytes/7");
    event.head.path_len = 8;
    (event.head.start_ns, event.head.end_ns) = (u64::from(number), u64::from(number) + 60_000);
    event.head.sequence = number & !7;
    event.head.kind = match number % 8 {
        0 => REQUEST_HALF,
        3 => ANSWER_HALF,
        7 => 9,
        _ => WHOLE,
    };
    if number % 8 == 5 {
        event.path[7] = 0xff;
    }
    event
}

fn take(intake: &mut Intake, numbers: std::ops::Range<u32>) {
    for number in numbers {
        intake.take(event(number).as_bytes()).unwrap();
        if number % DRAIN == DRAIN - 1 {
            intake.woken();
            intake.settle().unwrap();
        }
    }
    intake.settle().unwrap();
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}

#[test]
fn no_event_allocates_once_the_buffers_have_their_size() {
    let out = Out::default();
    let mut intake = Intake::new(Sink::into(Box::new(out.clone())), now_ns);
    take(&mut intake, 0..2 * DRAIN);
    let warm = intake.stats(&[0; COUNTERS]).requests;
    let allocated = measure(|| take(&mut intake, 2 * DRAIN..2 * DRAIN + EVENTS));
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    let stats = intake.stats(&[0; COUNTERS]);
    let requests = u64::from(EVENTS) / 8 * 6;
    assert_eq!(
        (stats.requests - warm, stats.rejected["unknown_kind"]),
        (requests, u64::from(EVENTS + 2 * DRAIN) / 8)
    );
    let out = out.0.borrow();
    assert_eq!(out.0, stats.requests, "every request is a line");
    let last = out.1.split(|byte| *byte == b'\n').rev().nth(1).unwrap();
    assert_eq!(serde_json::from_slice::<RequestRecord>(last).unwrap().method, "POST");
}

#[test]
fn a_sink_of_nothing_allocates_nothing_either() {
    let mut intake = Intake::new(Sink::Null, now_ns);
    take(&mut intake, 0..DRAIN);
    assert_eq!(measure(|| take(&mut intake, DRAIN..EVENTS)).count_total, 0);
}
