//! Servers of a few lines, and a way to load them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use load::{Ended, Plan, Pool, Stretch};
use record::load::{LoadPlan, LoadResult, Pacing};

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
pub(crate) const MS: u64 = 1_000_000;
pub(crate) const GUARD_NS: u64 = 50_000;

/// Starts a server that lets `serve` have each connection, with its number, in a thread of its own.
pub(crate) fn start(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (serve, stream) = (Arc::clone(&serve), stream.unwrap());
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || serve(number, stream));
        }
    });
    address
}

/// Starts a server that answers every request with `answer`.
pub(crate) fn start_answering(answer: &'static [u8]) -> SocketAddr {
    start(move |_, stream| answer_all(stream, answer))
}

/// Answers every request with `answer` until the client leaves.
pub(crate) fn answer_all(mut stream: TcpStream, answer: &[u8]) {
    while request_came(&mut stream) && stream.write_all(answer).is_ok() {}
}

/// Reads a request; false when the client has left.
pub(crate) fn request_came(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// An open loop with equal gaps.
pub(crate) fn constant(requests_per_second: f64, duration_ns: u64, timeout_ns: u64) -> LoadPlan {
    let pacing = Pacing::Constant { requests_per_second };
    LoadPlan { seed: 1, pacing, duration_ns, path: "/".into(), timeout_ns }
}

/// A closed loop.
pub(crate) fn closed(duration_ns: u64, timeout_ns: u64) -> LoadPlan {
    LoadPlan { pacing: Pacing::Closed, ..constant(1.0, duration_ns, timeout_ns) }
}

/// Runs `plan` and checks that every request is accounted for.
pub(crate) fn run(pool: &mut Pool, plan: &LoadPlan) -> LoadResult {
    let plan = Plan::check(plan, pool.address()).unwrap();
    let mut stretch = Stretch::new(pool, plan, GUARD_NS);
    assert_eq!(stretch.run(&AtomicBool::new(false)).unwrap(), Ended::Complete);
    let result = stretch.result();
    assert_eq!(result.planned, result.completed + result.failed.values().sum::<u64>());
    assert_eq!(result.lateness.decode().unwrap().len(), result.sent);
    assert_eq!(result.response.decode().unwrap().len(), result.completed);
    assert_eq!(result.service.decode().unwrap().len(), result.completed);
    result
}
