//! What holds for any bytes that a process reads and writes, HTTP or not.

use tracer_common::connection::MAX_IN_FLIGHT;

use crate::{
    check::{in_buffers, in_calls},
    watch::{Move, Watch},
};

/// Panics where something does not hold for `moves`, cut into calls and buffers of `size` bytes as well.
pub(crate) fn hold(moves: &[Move], size: usize) {
    let cut = in_calls(moves, size);
    let whole = by_both_ways(moves);
    let parts = by_both_ways(&cut);
    let buffers = in_buffers(moves, size);
    for watch in [&whole, &parts, &buffers] {
        assert!(watch.connection().is_none_or(|connection| connection.in_flight() <= MAX_IN_FLIGHT + 1));
        assert!(watch.events.iter().all(|event| event.path().is_some()), "{watch}");
    }
    if begins_with_a_request(moves) && whole.exceptions.is_empty() {
        assert_eq!(parts.records(), whole.records(), "calls of {size}: {parts} for {whole}");
        assert_eq!(buffers.records(), whole.records(), "buffers of {size}: {buffers} for {whole}");
        assert!(parts.exceptions.is_empty(), "{parts}");
        assert!(buffers.exceptions.is_empty(), "{buffers}");
    }
}

/// The short way gives what the long way gives.
fn by_both_ways(moves: &[Move]) -> Watch {
    let (short, long) = (Watch::follow(moves), Watch::follow_the_long_way(moves));
    assert_eq!(short.said(), long.said());
    assert_eq!(short.exceptions, long.exceptions);
    short
}

/// Nothing was passed over before the first request. Where something was, a cut decides whether what follows is seen
/// as the beginning of a connection.
fn begins_with_a_request(moves: &[Move]) -> bool {
    let mut begun = false;
    moves.iter().all(|step| {
        match step {
            Move::In(bytes) if !begun && !bytes.is_empty() => {
                begun = tracer_common::http::may_begin_request(bytes[0]);
                return begun;
            }
            Move::Close => begun = false,
            _ => {}
        }
        true
    })
}
