//! A connection that was open before anything was seen of it: what comes first may be the middle of anything.

use crate::{
    check::{EMPTY, in_calls, read, write},
    watch::{Move, Watch},
};

const GET: &str = "GET /a HTTP/1.1\r\n\r\n";
const RECORD: &str = "GET /a 200 19>38";
const BAD: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

/// Checks what comes of `moves`, which are cut small as well, on a connection that was joined midway. All records say so.
#[track_caller]
fn joined(moves: &[Move], expect: &[&str], but: &str) {
    let watch = Watch::join(moves);
    assert_eq!(watch.records(), expect, "{watch}");
    let named: Vec<_> = watch.exceptions.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    assert_eq!(named.join(", "), but, "{watch}");
    for size in [1, 2, 3, 7] {
        let watch = Watch::join(&in_calls(moves, size));
        assert_eq!(watch.records(), expect, "calls of {size}: {watch}");
    }
    assert!(watch.events.iter().all(|event| event.head.joined_midway == 1));
}

#[test]
fn one_that_was_idle_is_followed_at_once() {
    joined(&[read(GET), write(EMPTY), read(GET), write(EMPTY)], &[RECORD, RECORD], "");
    joined(&[read(GET.repeat(3)), write(EMPTY.repeat(3))], &[RECORD; 3], "");
    joined(&[read("\r\n"), read(GET), write(EMPTY)], &[RECORD], "");
}

/// Whatever part of a head comes first, its words are not taken for a method and a path.
#[test]
fn the_rest_of_a_head_is_no_request() {
    let head = "M-SEARCH /A HTTP/1.1\r\nHost: T\r\nX: POST /b HTTP/1.1\r\n\r\n";
    for at in 1..head.len() {
        let rest = &head[at..];
        if rest.starts_with("POST") {
            // Nothing tells it from a request.
            continue;
        }
        let watch = Watch::join(&[read(rest), write(BAD), read(GET), write(EMPTY)]);
        assert_eq!(watch.records(), [RECORD], "{rest:?}: {watch}");
    }
    joined(
        &[read("ET /a HTTP/1.1\r\n\r\n"), write(BAD), read(GET), write(EMPTY)],
        &[RECORD],
        "answer_without_request 1, not_http 1",
    );
}

#[test]
fn a_body_that_holds_more_than_a_request_is_none() {
    let moves = [read(format!("{GET}HTTP/1.1 500 No\r\n\r\n")), write(BAD), read(GET), write(EMPTY)];
    let watch = Watch::join(&moves);
    // The half of what was taken for one has no other half.
    assert_eq!(watch.events.len(), 2, "{watch}");
    assert_eq!(watch.exceptions, [("answer_without_request", 1), ("not_http", 1)].into());
    assert_eq!((watch.events[1].head.kind, watch.events[1].head.status), (tracer_common::event::WHOLE, 200));
}

#[test]
fn an_answer_that_was_due_already_is_nobodys() {
    joined(&[read("\r\n"), write(BAD), read(GET), write(EMPTY)], &[RECORD], "answer_without_request 1");
    joined(&[read("GET /b HT"), write(BAD), read(GET), write(EMPTY)], &[RECORD], "answer_without_request 1");
}

#[test]
fn one_that_was_followed_from_its_beginning_says_so() {
    let watch = Watch::follow(&[read(GET), write(EMPTY)]);
    assert_eq!(watch.events[0].head.joined_midway, 0);
    // Until it is taken up again after something that was lost.
    let moves = [read("PROPPATCH /s HTTP/1.1\r\n\r\n"), write(BAD), read(GET), write(EMPTY)];
    assert_eq!(Watch::follow(&moves).events[0].head.joined_midway, 1);
}
