//! Servers that answer well, each in its own way.

use std::{io::Write as _, thread, time::Duration};

use load::Pool;
use record::load::{LoadPlan, Pacing};

use crate::fake::{MS, OK, answer_all, closed, constant, request_came, run, start, start_answering};

/// Long enough never to be reached: how fast the machine is must not matter.
const LONG_NS: u64 = 600_000 * MS;

/// Open and closed loop over two connections: all is completed, over the first connections.
#[track_caller]
fn check_all_completed(address: std::net::SocketAddr) {
    let mut pool = Pool::open(address, 2).unwrap();
    let open = run(&mut pool, &constant(500.0, 100 * MS, LONG_NS));
    assert_eq!((open.planned, open.sent, open.completed), (50, 50, 50), "{:?}", open.failed);
    let closed = run(&mut pool, &closed(50 * MS, LONG_NS));
    assert!(closed.completed >= 2);
    assert!(closed.failed.is_empty(), "{:?}", closed.failed);
    assert_eq!(closed.lateness.decode().unwrap().max(), 1);
}

#[test]
fn a_kept_connection() {
    check_all_completed(start(|number, stream| {
        assert!(number < 2, "a good connection was not kept");
        answer_all(stream, OK);
    }));
}

#[test]
fn answers_that_come_byte_by_byte() {
    check_all_completed(start(|_, mut stream| {
        while request_came(&mut stream) {
            OK.chunks(1).for_each(|byte| stream.write_all(byte).unwrap());
        }
    }));
}

#[test]
fn chunked_answers() {
    check_all_completed(start_answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ));
}

#[test]
fn answers_that_the_end_of_the_connection_ends() {
    check_all_completed(start(|_, mut stream| {
        if request_came(&mut stream) {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nall of it").unwrap();
        }
    }));
}

#[test]
fn a_server_that_closes_after_each_answer_and_says_so() {
    check_all_completed(start(|_, mut stream| {
        if request_came(&mut stream) {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    }));
}

#[test]
fn a_large_answer_is_counted_to_the_byte() {
    const BYTES: usize = 300_000;
    let address = start(|_, mut stream| {
        while request_came(&mut stream) {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n").unwrap();
            stream.write_all(&vec![b'x'; BYTES]).unwrap();
        }
    });
    let result = run(&mut Pool::open(address, 2).unwrap(), &constant(100.0, 100 * MS, LONG_NS));
    let head_bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n").len();
    assert_eq!(result.completed, 10);
    assert_eq!(result.received_bytes, 10 * (BYTES + head_bytes) as u64);
}

#[test]
fn the_seed_decides_how_many_requests_are_planned() {
    let mut pool = Pool::open(start_answering(OK), 4).unwrap();
    let plan = LoadPlan {
        pacing: Pacing::Poisson { requests_per_second: 2_000.0 },
        ..constant(1.0, 100 * MS, LONG_NS)
    };
    let planned = run(&mut pool, &plan).planned;
    assert!(planned > 0);
    assert_eq!(run(&mut pool, &plan).planned, planned);
}

/// One connection, a request each millisecond, and a first answer that takes 50 ms: those behind it count their wait
/// from when they were planned. Only lower bounds: a slow machine makes the waits longer.
#[test]
fn waiting_for_a_connection_is_part_of_the_response() {
    let stall = Duration::from_millis(50);
    let address = start(move |_, mut stream| {
        if request_came(&mut stream) {
            thread::sleep(stall);
            stream.write_all(OK).unwrap();
            answer_all(stream, OK);
        }
    });
    let result = run(&mut Pool::open(address, 1).unwrap(), &constant(1_000.0, 50 * MS, LONG_NS));
    assert_eq!(result.completed, 50);
    let response = result.response.decode().unwrap();
    assert!(response.count_between(25 * MS, LONG_NS) >= 25);
    assert!(result.lateness.decode().unwrap().max() >= 40 * MS);
}
