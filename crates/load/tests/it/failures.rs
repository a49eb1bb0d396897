//! Servers that behave badly: each failure is counted under its own name, and the connection is opened again.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use load::Pool;
use record::load::{
    Failure::{self, Closed, Connect, Malformed, NeverSent, Read, Status, Timeout},
    LoadPlan,
};

use crate::fake::{MS, OK, answer_all, closed, constant, request_came, run, start, start_answering};

/// Of the requests in `plan` all fail in this way, in open and in closed loop.
#[track_caller]
fn check_all_fail(address: SocketAddr, failure: Failure) {
    let mut pool = Pool::open(address, 2).unwrap();
    for plan in [constant(200.0, 50 * MS, 60_000 * MS), closed(20 * MS, 60_000 * MS)] {
        let result = run(&mut pool, &plan);
        assert!(result.planned >= 2);
        assert_eq!(result.failed.keys().collect::<Vec<_>>(), [&failure], "{:?}", result.failed);
        assert_eq!((result.sent, result.completed), (result.planned, 0));
    }
}

/// Reads to the end, so that closing sends no reset.
fn read_to_end(mut stream: &TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn closed_in_the_middle_of_an_answer() {
    check_all_fail(
        start(|_, mut stream| {
            if request_came(&mut stream) {
                stream.write_all(&OK[..30]).unwrap();
            }
        }),
        Closed,
    );
}

#[test]
fn closed_before_an_answer() {
    check_all_fail(start(|_, mut stream| _ = request_came(&mut stream)), Closed);
}

#[test]
fn reset() {
    // Closing with a part of the request unread sends a reset.
    check_all_fail(start(|_, mut stream| drop(stream.read(&mut [0; 1]))), Read);
}

/// Which failure it is depends on who is quicker; that it ends and that all is accounted for does not.
#[test]
fn a_server_that_hangs_up_at_once() {
    let mut pool = Pool::open(start(|_, stream| drop(stream)), 2).unwrap();
    for plan in [constant(200.0, 50 * MS, 60_000 * MS), closed(20 * MS, 60_000 * MS)] {
        assert_eq!(run(&mut pool, &plan).completed, 0);
    }
}

#[test]
fn garbage() {
    check_all_fail(start_answering(b"220 smtp.example ESMTP\r\n"), Malformed);
}

#[test]
fn refusals() {
    check_all_fail(start_answering(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), Status);
}

#[test]
fn no_answer_in_time() {
    let address = start(|_, stream| read_to_end(&stream));
    let mut pool = Pool::open(address, 2).unwrap();
    let result = run(&mut pool, &closed(MS, 20 * MS));
    assert_eq!((result.planned, result.sent), (2, 2));
    assert_eq!(result.failed.into_iter().collect::<Vec<_>>(), [(Timeout, 2)]);
}

#[test]
fn requests_that_never_found_a_connection() {
    let address = start(|_, stream| read_to_end(&stream));
    let mut pool = Pool::open(address, 1).unwrap();
    let result = run(&mut pool, &constant(1_000.0, 50 * MS, 100 * MS));
    assert_eq!(result.planned, 50);
    assert_eq!(result.failed[&Timeout], result.sent);
    assert_eq!(result.failed[&NeverSent], 50 - result.sent);
    assert!(result.sent < 50);
}

/// A server that takes `connections` connections and then dies at the first request of each.
fn dying(connections: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let streams: Vec<TcpStream> = (0..connections).map(|_| listener.accept().unwrap().0).collect();
        drop(listener);
        streams.into_iter().for_each(|mut stream| _ = request_came(&mut stream));
    });
    address
}

#[track_caller]
fn check_dead(plan: &LoadPlan) -> u64 {
    let mut pool = Pool::open(dying(1), 1).unwrap();
    let first = run(&mut pool, plan);
    assert_eq!(first.failed[&Closed], 1, "{:?}", first.failed);
    let second = run(&mut pool, plan);
    assert_eq!(second.failed.into_iter().collect::<Vec<_>>(), [(Connect, second.planned)]);
    assert_eq!(second.sent, 0);
    second.planned
}

#[test]
fn a_dead_server_fails_every_request_of_an_open_loop() {
    assert_eq!(check_dead(&constant(500.0, 100 * MS, 60_000 * MS)), 50);
}

#[test]
fn a_dead_server_ends_a_closed_loop() {
    assert_eq!(check_dead(&closed(60_000 * MS, 60_000 * MS)), 1);
}

#[test]
fn after_a_failure_the_next_stretch_finds_all_connections_open() {
    let address = start(|number, stream| {
        if number < 4 {
            read_to_end(&stream);
        } else {
            answer_all(stream, OK);
        }
    });
    let mut pool = Pool::open(address, 4).unwrap();
    assert_eq!(run(&mut pool, &closed(MS, 20 * MS)).failed[&Timeout], 4);
    let result = run(&mut pool, &closed(20 * MS, 60_000 * MS));
    assert!(result.failed.is_empty() && result.completed >= 4);
}

#[test]
fn connections_that_were_closed_between_stretches_are_opened_again_first() {
    let (close, closing) = std::sync::mpsc::channel::<()>();
    let closing = std::sync::Mutex::new(Some(closing));
    let (closed_all, is_closed) = std::sync::mpsc::channel::<()>();
    let address = start(move |number, stream| {
        if number == 0 {
            let _ = closing.lock().unwrap().take().unwrap().recv();
            drop(stream);
            closed_all.send(()).unwrap();
        } else {
            answer_all(stream, OK);
        }
    });
    let mut pool = Pool::open(address, 1).unwrap();
    close.send(()).unwrap();
    is_closed.recv().unwrap();
    let result = run(&mut pool, &constant(1_000.0, 5 * MS, 60_000 * MS));
    assert_eq!((result.planned, result.completed), (5, 5), "{:?}", result.failed);
}
