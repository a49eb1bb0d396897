use std::net::TcpListener;

use record::load::{Failure, LoadPlan, Pacing};

use super::Stretch;
use crate::{connection::Planned, plan::Plan, pool::Pool};

/// A socket that takes no more bytes while the connection looks idle: only from inside can this be had for certain.
#[test]
fn a_request_that_cannot_be_written_is_counted_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut pool = Pool::open(address, 1).unwrap();
    pool.connections[0].shut_down_writing();

    let pacing = Pacing::Constant { requests_per_second: 1.0 };
    let plan = LoadPlan { seed: 1, pacing, duration_ns: 1, path: "/".into(), timeout_ns: 1 };
    let mut stretch = Stretch::new(&mut pool, Plan::check(&plan, address).unwrap(), 0);
    stretch.tally.planned(1);
    stretch.send(0, Planned::At(0));
    let result = stretch.result();
    assert_eq!(result.sent, 0);
    assert_eq!(result.failed.into_iter().collect::<Vec<_>>(), [(Failure::Write, 1)]);
}
