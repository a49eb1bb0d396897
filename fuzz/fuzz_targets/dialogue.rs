//! What a process reads and writes on one connection: the invariants hold for any bytes, cut anywhere.
//!
//! The first byte of an input is the size of the pieces. What follows are moves, each begun by the byte 0x1f and a
//! letter: `i` reads the bytes that follow, `o` writes them, `f` writes as many from a file as there are, `c` closes.

#![no_main]

#[path = "../../crates/tracer-common/tests/it/check.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod check;
#[path = "../../crates/tracer-common/tests/it/invariants.rs"]
mod invariants;
#[path = "../../crates/tracer-common/tests/it/watch.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod watch;

use libfuzzer_sys::fuzz_target;
use watch::Move;

const SEPARATOR: u8 = 0x1f;

fuzz_target!(|input: &[u8]| {
    if let Some((size, rest)) = input.split_first() {
        let moves: Vec<_> = rest.split(|byte| *byte == SEPARATOR).filter_map(a_move).collect();
        invariants::hold(&moves, usize::from(*size).max(1));
    }
});

fn a_move(text: &[u8]) -> Option<Move> {
    let (kind, bytes) = text.split_first()?;
    match kind {
        b'i' => Some(Move::In(bytes.to_vec())),
        b'o' => Some(Move::Out(bytes.to_vec())),
        b'f' => Some(Move::File(bytes.len() as u64)),
        b'c' => Some(Move::Close),
        _ => None,
    }
}
