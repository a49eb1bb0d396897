//! Several requests on one connection, one after another and ahead of their answers.

use tracer_common::{
    connection::{Connection, MAX_IN_FLIGHT},
    event::{ANSWER_HALF, REQUEST_HALF, WHOLE},
};

use crate::{
    check::{EMPTY, check, read, write},
    watch::{Move, Watch},
};

fn request(method: &str, number: u32) -> String {
    format!("{method} /{number:03} HTTP/1.1\r\n\r\n")
}

fn answer(number: u32) -> String {
    format!("HTTP/1.1 {} OK\r\nContent-Length: 3\r\n\r\nabc", 400 + number)
}

#[test]
fn keep_alive() {
    let moves: Vec<Move> =
        (0..100).flat_map(|number| [read(request("GET", number)), write(answer(number))]).collect();
    let expect: Vec<String> =
        (0..100).map(|number| format!("GET /{number:03} {} 21>41", 400 + number)).collect();
    let watch = Watch::follow(&moves);
    assert_eq!(watch.records().iter().map(|line| without_sizes(line)).collect::<Vec<_>>(), texts(&expect));
    assert!(watch.events.iter().all(|event| event.head.kind == WHOLE));
    assert_eq!(
        watch.events.iter().map(|event| event.head.sequence).collect::<Vec<_>>(),
        (0..100).collect::<Vec<_>>()
    );
}

fn without_sizes(line: &str) -> &str {
    line.rsplit_once(' ').expect("a record line").0
}

fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| without_sizes(line)).collect()
}

#[test]
fn pipelining_up_to_the_limit() {
    for depth in 2..=MAX_IN_FLIGHT {
        let all = |text: fn(u32) -> String| (0..depth).map(text).collect::<String>();
        let moves = [read(all(|number| request("GET", number))), write(all(answer))];
        let watch = Watch::follow(&moves);
        let expect: Vec<_> = (0..depth).map(|number| format!("GET /{number:03} {}", 400 + number)).collect();
        let records = watch.records();
        assert_eq!(records.iter().map(|line| without_sizes(line)).collect::<Vec<_>>(), expect, "{depth}");
        // All but the newest leave as halves.
        let count = |kind| watch.events.iter().filter(|event| event.head.kind == kind).count() as u32;
        assert_eq!((count(REQUEST_HALF), count(ANSWER_HALF), count(WHOLE)), (depth - 1, depth - 1, 1));
        assert!(watch.exceptions.is_empty(), "{watch}");
    }
}

#[test]
fn pipelining_beyond_the_limit_is_given_up_and_named() {
    for depth in MAX_IN_FLIGHT + 1..=MAX_IN_FLIGHT + 6 {
        let requests: String = (0..depth).map(|number| request("GET", number)).collect();
        let moves = [read(requests), write(answer(0)), Move::Close];
        let watch = Watch::follow(&moves);
        assert_eq!(watch.records(), [""; 0], "{depth}");
        assert_eq!(watch.exceptions["closed_before_answer"], MAX_IN_FLIGHT + 1);
        assert_eq!(watch.exceptions["not_http"], 1, "{watch}");
    }
}

#[test]
fn head_among_others_is_remembered_by_number() {
    let no_body = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
    let body = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    let requests: String = (0..MAX_IN_FLIGHT)
        .map(|number| request(if number % 3 == 0 { "HEAD" } else { "GET" }, number))
        .collect();
    let answers: String =
        (0..MAX_IN_FLIGHT).map(|number| if number % 3 == 0 { no_body } else { body }).collect();
    let watch = Watch::follow(&[read(&requests), write(&answers), read(requests), write(answers)]);
    assert_eq!(watch.records().len() as u32, 2 * MAX_IN_FLIGHT, "{watch}");
    assert!(watch.exceptions.is_empty(), "{watch}");
}

#[test]
fn requests_and_answers_interleaved() {
    let moves = [
        read(request("GET", 0) + &request("GET", 1)),
        write(answer(0)),
        read(request("GET", 2)),
        write(answer(1) + &answer(2)),
        read(request("GET", 3)),
        write(answer(3)),
    ];
    check(
        &moves,
        &["GET /000 400 21>41", "GET /001 401 21>41", "GET /002 402 21>41", "GET /003 403 21>41"],
        "",
    );
}

#[test]
fn a_request_may_begin_within_the_answer_to_another() {
    let (head, body) = ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello");
    let moves = [read(request("GET", 0)), write(head), read(request("POST", 1)), write(body), write(EMPTY)];
    check(&moves, &["GET /000 200 21>43", "POST /001 200 22>38"], "");
}

#[test]
fn bodies_within_a_pipeline() {
    let post = "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n";
    let put = "PUT /q HTTP/1.1\r\nContent-Length: 4\r\n\r\nHEAD";
    let moves = [read(format!("{post}{put}{post}")), write(EMPTY.repeat(3))];
    check(&moves, &["POST /p 200 61>38", "PUT /q 200 42>38", "POST /p 200 61>38"], "");
}

#[test]
fn requests_without_an_answer_are_named_when_the_connection_ends() {
    let moves = [read(request("GET", 0) + &request("GET", 1)), write(answer(0)), Move::Close];
    check(&moves, &["GET /000 400 21>41"], "closed_before_answer 1");
    let halfway = [read("GET /a HTTP/1.1\r\nHo"), Move::Close];
    check(&halfway, &[], "");
    let cut = [read(request("GET", 0)), write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), Move::Close];
    check(&cut, &[], "closed_before_answer 1");
}

#[test]
fn a_descriptor_used_again_begins_anew() {
    let moves = [
        read(request("GET", 0) + &request("HEAD", 1)),
        Move::Close,
        read(request("GET", 2)),
        write(answer(2)),
    ];
    let watch = Watch::follow(&moves);
    assert_eq!(watch.exceptions["closed_before_answer"], 2);
    let last = watch.events.last().expect("an event");
    assert_eq!((last.head.kind, last.head.sequence, last.head.status), (WHOLE, 0, 402));
}

/// A request half without its answer may wait in the agent for ever.
#[test]
fn numbers_go_on_when_the_place_of_a_connection_is_used_again() {
    let mut connection = Connection::NEW;
    connection.requests.heads = 5;
    connection.answers.messages = 2;
    connection.clear();
    assert_eq!((connection.in_flight(), connection.requests.heads, connection.held), (0, 5, 0));
    assert!(connection.requests.at_start() && connection.answers.at_start());
}
