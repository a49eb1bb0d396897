//! Which numbers of an object are the same wherever and by whomever it is built from the same source with the same compiler.
//!
//! Built in two folders, an object differed in its own size and in that of its types alone: they name the source files by
//! their whole paths. Both are left out.

use std::collections::BTreeMap;

use record::{
    exact::{Exact, SCHEMA},
    inspect::{Inspection, ReckonedFor},
};

/// Memory of maps is told for this machine, whichever does the telling.
pub const RECKONED_FOR: ReckonedFor = ReckonedFor { possible_cpus: 2, page_bytes: 4096 };

/// Built by the same compiler, the same code has the same instructions.
const TOLERANCE_PCT: f64 = 0.0;

/// The exact numbers of an object that was read for [`RECKONED_FOR`].
#[must_use]
pub fn numbers(inspection: &Inspection, toolchain: String) -> Exact {
    let mut values = BTreeMap::new();
    let mut add = |name: String, value: u64| *values.entry(name).or_insert(0) += value;
    for program in &inspection.programs {
        add(format!("program {}: instructions", program.name), program.instructions);
    }
    // Functions of one name are counted together: which of them is which, no name tells.
    for function in &inspection.functions {
        add(format!("function {}: instructions", function.name), function.instructions);
    }
    for map in &inspection.maps {
        add(format!("map {}: bytes", map.name), map.memory_bytes.unwrap_or(0));
    }
    Exact {
        schema: SCHEMA.into(),
        reason: String::new(),
        instructions_tolerance_pct: TOLERANCE_PCT,
        conditions: [("eBPF toolchain".to_owned(), toolchain)].into(),
        values,
    }
}
