//! Which numbers of the micro benchmarks are the same each time.

use std::collections::BTreeMap;

use record::{
    exact::{Exact, SCHEMA},
    host::Host,
    unit::{Counted, StageName},
};

/// A stage and what was counted of it.
pub type Count = (StageName, Counted, u64);

/// Where the linker puts a buffer may add some steps to a copy.
const TOLERANCE_PCT: f64 = 0.5;

/// The exact numbers of all stages: of all operations that are counted, since a sum has no rounding.
#[must_use]
pub fn numbers(counts: &[Count], conditions: BTreeMap<String, String>) -> Exact {
    let mut values = BTreeMap::new();
    for (stage, counted, instructions) in counts {
        let name = |what: &str| format!("{}, {} operations: {what}", stage.name, counted.operations);
        values.insert(name("instructions"), *instructions);
        values.insert(name("allocations"), counted.allocations);
        values.insert(name("allocated bytes"), counted.allocated_bytes);
    }
    Exact {
        schema: SCHEMA.into(),
        reason: String::new(),
        instructions_tolerance_pct: TOLERANCE_PCT,
        conditions,
        values,
    }
}

/// What the numbers depend on beside the source. The system's C library has its own copies of `memcpy` and its like, and
/// chooses among them by the processor that valgrind shows it; that one depends on the real one's architecture and on
/// whether it has AVX2 (`cpuid` of valgrind's `guest_amd64_helpers.c`).
#[must_use]
pub fn conditions(
    toolchain: String,
    valgrind: &str,
    host: &Host,
    has_avx2: bool,
) -> BTreeMap<String, String> {
    let avx2 = if has_avx2 { " with AVX2" } else { "" };
    let all = [
        ("compiler", toolchain),
        ("valgrind", valgrind.to_owned()),
        ("system", host.distribution.clone()),
        ("processor", format!("{}{avx2}", std::env::consts::ARCH)),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
