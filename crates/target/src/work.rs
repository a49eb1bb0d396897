//! What the event loop and the command thread share: the planted cost and the count of requests.

use std::sync::atomic::{AtomicU64, Ordering};

/// The planted cost and the count of requests, each read and written whole.
#[derive(Debug, Default)]
pub(crate) struct Work {
    planted_ns: AtomicU64,
    requests: AtomicU64,
}

impl Work {
    /// From now on every request burns this much CPU first.
    pub(crate) fn plant(&self, ns_per_request: u64) {
        self.planted_ns.store(ns_per_request, Ordering::SeqCst);
    }

    /// What a request burns first, in nanoseconds.
    pub(crate) fn planted_ns(&self) -> u64 {
        self.planted_ns.load(Ordering::Relaxed)
    }

    /// Counts one request.
    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests whose handler has run since the start.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}
