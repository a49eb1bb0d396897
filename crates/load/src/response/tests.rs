use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::{Answer, Progress, Response};
use crate::head::Malformed;

/// What a whole connection comes to: `Ok(None)` when it closes inside an answer.
type Outcome = Result<Option<Answer>, Malformed>;

/// Feeds the parts, then closes.
fn outcome<'a>(response: &mut Response, parts: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    response.reset();
    let mut done = None;
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if let Some(answer) = &mut done {
            // As a connection does it: what comes after the end makes it unusable.
            let answer: &mut Answer = answer;
            answer.reusable = false;
        } else if let Progress::Done(answer) = response.feed(part)? {
            done = Some(answer);
        }
    }
    Ok(done.or_else(|| response.close()))
}

#[track_caller]
fn check(stream: &str, expected: Outcome) {
    let stream = stream.as_bytes();
    let mut response = Response::new();
    assert_eq!(outcome(&mut response, [stream]), expected, "whole");
    assert_eq!(outcome(&mut response, stream.chunks(1)), expected, "byte by byte");
    for at in 0..=stream.len() {
        let (first, second) = stream.split_at(at);
        assert_eq!(outcome(&mut response, [first, second]), expected, "split at {at}");
    }
}

fn kept(status: u16) -> Outcome {
    Ok(Some(Answer { status, reusable: true }))
}

fn ended(status: u16) -> Outcome {
    Ok(Some(Answer { status, reusable: false }))
}

#[test]
fn a_body_of_known_length() {
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", kept(200));
    check("HTTP/1.1 404 Not Found\r\ncontent-length:0\r\nDate: now\r\n\r\n", kept(404));
    check("HTTP/1.1 200\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", kept(200));
    check("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", kept(200));
}

#[test]
fn a_chunked_body() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    check(&format!("{head}5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"), kept(200));
    check(&format!("{head}0\r\nTrailer: a\r\nAnother: b\r\n\r\n"), kept(200));
    check(&format!("{head}2\r\n\r\n\r\n0\r\n\r\n"), kept(200));
    check(&format!("{head}1\r\nab\r\n0\r\n\r\n"), Err(Malformed));
    check(&format!("{head}-1\r\n"), Err(Malformed));
    check(&format!("{head}10000000000000000\r\n"), Err(Malformed));
}

#[test]
fn answers_without_a_body() {
    check("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", kept(204));
    check("HTTP/1.1 304 Not Modified\r\n\r\n", kept(304));
    check(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 \r\n\r\n",
        kept(204),
    );
    check("HTTP/1.1 101 Switching Protocols\r\n\r\n", Err(Malformed));
}

#[test]
fn a_body_until_the_connection_closes() {
    check("HTTP/1.1 200 OK\r\n\r\nwhatever comes\r\n\r\n", ended(200));
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxyz", ended(200));
    check("HTTP/1.0 500 Oops\r\n\r\n", ended(500));
}

#[test]
fn whether_the_connection_lives_on() {
    check("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", ended(200));
    check("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", ended(200));
    check("HTTP/1.0 200 OK\r\nConnection: x, Keep-Alive\r\nContent-Length: 0\r\n\r\n", kept(200));
    check("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx, and unasked more", ended(200));
}

#[test]
fn an_answer_that_breaks_off() {
    check("", Ok(None));
    check("HTTP/1.1 200 OK\r\nContent-", Ok(None));
    check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Ok(None));
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", Ok(None));
    check("HTTP/1.1 100 Continue\r\n\r\n", Ok(None));
}

#[test]
fn what_is_no_answer_is_malformed() {
    let heads = [
        "garbage",
        "HTTP/2 200 OK",
        "HTTP/1.x 200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1  200 OK",
        "",
        "HTTP/1.1 200 OK\r\nno colon",
        "HTTP/1.1 200 OK\r\n: no name",
        "HTTP/1.1 200 OK\r\nSpace : x",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded",
        "HTTP/1.1 200 OK\r\nContent-Length: +1",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
        "HTTP/1.1 200 OK\r\nContent-Length:",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    ];
    for head in heads {
        check(&format!("{head}\r\n\r\n"), Err(Malformed));
    }
}

#[test]
fn a_head_without_end_is_malformed() {
    let mut response = Response::new();
    assert_eq!(outcome(&mut response, std::iter::repeat_n(&b"HTTP/1.1 200 OK"[..], 1_000)), Err(Malformed));
    let status = &b"HTTP/1.1 200 OK\r\n"[..];
    let headers = std::iter::once(status).chain(std::iter::repeat_n(&b"A: b\r\n"[..], 20_000));
    assert_eq!(outcome(&mut response, headers), Err(Malformed));
}

#[test]
fn chunks_without_number_are_fine() {
    let mut response = Response::new();
    let head = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
    let chunks = std::iter::repeat_n(&b"1\r\nx\r\n"[..], 50_000);
    let parts = std::iter::once(head).chain(chunks).chain([&b"0\r\n\r\n"[..]]);
    assert_eq!(outcome(&mut response, parts), kept(200));
}

/// Pieces that make up good answers, broken ones, and everything between.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("HTTP/1.1 200 OK\r\n"),
        Just("HTTP/1.0 404 No\r\n"),
        Just("HTTP/1.1 100 Continue\r\n\r\n"),
        Just("Content-Length: 7\r\n"),
        Just("Transfer-Encoding: chunked\r\n"),
        Just("Connection: close\r\n"),
        Just("\r\n"),
        Just("\n"),
        Just("\r"),
        Just("7\r\n"),
        Just("0\r\n"),
        Just("payload"),
        Just(":"),
        Just(" "),
    ]
    .prop_map(|text| text.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    prop::collection::vec(prop_oneof![9 => piece, 1 => noise], 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn however_it_is_split_the_outcome_is_the_same(
        stream in stream(),
        good_head in any::<bool>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let head = if good_head { &b"HTTP/1.1 200 OK\r\n"[..] } else { b"" };
        let stream = [head, &stream].concat();
        let mut response = Response::new();
        let whole = outcome(&mut response, [&stream[..]]);
        prop_assert_eq!(outcome(&mut response, stream.chunks(1)), whole);

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([stream.len()]);
        let parts = starts.zip(ends).map(|(start, end)| &stream[start..end]);
        prop_assert_eq!(outcome(&mut response, parts), whole);
    }
}
