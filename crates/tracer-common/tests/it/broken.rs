//! What is not HTTP/1.x, or not enough of it: it is named, and nothing is made up from it.

use crate::{
    check::{EMPTY, check, read, write},
    watch::Move,
};

const GET: &str = "GET /a HTTP/1.1\r\n\r\n";
const RECORD: &str = "GET /a 200 19>38";
const BAD: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

/// Reads `bytes`, answers them, and goes on with a good request, which must be seen.
#[track_caller]
fn garbage(bytes: impl AsRef<[u8]>) {
    let moves = [read(bytes), write(BAD), read(GET), write(EMPTY)];
    check(&moves, &[RECORD], "answer_without_request 1, not_http 1");
}

#[test]
fn request_heads_that_are_not_understood() {
    for head in [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "BASELINE /a HTTP/2\r\n\r\n",
        "PROPPATCH /a HTTP/1.1\r\n\r\n",
        "UNSUBSCRIBE /a HTTP/1.1\r\n\r\n",
        "Get /a HTTP/1.1\r\n\r\n",
        "GET\t/a HTTP/1.1\r\n\r\n",
        "GET /a HTTP/1.2\r\n\r\n",
        "GET /a HTTP/1.1 \r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "GET /a?b c HTTP/1.1\r\n\r\n",
        "GET /a  HTTP/1.1\r\n\r\n",
        "GET /a\rHTTP/1.1\r\n\r\n",
        "GET /a?b\rHTTP/1.1\r\n\r\n",
        "GET /a\r\n\r\n",
        "GET /a\n\n",
        "GET /a?b\r\n\r\n",
        "GET /a \r\n\r\n",
        "GET\r\n\r\n",
        "G\r\n",
        "EHLO mail\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "SELECT secret FROM accounts;\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "GET /a HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "GET /a HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\nhello",
        "GET /a HTTP/1.1\r\nContent-Length: 1 2\r\n\r\nhello",
        "GET /a HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello",
        "GET /a HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello",
        "GET /a HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nhello",
        "GET /a HTTP/1.1\r\nContent-Length:\r\n\r\nhello",
        "GET /a HTTP/1.1\r\nContent-Length: 123456789012345678\r\n\r\n",
    ] {
        garbage(head);
    }
}

#[test]
fn bytes_that_begin_no_request_open_no_connection() {
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x9d\x00\x2f";
    check(&[read(hello), write("\x15\x03\x03\x00\x02\x02\x46")], &[], "");
    check(&[read(hello), write(b"\x15\x03"), read(GET), write(EMPTY)], &[RECORD], "");
    for bytes in ["get /a HTTP/1.1\r\n\r\n", " \tgarbage", "{\"stats\":{}}\n", "\0\0\0"] {
        check(&[read(bytes), write("x"), read(GET), write(EMPTY)], &[RECORD], "");
    }
}

#[test]
fn request_bodies_that_are_not_understood() {
    for request in [
        "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n5\r\nhello",
    ] {
        // Where the body ends, nobody knows; so the size of the request would be wrong.
        check(&[read(request), read(GET), write(BAD), Move::Close], &[], "not_http 1");
        // What is read after the answer is a request again.
        check(&[read(request), write(BAD), read(GET), write(EMPTY)], &[RECORD], "not_http 1");
    }
    let head = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["x", "\r\n", ";a\r\n", "-1\r\n", "0x5\r\n", "3\r\nabcd", "1234567890abcdef\r\n"] {
        let moves = [read(format!("{head}{body}")), read(GET), write(BAD), Move::Close];
        check(&moves[..1], &[], "not_http 1");
        let watch = crate::watch::Watch::follow(&moves);
        assert_eq!(watch.records(), [""; 0], "{watch}");
    }
}

#[test]
fn answers_that_are_not_understood() {
    for answer in [
        "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "garbage",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x02\x02ab",
    ] {
        check(
            &[read(GET), write(answer), write(EMPTY), Move::Close],
            &[],
            "closed_before_answer 1, not_http 1",
        );
    }
}

#[test]
fn after_an_upgrade_nothing_is_made_up() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let moves = [
        read(GET),
        write(switch),
        read("GET /frame"),
        write("HTTP"),
        read("\u{1}"),
        write(EMPTY),
        Move::Close,
    ];
    let watch = crate::watch::Watch::follow(&moves);
    assert_eq!(watch.records(), [""; 0], "{watch}");
}

#[test]
fn answers_without_a_request() {
    // The request was read before anybody watched.
    check(&[write(EMPTY), read(GET), write(EMPTY)], &[RECORD], "");
    let one = "answer_without_request 1";
    check(&[read("GET /a HT"), write(BAD), Move::Close], &[], one);
    check(&[read("GET /a HT"), write(BAD), read("TP/1.1\r\n\r\n"), write(EMPTY)], &[RECORD], one);
    check(&[read(GET), write(EMPTY), write(EMPTY), read(GET), write(EMPTY)], &[RECORD, RECORD], one);
    // In the same call.
    check(&[read(GET), write(EMPTY.repeat(2)), read(GET), write(EMPTY)], &[RECORD, RECORD], "not_http 1");
}

#[test]
fn the_answer_to_what_was_not_understood_is_not_given_to_the_next_request() {
    let strange = "PROPPATCH /s HTTP/1.1\r\n\r\n";
    // In the pipeline behind it, in one call and in another.
    check(
        &[read(format!("{strange}{GET}")), write(BAD.repeat(2))],
        &[],
        "answer_without_request 1, not_http 1",
    );
    check(&[read(strange), read(GET), write(BAD.repeat(2))], &[], "answer_without_request 1, not_http 1");
    // With one before it, which has its own.
    let moves =
        [read(GET), read(strange), read("GET /b HTTP/1.1\r\n\r\n"), write(EMPTY), write(BAD), write(BAD)];
    check(&moves, &[RECORD], "answer_without_request 1, not_http 1");
}

#[test]
fn a_head_that_is_not_understood_is_not_taken_up_in_the_middle() {
    let parts = ["PROPPATCH /s HTTP/1.1\r\nX-A: ", "SECRET /token HTTP/1.1\r\n\r\n"];
    let moves = [read(parts[0]), read(parts[1]), write(BAD), read(GET), write(EMPTY)];
    check(&moves, &[RECORD], "answer_without_request 1, not_http 1");
}

#[test]
fn what_was_not_a_request_line_leaves_with_no_later_event() {
    let moves = [read("SELECT secret FROM accounts;\n"), write("x"), read(GET), write(EMPTY)];
    let watch = crate::watch::Watch::follow(&moves);
    assert_eq!(watch.records(), [RECORD]);
    assert_eq!(watch.events[0].path[2..], [0; 126]);
}

#[test]
fn a_message_of_too_many_parts_is_given_up_and_named() {
    let head = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let many = format!("{head}{}", "1\r\nx\r\n".repeat(2_000));
    let moves = [read(many), read("0\r\n\r\n"), read(GET), write(EMPTY), write(EMPTY), Move::Close];
    let watch = crate::watch::Watch::follow(&moves);
    assert_eq!(watch.records(), [""; 0], "{watch}");
    assert_eq!(watch.exceptions["scan_limit"], 1, "{watch}");
}

#[test]
fn an_interim_answer_to_what_was_not_understood_is_no_answer() {
    let strange = "PROPPATCH /s HTTP/1.1\r\nContent-Length: 19\r\nExpect: 100-continue\r\n\r\n";
    let moves = [read(strange), write("HTTP/1.1 100 Continue\r\n\r\n"), read(GET), write(BAD)];
    let watch = crate::watch::Watch::follow(&[&moves[..], &[read(GET), write(EMPTY)]].concat());
    assert_eq!(watch.records(), [RECORD], "{watch}");
    assert_eq!(watch.exceptions, [("answer_without_request", 1), ("not_http", 1)].into());
}
