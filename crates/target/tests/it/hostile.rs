//! Clients that mean harm, each with what the target answers: `bad-requests.toml`. One process serves all of them, and lives.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use crate::server::Server;

#[path = "../../../tracetax/tests/bad_inputs/table.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod table;

const TABLE: &str = "tests/it/bad-requests.toml";

/// No client is answered later, whatever it says.
const LONGEST: Duration = Duration::from_secs(5);

/// For a target that says nothing.
const MOMENT: Duration = Duration::from_millis(200);

const LAST: &[u8] = b"GET /plain HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";

/// The status of every answer to these bytes, and "closed" where there is none. Where the target is to wait for more, it is given a
/// moment to show that it does, and then the end.
fn answered(server: &Server, bytes: &[u8], waits: bool) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(if waits { MOMENT } else { LONGEST })).unwrap();
    let begun = Instant::now();
    // A target that has seen enough may close while this is being written.
    let _ = stream.write_all(bytes);
    let mut answers = vec![0; 1 << 16];
    let first = stream.read(&mut answers);
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    assert_eq!(first.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock), waits, "{first:?}");
    answers.truncate(first.unwrap_or(0));
    // All that was answered comes before the end; a target that closes with bytes unread resets, which is its right.
    let _ = stream.shutdown(Shutdown::Write);
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    let _ = stream.read_to_end(&mut answers);
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    let answers = String::from_utf8_lossy(&answers).into_owned();
    let lines = answers.match_indices("HTTP/1.").map(|(at, _)| answers[at..].lines().next().unwrap_or(""));
    let statuses: Vec<_> = lines.collect();
    let waits = if waits { "waits; at the end: " } else { "" };
    format!("{waits}{}", if statuses.is_empty() { "closed".to_owned() } else { statuses.join("\n") })
}

#[test]
fn each_bad_request_is_answered_or_its_connection_closed() {
    let server = Server::start();
    let file = Path::new(TABLE);
    let said = table::cases(file).into_iter().map(|case| {
        let bytes = case.bytes("says").unwrap();
        let name = format!("{} {}", case.kind, case.name);
        let answer = answered(&server, &bytes, case.is("waits"));
        assert_eq!(answered(&server, LAST, false), "HTTP/1.1 200 OK", "after {name}");
        (name, answer)
    });
    table::hold(file, &said.collect::<Vec<_>>());
}

/// There is no timer for them, since a timer would wake the process that is measured; they cost a connection each, and no more.
#[test]
fn clients_that_never_finish_keep_nobody_waiting() {
    let server = Server::start();
    let slow: Vec<TcpStream> = (0..200)
        .map(|number| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            let part = [
                &b"G"[..],
                b"GET /plain HT",
                b"GET /plain HTTP/1.1\r\nX: ",
                b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
            ];
            stream.write_all(part[number % part.len()]).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(answered(&server, LAST, false), "HTTP/1.1 200 OK");
    }
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    drop(slow);
    assert_eq!(answered(&server, LAST, false), "HTTP/1.1 200 OK");
}
