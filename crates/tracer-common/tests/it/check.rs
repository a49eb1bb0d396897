//! `check`: a dialogue, and what is to come of it, however it is cut.

use crate::watch::{Move, Watch};

/// An answer without a body.
pub(crate) const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// The process reads `bytes`.
pub(crate) fn read(bytes: impl AsRef<[u8]>) -> Move {
    Move::In(bytes.as_ref().to_vec())
}

/// The process writes `bytes`.
pub(crate) fn write(bytes: impl AsRef<[u8]>) -> Move {
    Move::Out(bytes.as_ref().to_vec())
}

/// Checks that `moves` come to the records `expect`, and to the named exceptions in `but` (`"reason 1, reason 2"`).
/// Then that they come to the same records when any call is cut in two, and when all calls are cut small.
#[track_caller]
pub(crate) fn check(moves: &[Move], expect: &[&str], but: &str) {
    let watch = Watch::follow(moves);
    assert_eq!(watch.records(), expect, "{watch}");
    let exceptions: Vec<_> =
        watch.exceptions.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    assert_eq!(exceptions.join(", "), but, "{watch}");
    for (index, step) in moves.iter().enumerate() {
        for at in 1..length(step) {
            let (before, after) = (&moves[..index], &moves[index + 1..]);
            let parts = cut(step, at);
            assert_eq!(Watch::follow(&[before, &parts, after].concat()).records(), expect, "{parts:?}");
        }
    }
    for size in [1, 2, 3, 7, 64, 127, 128, 129] {
        assert_eq!(Watch::follow(&in_calls(moves, size)).records(), expect, "calls of {size}");
        assert_eq!(in_buffers(moves, size).records(), expect, "buffers of {size}");
    }
}

/// Checks one request and its answer: their sizes are those of the texts, and a further request on the same
/// connection is seen, so that both have ended where they should.
#[track_caller]
pub(crate) fn exchange(request: &str, answer: &str, expect: &str) {
    let moves = [read(request), write(answer), read("GET /next HTTP/1.1\r\n\r\n"), write(EMPTY)];
    let first = format!("{expect} {}>{}", request.len(), answer.len());
    check(&moves, &[&first, "GET /next 200 22>38"], "");
}

fn length(step: &Move) -> usize {
    match step {
        Move::In(bytes) | Move::Out(bytes) => bytes.len(),
        Move::File(_) | Move::Close => 0,
    }
}

fn cut(step: &Move, at: usize) -> Vec<Move> {
    match step {
        Move::In(bytes) => vec![read(&bytes[..at]), read(&bytes[at..])],
        Move::Out(bytes) => vec![write(&bytes[..at]), write(&bytes[at..])],
        other => vec![other.clone()],
    }
}

/// The same moves in calls of `size` bytes each.
pub(crate) fn in_calls(moves: &[Move], size: usize) -> Vec<Move> {
    moves
        .iter()
        .flat_map(|step| match step {
            Move::In(bytes) => bytes.chunks(size).map(read).collect(),
            Move::Out(bytes) => bytes.chunks(size).map(write).collect(),
            other => vec![other.clone()],
        })
        .collect()
}

/// The same moves in as many calls, each on buffers of `size` bytes.
pub(crate) fn in_buffers(moves: &[Move], size: usize) -> Watch {
    let mut watch = Watch::default();
    for step in moves {
        match step {
            Move::In(bytes) => watch.read(&bytes.chunks(size).collect::<Vec<_>>()),
            Move::Out(bytes) => watch.write(&bytes.chunks(size).collect::<Vec<_>>()),
            other => watch.step(other),
        }
    }
    watch
}

impl std::fmt::Display for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds: Vec<_> = self
            .events
            .iter()
            .map(|event| (event.head.kind, event.head.sequence, event.head.status))
            .collect();
        let sides = self.connection().map(|connection| (connection.requests, connection.answers));
        write!(f, "{kinds:?} but {:?}; then {sides:?}", self.exceptions)
    }
}
