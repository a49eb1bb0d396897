//! Times each stage with criterion: alone, and while a second thread does the same.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use criterion::Criterion;

use crate::stages::{STAGES, Stage};

/// Runs what criterion's command line asks for.
pub fn run() {
    let mut criterion = Criterion::default().configure_from_args();
    for stage in &STAGES {
        let mut group = criterion.benchmark_group(stage.name);
        group.bench_function("alone", |bencher| bencher.iter((stage.prepare)()));
        group.bench_function("beside-another", |bencher| bencher.iter_custom(|calls| both(stage, calls)));
        group.finish();
    }
    criterion.final_summary();
}

/// The mean time of two threads that each make so many calls at once.
fn both(stage: &Stage, calls: u64) -> Duration {
    let start = Barrier::new(2);
    let each = || {
        let mut call = (stage.prepare)();
        call();
        start.wait();
        let started = Instant::now();
        (0..calls).for_each(|_| call());
        started.elapsed()
    };
    thread::scope(|scope| {
        let other = scope.spawn(each);
        (each() + other.join().expect("the other thread does the same")) / 2
    })
}
