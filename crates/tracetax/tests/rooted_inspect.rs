//! What `inspect` says of the real object: against what the loader hands to the kernel, and against what the kernel says
//! of it. Needs the built object and root.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[path = "rooted_inspect/handed.rs"]
mod handed;

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use record::{
    agent::LoadedMap,
    inspect::{Inspection, ObjectMap},
};
use tempfile::TempDir;
use tracetax::inspect::{machine, object};

/// Where `cargo xtask build` puts binaries and object.
const RELEASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release");

/// The kernel keeps 15 bytes of a name (`BPF_OBJ_NAME_LEN`).
const NAME_BYTES: usize = 15;

/// The head of a map, which `inspect` does not reckon, is some hundred bytes; less than a page in any case.
const HEAD_BYTES: u64 = 4096;

const OTHER_USER: u32 = 63_999;

fn built(file: &str) -> PathBuf {
    let path = Path::new(RELEASE).join(file);
    assert!(path.is_file(), "{} is missing: run `cargo xtask build`", path.display());
    path
}

fn object_bytes() -> Vec<u8> {
    fs::read(built("tracer.bpf.o")).unwrap()
}

fn inspection() -> Inspection {
    object::read(&object_bytes(), machine().unwrap()).unwrap()
}

/// A place for results.
fn site() -> TempDir {
    let site = tempfile::tempdir().unwrap();
    fs::set_permissions(site.path(), fs::Permissions::from_mode(0o755)).unwrap();
    site
}

fn lab(site: &TempDir, args: &[&str]) -> Command {
    built("tracer");
    built("tracer.bpf.o");
    let mut lab = Command::new(built("tracetax"));
    lab.args(args).env_clear().env("OUTPUT_DIR", site.path().join("results"));
    lab
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn inspected(site: &TempDir, args: &[&str]) -> Inspection {
    let Output { status, stdout, stderr } = lab(site, args).output().unwrap();
    assert!(status.success(), "{}", text(&stderr));
    serde_json::from_slice(&stdout).unwrap()
}

fn kept(name: &str) -> &str {
    name.get(..NAME_BYTES).unwrap_or(name)
}

/// Every map that a program can write, and why no byte of a header's value or of a body can be in it. Nothing else keeps
/// anything from one hit to the next, or leaves the kernel; so whoever adds a map, or lets a value grow, tells it here.
const MAPS: [(&str, &str); 10] = [
    (
        "ASKED: lru_hash, key 4, value 32, entries 4096",
        "a call that has not ended: its number, descriptor and flags, and where its bytes lie in the process",
    ),
    ("ATTACHMENT: array, key 4, value 8, entries 1", "a count"),
    (
        "CONNECTIONS: array, key 4, value 320, entries 8192",
        "method, path up to `?`, counts and times; of a header at most 16 bytes of its name, never of its value",
    ),
    ("COUNTERS: percpu_array, key 4, value 224, entries 1", "counts"),
    (
        "EVENTS: ringbuf, key 0, value 0, entries 1048576",
        "events: method, path up to `?`, status, sizes, times and numbers",
    ),
    (
        "MESSAGES: lru_hash, key 4, value 56, entries 4096",
        "a message that is being moved: its socket, and where its bytes lie in the process",
    ),
    ("NO_STREAM: array, key 4, value 384, entries 1", "nothing"),
    (
        "SOCKETS: sk_storage, key 4, value 352, entries 0",
        "as CONNECTIONS, and where its next byte is in the stream",
    ),
    ("STREAMS: lru_hash, key 8, value 384, entries 8192", "as CONNECTIONS"),
    (
        "VISIT: percpu_array, key 4, value 64, entries 1",
        "where the call's bytes lie in the process, and counts",
    ),
];

#[test]
#[ignore = "needs root"]
fn every_map_that_can_be_written_is_known() {
    let written = inspection().maps.into_iter().filter(|map| !map.name.starts_with(".rodata"));
    let lines: Vec<String> = written
        .map(|map| {
            let ObjectMap { name, kind, key_bytes, value_bytes, max_entries, .. } = map;
            format!("{name}: {kind}, key {key_bytes}, value {value_bytes}, entries {max_entries}")
        })
        .collect();
    assert_eq!(lines, MAPS.map(|(map, _)| map));
}

#[test]
#[ignore = "needs root"]
fn maps_take_in_the_kernel_what_was_reckoned_and_their_head() {
    let inspection = inspected(&site(), &["inspect", "--format", "json", "--loaded"]);
    let loaded = inspection.loaded.as_ref().unwrap();
    assert!(!loaded.strategies.is_empty(), "this kernel takes no strategy: {:?}", loaded.unavailable);
    for strategy in &loaded.strategies {
        assert!(!strategy.maps.is_empty(), "{}", strategy.strategy);
        for map in &strategy.maps {
            compare(map, inspection.maps.iter().find(|known| kept(&known.name) == map.name));
        }
    }
}

fn compare(loaded: &LoadedMap, known: Option<&ObjectMap>) {
    let known = known.unwrap_or_else(|| panic!("{loaded:?} is not in the object"));
    if (loaded.max_entries, known.max_entries > 1) == (1, true) {
        // The strategy does not use it.
        assert!(loaded.kind == known.kind && loaded.memory_bytes < HEAD_BYTES, "{loaded:?}");
        return;
    }
    let least = known.memory_bytes.unwrap_or_else(|| panic!("no formula for {known:?}"));
    assert_eq!((&loaded.kind, loaded.max_entries), (&known.kind, known.max_entries), "{}", known.name);
    assert!((least..least + HEAD_BYTES).contains(&loaded.memory_bytes), "{loaded:?} is not {known:?}");
}

#[test]
#[ignore = "needs root"]
fn the_kernel_is_handed_as_many_instructions_as_were_counted() {
    let inspection = inspected(&site(), &["inspect", "--format", "json", "--loaded"]);
    let count = |name: &str| {
        let program = inspection.programs.iter().find(|program| program.name == name);
        program.unwrap_or_else(|| panic!("{name} is not in the object")).instructions
    };
    for strategy in &inspection.loaded.as_ref().unwrap().strategies {
        let mut expect: Vec<(String, u64)> = strategy
            .programs
            .iter()
            .map(|program| (kept(&program.name).to_owned(), count(&program.name)))
            .collect();
        expect.sort();
        let mut handed = handed::programs(&built("tracer"), &strategy.strategy);
        // The loader tries the kernel's abilities with programs of its own.
        handed.retain(|(name, _)| expect.iter().any(|(known, _)| known == name));
        handed.sort();
        assert!(!handed.is_empty(), "{}", strategy.strategy);
        assert_eq!(handed, expect, "{}", strategy.strategy);
        for program in &strategy.programs {
            // Each instruction that can be reached is verified at least once, and translated.
            assert!(program.verified_instructions > 0 && program.jited_bytes > 0, "{program:?}");
            assert_eq!(program.translated_bytes % 8, 0, "{program:?}");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn loading_twice_gives_the_same_file() {
    let site = site();
    let once = inspected(&site, &["inspect", "--format", "json", "--loaded"]);
    assert_eq!(once, inspected(&site, &["inspect", "--format", "json", "--loaded"]));
    let folders: Vec<_> =
        fs::read_dir(site.path().join("results")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 2);
    for folder in folders {
        assert!(folder.to_str().unwrap().ends_with("-inspect"), "{}", folder.display());
        let stored = fs::read(folder.join("inspect.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Inspection>(&stored).unwrap(), once);
        assert!(folder.join("host.json").is_file());
    }
}

#[test]
#[ignore = "needs root"]
fn only_loading_needs_root() {
    let site = site();
    std::os::unix::fs::chown(site.path(), Some(OTHER_USER), Some(OTHER_USER)).unwrap();
    let mut inspect = lab(&site, &["inspect"]);
    let shown = inspect.uid(OTHER_USER).gid(OTHER_USER).output().unwrap();
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    assert!(text(&shown.stdout).contains("raw_tracepoint_sys_exit"));
    let mut load = lab(&site, &["inspect", "--loaded"]);
    let refused = load.uid(OTHER_USER).gid(OTHER_USER).output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("loading needs root"), "{}", text(&refused.stderr));
}

#[test]
#[ignore = "needs root"]
fn programs_are_whole() {
    let inspection = inspection();
    for program in &inspection.programs {
        let functions = program.functions.as_ref().unwrap();
        let own =
            |name: &String| inspection.functions.iter().find(|function| function.name == *name).unwrap();
        let called: u64 = functions.iter().map(|name| own(name).instructions).sum();
        assert!(called < program.instructions, "{program:?}");
        assert_eq!(program.bytes, 8 * program.instructions);
    }
    assert!(inspection.btf_bytes > 0 && inspection.btf_ext_bytes > 0);
    let code: u64 = inspection.functions.iter().map(|function| function.bytes).sum();
    assert!(inspection.object_bytes > code + inspection.btf_bytes + inspection.btf_ext_bytes);
}

#[test]
#[ignore = "needs root"]
fn the_object_cut_anywhere_is_refused() {
    let (bytes, machine) = (object_bytes(), machine().unwrap());
    for length in 0..bytes.len() {
        assert!(object::read(&bytes[..length], machine).is_err(), "cut at {length}");
    }
}

/// Damage is often harmless, as in an instruction; but it never brings the reader down.
#[test]
#[ignore = "needs root"]
fn the_object_damaged_anywhere_is_read_or_refused() {
    let (whole, machine) = (object_bytes(), machine().unwrap());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut refused = 0;
    for _ in 0..1_000 {
        let mut bytes = whole.clone();
        for _ in 0..random.random_range(1..4) {
            // Half of it hits the tables at both ends, which are a small part of the whole.
            let from_end = random.random_range(0..2_000);
            let at = if random.random() {
                bytes.len() - 1 - from_end
            } else {
                random.random_range(0..bytes.len())
            };
            bytes[at] = random.random();
        }
        refused += u32::from(object::read(&bytes, machine).is_err());
    }
    assert!(refused > 100, "{refused}");
}
