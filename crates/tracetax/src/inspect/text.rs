//! An inspection as tables.

use std::fmt::Write as _;

use record::{
    agent::LoadedMap,
    inspect::{Inspection, Loaded, ObjectConstant, ObjectMap},
};
use tabled::{
    Table,
    builder::Builder,
    settings::{Alignment, Style, object::Columns},
};

/// Digits of a constant that are shown; the file has all of them.
const VALUE_DIGITS: usize = 16;

/// What the object holds, and what the kernel made of it.
#[must_use]
pub fn render(inspection: &Inspection) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "object: {} bytes, of which .BTF {} and .BTF.ext {}; license {}",
        inspection.object_bytes, inspection.btf_bytes, inspection.btf_ext_bytes, inspection.license
    );
    for (heading, table) in [
        ("programs, with all functions they call", programs(inspection)),
        ("functions", functions(inspection)),
        ("maps", maps(inspection)),
        ("constants", constants(inspection)),
    ] {
        let _ = writeln!(text, "\n{heading}\n{table}");
        if heading == "maps" {
            let _ = writeln!(text, "{}", memory(inspection));
        }
    }
    if let Some(loaded) = &inspection.loaded {
        text.push_str(&in_kernel(loaded));
    }
    text
}

fn programs(inspection: &Inspection) -> Table {
    let mut builder = Builder::default();
    builder.push_record(["program", "section", "kind", "instructions", "bytes", "functions"]);
    for program in &inspection.programs {
        builder.push_record([
            program.name.clone(),
            program.section.clone(),
            program.kind.clone(),
            program.instructions.to_string(),
            program.bytes.to_string(),
            or_not_known(program.functions.as_ref().map(Vec::len)),
        ]);
    }
    styled(builder, 3)
}

fn functions(inspection: &Inspection) -> Table {
    let mut builder = Builder::default();
    builder.push_record(["function", "instructions", "bytes", "in programs"]);
    for function in &inspection.functions {
        builder.push_record([
            function.name.clone(),
            function.instructions.to_string(),
            function.bytes.to_string(),
            or_not_known(callers(inspection, &function.name)),
        ]);
    }
    styled(builder, 1)
}

/// How many programs call a function, where all of them tell.
fn callers(inspection: &Inspection, function: &str) -> Option<usize> {
    let called: Option<Vec<bool>> = inspection
        .programs
        .iter()
        .map(|program| Some(program.functions.as_ref()?.iter().any(|name| name == function)))
        .collect();
    Some(called?.into_iter().filter(|called| *called).count())
}

fn or_not_known(number: Option<impl ToString>) -> String {
    number.map_or_else(|| "not known".into(), |number| number.to_string())
}

fn maps(inspection: &Inspection) -> Table {
    let mut builder = Builder::default();
    builder.push_record(["map", "kind", "key, bytes", "value, bytes", "entries", "memory, bytes"]);
    for map in &inspection.maps {
        builder.push_record([
            map.name.clone(),
            map.kind.clone(),
            map.key_bytes.to_string(),
            map.value_bytes.to_string(),
            map.max_entries.to_string(),
            or_not_known(map.memory_bytes),
        ]);
    }
    styled(builder, 2)
}

fn memory(inspection: &Inspection) -> String {
    let known: u64 = inspection.maps.iter().filter_map(|map| map.memory_bytes).sum();
    let unknown = inspection.maps.iter().filter(|map| map.memory_bytes.is_none()).map(name);
    let unknown: Vec<&str> = unknown.collect();
    let without =
        if unknown.is_empty() { String::new() } else { format!(", without {}", unknown.join(", ")) };
    let machine = inspection.reckoned_for;
    format!(
        "maps together at least {known} bytes{without}; reckoned for {} possible processors and pages of {} bytes",
        machine.possible_cpus, machine.page_bytes
    )
}

fn name(map: &ObjectMap) -> &str {
    &map.name
}

fn constants(inspection: &Inspection) -> Table {
    let mut builder = Builder::default();
    builder.push_record(["constant", "section", "bytes", "value in the object"]);
    for constant in &inspection.constants {
        builder.push_record([
            constant.name.clone(),
            constant.section.clone(),
            constant.bytes.to_string(),
            value(constant),
        ]);
    }
    styled(builder, 2)
}

fn value(constant: &ObjectConstant) -> String {
    match constant.value.get(..VALUE_DIGITS) {
        Some(begin) if constant.value.len() > VALUE_DIGITS => format!("{begin}..."),
        _ => constant.value.clone(),
    }
}

fn in_kernel(loaded: &Loaded) -> String {
    let (programs, maps) = (loaded_programs(loaded), loaded_maps(loaded));
    let mut text = format!("\nprograms, loaded\n{programs}\n\nmaps, loaded\n{maps}\n");
    for probe in &loaded.unavailable {
        let reason = probe.reason.as_deref().unwrap_or("no reason was given");
        let _ = writeln!(text, "unavailable: {}: {reason}", probe.strategy);
    }
    text
}

fn loaded_programs(loaded: &Loaded) -> Table {
    let mut builder = Builder::default();
    builder.push_record([
        "strategy",
        "program",
        "instructions verified",
        "translated, bytes",
        "machine code, bytes",
    ]);
    for strategy in &loaded.strategies {
        for program in &strategy.programs {
            builder.push_record([
                strategy.strategy.clone(),
                program.name.clone(),
                program.verified_instructions.to_string(),
                program.translated_bytes.to_string(),
                program.jited_bytes.to_string(),
            ]);
        }
    }
    styled(builder, 2)
}

/// A map that several strategies have alike is one line.
fn loaded_maps(loaded: &Loaded) -> Table {
    let mut builder = Builder::default();
    builder.push_record(["map", "kind", "strategies", "entries", "memory, bytes"]);
    let all = || loaded.strategies.iter().flat_map(|strategy| &strategy.maps);
    let mut maps: Vec<&LoadedMap> = Vec::new();
    for map in all() {
        if !maps.contains(&map) {
            maps.push(map);
        }
    }
    maps.sort_by(|a, b| a.name.cmp(&b.name));
    for map in maps {
        builder.push_record([
            map.name.clone(),
            map.kind.clone(),
            all().filter(|other| *other == map).count().to_string(),
            map.max_entries.to_string(),
            map.memory_bytes.to_string(),
        ]);
    }
    styled(builder, 2)
}

/// Numbers stand right, from this column on.
fn styled(builder: Builder, numbers: usize) -> Table {
    let mut table = builder.build();
    table.with(Style::rounded()).modify(Columns::new(numbers..), Alignment::right());
    table
}
