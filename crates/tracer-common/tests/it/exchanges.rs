//! One request and one answer of each shape that RFC 9112 knows.

use crate::{
    check::{EMPTY, check, exchange, read, write},
    watch::Move,
};

const GET: &str = "GET /a HTTP/1.1\r\nHost: t\r\n\r\n";

#[test]
fn request_lines() {
    for (line, expect) in [
        ("GET / HTTP/1.1", "GET /"),
        ("GET /plain HTTP/1.0", "GET /plain"),
        ("GET /plain?key=secret HTTP/1.1", "GET /plain"),
        ("GET /? HTTP/1.1", "GET /"),
        ("GET /a?b?c HTTP/1.1", "GET /a"),
        ("GET ?x HTTP/1.1", "GET "),
        ("GET /a%20b;c=d&e HTTP/1.1", "GET /a%20b;c=d&e"),
        ("GET /\u{e9} HTTP/1.1", "GET /\u{e9}"),
        ("GET http://host:80/a?b HTTP/1.1", "GET http://host:80/a"),
        ("OPTIONS * HTTP/1.1", "OPTIONS *"),
        ("OPTIONS /a HTTP/1.1", "OPTIONS /a"),
        ("POST /a HTTP/1.1", "POST /a"),
        ("PUT /a HTTP/1.1", "PUT /a"),
        ("DELETE /a HTTP/1.1", "DELETE /a"),
        ("PATCH /a HTTP/1.1", "PATCH /a"),
        ("TRACE /a HTTP/1.1", "TRACE /a"),
        ("M-SEARCH /a HTTP/1.1", "M-SEARCH /a"),
        ("PROPFIND /a HTTP/1.1", "PROPFIND /a"),
        ("PRI /a HTTP/1.1", "PRI /a"),
        ("G /a HTTP/1.1", "G /a"),
    ] {
        exchange(&format!("{line}\r\nHost: t\r\n\r\n"), EMPTY, &format!("{expect} 200"));
        exchange(&format!("{line}\r\n\r\n"), EMPTY, &format!("{expect} 200"));
        exchange(&format!("{line}\nHost: t\n\n"), EMPTY, &format!("{expect} 200"));
    }
}

#[test]
fn long_paths_are_cut() {
    for (length, kept, mark) in
        [(127, 127, ""), (128, 128, ""), (129, 128, "..."), (8192, 128, "..."), (65536, 128, "...")]
    {
        let path = format!("/{}", "p".repeat(length - 1));
        let request = format!("GET {path}?{} HTTP/1.1\r\n\r\n", "q".repeat(length));
        let records = crate::watch::Watch::follow(&[read(&request), write(EMPTY)]).records();
        assert_eq!(records, [format!("GET {}{mark} 200 {}>38", &path[..kept], request.len())]);
    }
}

#[test]
fn a_cut_path_leaves_nothing_in_the_next() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "p".repeat(200));
    let first = format!("GET /{}... 200 218>38", "p".repeat(127));
    let moves = [read(&long), write(EMPTY), read("GET /b HTTP/1.1\r\n\r\n"), write(EMPTY)];
    check(&moves, &[&first, "GET /b 200 19>38"], "");
}

#[test]
fn header_lines_that_look_like_framing() {
    for header in [
        "Content-Lengt: 5",
        "Content-Lengthy: 5",
        "X-Content-Length: 5",
        "Content-Type: text/plain",
        "Cookie: Content-Length: 5",
        "C: 5",
        "Contents",
        "Transfer-Encodings: chunked",
        "Transfer-Encodin: chunked",
        "XTransfer-Encoding: chunked",
        "X: y\r\n Content-Length: 5",
        "TE: trailers",
        "T:",
        ":",
        "Tttttttttttttttttransfer-encoding: chunked",
        "Ccccccccccccccontent-length: 5",
    ] {
        exchange(&format!("GET /a HTTP/1.1\r\n{header}\r\n\r\n"), EMPTY, "GET /a 200");
    }
}

#[test]
fn requests_with_a_body() {
    for (headers, body) in [
        ("Content-Length: 0", ""),
        ("Content-Length: 5", "hello"),
        ("content-length:5", "hello"),
        ("CONTENT-LENGTH: \t 5 \t", "hello"),
        ("Content-Length: 0005", "hello"),
        ("Content-Length: 5\r\nContent-Length: 5", "hello"),
        ("Content-Length: 2\r\n\tfolded: no\r\nX: y", "\r\n"),
        ("Content-Length: 24", "GET /b HTTP/1.1\r\nA: b\r\n\r"),
        ("Content-Length: 27", "GET /b HTTP/1.1\r\nA: b\r\n\r\nxx"),
        ("Transfer-Encoding: chunked", "0\r\n\r\n"),
        ("transfer-encoding:CHUNKED", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: gzip, chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: gzip ,\tchunked \t", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5;a=b\r\nhello\r\n0;c=\"d\"\r\n\r\n"),
        ("Transfer-Encoding: chunked", "00005 \r\nhello\r\n000\r\n\r\n"),
        ("Transfer-Encoding: chunked", "a\r\n0123456789\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "A\n0123456789\n0\n\n"),
        ("Transfer-Encoding: chunked", "1\r\nh\r\n4\r\nello\r\n0\r\nX: y\r\nSum: 0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "1b\r\nGET /b HTTP/1.1\r\nA: b\r\n\r\nxx\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "7\r\n\r\n\r\n\r\n0\r\n0\r\n\r\n"),
    ] {
        exchange(&format!("POST /a HTTP/1.1\r\n{headers}\r\n\r\n{body}"), EMPTY, "POST /a 200");
    }
}

#[test]
fn answers_with_and_without_a_body() {
    for (head, body) in [
        ("200 OK\r\nContent-Length: 0", ""),
        ("200 OK\r\nContent-Length: 5", "hello"),
        ("200\r\nContent-Length: 5", "hello"),
        ("200 \r\nContent-Length: 5", "hello"),
        ("404 Not Found\r\ncontent-length: 5", "hello"),
        ("599 What\r\ncontent-length: 5\r\nContent-Length: 5", "hello"),
        ("200 OK\r\nContent-Length: 38", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("200 OK\r\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ("200 OK\r\nTransfer-Encoding: chunked", "5;x=y\r\nhello\r\n0\r\nSum: 0\r\n\r\n"),
        (
            "200 OK\r\nTransfer-Encoding: chunked",
            "26\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n0\r\n\r\n",
        ),
        ("204 No Content", ""),
        ("204 No Content\r\nContent-Length: 5", ""),
        ("304 Not Modified\r\nContent-Length: 5", ""),
        ("304 Not Modified\r\nTransfer-Encoding: chunked", ""),
    ] {
        let status = &head[..3];
        exchange(GET, &format!("HTTP/1.1 {head}\r\n\r\n{body}"), &format!("GET /a {status}"));
        let bare = format!("HTTP/1.0 {head}\r\n\r\n").replace("\r\n", "\n");
        exchange(GET, &format!("{bare}{body}"), &format!("GET /a {status}"));
    }
}

#[test]
fn answers_to_head_have_no_body() {
    for headers in ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 5\r\nX: y", "X: y"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        exchange("HEAD /a HTTP/1.1\r\n\r\n", &answer, "HEAD /a 200");
    }
}

#[test]
fn an_answer_without_framing_ends_with_the_connection() {
    for head in ["HTTP/1.1 200 OK", "HTTP/1.0 200 OK\r\nX: y", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip"] {
        let answer = format!("{head}\r\n\r\nHTTP/1.1 404 No\r\n\r\n");
        let expect = format!("GET /a 200 28>{}", answer.len());
        check(&[read(GET), write(&answer), Move::Close], &[&expect], "");
        // Until then it has not ended.
        check(&[read(GET), write(&answer)], &[], "");
    }
}

#[test]
fn interim_answers_are_no_answers() {
    let post = "POST /a HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    let moves = [read(post), write("HTTP/1.1 100 Continue\r\n\r\n"), read("hello"), write(EMPTY)];
    check(&moves, &["POST /a 200 66>38"], "");

    let hints = "HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\n";
    let moves = [read(GET), write(format!("{hints}HTTP/1.1 102 Processing\r\n\r\n{EMPTY}"))];
    check(&moves, &["GET /a 200 28>38"], "");
}

#[test]
fn an_answer_may_come_before_the_request_is_complete() {
    let post = "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
    let refusal = "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n";
    // The record holds what was read until then; the rest of the body is nobody's.
    let moves = [read(post), write(refusal), read("hello"), read(GET), write(EMPTY)];
    check(&moves, &["POST /a 413 39>38", "GET /a 200 28>38"], "");
    let moves = [read(post), write(refusal), Move::Close];
    check(&moves, &["POST /a 413 39>38"], "");
}

#[test]
fn bodies_may_come_from_a_file() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let moves = [read(GET), write(head), Move::File(600), Move::File(400), read(GET), write(EMPTY)];
    check(&moves, &["GET /a 200 28>1041", "GET /a 200 28>38"], "");
    check(&[read(GET), write(head), Move::File(1001)], &[], "not_http 1");
    check(&[Move::File(1), read(GET), Move::File(1)], &[], "not_http 1");
}

#[test]
fn empty_lines_before_a_request_are_not_of_it() {
    for blank in ["\r\n", "\n", "\r\n\r\n", "\n\n\n"] {
        let moves =
            [read(format!("{blank}{GET}")), write(EMPTY), read(format!("{blank}{GET}")), write(EMPTY)];
        check(&moves, &["GET /a 200 28>38", "GET /a 200 28>38"], "");
    }
    // As some send one after a body: it may be read with the request before it.
    let post = "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n";
    check(
        &[read(post), write(EMPTY), read(GET), write(EMPTY)],
        &["POST /a 200 40>38", "GET /a 200 28>38"],
        "",
    );
}

#[test]
fn large_bodies_are_passed_over() {
    let length = 100_000_000_000_u64;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let moves = [read(GET), write(&head), Move::File(length)];
    let expect = format!("GET /a 200 28>{}", head.len() as u64 + length);
    check(&moves, &[&expect], "");
    let huge = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", "9".repeat(17));
    check(
        &[read(GET), write(huge), Move::File(99_999_999_999_999_999)],
        &["GET /a 200 28>100000000000000053"],
        "",
    );
}
