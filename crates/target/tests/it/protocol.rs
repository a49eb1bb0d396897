//! The real binary: its protocol on standard input and output.

use std::{
    num::NonZeroU64,
    time::{Duration, Instant},
};

use crate::server::Server;
use record::target::{TargetCommand, TargetReply};

const PLAIN: &str = "GET /plain HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";

#[test]
fn a_planted_cost_is_acknowledged_and_burned_until_it_is_taken_back() {
    let mut server = Server::start();
    let planted = Duration::from_millis(20);
    let ns_per_request = planted.as_nanos() as u64;
    assert_eq!(
        server.command(&TargetCommand::Plant { ns_per_request }),
        TargetReply::Planted { ns_per_request }
    );
    let start = Instant::now();
    server.exchange(PLAIN);
    // Who is preempted burns less: the gap, and one and a half times it that are not waited for, are two fifths at the least.
    assert!(start.elapsed() >= planted * 2 / 5);

    let nothing = TargetCommand::Plant { ns_per_request: 0 };
    assert_eq!(server.command(&nothing), TargetReply::Planted { ns_per_request: 0 });
}

#[test]
fn requests_are_counted() {
    let mut server = Server::start();
    server.exchange(PLAIN);
    server.exchange("GET /nothing HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    assert_eq!(server.command(&TargetCommand::Stats), TargetReply::Stats { requests: 2 });
}

#[test]
fn a_flood_is_answered_when_it_is_over_and_requests_are_served_meanwhile() {
    let mut server = Server::start();
    let rate = NonZeroU64::new(2_000);
    server.send(&TargetCommand::Flood { events_per_second: rate, duration_ns: 200_000_000 });
    assert!(server.exchange(PLAIN).starts_with("HTTP/1.1 200 "));
    let TargetReply::Flooded(flooded) = server.reply() else { panic!("no answer to a flood") };
    // Fewer where this machine has no time for it.
    assert!((1..=400).contains(&flooded.requests), "{flooded:?}");
    assert!(flooded.elapsed_ns >= 200_000_000, "{flooded:?}");
    // Those of the flood are not the handlers'.
    assert_eq!(server.command(&TargetCommand::Stats), TargetReply::Stats { requests: 1 });
}

#[test]
fn a_bad_line_is_an_error_and_the_target_goes_on() {
    let mut server = Server::start();
    for line in ["nonsense", "{\"plant\":{}}", "{\"plant\":{\"ns_per_request\":-1}}", "\"stop\""] {
        assert!(matches!(server.line(line), TargetReply::Error { .. }), "{line}");
    }
    assert_eq!(server.command(&TargetCommand::Stats), TargetReply::Stats { requests: 0 });
}

#[test]
fn it_ends_cleanly_with_its_input_even_while_connections_are_open() {
    let server = Server::start();
    let _open = server.connect();
    assert!(server.end_input().success());
}
