//! Against hyper: a real server connection reads a generated stream, cut anywhere, and answers it. What its service saw
//! and what it wrote is what we must make of the same reads and writes.
//!
//! Where we and hyper may differ, and why:
//! - A method of more than eight bytes, or with a letter that is no capital, is lost here: records have no room for the
//!   first, and the second would have the beginning of any text taken for a request.
//! - A request that hyper refuses may have a record with the status of the refusal, or be lost: both are true.
//! - hyper drops a fragment from a target; clients do not send any, so none is generated.
//! - After something that was lost, requests that were already sent behind it are taken up at the next read, wherever
//!   that begins: a record may then show a part of a request line, but nothing that was not sent as one.
//! - Numbers of more digits than any length has (17 for a body, 15 for a chunk) are lost here.

mod peer;
mod streams;

use peer::{Answered, Exchange};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use streams::{Request, broken_stream, stream};

use crate::watch::Watch;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn sees_the_same_requests(stream in stream()) {
        let exchange = Exchange::run(&stream.bytes(), &stream.cuts, &stream.answers, stream.pipe_bytes);
        let watch = Watch::follow(&exchange.moves);
        let expect: Vec<_> = stream.requests.iter().zip(&exchange.answered).map(|(request, answered)| line(request, answered)).collect();
        prop_assert_eq!(exchange.answered.len(), stream.requests.len(), "hyper has refused: {:?}", exchange);
        prop_assert_eq!(watch.records().iter().map(|record| without_response_bytes(record)).collect::<Vec<_>>(), expect);
        prop_assert!(watch.exceptions.is_empty(), "{}", watch);
        // Every byte that hyper wrote is of one answer, but for the interim ones.
        let written: u64 = watch.records().iter().map(|record| response_bytes(record)).sum();
        prop_assert_eq!(written + exchange.interim_bytes(), exchange.written_bytes());
    }

    #[test]
    fn invents_nothing_where_hyper_refuses(stream in broken_stream()) {
        let exchange = Exchange::run(&stream.bytes, &stream.cuts, &stream.answers, stream.pipe_bytes);
        let watch = Watch::follow(&exchange.moves);
        let mut answered = exchange.answered.iter().map(|answered| {
            format!("{} {} {}", answered.method, kept(&answered.target), answered.status)
        }).collect::<Vec<_>>();
        // Of what it has refused, nobody but us knows method and path.
        answered.extend(exchange.refusal().map(|status| format!("? ? {status}")));
        let mut answered = answered.iter();
        for record in watch.records() {
            let shown = with_path(&start(&record));
            let refused = format!("? ? {}", shown.rsplit(' ').next().expect("a status"));
            let is_true = answered.clone().any(|answered| *answered == shown || *answered == refused);
            if is_true {
                answered.find(|answered| **answered == shown || **answered == refused);
            }
            let is_part = !watch.exceptions.is_empty() && exchange.has_read_line(&start(&record));
            prop_assert!(is_true || is_part, "made up: {record}; {watch}; {exchange:?}");
        }
        // And what was understood throughout is all there.
        if watch.exceptions.is_empty() && exchange.answered.iter().all(Answered::is_kept) {
            prop_assert!(watch.records().len() >= exchange.answered.len(), "missing: {watch}; {exchange:?}");
        }
    }
}

/// `METHOD PATH STATUS REQUEST_BYTES`, by what hyper saw and what was sent.
fn line(request: &Request, answered: &Answered) -> String {
    assert_eq!(answered.body_bytes, request.content_bytes, "hyper has seen another body");
    let Answered { method, target, status, .. } = answered;
    format!("{method} {} {status} {}", kept(target), request.bytes().len())
}

/// A target as records show it.
fn kept(target: &str) -> String {
    let path = target.split('?').next().expect("a path");
    if path.len() > 128 { format!("{}...", &path[..128]) } else { path.into() }
}

/// hyper shows `http://host` as `http://host/`.
fn with_path(start: &str) -> String {
    let mut words: Vec<_> = start.split(' ').map(str::to_owned).collect();
    if words[1].split_once("://").is_some_and(|(_, rest)| !rest.contains('/')) {
        words[1].push('/');
    }
    words.join(" ")
}

fn start(record: &str) -> String {
    record.rsplit_once(' ').expect("sizes").0.into()
}

fn without_response_bytes(record: &str) -> String {
    record.rsplit_once('>').expect("a size").0.into()
}

fn response_bytes(record: &str) -> u64 {
    record.rsplit_once('>').expect("a size").1.parse().expect("a number")
}
