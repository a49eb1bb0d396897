//! The real binary over raw sockets: what the handlers answer.

use crate::server::Server;

#[track_caller]
fn check(requests: &str, expected_parts: &[&str]) {
    let answer = Server::start().exchange(requests);
    let mut rest = answer.as_str();
    for part in expected_parts {
        let at =
            rest.find(part).unwrap_or_else(|| panic!("{part:?} is not (or not in this order) in {answer:?}"));
        rest = &rest[at + part.len()..];
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: t\r\n\r\n")
}

fn last(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
}

#[test]
fn plain_is_a_small_fixed_text() {
    check(&last("/plain"), &["HTTP/1.1 200 OK\r\n", "content-length: 14\r\n", "\r\n\r\nHello, World!\n"]);
}

#[test]
fn a_connection_is_kept_and_pipelined_requests_are_answered_in_order() {
    let requests = get("/status/201") + &get("/status/202") + &last("/bytes/3");
    check(&requests, &["HTTP/1.1 201 ", "HTTP/1.1 202 ", "HTTP/1.1 200 ", "\r\n\r\nxxx"]);
}

#[test]
fn bytes_are_counted() {
    let server = Server::start();
    for bytes in [0, 1, 65_535, 65_536, 65_537, 1_000_000] {
        let answer = server.exchange(&last(&format!("/bytes/{bytes}")));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {bytes}")), "{head}");
        assert_eq!(body.len(), bytes);
    }
}

#[test]
fn a_chunked_body_is_echoed_chunked() {
    let request = "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
                   5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n";
    check(
        request,
        &["HTTP/1.1 200 OK\r\n", "transfer-encoding: chunked\r\n", "first", "second", "0\r\n\r\n"],
    );
}

#[test]
fn a_body_of_known_length_is_echoed_with_its_length() {
    let request = "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody";
    check(request, &["HTTP/1.1 200 OK\r\n", "content-length: 4\r\n", "\r\n\r\nbody"]);
}

#[test]
fn an_echo_streams() {
    let server = Server::start();
    let mut client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n");
    assert!(client.read_until("ping\r\n").starts_with("HTTP/1.1 200 "));
    client.send("4\r\npong\r\n0\r\n\r\n");
    client.read_until("pong\r\n0\r\n\r\n");
}

#[test]
fn status_and_work_do_as_their_path_tells() {
    check(&last("/status/503"), &["HTTP/1.1 503 ", "content-length: 0\r\n"]);
    check(&last("/status/204"), &["HTTP/1.1 204 "]);
    check(&last("/burn/50"), &["HTTP/1.1 200 "]);
}

#[test]
fn a_bad_number_is_400_and_an_unknown_path_is_404() {
    let bad = [
        "/bytes/",
        "/bytes/x",
        "/bytes/-1",
        "/bytes/18446744073709551616",
        "/bytes/1/2",
        "/status/abc",
        "/status/99",
        "/status/101",
        "/status/65736",
        "/burn/1000001",
        "/burn/1.5",
    ];
    for path in bad {
        check(&last(path), &["HTTP/1.1 400 "]);
    }
    for path in ["/", "/plain/x", "/nothing", "/bytes", "//plain"] {
        check(&last(path), &["HTTP/1.1 404 "]);
    }
}

#[test]
fn hostile_input_ends_only_its_own_connection() {
    let server = Server::start();
    let mut half = server.connect();
    half.send("POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    for hostile in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        server.exchange(hostile);
    }
    drop(half);
    assert!(server.exchange(&last("/plain")).starts_with("HTTP/1.1 200 "));
}
