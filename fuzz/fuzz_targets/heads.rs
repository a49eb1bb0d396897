//! One head of a request, and of an answer: what `httparse` accepts we read in the same way.

#![no_main]

#[path = "../../crates/tracer-common/tests/it/check.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod check;
#[path = "../../crates/tracer-common/tests/it/heads.rs"]
mod heads;
#[path = "../../crates/tracer-common/tests/it/watch.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod watch;

use heads::{ours, reference_answer, reference_request};
use libfuzzer_sys::fuzz_target;

/// The search for the end of a head is quadratic.
const MOST_BYTES: usize = 600;

fuzz_target!(|input: &[u8]| {
    let Some(text) = str::from_utf8(input).ok().filter(|text| text.len() <= MOST_BYTES) else { return };
    if let Some(reference) = reference_request(text) {
        assert_eq!(ours(text, None), Some(reference));
    }
    if let Some(reference) = reference_answer(text) {
        assert_eq!(ours("GET / HTTP/1.1\r\n\r\n", Some(text)), Some(reference));
    }
});
