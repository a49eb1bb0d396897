//! Reading a small object, whole and damaged. The real one is read by the tests that need root.

use record::{
    agent::{LoadedMap, LoadedProgram, StrategyProbe},
    inspect::{Inspection, Loaded, LoadedStrategy, ReckonedFor},
};

use super::{count, made_up, object, text};

const MACHINE: ReckonedFor = ReckonedFor { possible_cpus: 2, page_bytes: 4096 };

fn read(bytes: &[u8]) -> anyhow::Result<Inspection> {
    object::read(bytes, MACHINE)
}

#[test]
fn programs_are_counted_with_what_they_call_once() {
    let inspection = read(&made_up::object()).unwrap();
    let programs: Vec<_> = inspection
        .programs
        .iter()
        .map(|program| (program.name.as_str(), program.kind.as_str(), program.instructions, program.bytes))
        .collect();
    let (alone, caller) = (made_up::ALONE_INSTRUCTIONS, made_up::CALLER_INSTRUCTIONS);
    let expect =
        [("alone", "cgroup skb", alone, 8 * alone), ("caller", "raw tracepoint", caller, 8 * caller)];
    assert_eq!(programs, expect);
    let functions: Vec<_> =
        inspection.functions.iter().map(|function| (function.name.as_str(), function.instructions)).collect();
    assert_eq!(functions, [("first", made_up::FIRST_INSTRUCTIONS), ("second", made_up::SECOND_INSTRUCTIONS)]);
}

#[test]
fn everything_is_shown() {
    let inspection = read(&made_up::object()).unwrap();
    insta::assert_snapshot!(text::render(&inspection));
}

fn loaded(strategy: &str, ring_bytes: u64) -> LoadedStrategy {
    let program = LoadedProgram {
        name: "caller".into(),
        verified_instructions: 1234,
        jited_bytes: 99,
        translated_bytes: 80,
    };
    let map = |name: &str, kind: &str, max_entries, memory_bytes| LoadedMap {
        name: name.into(),
        kind: kind.into(),
        max_entries,
        memory_bytes,
    };
    let maps =
        vec![map("RING", "ringbuf", ring_bytes, ring_bytes + 12_632), map("TABLE", "percpu_array", 3, 432)];
    LoadedStrategy { strategy: strategy.into(), programs: vec![program], maps }
}

#[test]
fn what_the_kernel_says_is_shown_and_maps_alike_once() {
    let mut inspection = read(&made_up::object()).unwrap();
    let unavailable =
        StrategyProbe { strategy: "kprobe".into(), available: false, reason: Some("Not supported".into()) };
    inspection.loaded = Some(Loaded {
        strategies: vec![loaded("raw-tracepoint", 4096), loaded("cgroup-skb", 8192)],
        unavailable: vec![unavailable],
    });
    let shown = text::render(&inspection);
    insta::assert_snapshot!(shown.split_once("programs, loaded").unwrap().1);
}

#[test]
fn reading_twice_gives_the_same_file() {
    let bytes = made_up::object();
    let file = |bytes: &[u8]| serde_json::to_string(&read(bytes).unwrap()).unwrap();
    assert_eq!(file(&bytes), file(&bytes));
    assert_eq!(serde_json::from_str::<Inspection>(&file(&bytes)).unwrap(), read(&bytes).unwrap());
}

#[test]
fn a_cut_object_is_refused_wherever_it_is_cut() {
    let bytes = made_up::object();
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn a_damaged_object_is_read_or_refused() {
    let whole = made_up::object();
    let mut refused = 0;
    for at in 0..whole.len() {
        for damage in [0x00, 0x01, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= damage;
            refused += u32::from(read(&bytes).is_err());
        }
    }
    assert!(refused > 100, "{refused}");
}

fn says(bytes: &[u8], expect: &str) {
    let error = format!("{:#}", read(bytes).unwrap_err());
    assert!(error.contains(expect), "`{expect}` is not in: {error}");
}

/// With the bytes `from`, which occur once, replaced.
fn replaced(from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = made_up::object();
    let places: Vec<usize> =
        (0..bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    let [at] = places[..] else { panic!("{} places", places.len()) };
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn what_is_wrong_is_said() {
    says(b"", "it is no ELF file, or cut off");
    says(b"#!/bin/sh\n", "it is no ELF file, or cut off");
    says(&std::fs::read(std::env::current_exe().unwrap()).unwrap(), "it is a file for");
    says(&replaced(b"raw_tp/sys_exit", b"raw_tq/sys_exit"), "it is no eBPF object");
    let ring = [27_u32, 0, 0, 4096, 0, 0, 0].map(u32::to_le_bytes).concat();
    let pinned = [27_u32, 0, 0, 4096, 0, 0, 2].map(u32::to_le_bytes).concat();
    says(&replaced(&ring, &pinned), "pinned in an unknown way");
}

#[test]
fn a_map_of_an_unknown_kind_has_no_memory() {
    let ring = [27_u32, 0, 0, 4096].map(u32::to_le_bytes).concat();
    let unknown = [99_u32, 0, 0, 4096].map(u32::to_le_bytes).concat();
    let inspection = read(&replaced(&ring, &unknown)).unwrap();
    let map = inspection.maps.iter().find(|map| map.name == "RING").unwrap();
    assert_eq!((map.kind.as_str(), map.memory_bytes), ("type 99", None));
    assert!(text::render(&inspection).contains("bytes, without RING;"));
}

#[test]
fn processors_are_counted_from_ranges() {
    for (list, expect) in [
        ("0\n", Some(1)),
        ("0-1\n", Some(2)),
        ("0-3,8-9,11\n", Some(7)),
        ("", None),
        ("x", None),
        ("3-1", None),
    ] {
        assert_eq!(count(list), expect, "{list:?}");
    }
}
