//! Every door through which bytes of others come in, as one function each: for fuzzing, by a fuzzer or by seeded slips.
//!
//! Each takes any bytes, goes the whole way that the lab would go with them, and panics where something does not hold that must hold
//! for any.

use record::{agent::AgentReply, load::LoadReply, target::TargetReply};

use crate::{baseline, child, judge, printable::is_hostile, results, scenario, sealed};

/// A door: its name, and the way behind it.
pub type Door = (&'static str, fn(&[u8]));

/// All of them.
pub const DOORS: [Door; 4] =
    [("scenario", scenario), ("baseline", baseline), ("run", run), ("replies", replies)];

/// A scenario file.
///
/// # Panics
/// When a mistake is told without what to do, or with what takes hold of a terminal.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(mistakes) = scenario::parse("foreign", "foreign.toml", text) {
        let told = mistakes.to_string();
        assert!(told.contains("= help: "), "{told}");
        printable(&told);
    }
}

/// The file of a baseline.
///
/// # Panics
/// When what is told of it takes hold of a terminal.
pub fn baseline(bytes: &[u8]) {
    if let Some(told) = baseline::fault(bytes) {
        printable(&told);
    }
}

/// A plan, in the first line, and the blocks of its run, as `plan.json` and `blocks.jsonl` hold them. Checksums are made anew, so that what
/// is behind them is reached.
///
/// # Panics
/// When what is told of them takes hold of a terminal, and when what was read cannot be judged.
pub fn run(bytes: &[u8]) {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').filter_map(sealed::again);
    let plan = lines.next().map(|line| results::plan_of(&line));
    let blocks = results::blocks_of(&lines.flatten().collect::<Vec<u8>>());
    match (plan, blocks) {
        (Some(Ok(plan)), Ok(blocks)) => drop(judge::judge(&plan, &blocks)),
        (plan, blocks) => {
            let told = plan.and_then(Result::err).into_iter().chain(blocks.err());
            told.for_each(|told| printable(&told));
        }
    }
}

/// What a child says.
///
/// # Panics
/// When what is told of it takes hold of a terminal.
pub fn replies(bytes: &[u8]) {
    for told in [
        child::wrong_with::<AgentReply>(bytes),
        child::wrong_with::<TargetReply>(bytes),
        child::wrong_with::<LoadReply>(bytes),
    ] {
        printable(&told);
    }
}

fn printable(told: &str) {
    assert!(told.chars().all(|c| c == '\n' || c == '\t' || !is_hostile(c)), "{told:?}");
}
