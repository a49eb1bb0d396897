//! The load generator: requests on an absolute schedule over kept connections, one thread, one epoll loop.
//!
//! It is an instrument. Latency counts from the planned moment, so that a slow server cannot hide by slowing the
//! generator down; every planned request is accounted for; the loop allocates nothing; and how late it was itself
//! is part of every result. It must not know what it loads, nor judge what it measured, and it loads loopback only.

mod connection;
mod fifo;
mod head;
mod plan;
mod poller;
mod pool;
mod priority;
pub mod protocol;
mod response;
mod schedule;
mod stretch;
mod tally;
mod time;

pub use plan::Plan;
pub use poller::measure_guard_ns;
pub use pool::Pool;
pub use stretch::{Ended, Stretch};
pub use time::{Ns, sharpen_timers};
