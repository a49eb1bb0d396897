//! Counts what operations allocate; the loop that does them has a name, by which valgrind finds it.

use allocation_counter::measure;
use record::unit::{Counted, StageName};

use crate::stages::{Call, STAGES, Stage};

/// Calls before any is counted, so that buffers have their size.
const WARM_UP_CALLS: u64 = 100;

/// Operations that are counted.
const OPERATIONS: u64 = 2_000;

/// Prints all stages.
pub fn list() {
    for stage in &STAGES {
        let Stage { name, operation, operations_a_call, .. } = *stage;
        say(&StageName { name: name.into(), operation: operation.into(), operations_a_call });
    }
}

/// Counts one stage, and prints the result.
pub fn count(name: &str) {
    let stage = STAGES.iter().find(|stage| stage.name == name).expect("the name is one of --stages");
    let mut call = (stage.prepare)();
    (0..WARM_UP_CALLS).for_each(|_| call());
    let calls = OPERATIONS / stage.operations_a_call;
    let allocated = measure(|| tracetax_counted_calls(&mut call, calls));
    say(&Counted {
        operations: calls * stage.operations_a_call,
        allocations: allocated.count_total,
        allocated_bytes: allocated.bytes_total,
    });
}

#[inline(never)]
fn tracetax_counted_calls(call: &mut Call, calls: u64) {
    for _ in 0..calls {
        call();
    }
}

fn say<T: serde::Serialize>(value: &T) {
    println!("{}", serde_json::to_string(value).expect("it is JSON"));
}
