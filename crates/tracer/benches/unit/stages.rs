//! The stages: what each does, and how much of it is one call.

use std::hint::black_box;

use tracer::{
    intake::Intake,
    join::Join,
    line::{Scratch, append},
    sink::Sink,
};

use crate::{
    events::{answer_half, now_ns, on_the_wire, request_half, whole},
    exchange::Exchange,
};

/// Events of one drain: what 10 ms bring at 20,000 requests a second.
const DRAIN: u64 = 200;

/// One call of a stage. It owns all that it works on.
pub type Call = Box<dyn FnMut()>;

/// A stage.
pub struct Stage {
    pub name: &'static str,
    /// What one operation is.
    pub operation: &'static str,
    pub operations_a_call: u64,
    /// Makes a call of its own, which a thread can have for itself.
    pub prepare: fn() -> Call,
}

/// In the order in which an event passes them.
pub const STAGES: [Stage; 4] = [
    Stage {
        name: "parse",
        operation: "the head of a request and the head of its answer, paired to one event",
        operations_a_call: 1,
        prepare: parse,
    },
    Stage {
        name: "pair",
        operation: "the halves of a pipelined request, joined",
        operations_a_call: 1,
        prepare: pair,
    },
    Stage {
        name: "serialise",
        operation: "an event, to a JSON line",
        operations_a_call: 1,
        prepare: serialise,
    },
    Stage {
        name: "drain",
        operation: "an event of a drain of 200: understood, joined, timed, and written as a line",
        operations_a_call: DRAIN,
        prepare: drain,
    },
];

fn parse() -> Call {
    let mut exchange = Exchange::new();
    Box::new(move || {
        black_box(exchange.follow());
    })
}

fn pair() -> Call {
    let (mut join, mut sequence) = (Join::default(), 0);
    Box::new(move || {
        sequence += 1;
        black_box(join.add(&request_half(sequence)).is_none());
        black_box(join.add(&answer_half(sequence)).is_some());
    })
}

fn serialise() -> Call {
    let (event, mut scratch, mut batch) = (whole(1), Scratch::default(), Vec::with_capacity(4096));
    Box::new(move || {
        batch.clear();
        append(black_box(&event), &mut scratch, &mut batch).expect("memory takes a line");
        black_box(&batch);
    })
}

fn drain() -> Call {
    let events: Vec<_> = (0..DRAIN as u32).map(whole).collect();
    let mut intake = Intake::new(Sink::into(Box::new(std::io::sink())), now_ns);
    Box::new(move || {
        for event in &events {
            intake.take(black_box(on_the_wire(event))).expect("the sink takes all");
        }
        intake.settle().expect("the sink takes all");
    })
}
