//! The loop allocates nothing: a counting allocator watches the thread that runs it.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use allocation_counter::measure;
use load::{Ended, Plan, Pool, Stretch};
use record::load::{LoadPlan, LoadResult, Pacing};

use crate::fake::{GUARD_NS, MS, OK, closed, constant, request_came, start, start_answering};

#[track_caller]
fn check_nothing_is_allocated(address: SocketAddr, plan: &LoadPlan) -> LoadResult {
    let mut pool = Pool::open(address, 8).unwrap();
    let plan = Plan::check(plan, address).unwrap();
    let mut stretch = Stretch::new(&mut pool, plan, GUARD_NS);
    let stop = AtomicBool::new(false);
    let mut ended = Ok(Ended::Stopped);
    let allocated = measure(|| ended = stretch.run(&stop));
    assert_eq!(ended.unwrap(), Ended::Complete);
    assert_eq!(allocated.count_total, 0, "{allocated:?}");
    stretch.result()
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}

#[test]
fn not_in_open_loop() {
    let pacing = Pacing::Poisson { requests_per_second: 2_000.0 };
    let plan = LoadPlan { pacing, ..constant(1.0, 200 * MS, 60_000 * MS) };
    let result = check_nothing_is_allocated(start_answering(OK), &plan);
    assert!(result.completed > 100 && result.failed.is_empty());
}

#[test]
fn not_in_closed_loop() {
    let result = check_nothing_is_allocated(start_answering(OK), &closed(200 * MS, 60_000 * MS));
    assert!(result.completed > 0 && result.failed.is_empty());
}

/// Every fourth answer is another trouble: split, broken off, garbage, a refusal, or none at all.
#[test]
fn not_in_trouble() {
    let requests = AtomicUsize::new(0);
    let address = start(move |_, mut stream| {
        while request_came(&mut stream) {
            let written = match requests.fetch_add(1, Ordering::Relaxed) % 20 {
                3 => OK.chunks(1).try_for_each(|byte| stream.write_all(byte)),
                7 => return,
                11 => stream.write_all(b"garbage\r\n"),
                15 => stream.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
                19 => Ok(()),
                _ => stream.write_all(OK),
            };
            if written.is_err() {
                return;
            }
        }
    });
    let result = check_nothing_is_allocated(address, &constant(1_000.0, 200 * MS, 50 * MS));
    assert!(result.failed.len() >= 4, "{:?}", result.failed);
}
