//! What a stretch of load comes to, as it is counted.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use record::{
    histogram,
    load::{Failure, LoadResult},
};

use crate::{connection::Request, time::Ns};

const FAILURES: [Failure; 8] = [
    Failure::Connect,
    Failure::Write,
    Failure::Read,
    Failure::Closed,
    Failure::Malformed,
    Failure::Status,
    Failure::Timeout,
    Failure::NeverSent,
];

/// Counts and histograms. Nothing is allocated after [`Tally::new`].
#[derive(Debug)]
pub(crate) struct Tally {
    planned: u64,
    sent: u64,
    completed: u64,
    failed: [u64; FAILURES.len()],
    received_bytes: u64,
    spun_ns: Ns,
    last_end_ns: Option<Ns>,
    response: Histogram<u64>,
    service: Histogram<u64>,
    lateness: Histogram<u64>,
}

impl Tally {
    /// Nothing counted yet.
    pub(crate) fn new() -> Self {
        Self {
            planned: 0,
            sent: 0,
            completed: 0,
            failed: [0; FAILURES.len()],
            received_bytes: 0,
            spun_ns: 0,
            last_end_ns: None,
            response: in_memory(),
            service: in_memory(),
            lateness: in_memory(),
        }
    }

    /// This many requests were planned.
    pub(crate) fn planned(&mut self, requests: u64) {
        self.planned += requests;
    }

    /// The first byte of `request` was written.
    pub(crate) fn sent(&mut self, request: &Request) {
        self.sent += 1;
        record(&mut self.lateness, request.sent_ns.saturating_sub(request.planned_ns));
    }

    /// This many bytes of answers were read.
    pub(crate) fn received(&mut self, bytes: usize) {
        self.received_bytes += bytes as u64;
    }

    /// `request` has a complete answer of this status. The latency of refusals is not that of the service, so only
    /// that of completed requests is recorded.
    pub(crate) fn answered(&mut self, request: &Request, status: u16, end_ns: Ns) {
        self.last_end_ns = Some(end_ns);
        if status >= 400 {
            return self.failed(Failure::Status, 1);
        }
        self.completed += 1;
        record(&mut self.response, end_ns.saturating_sub(request.planned_ns));
        record(&mut self.service, end_ns.saturating_sub(request.sent_ns));
    }

    /// This many requests have failed.
    pub(crate) fn failed(&mut self, failure: Failure, requests: u64) {
        self.failed[failure as usize] += requests;
    }

    /// This long was spent spinning.
    pub(crate) fn spun(&mut self, ns: Ns) {
        self.spun_ns += ns;
    }

    /// The result of a stretch that began at `start_ns`.
    pub(crate) fn result(&self, start_ns: Ns) -> LoadResult {
        let failed: BTreeMap<Failure, u64> =
            FAILURES.into_iter().zip(self.failed).filter(|(_, requests)| *requests > 0).collect();
        debug_assert_eq!(self.planned, self.completed + failed.values().sum::<u64>());
        LoadResult {
            planned: self.planned,
            sent: self.sent,
            completed: self.completed,
            failed,
            elapsed_ns: self.last_end_ns.unwrap_or(start_ns).saturating_sub(start_ns),
            spun_ns: self.spun_ns,
            received_bytes: self.received_bytes,
            response: histogram::Histogram::encode(&self.response),
            service: histogram::Histogram::encode(&self.service),
            lateness: histogram::Histogram::encode(&self.lateness),
        }
    }
}

/// An empty histogram whose memory is all there: resetting writes it, so that no page fault comes in the loop.
fn in_memory() -> Histogram<u64> {
    let mut histogram = histogram::empty();
    histogram.reset();
    histogram
}

fn record(histogram: &mut Histogram<u64>, ns: Ns) {
    histogram.saturating_record(ns.max(1));
}

#[cfg(test)]
mod tests {
    use record::{histogram::MAX_NS, load::Failure};

    use super::{FAILURES, Tally};
    use crate::connection::Request;

    fn request(planned_ns: u64, sent_ns: u64) -> Request {
        Request { planned_ns, sent_ns, first_byte_ns: None, written_bytes: 1 }
    }

    #[test]
    fn every_failure_has_its_own_place() {
        for (at, failure) in FAILURES.into_iter().enumerate() {
            assert_eq!(failure as usize, at);
        }
    }

    #[test]
    fn waiting_before_sending_is_part_of_the_response_but_not_of_the_service() {
        let mut tally = Tally::new();
        let request = request(1_000, 5_000);
        tally.planned(1);
        tally.sent(&request);
        tally.answered(&request, 200, 7_000);
        let result = tally.result(500);
        assert_eq!(result.elapsed_ns, 6_500);
        let max = |histogram: record::histogram::Histogram| {
            let histogram = histogram.decode().unwrap();
            (histogram.len(), histogram.lowest_equivalent(histogram.max()))
        };
        assert_eq!(max(result.response), (1, 6_000));
        assert_eq!(max(result.service), (1, 2_000));
        assert_eq!(max(result.lateness), (1, 4_000));
    }

    #[test]
    fn values_out_of_range_are_kept_at_its_ends() {
        let mut tally = Tally::new();
        let request = request(0, 0);
        tally.planned(1);
        tally.sent(&request);
        tally.answered(&request, 200, u64::MAX);
        let result = tally.result(0);
        assert_eq!(result.lateness.decode().unwrap().max(), 1);
        let response = result.response.decode().unwrap();
        assert!(response.max() >= MAX_NS);
        assert_eq!(response.len(), 1);
    }

    #[test]
    fn an_answer_of_400_or_above_is_a_failure() {
        let mut tally = Tally::new();
        let request = request(0, 0);
        tally.planned(2);
        tally.answered(&request, 399, 1);
        tally.answered(&request, 400, 1);
        let result = tally.result(0);
        assert_eq!((result.completed, result.failed[&Failure::Status]), (1, 1));
    }
}
