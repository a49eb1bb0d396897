//! Every door for foreign bytes, on a stable compiler: its seeds, and slips of them for some seconds.
//!
//! This is no fuzzer: it does not see which code an input reaches, and so finds less in the same time. `fuzz/` holds the same doors for
//! one. Here they are tried wherever tests run. A failure names its seed; `TRACETAX_SLIPS_SEED` tries that one alone.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{
    fs,
    panic::catch_unwind,
    path::Path,
    time::{Duration, Instant},
};

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use record::plan::Arm;
use tracetax::{
    foreign::{DOORS, Door},
    sealed,
};

#[path = "fixtures/made_up_run.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod made_up_run;

/// No input may take longer.
const LONGEST: Duration = Duration::from_secs(5);

/// Larger inputs are slow, and find nothing that smaller ones do not.
const MOST_BYTES: usize = 1 << 16;

/// What a hand, a disk or somebody who means harm puts in the place of something.
const SLIPS: [&[u8]; 24] = [
    b"",
    b"0",
    b"-1",
    b"1e308",
    b"-1e-308",
    b"NaN",
    b"inf",
    b"null",
    b"18446744073709551615",
    b"9223372036854775808",
    b"4294967296",
    b"\"",
    b"\\u001b[2J",
    b"\x1b[2J",
    b"\xff",
    b"\0",
    b"\n",
    b"[",
    b"{",
    b"]",
    b"}",
    b",",
    b"../",
    b"\xe2\x80\xae",
];

/// How long each door is tried, by `TRACETAX_SLIPS_SECONDS`.
fn seconds() -> Duration {
    let text = std::env::var("TRACETAX_SLIPS_SECONDS").unwrap_or_else(|_| "3".into());
    Duration::from_secs(text.parse().unwrap())
}

/// What the fuzzer begins with too, and a run, which is made here so that it is never of an old schema.
fn seeds(door: &str) -> Vec<Vec<u8>> {
    let folder = Path::new("../../fuzz/seeds").join(door);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut seeds: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    if door == "run" {
        seeds.push(run());
    }
    if door == "scenario" {
        let scenarios =
            fs::read_dir("../../scenarios").unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        seeds.extend(scenarios);
    }
    seeds
}

fn run() -> Vec<u8> {
    let mut plan = made_up_run::plan();
    plan.scenarios.truncate(1);
    let mut blocks = made_up_run::blocks(&plan, 6);
    blocks.retain(|block| block.pair < 3 || block.arm == Arm::Treated);
    let lines = blocks.iter().map(|block| sealed::line(block).unwrap());
    [sealed::line(&plan).unwrap()].into_iter().chain(lines).collect::<String>().into_bytes()
}

/// A seed with some slips.
fn slipped(seeds: &[Vec<u8>], random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut bytes = seeds[random.random_range(0..seeds.len())].clone();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..24)).min(bytes.len());
        match random.random_range(0..6) {
            0 if at < end => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].repeat(random.random_range(1..200));
                bytes.splice(at..at, part);
            }
            4 => {
                let other = &seeds[random.random_range(0..seeds.len())];
                bytes.splice(at..end, other[random.random_range(0..=other.len())..].iter().copied());
            }
            _ => {
                let slip = SLIPS[random.random_range(0..SLIPS.len())];
                bytes.splice(at..end, slip.iter().copied());
            }
        }
        bytes.truncate(MOST_BYTES);
    }
    bytes
}

fn try_door((name, door): Door, bytes: &[u8], what: &str) {
    let begun = Instant::now();
    let held = catch_unwind(|| door(bytes)).is_ok();
    let shown = bytes.escape_ascii().to_string();
    assert!(held, "the door `{name}` does not hold against {what}: {shown}");
    assert!(begun.elapsed() < LONGEST, "the door `{name}` takes {:?} for {what}: {shown}", begun.elapsed());
}

fn slips(door: Door) {
    let seeds = seeds(door.0);
    assert!(seeds.len() >= 2, "{} has no seeds", door.0);
    seeds.iter().for_each(|seed| try_door(door, seed, "a seed"));
    let try_one = |seed| {
        let bytes = slipped(&seeds, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        try_door(door, &bytes, &format!("TRACETAX_SLIPS_SEED={seed}"));
    };
    if let Ok(seed) = std::env::var("TRACETAX_SLIPS_SEED") {
        return try_one(seed.parse().unwrap());
    }
    let (begun, mut random) = (Instant::now(), Xoshiro256PlusPlus::from_rng(&mut rand::rng()));
    let mut tried = 0;
    while begun.elapsed() < seconds() {
        try_one(random.next_u64());
        tried += 1;
    }
    println!("{}: {tried} slips", door.0);
    assert!(tried > 0 || seconds().is_zero(), "no slip of {} was tried", door.0);
}

#[test]
fn scenarios_hold() {
    slips(DOORS[0]);
}

#[test]
fn baselines_hold() {
    slips(DOORS[1]);
}

#[test]
fn runs_hold() {
    slips(DOORS[2]);
}

#[test]
fn replies_hold() {
    slips(DOORS[3]);
}
